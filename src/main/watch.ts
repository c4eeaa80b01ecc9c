/**
 * Looks at this machine again and again. The loop takes no hint about what changed; a round that
 * fails is logged and shows as coverage that grows old, never as health.
 */
import type { Log } from '#base/log';
import type { Clock } from '#base/ports';
import type { ChangeRoad } from '#execution';
import type { Call } from '#operations';
import { SERVICE_CALLER } from './callers.ts';

export const OBSERVE_EVERY_MS = 5 * 60_000;

/** How often what waits, runs out or is not settled is looked at. */
const TICK_MS = 5_000;

/** How long a file that stops may go unnoticed while something runs. */
const STOPS_MS = 500;

/**
 * Lets changes run out, asks again about those whose end is unknown, and ends what runs when a file
 * stops it. Whoever owns the data directory does this, for as long as it does.
 */
export async function watchChanges(
  road: Pick<ChangeRoad, 'tick' | 'checkStops'>,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const every = async (ms: number, act: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(ms, signal);
      if (signal.aborted) return;
      try {
        await act();
      } catch (thrown) {
        log.error('changes could not be looked after', thrown);
      }
    }
  };
  await Promise.all([every(TICK_MS, () => road.tick()), every(STOPS_MS, () => road.checkStops())]);
}

export async function watchTargets(
  perform: (call: Call) => Promise<unknown>,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(OBSERVE_EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      await perform({ operation: 'observe', input: {}, caller: SERVICE_CALLER });
    } catch (thrown) {
      log.error('a round of observation failed', thrown);
    }
  }
}
