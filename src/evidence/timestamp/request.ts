/** A time-stamp request (RFC 3161 2.4.1) and what is read of the response (2.4.2). */
import { Cursor, DerError, type Element, integer, readDer, smallOf, TAG, tlv } from './der.ts';

const SHA256 = Buffer.from('608648016503040201', 'hex');
export const NONCE_BYTES = 16;

/** Asks for a stamp on a SHA-256, with the authority's certificate in it. */
export function timestampRequest(sha256: Uint8Array, nonce: Uint8Array): Buffer {
  const algorithm = tlv(TAG.sequence, tlv(TAG.oid, SHA256), tlv(TAG.null));
  return tlv(
    TAG.sequence,
    integer(Buffer.of(1)),
    tlv(TAG.sequence, algorithm, tlv(TAG.octetString, sha256)),
    integer(nonce),
    tlv(TAG.boolean, Buffer.of(0xff)),
  );
}

export type TimestampResponse =
  | { readonly granted: true; readonly token: Buffer }
  | { readonly granted: false; readonly because: string };

const STATUS = ['granted', 'grantedWithMods', 'rejection', 'waiting', 'revocationWarning'];

/**
 * The token of a response whose status is `granted`. `grantedWithMods` is not: what we asked for
 * leaves nothing to modify.
 */
export function readTimestampResponse(bytes: Uint8Array): TimestampResponse {
  try {
    const response = new Cursor(readDer(bytes));
    const status = statusOf(response.take(TAG.sequence));
    if (status !== 0) {
      return { granted: false, because: `its status is ${STATUS[status] ?? String(status)}` };
    }
    const token = response.take(TAG.sequence).whole;
    response.end();
    return { granted: true, token: Buffer.from(token) };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { granted: false, because: `it cannot be read: ${error.message}` };
  }
}

function statusOf(info: Element): number {
  const cursor = new Cursor(info);
  const status = smallOf(cursor.take(TAG.integer));
  cursor.maybe(TAG.sequence);
  cursor.maybe(TAG.bitString);
  cursor.end();
  return status;
}
