/**
 * The plan that takes a change back when its signed inverse may no longer run: the inverse of what
 * ran, as steps of its own, resting on the world being as the change left it.
 */
import type { Plan, PlanRollout, PlanStep, PlanTarget } from '#model';
import type { AttemptRow } from '#store';
import type { Road } from './context.ts';
import { type Bound, type Known, last } from './record.ts';
import { refuse } from './refuse.ts';
import { carrierOf, type Scene } from './scene.ts';

/** Inverse steps of what ran, or may have, last first for each target. */
export function inverseOfWhatRan({ plan, attempts }: Known): readonly PlanStep[] {
  if (plan === null) return [];
  const ran = new Set(
    attempts
      .filter(
        (attempt) =>
          attempt.direction === 'forward' &&
          (attempt.outcome === 'succeeded' || wasCutShort(attempt)),
      )
      .map(keyOf),
  );
  const undone = new Set(
    attempts
      .filter(({ direction, outcome }) => direction === 'inverse' && outcome === 'succeeded')
      .map(keyOf),
  );
  return plan.steps.filter(
    (step) => step.direction === 'inverse' && ran.has(keyOf(step)) && !undone.has(keyOf(step)),
  );
}

export const keyOf = ({ step, target }: Pick<PlanStep, 'step' | 'target'>): string =>
  `${step} ${target}`;

/**
 * It began, and something ended it before it was done: how much of it took effect nobody knows. Its
 * host runs no signed way back of it, so that is a change of its own.
 */
export function wasCutShort({ outcome, detail }: AttemptRow): boolean {
  if (outcome === 'unknown') return true;
  const receipt = detail?.['receipt'] as { readonly result?: unknown } | undefined;
  return outcome === 'failed' && receipt?.result !== undefined && receipt.result !== 'exited';
}

/**
 * Of a step that was cut short, the way back is left out where its own conditions say that there is nothing
 * to take back.
 */
export async function stillToUndo(road: Road, scene: Scene, known: Known): Promise<Undoing> {
  const cut = new Set(known.attempts.filter(wasCutShort).map(keyOf));
  const steps: PlanStep[] = [];
  for (const step of inverseOfWhatRan(known)) {
    const target = scene.targets.find(({ id }) => id === step.target);
    if (target === undefined) continue;
    const applies = async (): Promise<boolean> => {
      for (const { path, ...condition } of step.conditions) {
        const seen = await road.fileOf(carrierOf(scene, target), path);
        const holds =
          condition.kind === 'file-absent'
            ? seen === 'absent'
            : typeof seen === 'object' && seen.sha256 === condition.sha256;
        if (!holds) return false;
      }
      return true;
    };
    if (!cut.has(keyOf(step)) || (await applies())) steps.push(step);
  }
  return steps;
}

export type Undoing = readonly PlanStep[];

export function boundOf(known: Known): readonly Bound[] {
  return last(known.moves, 'bound') ?? [];
}

export function undoingPlan(
  original: Known,
  common: Pick<
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
  >,
  targets: readonly PlanTarget[],
  inverse: Undoing,
): Plan {
  const { plan } = original;
  if (plan === null || inverse.length === 0) {
    return refuse(
      'nothing-to-undo',
      'there is nothing to undo: nothing of it ran that has an inverse',
    );
  }
  const of = Map.groupBy(inverse, ({ target }) => target);
  return {
    v: 1,
    ...common,
    action: plan.action,
    arguments: plan.arguments,
    tier: plan.tier,
    targets: targets.filter(({ id }) => of.has(id)),
    ...(plan.rollout === undefined ? {} : { rollout: backwards(plan.rollout, of) }),
    steps: [...of.values()].flatMap((steps) =>
      steps.map(
        (step, i): PlanStep => ({
          ...step,
          step: i + 1,
          of: steps.length,
          direction: 'forward',
        }),
      ),
    ),
    preconditions: boundOf(original)
      .filter(({ target }) => of.has(target))
      .map((bound) => ({
        ...bound,
        why: 'it is as the change left it',
      })),
    verification: [],
    stabiliseSeconds: plan.stabiliseSeconds,
    irreversible: 'it takes a change back: propose the change again to have it once more',
  };
}

/** The way it came: the last batch first. */
function backwards(
  { batches, ...rest }: PlanRollout,
  targets: { has(id: string): boolean },
): PlanRollout {
  const left = batches.toReversed().map((batch) => batch.filter((id) => targets.has(id)));
  return { batches: left.filter((batch) => batch.length > 0), ...rest };
}
