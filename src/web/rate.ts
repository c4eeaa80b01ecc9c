/**
 * How often and how much at once one may ask. A bucket of tokens for each name; one that is full again is forgotten,
 * so that what is kept is bounded by who asked lately.
 */
import { parseAddress } from '#base/address';
import type { Clock } from '#base/ports';
import { refusal } from './faults.ts';

export type Rate = {
  /** Requests at once after a pause. */
  readonly burst: number;
  readonly perSecond: number;
};

type Bucket = { tokens: number; at: number };

const MOST_BUCKETS = 10_000;

export class RateLimit {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, clock: Pick<Clock, 'monotonicMs'>) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Throws `too-many-requests` with the seconds after which there is room again. */
  take(name: string): void {
    const now = this.#clock.monotonicMs();
    const bucket = this.#refilled(name, now);
    if (bucket.tokens < 1) {
      const retryAfter = Math.max(1, Math.ceil((1 - bucket.tokens) / this.#rate.perSecond));
      throw refusal('too-many-requests', `too many requests: ask again in ${retryAfter} s`, {
        facts: { retryAfter },
      });
    }
    bucket.tokens -= 1;
  }

  #refilled(name: string, now: number): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      if (this.#buckets.size >= MOST_BUCKETS) this.#forget(now);
      const made = { tokens: this.#rate.burst, at: now };
      this.#buckets.set(name, made);
      return made;
    }
    bucket.tokens = Math.min(
      this.#rate.burst,
      bucket.tokens + ((now - bucket.at) / 1_000) * this.#rate.perSecond,
    );
    bucket.at = now;
    return bucket;
  }

  /** Those that are full again; when nobody is, the one that asked longest ago. */
  #forget(now: number): void {
    const whole = (this.#rate.burst / this.#rate.perSecond) * 1_000;
    for (const [name, { at }] of this.#buckets) if (now - at >= whole) this.#buckets.delete(name);
    if (this.#buckets.size < MOST_BUCKETS) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

/** How many requests of one name are answered at the same time. */
export class AtOnce {
  readonly #most: number;
  readonly #open = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Throws `too-many-requests`; answers what ends this one, which may be called more than once. */
  enter(name: string): () => void {
    const open = this.#open.get(name) ?? 0;
    if (open >= this.#most)
      throw refusal(
        'too-many-requests',
        `too many requests at once: at most ${this.#most}. Wait for one to end`,
        { facts: { retryAfter: 1 } },
      );
    this.#open.set(name, open + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#open.get(name) ?? 1) - 1;
      if (left > 0) this.#open.set(name, left);
      else this.#open.delete(name);
    };
  }
}

const NETWORK_BYTES = 8;

/** One of the many addresses that one customer of a provider has (RFC 6177) counts as all of them, however it is written. */
export function addressKey(address: string): string {
  const bytes = parseAddress(address.replace(/%.*$/, ''));
  if (bytes === null) return address;
  const isFour = bytes.every((byte, at) => at > 11 || byte === (at > 9 ? 255 : 0));
  return bytes.slice(0, isFour ? bytes.length : NETWORK_BYTES).join('.');
}
