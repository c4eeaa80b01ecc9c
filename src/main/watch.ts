/**
 * What goes on while the service runs: looking at the fleet again and again, and looking after changes. No loop
 * takes a hint about what changed; a round that fails is logged and shows as coverage that grows old, never as health.
 */
import { asFault } from '#base/fault';
import type { Log } from '#base/log';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';
import type { ChangeRoad } from '#execution';
import type { NoticeKeeper } from './notice-keeper.ts';

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

/** Wakes whoever sleeps; called while nobody does, the next sleep is none. */
export class Wake {
  #called = false;
  #ring: (() => void) | undefined;

  call(): void {
    this.#called = true;
    this.#ring?.();
  }

  async sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#called) {
      const early = new AbortController();
      this.#ring = () => early.abort();
      await clock.sleep(ms, AbortSignal.any([early.signal, signal]));
      this.#ring = undefined;
    }
    this.#called = false;
  }
}

/** How often notices that wait are sent again and schedules are looked at, also when nothing changes. */
const NOTICES_MS = 5_000;

/** Tells what changed as it happens, and keeps schedules; each of the four fails alone. */
export async function watchNotices(
  keeper: Pick<NoticeKeeper, 'collect' | 'hear' | 'send' | 'runDue'>,
  clock: Clock,
  log: Log,
  changed: Wake,
  signal: AbortSignal,
): Promise<void> {
  // What is wrong with a file stays wrong for hours: it is said once, and again when it is another thing.
  const told = new Map<string, string>();
  const quietly = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
      told.delete(what);
    } catch (thrown) {
      const { message } = asFault(thrown);
      if (told.get(what) !== message) log.error(what, thrown);
      told.set(what, message);
    }
  };
  const telling = async (): Promise<void> => {
    while (!signal.aborted) {
      await quietly('changes of drift could not be collected', () => keeper.collect());
      await quietly('what happened could not be heard', () => keeper.hear());
      await quietly('notices could not be sent', () => keeper.send());
      await changed.sleep(clock, NOTICES_MS, signal);
    }
  };
  const working = async (): Promise<void> => {
    while (!signal.aborted) {
      await quietly('schedules could not be kept', () => keeper.runDue());
      await clock.sleep(NOTICES_MS, signal);
    }
  };
  await Promise.all([telling(), working()]);
}

export type WatchedFleet = {
  /** Targets that are reached, with the freshness that the inventory asks for. */
  readonly targets: () => Promise<
    readonly { readonly id: string; readonly staleAfterSeconds: number }[]
  >;
  /** Looks at one; answers why it could not be reached, or `null`. */
  readonly look: (id: string) => Promise<string | null>;
  /** Looks that are under way end at once, and what they did not see is not told of anybody. */
  readonly end: () => void;
};

/** Looks that run at once: each costs this machine a few milliseconds, and waits for its host the rest. */
const LOOKS_AT_ONCE = 16;
/** First looks at a fleet are spread over so long. */
const SPREAD_SECONDS = 20;
const LONGEST_NAP_MS = 5_000;

/**
 * Looks at every target again before what is known of it is stale. Who is out of reach is asked more and more
 * rarely; a look that takes long holds up nobody else.
 */
export async function watchTargets(
  { targets, look, end }: WatchedFleet,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Map<string, { lookedAt: Instant; failures: number; isRunning: boolean }>();
  const running = new Set<Promise<void>>();
  const limits = {
    atOnce: LOOKS_AT_ONCE,
    startedAt: clock.now(),
    spreadSeconds: SPREAD_SECONDS,
  };
  const begin = (id: string): void => {
    const state = { lookedAt: clock.now(), failures: seen.get(id)?.failures ?? 0, isRunning: true };
    seen.set(id, state);
    const work = look(id)
      .then((why) => {
        state.failures = why === null ? 0 : state.failures + 1;
      })
      .catch((thrown: unknown) => {
        state.failures += 1;
        log.error('a look at a target failed', thrown, { target: id });
      })
      .finally(() => {
        state.isRunning = false;
        running.delete(work);
      });
    running.add(work);
  };
  const { duePlan } = await import('#collectors');
  while (!signal.aborted) {
    let nap = LONGEST_NAP_MS;
    try {
      const now = clock.now();
      const all = await targets();
      const known = new Set(all.map(({ id }) => id));
      for (const id of seen.keys()) if (!known.has(id)) seen.delete(id);
      const plan = duePlan(
        all.map(({ id, staleAfterSeconds }) => ({
          id,
          staleAfterSeconds,
          ...(seen.get(id) ?? { lookedAt: undefined, failures: 0, isRunning: false }),
        })),
        limits,
        now,
      );
      for (const id of plan.begin) begin(id);
      if (plan.nextAt !== undefined)
        nap = Math.min(nap, Math.max(100, Math.ceil((plan.nextAt - now) / 1_000)));
    } catch (thrown) {
      log.error('a round of observation failed', thrown);
    }
    await clock.sleep(nap, signal);
  }
  end();
  await Promise.all(running);
}
