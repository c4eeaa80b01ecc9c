/**
 * A cookie is sent to every port of a name, and is copied with whatever files and logs it lies in. So it is worth
 * something only beside a proof: at sign-in the page makes a key that its browser never lets out, and signs the time
 * with it. Whoever has the cookie alone reads nothing and changes nothing.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import { signInFault } from './faults.ts';

/** What the page signs, before the seconds: bytes of no other document begin like this. */
const PREFIX = 'holdfast-page-proof@1 ';
/** A proof is good for this long before and after its time; clocks differ, and a page signs once a minute. */
export const PROOF_WINDOW = 150 * MICROS_PER_SECOND;
const SPKI = /^[A-Za-z0-9_-]{100,200}$/;
const PROOF = /^([1-9][0-9]{0,11})\.([A-Za-z0-9_-]{86})$/;
const MOST_KNOWN = 1_000;

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

export class PageProofs {
  /** Proofs that held, by their key: a page shows the same one for a minute. */
  readonly #known = new Map<string, string>();

  /** Throws `proof-needed`. */
  check(pageKey: string, proof: string | undefined, now: Instant): void {
    const [, seconds = '', signature = ''] = PROOF.exec(proof ?? '') ?? [];
    const at = Number(seconds) * MICROS_PER_SECOND;
    if (proof === undefined || seconds === '' || Math.abs(now - at) > PROOF_WINDOW) throw needed();
    if (this.#known.get(pageKey) === proof) return;
    if (!isSigned(pageKey, seconds, signature)) throw needed();
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(pageKey, proof);
  }
}

function isSigned(pageKey: string, seconds: string, signature: string): boolean {
  try {
    return verify(
      'sha256',
      Buffer.from(PREFIX + seconds),
      { key: keyOf(pageKey), dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
  } catch {
    return false;
  }
}

function needed(): Error {
  return signInFault(
    'proof-needed',
    'the cookie did not come with a proof of the page that it belongs to: reload the console, or sign in again',
  );
}
