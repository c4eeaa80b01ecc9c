/**
 * A cookie is sent to every port of a name, and is copied with whatever files and logs it lies in. So it is worth
 * something only beside a proof: at sign-in the page makes a key that its browser never lets out, and signs each request
 * with it. Whoever has the cookie alone reads nothing and changes nothing.
 *
 * After RFC 9449 (DPoP): a proof is of one request (4.2: `htm`, `htu`, `jti`) and of the nonce that this process gave out
 * last or before that (8). So it opens nothing else, nothing twice (11.1), nothing after a restart, and none can be made
 * in advance (11.2). No clock of a browser is believed, so none has to be right.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Clock, Random } from '#base/ports';
import { signInFault } from './faults.ts';
import type { Shown } from './protocol.ts';

/** What the page signs begins with it, and bytes of no other document do. */
const DOMAIN = 'holdfast-page-proof@2';
/** A nonce is given out for so long, and is good for as long again. */
export const NONCE_MS = 120_000;
const NONCE_BYTES = 16;
const SPKI = /^[A-Za-z0-9_-]{100,200}$/;
/** Nonce, id of the proof (96 bits), signature. */
const PROOF = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{86})$/;
const MOST_KEYS = 1_000;

/** Proofs of one nonce that are remembered: above what the rate of a session lets pass, and what memory is for all. */
export type ProofLimits = { readonly ofOne: number; readonly ofAll: number };
const LIMITS: ProofLimits = { ofOne: 8_192, ofAll: 200_000 };

/** A P-256 key (SubjectPublicKeyInfo, base64url), written in the one way there is. */
export function isPageKey(text: string | undefined): text is string {
  if (text === undefined || !SPKI.test(text)) return false;
  try {
    const der = keyOf(text).export({ type: 'spki', format: 'der' });
    return der.toString('base64url') === text;
  } catch {
    return false;
  }
}

function keyOf(text: string): KeyObject {
  const key = createPublicKey({
    key: Buffer.from(text, 'base64url'),
    type: 'spki',
    format: 'der',
  });
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('not a P-256 key');
  return key;
}

type Turn = {
  readonly number: number;
  readonly nonce: string;
  /** Ids of the proofs that were taken, by page key. */
  readonly taken: Map<string, Set<string>>;
  count: number;
};

export class PageProofs {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #random: Random;
  readonly #limits: ProofLimits;
  readonly #keys = new Map<string, KeyObject>();
  #turn: Turn;
  #before: Turn | undefined;

  constructor(clock: Pick<Clock, 'monotonicMs'>, random: Random, limits: ProofLimits = LIMITS) {
    this.#clock = clock;
    this.#random = random;
    this.#limits = limits;
    this.#turn = this.#begin();
  }

  /** For the proofs of the next requests, of whichever page; no secret. */
  nonce(): string {
    this.#goOn();
    return this.#turn.nonce;
  }

  /** Takes the proof, once. Throws `proof-needed`, `proof-spent`, and `too-many-requests` rather than forget one. */
  check(pageKey: string, { method, target, proof }: Shown): void {
    this.#goOn();
    const [, nonce = '', id = '', signature = ''] = PROOF.exec(proof ?? '') ?? [];
    const turn = [this.#turn, this.#before].find((each) => each?.nonce === nonce);
    if (turn === undefined) throw needed();
    const text = [DOMAIN, method, target, nonce, id].join('\n');
    if (!this.#isSigned(pageKey, text, signature)) throw needed();
    this.#take(turn, pageKey, id);
  }

  #take(turn: Turn, pageKey: string, id: string): void {
    const mine = turn.taken.get(pageKey) ?? new Set();
    if (mine.has(id)) throw spent();
    if (mine.size >= this.#limits.ofOne || turn.count >= this.#limits.ofAll) throw full();
    turn.taken.set(pageKey, mine);
    // A copy: a part of a text keeps the whole header in memory.
    mine.add(Buffer.from(id, 'latin1').toString('latin1'));
    turn.count += 1;
  }

  #goOn(): void {
    const passed = this.#number() - this.#turn.number;
    if (passed === 0) return;
    this.#before = passed === 1 ? this.#turn : undefined;
    this.#turn = this.#begin();
  }

  #begin(): Turn {
    const nonce = Buffer.from(this.#random.bytes(NONCE_BYTES)).toString('base64url');
    return { number: this.#number(), nonce, taken: new Map(), count: 0 };
  }

  #number(): number {
    return Math.floor(this.#clock.monotonicMs() / NONCE_MS);
  }

  #isSigned(pageKey: string, text: string, signature: string): boolean {
    try {
      return verify(
        'sha256',
        Buffer.from(text),
        { key: this.#key(pageKey), dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
    } catch {
      return false;
    }
  }

  /** Read once: that costs as much as the signature. */
  #key(pageKey: string): KeyObject {
    const known = this.#keys.get(pageKey);
    if (known !== undefined) return known;
    const key = keyOf(pageKey);
    if (this.#keys.size >= MOST_KEYS) this.#keys.clear();
    this.#keys.set(pageKey, key);
    return key;
  }
}

function needed(): Error {
  return signInFault(
    'proof-needed',
    'the cookie did not come with a proof of the page that it belongs to: reload the console, or sign in again',
  );
}

function spent(): Error {
  return signInFault(
    'proof-spent',
    'this very request was here before, and is not done a second time: look what became of it, then ask anew',
  );
}

function full(): Error {
  const retryAfter = NONCE_MS / 1_000;
  return signInFault(
    'too-many-requests',
    `too many requests to remember them all: ask again in ${retryAfter} s`,
    { facts: { retryAfter } },
  );
}
