/** Events of the ceremonies. They name who and from where; never a code, a cookie, a challenge or an answer. */
import { newId } from '#base/ids';
import type { JsonObject } from '#base/json';
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import type { SignInNeeds } from './needs.ts';
import type { From } from './protocol.ts';

export type Happened = {
  readonly what:
    | 'session.opened'
    | 'session.refused'
    | 'session.ended'
    | 'invitation.made'
    | 'passkey.registered'
    | 'passkey.refused'
    | 'confirmation.refused'
    | 'break-glass.opened'
    | 'break-glass.refused'
    | 'break-glass.ended';
  /** `null`: nobody known. */
  readonly operator: string | null;
  readonly because: string;
  readonly from?: From;
  readonly fault?: string;
  readonly more?: JsonObject;
};

/** Strangers must not fill the log: this many refusals a minute are told, and the next one says how many were not. */
const MOST_REFUSALS = 30;
const WINDOW = 60 * MICROS_PER_SECOND;
const MOST_ADDRESS = 64;

export class Leaving {
  readonly #needs: Pick<SignInNeeds, 'events' | 'random' | 'clock'>;
  #since: Instant | undefined;
  #told = 0;
  #untold = 0;

  constructor(needs: Pick<SignInNeeds, 'events' | 'random' | 'clock'>) {
    this.#needs = needs;
  }

  /** Resolves when the event survives the death of this process; rejects where it cannot be written. */
  async leave(happened: Happened): Promise<void> {
    const { what, operator, because, from, fault, more } = happened;
    if (fault !== undefined && !this.#mayTell()) return;
    const principal = operator === null ? 'stranger@console' : `operator:${operator}@console`;
    const untold = this.#untold;
    this.#untold = 0;
    await this.#needs.events.append({
      kind: what,
      requestId: newId('req', this.#needs.random),
      traceId: null,
      scope: 'all',
      principal,
      onBehalfOf: operator === null ? null : principal,
      surface: 'console',
      operation: what,
      arguments: from === undefined ? {} : { address: addressOf(from) },
      decision: { verdict: fault === undefined ? 'allow' : 'deny', because },
      outcome: fault === undefined ? 'done' : 'refused',
      fault: fault ?? null,
      targets: [],
      output: null,
      tainted: false,
      more: { ...more, ...(untold > 0 ? { refusalsNotTold: untold } : {}) },
    }).written;
  }

  #mayTell(): boolean {
    const now = this.#needs.clock.now();
    if (this.#since === undefined || Math.abs(now - this.#since) >= WINDOW) {
      this.#since = now;
      this.#told = 0;
    }
    if (this.#told >= MOST_REFUSALS) {
      this.#untold += 1;
      return false;
    }
    this.#told += 1;
    return true;
  }
}

/** Only what an address is written with. */
export function addressOf({ address }: From): string {
  return address.replace(/[^0-9a-zA-Z.:%[\]_-]/g, '').slice(0, MOST_ADDRESS);
}
