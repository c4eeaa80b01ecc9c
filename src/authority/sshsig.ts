/**
 * SSHSIG (OpenSSH PROTOCOL.sshsig): the armour, the blob in it, and the bytes that are signed.
 *
 * Read so strictly that one signature has one text: what `ssh-keygen -Y verify` would skip, join or
 * leave unread is refused here.
 */
import { hash as digest, type KeyObject, sign } from 'node:crypto';
import { authorityFault } from './faults.ts';
import { keyBlob, strictBase64 } from './keys.ts';
import { u32, WireReader, wireString } from './wire.ts';

const BEGIN = '-----BEGIN SSH SIGNATURE-----\n';
const END = '\n-----END SSH SIGNATURE-----\n';
const MAGIC = 'SSHSIG';
const MAX_CHARS = 16_384;
const HASHES = ['sha512', 'sha256'] as const;
type HashName = (typeof HASHES)[number];

export type Sshsig = {
  /** Wire form of the key or certificate. */
  readonly key: Buffer;
  readonly namespace: string;
  readonly hash: HashName;
  /** Wire form of the signature proper. */
  readonly signature: Buffer;
};

/** Reads an armoured signature; says nothing about whether it fits anything. */
export function parseSshsig(armored: string): Sshsig {
  const blob = dearmor(armored);
  const wire = new WireReader(blob, malformed);
  if (wire.take(MAGIC.length).toString('latin1') !== MAGIC) malformed('it is no SSHSIG');
  if (wire.u32() !== 1) malformed('its version is not 1');
  const key = wire.string();
  const namespace = wire.ascii();
  // ssh-keygen leaves this field out of what it verifies, so anything may stand in it.
  if (wire.string().length !== 0) malformed('its reserved field is not empty');
  const name = wire.ascii();
  const hash = HASHES.find((known) => known === name);
  if (hash === undefined) return malformed('its hash is not sha512 or sha256');
  const signature = wire.string();
  wire.end();
  return { key, namespace, hash, signature };
}

/** What the key signs: never the message itself, always this. */
export function signedBytes(namespace: string, hash: HashName, message: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(MAGIC),
    wireString(namespace),
    wireString(''),
    wireString(hash),
    wireString(digest(hash, message, 'buffer')),
  ]);
}

/** The armour as ssh-keygen writes it: base64 in lines of 70. */
export function armorSshsig({ key, namespace, hash, signature }: Sshsig): string {
  const blob = Buffer.concat([
    Buffer.from(MAGIC),
    u32(1),
    wireString(key),
    wireString(namespace),
    wireString(''),
    wireString(hash),
    wireString(signature),
  ]);
  return armor(blob);
}

/** Signs as `ssh-keygen -Y sign` does with an Ed25519 key; the same input gives the same text. */
export function signSshsig(
  key: KeyObject,
  namespace: string,
  message: string | Uint8Array,
): string {
  const bytes = signedBytes(namespace, 'sha512', Buffer.from(message));
  const signature = Buffer.concat([
    wireString('ssh-ed25519'),
    wireString(sign(undefined, bytes, key)),
  ]);
  return armorSshsig({ key: keyBlob(key), namespace, hash: 'sha512', signature });
}

/** The same with an Ed25519 key that this process holds behind a port. */
export async function signSshsigWith(
  key: { readonly publicKey: KeyObject; sign(bytes: Uint8Array): Promise<Uint8Array> },
  namespace: string,
  message: string | Uint8Array,
): Promise<string> {
  const bytes = signedBytes(namespace, 'sha512', Buffer.from(message as Uint8Array));
  const signature = Buffer.concat([
    wireString('ssh-ed25519'),
    wireString(Buffer.from(await key.sign(bytes))),
  ]);
  return armorSshsig({ key: keyBlob(key.publicKey), namespace, hash: 'sha512', signature });
}

function armor(blob: Buffer): string {
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return `${BEGIN}${lines.join('\n')}${END}`;
}

function dearmor(armored: string): Buffer {
  if (armored.length > MAX_CHARS) malformed('it is too long');
  if (armored.split(BEGIN.trim()).length > 2) {
    throw authorityFault(
      'two-signatures',
      'more than one signature in one text: each is sent by itself. Sign again and send only that',
    );
  }
  if (!armored.startsWith(BEGIN)) malformed('it does not begin as ssh-keygen writes it');
  const end = armored.indexOf(END);
  if (end === -1) malformed('it does not end as ssh-keygen writes it');
  const whole = armored.slice(0, end + END.length);
  const body = armored.slice(BEGIN.length, end);
  const blob = strictBase64(body.replaceAll('\n', ''));
  // One signature, one text: other line widths, blanks and spare bits of base64 end here.
  if (blob === undefined || armor(blob) !== whole || !/^[\n\x20-\x7e]*\n$/.test(armored)) {
    return malformed('its armour is not in the one form');
  }
  if (whole !== armored) trailing();
  return blob;
}

export function trailing(): never {
  throw authorityFault(
    'trailing-bytes',
    'something follows the signature: it may be something else that was hidden there. Sign again and send only what was made',
  );
}

function malformed(says: string, leftOver?: true): never {
  if (leftOver) trailing();
  throw authorityFault('bad-signature', `malformed signature: ${says}. Sign again`);
}
