/**
 * Takes the newest checkpoint to one place outside, again and again until it is there.
 *
 * Only the newest one waits: whoever knows it knows all before it. Nothing that happens here is
 * thrown at anyone; it is said in `health`.
 */
import { Fault } from '#base/fault';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';

export type Health = {
  readonly by: 'timestamp' | 'witness' | 'anchor file';
  readonly name: string;
  /** Records under the newest checkpoint that arrived; `null` when none did yet. */
  readonly size: number | null;
  readonly at: Instant | null;
  /** Since when something newer has been waiting. */
  readonly waitingSince: Instant | null;
  /** Why the last attempt failed; `null` when it did not. */
  readonly trouble: string | null;
  /** The trouble is no outage: what is outside contradicts this log. */
  readonly alarm: boolean;
};

/** What is outside contradicts this log. A retry does not help; a person must look. */
export class Contradiction extends Error {
  override readonly name: string = 'Contradiction';
}

/** The place was reached and would not; `message` is ours and may be shown. */
export class NotTaken extends Error {
  override readonly name: string = 'NotTaken';
}

export type Delivery = { readonly note: string; readonly size: number };

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;

export class Courier implements AsyncDisposable {
  readonly #by: Health['by'];
  readonly #name: string;
  readonly #deliver: (delivery: Delivery) => Promise<void>;
  readonly #clock: Clock;
  readonly #restMs: number;
  readonly #stop = new AbortController();
  #pending: Delivery | undefined;
  #size: number | null;
  #at: Instant | null = null;
  #waitingSince: Instant | null = null;
  #trouble: string | null = null;
  #alarm = false;
  #running: Promise<void> | undefined;

  constructor(options: {
    readonly by: Health['by'];
    readonly name: string;
    readonly clock: Clock;
    /** Between one arrival and the next attempt. */
    readonly restMs: number;
    /** Records under what is known to have arrived earlier. */
    readonly arrived: number | null;
    readonly deliver: (delivery: Delivery) => Promise<void>;
  }) {
    this.#by = options.by;
    this.#name = options.name;
    this.#deliver = options.deliver;
    this.#clock = options.clock;
    this.#restMs = options.restMs;
    this.#size = options.arrived;
  }

  health(): Health {
    return {
      by: this.#by,
      name: this.#name,
      size: this.#size,
      at: this.#at,
      waitingSince: this.#waitingSince,
      trouble: this.#trouble,
      alarm: this.#alarm,
    };
  }

  /** Never throws, never waits. */
  offer(delivery: Delivery): void {
    if (delivery.size <= (this.#size ?? -1) || this.#stop.signal.aborted) return;
    this.#pending = delivery;
    this.#waitingSince ??= this.#clock.now();
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is under way; only for those who do not let retries wait. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // So that the field is set before the body can clear it.
    await Promise.resolve();
    const { signal } = this.#stop;
    let wait = FIRST_WAIT_MS;
    while (this.#pending !== undefined && !signal.aborted) {
      const arrived = await this.#attempt(this.#pending);
      if (arrived) wait = FIRST_WAIT_MS;
      if (this.#pending === undefined && this.#restMs === 0) break;
      await this.#clock.sleep(arrived ? this.#restMs : wait, signal);
      if (!arrived) wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    }
    this.#running = undefined;
  }

  async #attempt(delivery: Delivery): Promise<boolean> {
    try {
      await this.#deliver(delivery);
    } catch (error) {
      this.#trouble = troubleOf(error);
      this.#alarm = error instanceof Contradiction;
      return false;
    }
    this.#size = delivery.size;
    this.#at = this.#clock.now();
    this.#trouble = null;
    this.#alarm = false;
    if (this.#pending === delivery) this.#pending = undefined;
    this.#waitingSince = this.#pending === undefined ? null : this.#at;
    return true;
  }

  /** One last attempt for what is waiting; a request under way is waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (this.#pending !== undefined) await this.#attempt(this.#pending);
  }
}

function troubleOf(error: unknown): string {
  if (error instanceof Contradiction || error instanceof NotTaken) return error.message;
  if (error instanceof Fault) return error.message;
  return 'it could not be written. Look at the disk';
}
