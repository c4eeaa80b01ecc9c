/**
 * The keys a seal is made to and opened with: OpenSSH ed25519 keys, and age's own X25519 keys.
 *
 * A public key is checked to be one that a private key can belong to: a seal that nobody can open
 * is worse than none. A private key under a passphrase is not opened here; `age` does that.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { curvePointOf } from './curve.ts';
import { sealingFault } from './faults.ts';
import { WireReader, wireString } from './wire.ts';

/** A public key to seal to. */
export type SealingKey =
  | {
      readonly kind: 'ssh-ed25519';
      /** As on the wire; the age format mixes it in. */
      readonly blob: Uint8Array;
      /** The same key on the Montgomery curve. */
      readonly point: Uint8Array;
    }
  | { readonly kind: 'age'; readonly text: string };

/** A private key to open with. */
export type OpeningKey =
  | {
      readonly kind: 'ssh-ed25519';
      readonly blob: Uint8Array;
      /** RFC 8032's 32 bytes. */
      readonly seed: Uint8Array;
    }
  | { readonly kind: 'age'; readonly text: string };

const TYPE = 'ssh-ed25519';
// RFC 8410: what stands before the 32 bytes of an Ed25519 private key.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const MAGIC = 'openssh-key-v1\0';
const KEY_CHARS = 16_384;
const AGE_RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;
const AGE_IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;

/** A line of `id_ed25519.pub` or `age1…`. */
export function readRecipient(line: string): SealingKey {
  const text = line.trim();
  if (AGE_RECIPIENT.test(text)) return { kind: 'age', text };
  const [type, encoded = ''] = text.split(' ');
  const blob = base64(encoded);
  const key = type === TYPE && blob !== undefined ? publicKeyOf(blob) : undefined;
  const point = key === undefined ? undefined : curvePointOf(key);
  if (blob === undefined || point === undefined || text.length > KEY_CHARS) {
    throw sealingFault(
      'not-a-recipient',
      `not a public key to seal to: ${quote(text)}. Give an ssh-ed25519 public key in one line, or age1…`,
    );
  }
  return { kind: TYPE, blob, point };
}

/** The text of an OpenSSH private key file, or of an age identity file. */
export function readOpeningKey(text: string): OpeningKey {
  const lines = text
    .slice(0, KEY_CHARS + 1)
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [first = ''] = lines;
  if (text.length <= KEY_CHARS && lines.length === 1 && AGE_IDENTITY.test(first)) {
    return { kind: 'age', text: first };
  }
  const isArmoured =
    first === '-----BEGIN OPENSSH PRIVATE KEY-----' &&
    lines.at(-1) === '-----END OPENSSH PRIVATE KEY-----';
  const bytes = isArmoured ? base64(lines.slice(1, -1).join('')) : undefined;
  const key = bytes === undefined ? undefined : privateKeyOf(bytes);
  if (text.length > KEY_CHARS || key === undefined) {
    throw sealingFault(
      'not-an-identity',
      'not a private key to open a backup with: give an OpenSSH ed25519 private key, or an age identity (AGE-SECRET-KEY-1…)',
    );
  }
  return key;
}

/** The private key in OpenSSH's own form (PROTOCOL.key); `undefined` when it is not exactly that. */
function privateKeyOf(bytes: Uint8Array): OpeningKey | undefined {
  const outer = new WireReader(bytes);
  if (Buffer.from(outer.raw(MAGIC.length) ?? []).toString('latin1') !== MAGIC) return undefined;
  const [cipher, kdf, kdfOptions] = [outer.text(), outer.text(), outer.string()];
  const count = outer.number();
  const blob = outer.string();
  const secret = outer.string();
  if (secret === undefined || outer.rest().length > 0 || count !== 1) return undefined;
  if (cipher !== 'none' || kdf !== 'none' || kdfOptions?.length !== 0) {
    throw sealingFault(
      'identity-locked',
      'the private key has a passphrase: open the backup with `age -d -i KEY BACKUP > backup.tar`, which asks for it, and restore from backup.tar; delete that file afterwards',
    );
  }
  const inner = new WireReader(secret);
  const [check, checkAgain] = [inner.number(), inner.number()];
  const [type, key, pair, comment] = [inner.text(), inner.string(), inner.string(), inner.string()];
  const isPadded = inner.rest().every((byte, at) => byte === at + 1) && inner.rest().length < 256;
  const isWhole =
    check !== undefined &&
    check === checkAgain &&
    type === TYPE &&
    comment !== undefined &&
    isPadded;
  if (!isWhole || blob === undefined || key === undefined || pair?.length !== 64) return undefined;
  const seed = pair.subarray(0, 32);
  const isOne = [publicKeyOf(blob), pair.subarray(32), publicHalfOf(seed)].every(
    (other) => other !== undefined && Buffer.from(other).equals(key),
  );
  return isOne ? { kind: TYPE, blob, seed } : undefined;
}

function publicHalfOf(seed: Uint8Array): Uint8Array {
  const pkcs8 = Buffer.concat([PKCS8, seed]);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
}

/** The 32 bytes in an ssh-ed25519 key blob (RFC 8709 section 4). */
function publicKeyOf(blob: Uint8Array): Uint8Array | undefined {
  const key = blob.subarray(-32);
  const form = Buffer.concat([wireString(Buffer.from(TYPE)), wireString(key)]);
  return form.equals(blob) ? key : undefined;
}

function base64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return text !== '' && bytes.toString('base64') === text ? bytes : undefined;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
