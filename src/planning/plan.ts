/**
 * The plan: everything that was decided on and nothing else. Its digest is its identity, so two
 * plans that differ in a byte are two plans.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json, type JsonObject } from '#base/json';
import type { Runnable } from '#catalogue';
import type { Plan, PlanRollout, PlanStep, PlanTarget } from '#model';
import type { Expansion } from './expand.ts';
import { planningFault } from './faults.ts';

export type PlanInput = Pick<
  Plan,
  | 'change'
  | 'organisation'
  | 'reason'
  | 'requestedBy'
  | 'inForce'
  | 'tainted'
  | 'undoes'
  | 'madeAt'
  | 'decideBy'
> & {
  readonly rollout?: PlanRollout | undefined;
  readonly runnable: Runnable;
  readonly arguments: JsonObject;
  /** One per target, each with its expansion, in the order they were asked for. */
  readonly targets: readonly { readonly target: PlanTarget; readonly expansion: Expansion }[];
};

/** Parts of one order, after docs/host-contract.md. */
const MAX_PARTS = 512;
const MAX_INPUT_BYTES = 4 * 1024 * 1024;

export function makePlan(input: PlanInput): Plan {
  const { runnable, targets, rollout } = input;
  // In batches there may be more: what the action takes at a time is what a batch may hold.
  const atOnce =
    rollout === undefined
      ? targets.length
      : Math.max(0, ...rollout.batches.map((batch) => batch.length));
  if (targets.length === 0 || atOnce > runnable.maxTargets)
    throw planningFault(
      'one-target-only',
      `number of targets does not fit: ${runnable.id} takes 1 to ${runnable.maxTargets} at a time, given are ${atOnce}`,
    );
  const steps = targets.flatMap(({ expansion }) => expansion.steps);
  if (steps.length > MAX_PARTS)
    throw planningFault(
      'one-target-only',
      `plan is too long: ${runnable.id} comes to ${steps.length} steps with their inverses, accepted are ${MAX_PARTS}. Give fewer targets`,
    );
  // Each step carries its own input: what is given once is kept as often as there are targets.
  const given = steps.reduce((sum, { stdin }) => sum + Buffer.byteLength(stdin ?? ''), 0);
  if (given > MAX_INPUT_BYTES)
    throw planningFault(
      'invalid-arguments',
      `plan is too large: ${runnable.id} gives its steps ${given} bytes on ${targets.length} targets, accepted are ${MAX_INPUT_BYTES}. Give fewer targets, or less text`,
    );
  return {
    v: 1,
    change: input.change,
    organisation: input.organisation,
    action: { id: runnable.id, version: runnable.version, digest: runnable.digest },
    arguments: input.arguments,
    reason: input.reason,
    requestedBy: input.requestedBy,
    tier: runnable.tier,
    inForce: input.inForce,
    targets: targets.map(({ target }) => target),
    // Only where there is one: the digest of every other plan stays what it was.
    ...(rollout === undefined ? {} : { rollout }),
    steps,
    preconditions: targets.flatMap(({ expansion }) => expansion.preconditions),
    verification: targets.flatMap(({ expansion }) => expansion.verification),
    stabiliseSeconds: runnable.stabiliseSeconds,
    irreversible: runnable.irreversible,
    undoes: input.undoes,
    tainted: input.tainted,
    madeAt: input.madeAt,
    decideBy: input.decideBy,
  };
}

/** SHA-256 over the plan's RFC 8785 form, lower-case hex. */
export function planDigest(plan: Plan): string {
  return sha256(canonicalJson(plan as unknown as Json));
}

/** The fields of a part document (docs/host-contract.md), for whoever writes it; files count from 1 as there. */
export type PartFields = {
  readonly target: string;
  readonly epoch: number;
  readonly action: string;
  readonly catalogue: string;
  readonly runAs: string;
  readonly args: PlanStep['argv'];
  readonly stdin: string | null;
  readonly files: PlanStep['files'];
  readonly conditions: PlanStep['conditions'];
  readonly step: { readonly number: number; readonly of: number };
  readonly direction: PlanStep['direction'];
  readonly timeout: number;
  readonly atomic: boolean;
  readonly nonce: string;
};

export function partOf(plan: Plan, step: PlanStep, nonce: string): PartFields {
  const target = plan.targets.find(({ id }) => id === step.target);
  if (target === undefined)
    throw planningFault('invalid-arguments', `step is for no target of the plan: ${step.target}`);
  return {
    target: target.hostId,
    epoch: target.epoch,
    action: step.action,
    catalogue: plan.inForce.catalogue.replace(/^sha256:/, ''),
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

/** What a plan says of some of its targets, in its own order: what they are held to when only they are looked at. */
export function planFor(plan: Plan, ids: ReadonlySet<string>): Plan {
  const isOf = ({ target }: { readonly target: string }): boolean => ids.has(target);
  return {
    ...plan,
    targets: plan.targets.filter(({ id }) => ids.has(id)),
    steps: plan.steps.filter(isOf),
    preconditions: plan.preconditions.filter(isOf),
    verification: plan.verification.filter(isOf),
  };
}
