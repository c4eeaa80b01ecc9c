/**
 * Targets into batches, before anybody signs. Pure, so that the same inventory and the same words make the same
 * batches again right before dispatch.
 *
 * No batch holds two that stand in for each other, or data and its backup. Of what is left the least critical go
 * first, each batch as full as that allows; the order asked for decides among equals, and alone where a person said so.
 */
import type { PlanRollout, Target } from '#model';
import { groupsOf } from '#policy';
import type { RolloutAsked } from './protocol.ts';

const RANK: Readonly<Record<Target['criticality'], number>> = { low: 0, normal: 1, high: 2 };

export function batchesOf(
  targets: readonly Target[],
  fleet: readonly Target[],
  asked: RolloutAsked,
): PlanRollout {
  const wanted =
    asked.order === 'as-asked'
      ? targets
      : targets.toSorted((a, b) => RANK[a.criticality] - RANK[b.criticality]);
  const apart = new Map(wanted.map((target) => [target.id, apartFrom(target, fleet)]));
  const batches: string[][] = [];
  // Nothing goes before what is less critical, also where a batch stays smaller for it.
  let from = 0;
  let before: Target['criticality'] | undefined;
  for (const { id, criticality } of wanted) {
    if (asked.order === 'as-asked' || criticality !== before)
      from = Math.max(0, batches.length - 1);
    before = criticality;
    const open = batches.findIndex(
      (batch, i) =>
        i >= from &&
        batch.length < asked.batch &&
        batch.every((other) => apart.get(id)?.has(other) !== true),
    );
    if (open === -1) batches.push([id]);
    else batches[open]?.push(id);
  }
  return { batches, waitSeconds: asked.waitSeconds, maxFailures: asked.maxFailures };
}

/** Whoever must never be changed together with it. */
function apartFrom(target: Target, fleet: readonly Target[]): ReadonlySet<string> {
  return new Set(
    groupsOf(target, fleet)
      .filter(({ kind }) => kind === 'redundancy' || kind === 'backup')
      .flatMap(({ members }) => members)
      .filter((id) => id !== target.id),
  );
}
