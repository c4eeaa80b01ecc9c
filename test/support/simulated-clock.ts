/** A clock that goes on only when it is told, and wakes sleepers in their order. */
import type { Clock } from '#base/ports';
import { type Instant, instant } from '#base/time';

export class SimulatedClock implements Clock {
  #ms = 0;
  readonly #start = instant('2026-03-01T12:00:00Z') as number;
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  now(): Instant {
    return (this.#start + this.#ms * 1_000) as Instant;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = {
        at: this.#ms + Math.max(0, ms),
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', sleeper.wake, { once: true });
    });
  }

  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Lets `ms` go by; everything that became possible meanwhile has happened when it resolves. */
  async pass(ms: number): Promise<void> {
    const until = this.#ms + ms;
    for (;;) {
      await settled();
      const [next] = [...this.#sleepers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > until) break;
      this.#ms = Math.max(this.#ms, next.at);
      next.wake();
    }
    this.#ms = until;
    await settled();
  }
}

/** What was ready to happen has happened. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
