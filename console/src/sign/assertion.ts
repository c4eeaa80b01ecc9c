/**
 * From an assertion of a passkey (WebAuthn Level 3) to the signature that OpenSSH verifies
 * (`webauthn-sk-ecdsa-sha2-nistp256@openssh.com`, PROTOCOL.u2f). Whatever a host would refuse is refused here, in words,
 * before it is sent anywhere.
 */
import { Problem } from '../api/problem.ts';
import { type Bytes, concat, digest, fromBase64, hex, toBase64url, wireString } from './bytes.ts';
import { armor, type Namespace } from './sshsig.ts';

const KEY = 'sk-ecdsa-sha2-nistp256@openssh.com';
const SIGNATURE = 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com';
const PRESENT = 0x01;
const VERIFIED = 0x04;
const ATTESTED = 0x40;
const EXTENDED = 0x80;

/** What the browser answers a ceremony with. */
export type Assertion = {
  readonly authenticatorData: Uint8Array;
  readonly clientDataJSON: Uint8Array;
  /** ASN.1 DER. */
  readonly signature: Uint8Array;
};

export type Signing = {
  /** `sk-ecdsa-sha2-nistp256@openssh.com <base64>` */
  readonly key: string;
  readonly origin: string;
  readonly rpId: string;
  readonly namespace: Namespace;
  readonly challenge: Uint8Array;
};

/** There is no signature, and nothing was sent. */
export class NotSigned extends Problem {
  override readonly name: string = 'NotSigned';

  constructor(says: string, more: { readonly cause?: unknown } = {}) {
    super('refused', 'not-signed', says, more);
  }
}

function refuse(says: string): never {
  throw new NotSigned(says);
}

/** The armoured signature over the document that `challenge` was made of. */
export async function signatureOf(assertion: Assertion, signing: Signing): Promise<string> {
  const { authenticatorData, clientDataJSON } = assertion;
  if (authenticatorData.length < 37) refuse('the passkey answered too little');
  if (hex(authenticatorData.subarray(0, 32)) !== hex(await digest('SHA-256', signing.rpId)))
    refuse('the passkey answered for another address');
  const [flags = 0] = authenticatorData.subarray(32, 33);
  if ((flags & PRESENT) === 0 || (flags & VERIFIED) === 0)
    refuse(
      'the passkey did not verify you: sign with its PIN, finger or face, which hosts insist on',
    );
  if ((flags & (ATTESTED | EXTENDED)) !== 0 || authenticatorData.length !== 37)
    refuse('the passkey added something that OpenSSH cannot verify: use another passkey');
  requireShown(clientDataJSON, signing);
  const [type = '', base64 = ''] = signing.key.split(' ');
  if (type !== KEY) refuse('this key is no passkey that OpenSSH knows');
  const raw = concat(
    wireString(SIGNATURE),
    wireString(ecdsaPair(assertion.signature)),
    authenticatorData.subarray(32, 37),
    wireString(signing.origin),
    wireString(clientDataJSON),
    wireString(''),
  );
  return armor(fromBase64(base64), signing.namespace, raw);
}

/** Its text begins exactly as the limited verification of WebAuthn Level 3 section 5.8.1.2 expects. */
function requireShown(clientDataJSON: Uint8Array, { challenge, origin }: Signing): void {
  const text = new TextDecoder().decode(clientDataJSON);
  const start = `{"type":"webauthn.get","challenge":"${toBase64url(challenge)}","origin":"${origin}"`;
  const rest = text.slice(start.length).replace(/^,"crossOrigin":false/, '');
  if (!text.startsWith(start) || !/^[,}]/.test(rest) || !rest.endsWith('}'))
    refuse('the browser signed something else than was asked: use another browser');
  if (/crossorigin|toporigin|\\/i.test(rest))
    refuse('this page is inside another one: open it by itself');
}

/** DER `SEQUENCE { INTEGER r, INTEGER s }` as two mpints. */
function ecdsaPair(der: Uint8Array): Bytes {
  const wrong = (): never => refuse('the signature of the passkey cannot be read');
  const integer = (at: number): { readonly value: Bytes; readonly end: number } => {
    const length = der[at + 1] ?? 0;
    const end = at + 2 + length;
    if (der[at] !== 0x02 || length === 0 || length > 33 || end > der.length) wrong();
    return { value: shortest(der.subarray(at + 2, end)), end };
  };
  if (der[0] !== 0x30 || der[1] !== der.length - 2) wrong();
  const r = integer(2);
  const s = integer(r.end);
  if (s.end !== der.length) wrong();
  return concat(wireString(r.value), wireString(s.value));
}

/** A positive number in its shortest two's complement form (RFC 4251 section 5, mpint). */
function shortest(bytes: Uint8Array): Bytes {
  let from = 0;
  while (from < bytes.length && bytes[from] === 0) from += 1;
  const magnitude = bytes.subarray(from);
  return (magnitude[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), magnitude) : concat(magnitude);
}
