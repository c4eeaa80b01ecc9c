/**
 * What one lease may have going at once, and all of them together: no lease takes what the others need. Whoever finds
 * no room is told whose it is, and when to come again (RFC 6585, section 4; RFC 9110, section 10.2.3).
 */
import type { RequestId } from './json-scan.ts';
import { rpcError } from './web.ts';

/** `own`: the lease has its share already. `all`: there is no room for anybody. */
export type Full = 'own' | 'all';

export class Share {
  readonly #each: number;
  readonly #all: number;
  readonly #of = new Map<string, number>();
  #total = 0;

  constructor(each: number, all: number) {
    this.#each = each;
    this.#all = all;
  }

  /** Answers what ends this one, which may be called more than once. */
  enter(lease: string): (() => void) | Full {
    const own = this.#of.get(lease) ?? 0;
    if (own >= this.#each) return 'own';
    if (this.#total >= this.#all) return 'all';
    this.#of.set(lease, own + 1);
    this.#total++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#total--;
      const left = (this.#of.get(lease) ?? 1) - 1;
      if (left > 0) this.#of.set(lease, left);
      else this.#of.delete(lease);
    };
  }
}

const AGAIN_SECONDS = { calls: 1, streams: 10, sessions: 10 } as const;
const DO = {
  calls: 'wait for one to be answered',
  streams: 'close one first',
  sessions: 'end one with DELETE',
} as const;

export function noRoom(
  full: Full,
  what: keyof typeof AGAIN_SECONDS,
  id: RequestId | null = null,
): Response {
  const headers = { 'retry-after': String(AGAIN_SECONDS[what]) };
  return full === 'own'
    ? rpcError(429, -32_000, `too many ${what} of this lease at once: ${DO[what]}`, id, headers)
    : rpcError(
        503,
        -32_000,
        `too many ${what} at once, of all leases: try again later`,
        id,
        headers,
      );
}
