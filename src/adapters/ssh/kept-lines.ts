/**
 * All kept connections together: how many there may be, and which one goes when there would be more or when nothing
 * was asked of it for long.
 */
import type { Clock } from '#base/ports';

export type Kept = {
  /** It has not ended and takes more work. */
  readonly isUsable: boolean;
  readonly isIdle: boolean;
  readonly usedAt: number;
  trim(before: number): void;
  close(): Promise<void>;
};

type Limits = {
  readonly mostConnections: number;
  readonly idleMs: number;
  readonly idleSessionMs: number;
};

export class KeptLines {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #kept = new Set<Kept>();
  readonly #over = new AbortController();
  #opening = 0;
  #sweeping: Promise<void> | undefined;

  constructor(clock: Clock, limits: Limits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Opens one more, closing the one that waited longest when there are too many; `undefined` when none waits. */
  async add<T extends Kept>(open: () => Promise<T>): Promise<T | undefined> {
    this.#purge();
    if (this.#kept.size + this.#opening >= this.#limits.mostConnections) {
      const oldest = [...this.#kept]
        .filter((each) => each.isIdle)
        .sort((a, b) => a.usedAt - b.usedAt)[0];
      if (oldest === undefined) return undefined;
      this.remove(oldest);
      void oldest.close();
    }
    this.#opening += 1;
    try {
      const opened = await open();
      if (this.#over.signal.aborted) {
        await opened.close();
        return undefined;
      }
      this.#kept.add(opened);
      this.#sweeping ??= this.#sweep();
      return opened;
    } finally {
      this.#opening -= 1;
    }
  }

  remove(line: Kept): void {
    this.#kept.delete(line);
  }

  async close(): Promise<void> {
    this.#over.abort();
    await Promise.all([...this.#kept].map((each) => each.close()));
    this.#kept.clear();
    await this.#sweeping;
  }

  #purge(): void {
    for (const each of this.#kept) if (!each.isUsable && each.isIdle) this.#kept.delete(each);
  }

  /** Goes on while there is anything to sweep. */
  async #sweep(): Promise<void> {
    const { signal } = this.#over;
    const { idleMs, idleSessionMs } = this.#limits;
    while (this.#kept.size > 0 && !signal.aborted) {
      await this.#clock.sleep(Math.min(idleMs, idleSessionMs), signal);
      if (signal.aborted) break;
      this.#purge();
      const now = this.#clock.monotonicMs();
      for (const each of this.#kept) {
        each.trim(now - idleSessionMs);
        if (!each.isIdle || each.usedAt >= now - idleMs) continue;
        this.#kept.delete(each);
        void each.close();
      }
    }
    this.#sweeping = undefined;
  }
}
