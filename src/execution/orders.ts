/**
 * From a plan to the bytes that are signed. Each part is made from one step of the plan and nothing
 * else; its nonce is the id of its attempt. What is made here is secret until it is spent.
 */
import { type ChangeOrder, changeDocument, partDocument, runDocument } from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { Random } from '#base/ports';
import type { Plan } from '#model';
import { partOf } from '#planning';
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
    partDocument.format(partOf(plan, step, Buffer.from(random.bytes(16)).toString('hex'))),
  );
}

function body(
  plan: Plan,
  digest: string,
  parts: readonly string[],
  times: OrderTimes,
  mark: Mark,
): Omit<ChangeOrder, 'quorum'> {
  if (plan.tier === 'T0')
    throw new Fault('broken', 'invariant', 'invariant does not hold: T0 has no order');
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
    text: changeDocument.format({ ...body(plan, digest, parts, times, mark), quorum }),
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
    text: runDocument.format({ ...body(plan, digest, parts, times, mark), standing }),
    parts,
  };
}

/**
 * How long what is signed may run. Each batch of a rollout has as long as a change has, and the waits between them come
 * on top: a person may take their time with a pause.
 */
export function secondsToRun({ rollout }: Plan, runByMinutes: number): number {
  if (rollout === undefined) return runByMinutes * 60;
  const { batches, waitSeconds } = rollout;
  return batches.length * (runByMinutes * 60 + waitSeconds);
}

export function nonceOf(part: string): string {
  return partDocument.parse(part).nonce;
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
        partDocument.format(partOf(plan, step, nonceOf(part))) === part
      );
    })
  );
}
