/**
 * The plan that takes a change back when its signed inverse may no longer run: the inverse of what
 * ran, as steps of its own, resting on the world being as the change left it.
 */
import { canonicalJson } from '#base/json';
import type { Plan, PlanStep, PlanTarget } from '#model';
import type { Road } from './context.ts';
import { type Bound, type Known, last } from './record.ts';
import { refuse } from './refuse.ts';
import type { Scene } from './scene.ts';
import { trustedFacts } from './trusted-facts.ts';
import { said } from './view.ts';

/** Inverse steps of what ran, last first for each target. */
export function inverseOfWhatRan({ plan, attempts }: Known): readonly PlanStep[] {
  if (plan === null) return [];
  const ran = new Set(
    attempts
      .filter(({ direction, outcome }) => direction === 'forward' && outcome === 'succeeded')
      .map(({ target, step }) => `${step} ${target}`),
  );
  const undone = new Set(
    attempts
      .filter(({ direction, outcome }) => direction === 'inverse' && outcome === 'succeeded')
      .map(({ target, step }) => `${step} ${target}`),
  );
  return plan.steps.filter(
    ({ direction, step, target }) =>
      direction === 'inverse' && ran.has(`${step} ${target}`) && !undone.has(`${step} ${target}`),
  );
}

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
): Plan {
  const { plan } = original;
  const inverse = inverseOfWhatRan(original);
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
    preconditions: boundOf(original).map((bound) => ({
      ...bound,
      why: 'it is as the change left it',
    })),
    verification: [],
    stabiliseSeconds: plan.stabiliseSeconds,
    irreversible: 'it takes a change back: propose the change again to have it once more',
  };
}

/** What the change left, as far as it was seen then, is what there is now. */
export function requireWorldAsLeft(road: Road, scene: Scene, known: Known): void {
  const facts = trustedFacts(road.store.read, scene.inventory, scene.targets, road.clock.now());
  const moved = boundOf(known).flatMap(({ target, entity, attribute, value, absent }) => {
    const now = facts.value(target, entity, attribute);
    const was = absent ? 'not reported' : canonicalJson(value);
    const is = now === undefined ? 'not reported' : canonicalJson(now);
    return was === is ? [] : [said(`${entity} ${attribute} was ${was}, is ${is}`, 300)];
  });
  if (moved.length > 0) {
    refuse(
      'world-moved',
      `the target is not as the change left it: ${moved.slice(0, 20).join('; ')}. Look at it, and propose what fits`,
      { differences: moved.slice(0, 20) },
    );
  }
}
