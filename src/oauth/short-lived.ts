/**
 * Where the authorization server keeps what lives for minutes: interactions, grants and codes. In memory and bounded; a
 * restart ends what was being asked, and nobody has to look after a secret at rest. What lasts is a lease.
 */
import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Clock } from '#base/ports';

/** Of one kind; the oldest goes first. */
const MOST = 2_000;

type Kept = { readonly payload: AdapterPayload; readonly until: number };

export class ShortLived implements Adapter {
  readonly #clock: Clock;
  readonly #isKept: boolean;
  readonly #kept = new Map<string, Kept>();

  /** `isKept`: false for what is never looked for again. */
  constructor(clock: Clock, isKept: boolean) {
    this.#clock = clock;
    this.#isKept = isKept;
  }

  async upsert(id: string, payload: AdapterPayload, seconds: number): Promise<void> {
    if (!this.#isKept) return;
    const now = this.#clock.monotonicMs();
    this.#kept.delete(id);
    for (const [each, { until }] of this.#kept) {
      if (until > now && this.#kept.size < MOST) break;
      this.#kept.delete(each);
    }
    this.#kept.set(id, { payload, until: now + seconds * 1_000 });
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const found = this.#kept.get(id);
    return found !== undefined && found.until > this.#clock.monotonicMs()
      ? found.payload
      : undefined;
  }

  async findByUid(): Promise<undefined> {
    return undefined;
  }

  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  async consume(id: string): Promise<void> {
    const found = this.#kept.get(id);
    if (found !== undefined) found.payload.consumed = Math.floor(this.#clock.now() / 1_000_000);
  }

  async destroy(id: string): Promise<void> {
    this.#kept.delete(id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [id, { payload }] of this.#kept)
      if (payload.grantId === grantId) this.#kept.delete(id);
  }
}
