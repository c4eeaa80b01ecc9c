/**
 * Looks at this machine again and again. The loop takes no hint about what changed; a round that
 * fails is logged and shows as coverage that grows old, never as health.
 */
import type { Log } from '#base/log';
import type { Clock } from '#base/ports';
import type { Call } from '#operations';
import { SERVICE_CALLER } from './callers.ts';

export const OBSERVE_EVERY_MS = 5 * 60_000;

/** How often what waits, runs out or is not settled is looked at. */
const TICK_MS = 5_000;

/** Lets changes run out, and asks again about those whose end is unknown. */
export async function watchChanges(
  tick: () => Promise<void>,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(TICK_MS, signal);
    if (signal.aborted) return;
    try {
      await tick();
    } catch (thrown) {
      log.error('changes could not be looked after', thrown);
    }
  }
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
