/**
 * What a rollout does next. Pure: the plan's batches, what became of them so far and the time go in, one step comes
 * out; whoever asks after a death is told the same as before it.
 *
 * A batch begins only after the one before was judged, at most once, and never while more targets failed than the plan
 * (or the person who let it go on) allows. A pause holds until a person acts; only the end of the signed time, or a
 * stop, ends it without one.
 */
import { type Instant, shift } from '#base/time';
import type { PlanRollout } from '#model';

/** What became of one target of a batch. */
export type TargetResult = {
  readonly target: string;
  /** `ambiguous`: it was sent, and nobody knows whether it took effect. */
  readonly state: 'held' | 'failed' | 'ambiguous';
  readonly code: string | null;
  readonly says: string;
};

/** What moved a rollout; a move of the change carries at most one. */
export type RolloutMove =
  /** `left`: could not be begun with the rest of its batch, and never will be. */
  | { readonly did: 'began'; readonly batch: number; readonly left: readonly TargetResult[] }
  | { readonly did: 'judged'; readonly batch: number; readonly results: readonly TargetResult[] }
  | {
      readonly did: 'paused';
      readonly by: string;
      readonly code: string;
      readonly says: string;
    }
  /** What failed before it is forgiven. `maxFailures`: from here on, in place of the plan's. */
  | {
      readonly did: 'resumed';
      readonly by: string;
      readonly reason: string;
      readonly maxFailures: number | null;
    }
  | { readonly did: 'ended'; readonly by: string; readonly reason: string };

export type RolloutEvent = RolloutMove & { readonly at: Instant };

export type RolloutStep =
  | { readonly do: 'begin'; readonly batch: number }
  /** Its attempts are settled, waited for and verified. */
  | { readonly do: 'judge'; readonly batch: number }
  | { readonly do: 'wait'; readonly until: Instant }
  | {
      readonly do: 'pause';
      readonly code: 'too-many-failures' | 'unknown-effect';
      readonly says: string;
    }
  /** A person has the word. */
  | { readonly do: 'hold' }
  | { readonly do: 'finish'; readonly because: 'done' | 'ended' | 'overdue' };

export function nextStep(
  rollout: PlanRollout,
  story: readonly RolloutEvent[],
  now: Instant,
  runBy: Instant,
): RolloutStep {
  const open = openBatch(story);
  // What was begun is looked at to its end, whatever was said meanwhile.
  if (open !== undefined) return { do: 'judge', batch: open };
  if (story.some(({ did }) => did === 'ended')) return { do: 'finish', because: 'ended' };
  const next = story.filter(({ did }) => did === 'began').length;
  if (next >= rollout.batches.length) return { do: 'finish', because: 'done' };
  if (now > runBy) return { do: 'finish', because: 'overdue' };
  if (pauseOf(story) !== undefined) return { do: 'hold' };
  const trouble = troubleOf(rollout, story);
  if (trouble !== undefined) return { do: 'pause', ...trouble };
  const judged = story.findLast(({ did }) => did === 'judged');
  const until = judged === undefined ? now : shift(judged.at, rollout.waitSeconds * 1_000_000);
  return now < until ? { do: 'wait', until } : { do: 'begin', batch: next };
}

/** The batch that was begun and not judged yet. */
export function openBatch(story: readonly RolloutEvent[]): number | undefined {
  const last = story.findLast(({ did }) => did === 'began' || did === 'judged');
  return last?.did === 'began' ? last.batch : undefined;
}

/** The pause that holds; a second one on top of it changes nothing. */
export function pauseOf(
  story: readonly RolloutEvent[],
): Extract<RolloutEvent, { did: 'paused' }> | undefined {
  const since = story.findLastIndex(({ did }) => did === 'resumed' || did === 'ended');
  return story.slice(since + 1).find((each) => each.did === 'paused');
}

/** What failed since a person last let it go on, and how much of that is borne. */
export function failuresOf(
  rollout: PlanRollout,
  story: readonly RolloutEvent[],
): { readonly failed: readonly TargetResult[]; readonly most: number } {
  const since = story.findLastIndex(({ did }) => did === 'resumed');
  const resumed = story[since];
  const most = (resumed?.did === 'resumed' ? resumed.maxFailures : null) ?? rollout.maxFailures;
  return {
    failed: resultsOf(story.slice(since + 1)).filter(({ state }) => state !== 'held'),
    most,
  };
}

/** The last word on each target that a batch was judged of. */
export function resultsOf(story: readonly RolloutEvent[]): readonly TargetResult[] {
  const all = story.flatMap((each) => (each.did === 'judged' ? each.results : []));
  return [...new Map(all.map((each) => [each.target, each])).values()];
}

function troubleOf(
  rollout: PlanRollout,
  story: readonly RolloutEvent[],
): { readonly code: 'too-many-failures' | 'unknown-effect'; readonly says: string } | undefined {
  const { failed, most } = failuresOf(rollout, story);
  const names = failed.map(({ target }) => target).join(', ');
  if (failed.length > most) {
    return {
      code: 'too-many-failures',
      says: `${failed.length} failed, and at most ${most} may: ${names}`,
    };
  }
  const unknown = failed.filter(({ state }) => state === 'ambiguous');
  if (unknown.length === 0) return undefined;
  return {
    code: 'unknown-effect',
    says: `it is not known whether it took effect: ${unknown.map(({ target }) => target).join(', ')}`,
  };
}
