/**
 * A key that somebody lends us for a time: asked for again well before its end, by one at a time.
 *
 * While the broker is away the last one is used to its end and no longer; when the broker says no, it is gone at
 * once. Bounded by the wall clock and by the monotonic one, so that a clock set back lengthens nothing.
 */
import { asFault, type Fault } from '#base/fault';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';
import type { HeldKey, KeySource, SourceTrouble } from './broker.ts';
import { isAway, keyFault } from './faults.ts';

/** After trouble the broker is left alone so long. */
const REST_MS = 5_000;
const MICROS_PER_MS = 1_000;

export type Lent = {
  readonly keyFile: string;
  /** When to ask again, and when it is over. */
  readonly renewAt: Instant;
  readonly expires: Instant;
  /** Takes its files away. */
  discard(): Promise<void>;
};

/** How a key is got; `end` gives back what it holds. */
export type Lender = {
  readonly source: string;
  lend(): Promise<Lent>;
  end(): Promise<void>;
};

type Kept = Lent & {
  readonly renewAtMs: number;
  readonly overAtMs: number;
  /** Ends the wait for its end. */
  readonly over: AbortController;
};

export class KeptKey implements KeySource {
  readonly source: string;
  readonly #lender: Lender;
  readonly #clock: Clock;
  #kept: Kept | undefined;
  /** Its files stay until the next renewal: an ssh may be reading them. */
  #former: Lent | undefined;
  #trouble: { readonly fault: Fault; readonly untilMs: number } | undefined;
  #asking: Promise<HeldKey> | undefined;
  #isClosed = false;

  constructor(lender: Lender, clock: Clock) {
    this.source = lender.source;
    this.#lender = lender;
    this.#clock = clock;
  }

  get trouble(): SourceTrouble | null {
    const fault = this.#trouble?.fault;
    return fault === undefined ? null : { code: fault.code, message: fault.message };
  }

  async key(again?: 'again'): Promise<HeldKey> {
    if (this.#isClosed) throw keyFault('keys-closed', this.source);
    if (again === undefined) {
      const kept = await this.#live();
      const now = this.#clock.monotonicMs();
      const isResting = this.#trouble !== undefined && now < this.#trouble.untilMs;
      if (kept !== undefined && (isResting || !this.#isDue(kept))) return heldOf(kept);
      if (isResting && this.#trouble !== undefined) throw this.#trouble.fault;
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  #isDue({ renewAt, renewAtMs }: Kept): boolean {
    return this.#clock.now() >= renewAt || this.#clock.monotonicMs() >= renewAtMs;
  }

  /** What is kept, when it is not over. */
  async #live(): Promise<Kept | undefined> {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    const isOver = this.#clock.now() >= kept.expires || this.#clock.monotonicMs() >= kept.overAtMs;
    if (!isOver) return kept;
    await this.#drop(kept);
    return undefined;
  }

  async #ask(): Promise<HeldKey> {
    try {
      const lent = await this.#lender.lend();
      if (this.#isClosed) {
        await lent.discard();
        throw keyFault('keys-closed', this.source);
      }
      await this.#former?.discard();
      this.#former = this.#kept;
      this.#kept?.over.abort();
      this.#kept = this.#keep(lent);
      this.#trouble = undefined;
      return heldOf(lent);
    } catch (thrown) {
      const fault = asFault(thrown);
      this.#trouble = { fault, untilMs: this.#clock.monotonicMs() + REST_MS };
      const kept = await this.#live();
      if (kept !== undefined && isAway(fault)) return heldOf(kept);
      if (kept !== undefined) await this.#drop(kept);
      throw fault;
    }
  }

  #keep(lent: Lent): Kept {
    const [now, nowMs] = [this.#clock.now(), this.#clock.monotonicMs()];
    const after = (at: Instant): number => nowMs + Math.max(0, at - now) / MICROS_PER_MS;
    const over = new AbortController();
    const kept: Kept = {
      ...lent,
      renewAtMs: after(lent.renewAt),
      overAtMs: after(lent.expires),
      over,
    };
    // Nobody may ask again: it goes all the same.
    void this.#clock.sleep(after(lent.expires) - nowMs, over.signal).then(async () => {
      if (!over.signal.aborted) await this.#drop(kept);
    });
    return kept;
  }

  async #drop(kept: Kept): Promise<void> {
    if (this.#kept === kept) this.#kept = undefined;
    kept.over.abort();
    await kept.discard();
    await this.#former?.discard();
    this.#former = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#asking?.catch(() => {});
    if (this.#kept !== undefined) await this.#drop(this.#kept);
    await this.#former?.discard();
    this.#former = undefined;
    await this.#lender.end();
  }
}

function heldOf({ keyFile, expires }: Lent): HeldKey {
  return { keyFile, expires };
}
