/** SSHSIG (OpenSSH PROTOCOL.sshsig): what is signed, and the armour around a signature. */
import { type Bytes, concat, digest, toBase64, u32, utf8, wireString } from './bytes.ts';

export const NAMESPACES = {
  change: 'holdfast-change@1',
  standing: 'holdfast-standing@1',
  config: 'holdfast-config@1',
  lift: 'holdfast-lift@1',
  enrolment: 'holdfast-enrolment@1',
} as const;
export type Namespace = (typeof NAMESPACES)[keyof typeof NAMESPACES];

const MAGIC = utf8('SSHSIG');
const HASH = 'sha512';

/** The challenge of a passkey: never the document itself, always this. */
export async function signedBytes(namespace: Namespace, document: string): Promise<Bytes> {
  return concat(
    MAGIC,
    wireString(namespace),
    wireString(''),
    wireString(HASH),
    wireString(await digest('SHA-512', document)),
  );
}

export function armor(key: Uint8Array, namespace: Namespace, signature: Uint8Array): string {
  const blob = concat(
    MAGIC,
    u32(1),
    wireString(key),
    wireString(namespace),
    wireString(''),
    wireString(HASH),
    wireString(signature),
  );
  const lines = toBase64(blob).match(/.{1,70}/g) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`;
}
