/**
 * The signature inside an SSHSIG or a certificate: plain (RFC 8709, RFC 5656) or of a security key
 * (OpenSSH PROTOCOL.u2f), which signs its own flags and, for a passkey, what the browser was showing.
 */
import { hash, verify } from 'node:crypto';
import type { PublicKey } from './keys.ts';
import { type Refuse, u32, WireReader } from './wire.ts';

const WEBAUTHN = 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com';
const PRESENT = 0x01;
const VERIFIED = 0x04;
const ATTESTED = 0x40;
const EXTENDED = 0x80;

export type RawSignature =
  | { readonly kind: 'wrong' }
  | { readonly kind: 'plain' }
  | {
      readonly kind: 'security-key';
      readonly isPresent: boolean;
      readonly isVerified: boolean;
      readonly passkey: { readonly origin: string; readonly isCrossOrigin: boolean } | null;
    };

/** Checks `signature` over `message`. Malformed ones go to `refuse`, which throws. */
export function checkRawSignature(
  key: PublicKey,
  signature: Uint8Array,
  message: Uint8Array,
  refuse: Refuse,
): RawSignature {
  const wire = new WireReader(signature, refuse);
  const type = wire.ascii();
  const isPasskey = type === WEBAUTHN && key.type === 'sk-ecdsa-sha2-nistp256@openssh.com';
  if (type !== key.type && !isPasskey) refuse('its kind does not fit its key');
  const value = wire.string();
  if (key.application === null) {
    wire.end();
    return { kind: fits(key, value, message, refuse) ? 'plain' : 'wrong' };
  }
  const flags = wire.u8();
  const counter = wire.u32();
  const page = isPasskey ? readPage(wire, flags, message, refuse) : null;
  wire.end();
  const signed = Buffer.concat([
    hash('sha256', key.application, 'buffer'),
    Buffer.of(flags),
    u32(counter),
    hash('sha256', page?.clientData ?? message, 'buffer'),
  ]);
  if (!fits(key, value, signed, refuse)) return { kind: 'wrong' };
  return {
    kind: 'security-key',
    isPresent: (flags & PRESENT) !== 0,
    isVerified: (flags & VERIFIED) !== 0,
    passkey: page,
  };
}

function fits(key: PublicKey, value: Buffer, message: Uint8Array, refuse: Refuse): boolean {
  if (key.type === 'ssh-ed25519' || key.type === 'sk-ssh-ed25519@openssh.com') {
    return value.length === 64 && verify(undefined, message, key.verifier, value);
  }
  const wire = new WireReader(value, refuse);
  const pair = Buffer.concat([wire.scalar(32), wire.scalar(32)]);
  wire.end();
  return verify('sha256', message, { key: key.verifier, dsaEncoding: 'ieee-p1363' }, pair);
}

/**
 * What the browser said it was showing. Its text must begin exactly as the limited verification of
 * WebAuthn Level 3 section 5.8.1.2 expects, so no JSON parser decides what is in it.
 */
function readPage(
  wire: WireReader,
  flags: number,
  message: Uint8Array,
  refuse: Refuse,
): { origin: string; isCrossOrigin: boolean; clientData: Buffer } {
  const origin = wire.ascii();
  const clientData = wire.string();
  if (wire.string().length !== 0) refuse('it has extensions');
  const challenge = Buffer.from(message).toString('base64url');
  const text = clientData.toString('latin1');
  const start = `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}"`;
  if (!/^[^"\\ ]+$/.test(origin) || !text.startsWith(start)) {
    refuse('the browser signed something else');
  }
  if ((flags & (ATTESTED | EXTENDED)) !== 0) refuse('its flags do not fit it');
  const said = ',"crossOrigin":false';
  const after = text.slice(start.length);
  const rest = after.startsWith(said) ? after.slice(said.length) : after;
  // A backslash could spell the key in a way that only a JSON parser sees.
  const isCrossOrigin =
    !/^[,}]/.test(rest) || !rest.endsWith('}') || /crossorigin|toporigin|\\/i.test(rest);
  return { origin, isCrossOrigin, clientData };
}
