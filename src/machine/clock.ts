/**
 * The machine's clock in whole microseconds.
 *
 * The wall gives milliseconds and the monotonic count gives what lies between them. A step of the
 * wall is followed; the slow correction of a running clock never makes `now` run backwards.
 */
import type { Clock } from '#base/ports';
import { EARLIEST, type Instant, LATEST } from '#base/time';

export type ClockReadings = {
  /** Wall time in milliseconds. */
  readonly wallMs: () => number;
  /** Milliseconds with a fraction, never backwards. */
  readonly monotonicMs: () => number;
};

const REAL: ClockReadings = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

/** How far our own count may be from the wall before it is set again. */
const SLACK_MS = 2;
/** A wall that went back further than this was set by someone, and is followed back. */
const STEP_MS = 1_000;
/** `setTimeout` holds 31 bits. */
const LONGEST_TIMER_MS = 2_147_483_647;

export function nodeClock(readings: ClockReadings = REAL): Clock {
  let offsetMs = readings.wallMs() - readings.monotonicMs();
  let lastMicros = Number.NEGATIVE_INFINITY;
  return {
    now() {
      const monotonicMs = readings.monotonicMs();
      const wallMs = readings.wallMs();
      // The wall is cut to whole milliseconds, so the true time is half of one further on average.
      if (Math.abs(monotonicMs + offsetMs - (wallMs + 0.5)) > SLACK_MS)
        offsetMs = wallMs - monotonicMs;
      let micros = Math.floor((monotonicMs + offsetMs) * 1_000);
      if (micros < lastMicros && lastMicros - micros <= STEP_MS * 1_000) micros = lastMicros;
      lastMicros = micros;
      return Math.min(LATEST, Math.max(EARLIEST, micros)) as Instant;
    },
    monotonicMs: () => readings.monotonicMs(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, Math.min(LONGEST_TIMER_MS, Math.max(0, ms)));
        signal?.addEventListener('abort', done, { once: true });
      }),
  };
}
