/**
 * DSSE v1.0 envelopes, signed by the log's key.
 *
 * The pre-authentication encoding begins with `DSSEv1 `. A checkpoint begins with its origin, which has no
 * space, and the statement of a new key with `{`: so no signature made here is one on either of those.
 */
import { sign, verify } from 'node:crypto';
import { canonicalJson } from '#base/json';
import type { LogKey } from './log-key.ts';
import type { VerifierKey } from './note.ts';

export type DsseSignature = {
  /** Name and id of the key, as in a signed note: `<name>+<hex>`. */
  readonly keyid: string;
  /** Base64. */
  readonly sig: string;
};

export type DsseEnvelope = {
  readonly payloadType: string;
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly DsseSignature[];
};

export function preAuthentication(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType);
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

export function signDsse(payloadType: string, payload: Uint8Array, key: LogKey): DsseSignature {
  const { name, id } = key.verifier;
  const signature = sign(undefined, preAuthentication(payloadType, payload), key.privateKey);
  return { keyid: `${name}+${id}`, sig: signature.toString('base64') };
}

/** Whether one of the signatures is this key's, by name and id, and holds. */
export function isEnvelopeBy(
  envelope: DsseEnvelope,
  payload: Uint8Array,
  key: VerifierKey,
): boolean {
  const text = preAuthentication(envelope.payloadType, payload);
  return envelope.signatures.some(
    ({ keyid, sig }) =>
      keyid === `${key.name}+${key.id}` &&
      verify(undefined, text, key.key, Buffer.from(sig, 'base64')),
  );
}

export function envelopeText(envelope: DsseEnvelope): string {
  return `${canonicalJson({ ...envelope, signatures: envelope.signatures.map((one) => ({ ...one })) })}\n`;
}
