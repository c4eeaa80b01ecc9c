/** The end of a rollout: what ran where is said, what will not run any more is spent. */
import { formatInstant } from '#base/time';
import type { ChangeState, PlanRollout } from '#model';
import { afterwards } from './conclude.ts';
import { move, type Road } from './context.ts';
import { type Actor, SERVICE } from './events.ts';
import { type Judged, judgeTargets, knowable, withEarlier } from './judge-batch.ts';
import { type Known, mustKnow, storyOf } from './record.ts';
import { type RolloutEvent, resultsOf, type TargetResult } from './rollout.ts';
import { said } from './view.ts';

/** `stopped`: by an emergency stop. */
export type Because = 'done' | 'ended' | 'overdue' | 'stopped';

type Result = { readonly state: ChangeState; readonly code: string | null; readonly says: string };

const NAMED = 20;

export async function finishRollout(
  road: Road,
  id: string,
  because: Because,
  actor: Actor = SERVICE,
): Promise<void> {
  let known = mustKnow(road.store.changes, id);
  const again = await judgeKnowable(road, known);
  known = mustKnow(road.store.changes, id);
  const { row, asked, plan } = known;
  if (plan?.rollout === undefined) return;
  const story = storyOf(known);
  const results = new Map(
    [...resultsOf(story), ...(again?.results ?? [])].map((each) => [each.target, each]),
  );
  const result = resultOf(plan.rollout, story, results, because);
  // Still unknown: it stays as it is, and nothing new is told.
  if (row.state === 'ambiguous' && result.state === 'ambiguous' && again === undefined) return;
  if (row.state === 'ambiguous' && result.state === 'ambiguous') return;
  const { state, code } = result;
  await move(road, {
    row,
    asked,
    to: state,
    actor,
    kind: 'change.outcome',
    detail: {
      outcome: { ...result, at: formatInstant(road.clock.now()) },
      ...(again === undefined
        ? {}
        : {
            rollout: {
              did: 'judged',
              batch: plan.rollout.batches.length - 1,
              results: again.results,
            },
            ...withEarlier(known, again),
          }),
    },
    event: {
      outcome: state === 'confirmed' ? 'done' : 'failed',
      fault: code,
      more: { state, code, ...counts(plan.rollout, results) },
    },
    onDurable: () => road.at('outcome-event-durable'),
  });
  await road.at('outcome-committed');
  await afterwards(road, id, false, result);
}

/** What could not be known when its batch was judged, and can be now. */
export async function judgeKnowable(road: Road, known: Known): Promise<Judged | undefined> {
  const targets = knowable(known, resultsOf(storyOf(known)));
  return targets.length === 0 ? undefined : judgeTargets(road, known.row.id, targets);
}

/** Why it ended, as it is on record: for whoever settles it later. */
export function becauseOf(known: Known, story: readonly RolloutEvent[]): Because {
  const { outcome, plan } = known;
  if (outcome?.code === 'stopped') return 'stopped';
  if (story.some(({ did }) => did === 'ended')) return 'ended';
  const begun = story.filter(({ did }) => did === 'began').length;
  return begun >= (plan?.rollout?.batches.length ?? 0) ? 'done' : 'overdue';
}

function counts(
  { batches }: PlanRollout,
  results: ReadonlyMap<string, TargetResult>,
): { readonly held: number; readonly failed: number; readonly untouched: number } {
  const all = [...results.values()];
  const held = all.filter(({ state }) => state === 'held').length;
  return { held, failed: all.length - held, untouched: batches.flat().length - all.length };
}

function resultOf(
  rollout: PlanRollout,
  story: readonly RolloutEvent[],
  results: ReadonlyMap<string, TargetResult>,
  because: Because,
): Result {
  const says = said(`${why(story, because)}${whereabouts(rollout, results)}`, 2_000);
  const all = [...results.values()];
  if (all.some(({ state }) => state === 'ambiguous')) {
    return { state: 'ambiguous', code: 'unknown-effect', says };
  }
  switch (because) {
    case 'done':
      return all.every(({ state }) => state === 'held')
        ? { state: 'confirmed', code: null, says }
        : { state: 'failed', code: 'some-failed', says };
    case 'ended':
      return { state: 'failed', code: 'rollout-ended', says };
    case 'overdue':
      return { state: 'failed', code: 'expired', says };
    case 'stopped':
      return { state: 'failed', code: 'stopped', says };
  }
}

function why(story: readonly RolloutEvent[], because: Because): string {
  switch (because) {
    case 'done':
      return 'every batch ran: ';
    case 'ended': {
      const ended = story.findLast(({ did }) => did === 'ended');
      return ended?.did === 'ended' ? `ended by ${ended.by} (${ended.reason}): ` : 'ended: ';
    }
    case 'overdue':
      return 'what was signed may not run any longer: ';
    case 'stopped':
      return 'it was stopped: ';
  }
}

function whereabouts({ batches }: PlanRollout, results: ReadonlyMap<string, TargetResult>): string {
  const all = batches.flat();
  const of = (state: TargetResult['state']): readonly TargetResult[] =>
    all.flatMap((id) => results.get(id) ?? []).filter((each) => each.state === state);
  const untouched = all.filter((id) => !results.has(id));
  const coded = ({ target, code }: TargetResult): string => `${target} (${code ?? 'failed'})`;
  return [
    `${of('held').length} of ${all.length} targets are as promised`,
    ...named('failed', of('failed').map(coded)),
    ...named('not known', of('ambiguous').map(coded)),
    ...named('untouched', untouched),
  ].join('; ');
}

function named(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return [`${what}: ${names.slice(0, NAMED).join(', ')}${more}`];
}
