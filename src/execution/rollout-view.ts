/** How a rollout stands, for whoever asks: batch by batch, target by target. */
import { formatInstant } from '#base/time';
import type { RolloutTargetState, RolloutView } from './protocol.ts';
import { type Known, storyOf } from './record.ts';
import { failuresOf, openBatch, pauseOf, resultsOf } from './rollout.ts';

export function rolloutView(known: Known): RolloutView | null {
  const { plan, row } = known;
  const { rollout } = plan ?? {};
  if (rollout === undefined) return null;
  const story = storyOf(known);
  const results = new Map(resultsOf(story).map((each) => [each.target, each]));
  const open = openBatch(story);
  const isOver = !['previewed', 'approved', 'executing'].includes(row.state);
  const batches = rollout.batches.map((batch, number) => {
    const targets = batch.map((target) => {
      const result = results.get(target);
      const { code = null, says = null } = result ?? {};
      return { target, state: stateOf(result?.state, number === open, isOver), code, says };
    });
    return { state: together(targets.map(({ state }) => state)), targets };
  });
  const pause = row.state === 'executing' ? pauseOf(story) : undefined;
  const { failed, most } = failuresOf(rollout, story);
  return {
    batches,
    waitSeconds: rollout.waitSeconds,
    maxFailures: most,
    failures: failed.length,
    paused:
      pause === undefined
        ? null
        : { by: pause.by, code: pause.code, why: pause.says, at: formatInstant(pause.at) },
  };
}

function stateOf(
  result: 'held' | 'failed' | 'ambiguous' | undefined,
  isOpen: boolean,
  isOver: boolean,
): RolloutTargetState {
  if (result !== undefined) return result === 'held' ? 'held' : 'failed';
  if (isOpen) return 'running';
  return isOver ? 'untouched' : 'waiting';
}

/** The worst that is said of one of them. */
function together(states: readonly RolloutTargetState[]): RolloutTargetState {
  const worst = ['failed', 'running', 'waiting', 'untouched', 'held'] as const;
  return worst.find((state) => states.includes(state)) ?? 'waiting';
}
