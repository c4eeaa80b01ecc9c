/**
 * As much of Node's crypto as the standalone verifier uses, answered by WebCrypto.
 *
 * The verifier asks and goes on at once; WebCrypto answers later. So the verifier runs again and again: what has no
 * answer yet is noted, answered by WebCrypto, and known the next time. Only a run in which every single answer was known
 * counts, and that run is what it would have been with answers at once.
 */
import { toHex } from '../bytes.ts';
import { Buffer, type LentBuffer } from './buffer.ts';

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

const ED25519 = '302a300506032b6570032100';
type Hash = {
  readonly update: (data: string | Uint8Array) => { readonly digest: () => LentBuffer };
};
type Key = { readonly spki: LentBuffer; readonly isEd25519: boolean };

const imported = ({ spki, isEd25519 }: Key): Promise<CryptoKey> =>
  crypto.subtle.importKey(
    'spki',
    spki,
    isEd25519 ? 'Ed25519' : { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['verify'],
  );

/** What the verifier knows as `crypto`. */
export const lentCrypto = {
  hash(algorithm: string, data: string | Uint8Array, encoding: string): LentBuffer | string {
    const bytes = digest(algorithm, data);
    return encoding === 'hex' ? bytes.toString('hex') : bytes;
  },

  createHash: (algorithm: string): Hash => ({
    update: (data) => ({ digest: () => digest(algorithm, data) }),
  }),

  /** Throws for what is no key, as Node does. */
  createPublicKey({ key }: { readonly key: LentBuffer }): Key {
    const spki = Buffer.from(key);
    const made = { spki, isEd25519: toHex(spki.slice(0, 12)) === ED25519 };
    const ask = (): Promise<boolean> =>
      imported(made).then(
        () => true,
        () => false,
      );
    if (!answerTo('key', [spki], ask, true)) throw new Error('not a key');
    return made;
  },

  /** Ed25519, and ECDSA over P-256 with both numbers side by side. */
  verify(
    algorithm: string | null,
    message: Uint8Array,
    given: Key | { readonly key: Key },
    signature: Uint8Array,
  ): boolean {
    const key = 'spki' in given ? given : given.key;
    if (key.isEd25519 !== (algorithm === null) || (algorithm !== null && algorithm !== 'sha256'))
      throw new Error('no such signature here');
    const [data, sig] = [Buffer.from(message), Buffer.from(signature)];
    const how = key.isEd25519 ? 'Ed25519' : { name: 'ECDSA', hash: 'SHA-256' };
    const ask = async (): Promise<boolean> =>
      crypto.subtle.verify(how, await imported(key), sig, data).catch(() => false);
    return answerTo('signature', [key.spki, sig, data], ask, true);
  },

  /** Certificates of time-stamping authorities: WebCrypto knows none, so none is ever pinned here. */
  X509Certificate: class {
    constructor() {
      throw new Error('a browser reads no certificates');
    }
  },
};
