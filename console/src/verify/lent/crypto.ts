/**
 * As much of Node's crypto as the standalone verifier uses, answered by WebCrypto.
 *
 * The verifier asks and goes on at once; WebCrypto answers later. So the verifier runs again and again: what has no
 * answer yet is noted, answered by WebCrypto, and known the next time. Only a run in which every single answer was known
 * counts, and that run is what it would have been with answers at once.
 */
import { Buffer, type LentBuffer } from './buffer.ts';
import { kindOfKey, LentCertificate, sideBySide } from './certificate.ts';

type Answer = Uint8Array | boolean;
type Asking = {
  readonly known: Map<string, Answer>;
  readonly open: Map<string, () => Promise<Answer>>;
  /** Stands in a run that does not count for a digest that is not known yet; what holds it is not asked about. */
  readonly standIn: Uint8Array;
};

let asking: Asking | undefined;

/** More than any chain of hashes that the verifier follows; a run answers at least one question. */
const RUNS_MOST = 2_000;

/** What `run` gives, or throws, once WebCrypto has answered all that it asks. */
export async function answered<Value>(run: () => Value): Promise<Value> {
  const known = new Map<string, Answer>();
  const standIn = crypto.getRandomValues(new Uint8Array(32));
  for (let runs = 0; runs < RUNS_MOST; runs++) {
    const own: Asking = { known, open: new Map(), standIn };
    let outcome: { readonly value: Value } | { readonly thrown: unknown };
    asking = own;
    try {
      outcome = { value: run() };
    } catch (thrown) {
      outcome = { thrown };
    } finally {
      asking = undefined;
    }
    if (own.open.size === 0) {
      if ('thrown' in outcome) throw outcome.thrown;
      return outcome.value;
    }
    await Promise.all([...own.open].map(async ([name, ask]) => known.set(name, await ask())));
  }
  throw new Error('checking the file did not come to an end');
}

// Each byte is one character of its own, so no two questions have one name.
const BYTES = new TextDecoder('latin1');

/** The answer, or `instead` until it is known. */
function answerTo<T extends Answer>(
  name: string,
  parts: readonly Uint8Array[],
  ask: () => Promise<T>,
  instead: T,
): T {
  if (asking === undefined) throw new Error('asked outside of a run');
  const { known, open, standIn } = asking;
  const text = parts.map((part) => `${part.length}:${BYTES.decode(part)}`).join();
  const answer = known.get(name + text);
  if (answer !== undefined) return answer as T;
  // A question about what is not known yet only has to keep this run from counting; the one that opened it does.
  if (!text.includes(BYTES.decode(standIn)) || open.size === 0) open.set(name + text, ask);
  return instead;
}

const NAMES: Readonly<Record<string, string>> = {
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
};

function digest(algorithm: string, data: string | Uint8Array): LentBuffer {
  const bytes = Buffer.from(data);
  const name = NAMES[algorithm];
  if (name === undefined || asking === undefined) throw new Error(`no digest here: ${algorithm}`);
  const ask = async (): Promise<Uint8Array> =>
    new Uint8Array(await crypto.subtle.digest(name, bytes));
  return Buffer.from(answerTo(algorithm, [bytes], ask, asking.standIn));
}

type Hash = {
  readonly update: (data: string | Uint8Array) => { readonly digest: () => LentBuffer };
};
/** How WebCrypto knows a key, by the names of its algorithm and its curve; `size` of each number of a signature. */
type Kind = { readonly name: string; readonly namedCurve?: string; readonly size?: number };
const KINDS: Readonly<Record<string, Kind>> = {
  '2b6570': { name: 'Ed25519' },
  '2a8648ce3d0201 2a8648ce3d030107': { name: 'ECDSA', namedCurve: 'P-256', size: 32 },
  '2a8648ce3d0201 2b81040022': { name: 'ECDSA', namedCurve: 'P-384', size: 48 },
  '2a864886f70d010101': { name: 'RSASSA-PKCS1-v1_5' },
};
type Key = { readonly spki: LentBuffer; readonly kind: Kind };

const imported = ({ spki, kind }: Key, hash?: string): Promise<CryptoKey> =>
  crypto.subtle.importKey(
    'spki',
    spki,
    {
      ...kind,
      ...(kind.name === 'RSASSA-PKCS1-v1_5' ? { hash: NAMES[hash ?? 'sha256'] ?? '' } : {}),
    },
    false,
    ['verify'],
  );

/** Throws for what is no key, as Node does. */
function keyOf(bytes: LentBuffer): Key {
  const spki = Buffer.from(bytes);
  const kind = KINDS[kindOfKey(spki)];
  if (kind === undefined) throw new Error('no such key here');
  const made = { spki, kind };
  const ask = (): Promise<boolean> =>
    imported(made).then(
      () => true,
      () => false,
    );
  if (!answerTo('key', [spki], ask, true)) throw new Error('not a key');
  return made;
}

/** `isPlain`: both numbers of an ECDSA signature side by side, and not in DER. */
function holds(
  algorithm: string | null,
  message: Uint8Array,
  key: Key,
  signature: Uint8Array,
  isPlain: boolean,
): boolean {
  const { name, size } = key.kind;
  if ((name === 'Ed25519') !== (algorithm === null)) throw new Error('no such signature here');
  const hash = NAMES[algorithm ?? ''];
  if (algorithm !== null && (hash === undefined || algorithm === 'sha1'))
    throw new Error('no such signature here');
  const data = Buffer.from(message);
  let sig = Buffer.from(signature);
  if (size !== undefined && !isPlain) {
    try {
      sig = sideBySide(sig, size);
    } catch {
      return false;
    }
  }
  const ask = async (): Promise<boolean> =>
    crypto.subtle
      .verify(
        hash === undefined ? name : { name, hash },
        await imported(key, algorithm ?? ''),
        sig,
        data,
      )
      .catch(() => false);
  return answerTo(`signature ${algorithm}`, [key.spki, sig, data], ask, true);
}

/** What the verifier knows as `crypto`. */
export const lentCrypto = {
  hash(algorithm: string, data: string | Uint8Array, encoding: string): LentBuffer | string {
    const bytes = digest(algorithm, data);
    return encoding === 'hex' ? bytes.toString('hex') : bytes;
  },

  createHash: (algorithm: string): Hash => ({
    update: (data) => ({ digest: () => digest(algorithm, data) }),
  }),

  createPublicKey: ({ key }: { readonly key: LentBuffer }): Key => keyOf(key),

  /** Ed25519, ECDSA and, of authorities, RSA. */
  verify: (
    algorithm: string | null,
    message: Uint8Array,
    given: Key | { readonly key: Key },
    signature: Uint8Array,
  ): boolean =>
    'spki' in given
      ? holds(algorithm, message, given, signature, false)
      : holds(algorithm, message, given.key, signature, true),

  X509Certificate: class {
    constructor(der: Uint8Array) {
      try {
        // oxlint-disable-next-line no-constructor-return -- stands where the verifier makes one of Node's
        return lentCertificate(der);
      } catch (thrown) {
        limits.isMet = true;
        throw thrown;
      }
    }
  },
};

/** Whether a certificate was met that cannot be read here: Node reads more kinds, so it may still be a good one. */
export const limits = { isMet: false };

export function lentCertificate(der: Uint8Array): LentCertificate<Key> {
  const verify = (digest: string, signed: LentBuffer, key: Key, signature: LentBuffer): boolean =>
    key.kind.name !== 'Ed25519' && holds(digest, signed, key, signature, false);
  return new LentCertificate(der, { keyOf, verify });
}
