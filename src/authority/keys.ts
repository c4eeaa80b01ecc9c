/**
 * OpenSSH public keys of the kinds we take: Ed25519, ECDSA P-256 and the security keys over both
 * (PROTOCOL.u2f). RSA, DSA and everything else is refused by not being here.
 */
import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { type Refuse, WireReader, wireString } from './wire.ts';

export const KEY_TYPES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export type PublicKey = {
  readonly type: KeyType;
  /** The wire form: what is compared, listed and revoked. */
  readonly blob: Buffer;
  readonly verifier: KeyObject;
  /** What a security key is bound to: `ssh:…`, or the rpId of a passkey. */
  readonly application: string | null;
};

/** DER that goes before a raw public key: RFC 8410 for Ed25519, RFC 5480 for P-256. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const P256_SPKI = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

export function isKeyType(word: string): word is KeyType {
  return KEY_TYPES.some((type) => type === word);
}

/** Reads a key's fields after its type name, as keys and certificates both have them. */
export function readKeyFields(type: KeyType, wire: WireReader, refuse: Refuse): PublicKey {
  const fields: Buffer[] = [wireString(type)];
  const take = (): Buffer => {
    const value = wire.string();
    fields.push(wireString(value));
    return value;
  };
  const isCurve = type === 'ecdsa-sha2-nistp256' || type === 'sk-ecdsa-sha2-nistp256@openssh.com';
  if (isCurve && take().toString('latin1') !== 'nistp256') refuse('the curve is not nistp256');
  const raw = take();
  const isRaw = isCurve ? raw.length === 65 && raw[0] === 4 : raw.length === 32;
  if (!isRaw) refuse('the public key has the wrong length');
  let application: string | null = null;
  if (type.startsWith('sk-')) {
    const bytes = take();
    if (bytes.length === 0 || bytes.some((byte) => byte < 0x21 || byte > 0x7e)) {
      refuse('the application of the security key is not ASCII');
    }
    application = bytes.toString('latin1');
  }
  let verifier: KeyObject;
  try {
    verifier = createPublicKey({
      key: Buffer.concat([isCurve ? P256_SPKI : ED25519_SPKI, raw]),
      format: 'der',
      type: 'spki',
    });
  } catch {
    return refuse('the public key is not a point of its curve');
  }
  return { type, blob: Buffer.concat(fields), verifier, application };
}

export function readKeyBlob(blob: Uint8Array, refuse: Refuse): PublicKey {
  const wire = new WireReader(blob, refuse);
  const type = wire.ascii();
  if (!isKeyType(type)) return refuse(`keys of the kind ${type} are not taken`);
  const key = readKeyFields(type, wire, refuse);
  wire.end();
  return key;
}

/** The wire form of a plain Ed25519 or P-256 key of ours. */
export function keyBlob(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  if (spki.length === 44 && spki.subarray(0, 12).equals(ED25519_SPKI)) {
    return Buffer.concat([wireString('ssh-ed25519'), wireString(spki.subarray(12))]);
  }
  return Buffer.concat([
    wireString('ecdsa-sha2-nistp256'),
    wireString('nistp256'),
    wireString(spki.subarray(P256_SPKI.length)),
  ]);
}

/** `ssh-ed25519 AAAA…`: one line without its end. */
export function publicKeyLine(key: KeyObject): string {
  return blobLine(keyBlob(key));
}

/** The type a wire form names itself by, and the form in base64. */
export function blobLine(blob: Buffer): string {
  const type = blob.toString('latin1', 4, 4 + blob.readUInt32BE());
  return `${type} ${blob.toString('base64')}`;
}

/** `SHA256:…` as `ssh-keygen -l` prints it, of a wire form or of a public key's line. */
export function fingerprint(key: Uint8Array | string): string {
  const blob = typeof key === 'string' ? Buffer.from(key.split(' ')[1] ?? '', 'base64') : key;
  return `SHA256:${hash('sha256', blob, 'base64').replace(/=+$/, '')}`;
}

/** Base64 in its only spelling, or `undefined`. */
export function strictBase64(word: string): Buffer | undefined {
  const bytes = Buffer.from(word, 'base64');
  return word !== '' && bytes.toString('base64') === word ? bytes : undefined;
}
