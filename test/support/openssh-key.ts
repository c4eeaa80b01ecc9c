/** The file in which OpenSSH keeps an ed25519 private key without a passphrase (PROTOCOL.key). */
import { createPublicKey, type KeyObject } from 'node:crypto';

export function opensshKey(key: KeyObject): string {
  const seed = key.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const point = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const blob = Buffer.concat([text('ssh-ed25519'), text(point)]);
  const inner = Buffer.concat([
    number(7),
    number(7),
    blob,
    text(Buffer.concat([seed, point])),
    text(''),
  ]);
  const padding = Buffer.from(
    Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, i) => i + 1),
  );
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    number(1),
    text(blob),
    text(Buffer.concat([inner, padding])),
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return [
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    ...lines,
    '-----END OPENSSH PRIVATE KEY-----',
    '',
  ].join('\n');
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([number(bytes.length), bytes]);
}
