/**
 * The log's Ed25519 key, and the journal key derived from it.
 *
 * Whoever holds these can write records that verify; whoever only edits files cannot. The private
 * key is PKCS#8 PEM with mode 0600 in the keys directory, its verifier key stands beside it.
 */
import { createPrivateKey, hash, hkdfSync, type KeyObject } from 'node:crypto';
import { Fault } from '#base/fault';
import type { Files, Random } from '#base/ports';
import { type VerifierKey, verifierKey } from './note.ts';

export const KEY_FILE = 'log.pem';
/** The next key while a rotation is under way. */
export const NEXT_KEY_FILE = 'log.next.pem';
const VKEY_FILE = 'log.vkey';

/** The DER that goes before a raw Ed25519 private key (RFC 8410). */
export const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export type LogKey = {
  readonly privateKey: KeyObject;
  readonly verifier: VerifierKey;
  readonly journalKey: JournalKey;
};

export async function readLogKey(
  files: Files,
  keys: string,
  origin: string,
  name: string = KEY_FILE,
): Promise<LogKey | undefined> {
  const pem = await files.read(`${keys}/${name}`);
  if (pem === undefined) return undefined;
  try {
    return logKey(createPrivateKey(Buffer.from(pem)), origin);
  } catch (cause) {
    throw new Fault(
      'broken',
      'log-key-unreadable',
      `the log's key cannot be read: ${keys}/${name}. Restore it from a backup`,
      { cause },
    );
  }
}

/** Makes a key and keeps it durably before it is used. */
export async function makeLogKey(
  files: Files,
  random: Random,
  keys: string,
  origin: string,
  name: string = KEY_FILE,
): Promise<LogKey> {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, random.bytes(32)]),
    format: 'der',
    type: 'pkcs8',
  });
  const made = logKey(key, origin);
  await files.makeDirectory(keys);
  await writeLogKey(files, keys, made, name);
  return made;
}

export async function writeLogKey(
  files: Files,
  keys: string,
  key: LogKey,
  name: string = KEY_FILE,
): Promise<void> {
  const pem = key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  await files.replace(`${keys}/${name}`, Buffer.from(pem), 0o600);
  if (name === KEY_FILE) await writeVerifierKey(files, keys, key);
}

export async function writeVerifierKey(files: Files, keys: string, key: LogKey): Promise<void> {
  await files.replace(`${keys}/${VKEY_FILE}`, Buffer.from(`${key.verifier.vkey}\n`), 0o644);
}

function logKey(privateKey: KeyObject, origin: string): LogKey {
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('not an Ed25519 key');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const bytes = hkdfSync('sha256', seed, '', 'holdfast journal v1', 32);
  return {
    privateKey,
    verifier: verifierKey(origin, privateKey),
    journalKey: new JournalKey(new Uint8Array(bytes)),
  };
}

export const MAC_BYTES = 16;

/**
 * HMAC-SHA256 over fixed-size messages, cut to 16 bytes.
 *
 * Two calls of the one-shot hash over prepared blocks: a Hmac object for each record costs several
 * times as much.
 */
export class JournalKey {
  readonly #inner = Buffer.alloc(64 + 104, 0x36);
  readonly #outer = Buffer.alloc(64 + 32, 0x5c);

  constructor(key: Uint8Array) {
    for (let i = 0; i < 32; i += 1) {
      this.#inner[i] = 0x36 ^ (key[i] ?? 0);
      this.#outer[i] = 0x5c ^ (key[i] ?? 0);
    }
  }

  /** `epoch`: 32 hex digits; `entryHash`: 64 hex digits. 16 latin1 characters. */
  mac(epoch: string, seq: number, entryHash: string): string {
    this.#inner.write(epoch, 64, 'latin1');
    this.#inner.writeUInt32BE(Math.floor(seq / 2 ** 32), 96);
    this.#inner.writeUInt32BE(seq >>> 0, 100);
    this.#inner.write(entryHash, 104, 'latin1');
    this.#outer.write(hash('sha256', this.#inner, 'latin1'), 64, 'latin1');
    return hash('sha256', this.#outer, 'latin1').slice(0, MAC_BYTES);
  }
}

/** The journal keys that verification may need; `undefined` when the key is not here. */
export async function readJournalKeys(
  files: Files,
  keys: string,
): Promise<readonly JournalKey[] | undefined> {
  const found: JournalKey[] = [];
  for (const name of [KEY_FILE, NEXT_KEY_FILE]) {
    const key = await readLogKey(files, keys, 'unnamed', name);
    if (key !== undefined) found.push(key.journalKey);
  }
  return found.length === 0 ? undefined : found;
}

/** The verifier keys that stand beside the private key: the pins of a check on this machine. */
export async function readPins(files: Files, keys: string): Promise<readonly string[]> {
  const bytes = await files.read(`${keys}/${VKEY_FILE}`);
  return bytes === undefined ? [] : Buffer.from(bytes).toString('utf8').split('\n').filter(Boolean);
}
