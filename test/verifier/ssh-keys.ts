/**
 * OpenSSH signatures made with node:crypto alone, after PROTOCOL.sshsig, PROTOCOL.u2f and PROTOCOL.certkeys. A
 * test holds them to ssh-keygen, so that a hundred bundles need not start a hundred programs.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export const sha256 = (data: string | Uint8Array): Buffer =>
  createHash('sha256').update(data).digest();
export const hex = (data: string | Uint8Array): string => sha256(data).toString('hex');

export function str(bytes: string | Uint8Array): Buffer {
  const body = Buffer.from(bytes as Uint8Array);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

type Kind = 'ssh-ed25519' | 'ecdsa-sha2-nistp256' | 'passkey' | 'sk-ssh-ed25519';
export type SshKey = {
  readonly kind: Kind;
  readonly type: string;
  /** The key's fields behind its type and, in a certificate, its nonce. */
  readonly fields: Buffer;
  readonly blob: Buffer;
  readonly line: string;
  readonly privateKey: KeyObject;
};

const APPLICATION: Record<Kind, string | undefined> = {
  'ssh-ed25519': undefined,
  'ecdsa-sha2-nistp256': undefined,
  passkey: 'console.example',
  'sk-ssh-ed25519': 'ssh:',
};

export function makeKey(kind: Kind): SshKey {
  const isEd = kind.endsWith('ed25519');
  const { privateKey, publicKey } = isEd
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ format: 'der', type: 'spki' });
  const fields = Buffer.concat([
    ...(isEd ? [str(der.subarray(-32))] : [str('nistp256'), str(der.subarray(-65))]),
    ...(APPLICATION[kind] === undefined ? [] : [str(APPLICATION[kind])]),
  ]);
  const type =
    kind === 'passkey'
      ? 'sk-ecdsa-sha2-nistp256@openssh.com'
      : kind === 'sk-ssh-ed25519'
        ? 'sk-ssh-ed25519@openssh.com'
        : kind;
  const blob = Buffer.concat([str(type), fields]);
  return { kind, type, fields, blob, line: `${type} ${blob.toString('base64')}`, privateKey };
}

function mpint(bytes: Buffer): Buffer {
  let from = 0;
  while (from < bytes.length && bytes[from] === 0) from += 1;
  const magnitude = bytes.subarray(from);
  return str((magnitude[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), magnitude]) : magnitude);
}

const ecdsa = (key: KeyObject, data: Buffer): Buffer => {
  const raw = sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
  return Buffer.concat([mpint(raw.subarray(0, 32)), mpint(raw.subarray(32))]);
};

export type SignOptions = {
  readonly flags?: number;
  readonly origin?: string;
  /** What follows the origin in the client data. */
  readonly clientEnd?: string;
  readonly reserved?: string;
  readonly hash?: 'sha256' | 'sha512';
  /** Presented in place of the key: a certificate. */
  readonly presented?: Buffer;
  readonly behind?: string;
};

function signature(key: SshKey, data: Buffer, options: SignOptions): Buffer {
  const { kind, privateKey } = key;
  if (kind === 'ssh-ed25519') return Buffer.concat([str(kind), str(sign(null, data, privateKey))]);
  if (kind === 'ecdsa-sha2-nistp256')
    return Buffer.concat([str(kind), str(ecdsa(privateKey, data))]);
  const tail = Buffer.concat([Buffer.of(options.flags ?? 0x05), Buffer.of(0, 0, 0, 9)]);
  const application = sha256(APPLICATION[kind] ?? '');
  if (kind === 'sk-ssh-ed25519') {
    const message = Buffer.concat([application, tail, sha256(data)]);
    return Buffer.concat([str(key.type), str(sign(null, message, privateKey)), tail]);
  }
  const origin = options.origin ?? 'https://console.example';
  const client = `{"type":"webauthn.get","challenge":"${data.toString('base64url')}","origin":"${origin}"${options.clientEnd ?? ',"crossOrigin":false}'}`;
  const message = Buffer.concat([application, tail, sha256(client)]);
  return Buffer.concat([
    str('webauthn-sk-ecdsa-sha2-nistp256@openssh.com'),
    str(ecdsa(privateKey, message)),
    tail,
    str(origin),
    str(client),
    str(''),
  ]);
}

export function armor(blob: Buffer): string {
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`;
}

export function sshsig(
  key: SshKey,
  namespace: string,
  message: string,
  options: SignOptions = {},
): string {
  const hash = options.hash ?? 'sha512';
  const reserved = options.reserved ?? '';
  const digest = createHash(hash).update(message).digest();
  const data = Buffer.concat([
    Buffer.from('SSHSIG'),
    str(namespace),
    str(reserved),
    str(hash),
    str(digest),
  ]);
  return armor(
    Buffer.concat([
      Buffer.from('SSHSIG'),
      Buffer.of(0, 0, 0, 1),
      str(options.presented ?? key.blob),
      str(namespace),
      str(reserved),
      str(hash),
      str(signature(key, data, options)),
      Buffer.from(options.behind ?? ''),
    ]),
  );
}

export type CertificateOptions = {
  readonly principals?: readonly string[];
  readonly serial?: number;
  readonly type?: number;
  readonly after?: number;
  readonly before?: number;
  readonly critical?: Buffer;
};

/** A user certificate over `key`, as a blob. */
export function certify(
  authority: SshKey,
  key: SshKey,
  over: CertificateOptions = {},
): { readonly blob: Buffer; readonly line: string } {
  const type = key.type.includes('@')
    ? key.type.replace('@', '-cert-v01@')
    : `${key.type}-cert-v01@openssh.com`;
  const kind = Buffer.alloc(4);
  kind.writeUInt32BE(over.type ?? 1);
  const signed = Buffer.concat([
    str(type),
    str('a nonce'),
    key.fields,
    u64(over.serial ?? 7),
    kind,
    str('alice of the lab'),
    str(Buffer.concat((over.principals ?? ['alice']).map((name) => str(name)))),
    u64(over.after ?? 0),
    u64(over.before ?? 4_000_000_000),
    str(over.critical ?? ''),
    str(''),
    str(''),
    str(authority.blob),
  ]);
  const blob = Buffer.concat([signed, str(signature(authority, signed, {}))]);
  return { blob, line: `${type} ${blob.toString('base64')}` };
}
