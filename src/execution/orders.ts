/**
 * From a plan to the bytes that are signed. Each part is made from one step of the plan and nothing
 * else; its nonce is the id of its attempt. What is made here is secret until it is spent.
 */
import {
  type ChangeOrder,
  changeDocument,
  type PartDocument,
  partCore,
  partDocument,
  runDocument,
} from '#authority';
import { sha256 } from '#base/digest';
import { Fault, invariant } from '#base/fault';
import type { Random } from '#base/ports';
import type { Plan, PlanStep } from '#model';
import { hex } from './refuse.ts';

/** The host takes an order that was issued up to this long before its own clock reads so. */
export type OrderTimes = { readonly issued: number; readonly runBy: number };
export type Mark = { readonly size: number; readonly root: string };

export type Order = {
  readonly text: string;
  /** One for each step of the plan, in its order. */
  readonly parts: readonly string[];
};

/** Part `i` is step `i` of the plan. */
export function partsOf(plan: Plan, random: Random): readonly string[] {
  return plan.steps.map((step) =>
    partDocument.write(partOf(plan, step, Buffer.from(random.bytes(16)).toString('hex'))),
  );
}

export function partOf(plan: Plan, step: PlanStep, nonce: string): PartDocument {
  const target = plan.targets.find(({ id }) => id === step.target);
  invariant(target !== undefined, 'a step is on a target of its plan');
  return {
    target: target.hostId,
    epoch: target.epoch,
    action: step.action,
    catalogue: hex(plan.inForce.catalogue),
    runAs: step.runAs,
    args: step.argv,
    stdin: step.stdin === null ? null : sha256(step.stdin),
    files: step.files,
    conditions: step.conditions,
    step: { number: step.step, of: step.of },
    direction: step.direction,
    timeout: step.timeoutSeconds,
    atomic: step.atomic,
    nonce,
  };
}

function body(
  plan: Plan,
  digest: string,
  parts: readonly string[],
  times: OrderTimes,
  mark: Mark,
): Omit<ChangeOrder, 'quorum'> {
  if (plan.tier === 'T0') throw new Fault('broken', 'invariant', 'invariant does not hold: T0 has no order');
  return {
    organisation: plan.organisation,
    change: plan.change,
    plan: hex(digest),
    tier: plan.tier,
    issued: times.issued,
    notBefore: times.issued,
    runBy: times.runBy,
    checkpoint: mark,
    parts: parts.map((part) => sha256(part)),
  };
}

export function changeOrder(
  plan: Plan,
  digest: string,
  parts: readonly string[],
  times: OrderTimes,
  mark: Mark,
  quorum: number,
): Order {
  return {
    text: changeDocument.write({ ...body(plan, digest, parts, times, mark), quorum }),
    parts,
  };
}

export function runOrder(
  plan: Plan,
  digest: string,
  parts: readonly string[],
  times: OrderTimes,
  mark: Mark,
  standing: string,
): Order {
  return {
    text: runDocument.write({ ...body(plan, digest, parts, times, mark), standing }),
    parts,
  };
}

/** Digests of the cores of the parts that run forward. */
export function coresOf(plan: Plan, parts: readonly string[]): readonly string[] {
  return parts.filter((_, i) => plan.steps[i]?.direction === 'forward').map(partCore);
}

export function nonceOf(part: string): string {
  return partDocument.read(part).nonce;
}

/**
 * Whether the parts of an order, as stored, are exactly what this plan makes, and exactly those that
 * the order lists. A part that was swapped in the database is found here, before it goes anywhere.
 */
export function isMadeFrom(
  plan: Plan,
  digest: string,
  order: Pick<ChangeOrder, 'organisation' | 'change' | 'plan' | 'tier' | 'parts'>,
  parts: readonly string[],
): boolean {
  return (
    order.organisation === plan.organisation &&
    order.change === plan.change &&
    order.plan === hex(digest) &&
    order.tier === plan.tier &&
    parts.length === plan.steps.length &&
    order.parts.length === parts.length &&
    parts.every((part, i) => {
      const step = plan.steps[i];
      return (
        step !== undefined &&
        sha256(part) === order.parts[i] &&
        partDocument.write(partOf(plan, step, nonceOf(part))) === part
      );
    })
  );
}
