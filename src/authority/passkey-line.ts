/**
 * A passkey's key as OpenSSH knows it. An authenticator hands it over as a COSE_Key (RFC 9053, section 7.1), in the one
 * encoding that CTAP 2 allows; the same point with the rpId as application is the security key that signers
 * and hosts are told of (OpenSSH PROTOCOL.u2f).
 */
import { authorityFault } from './faults.ts';
import { blobLine, readKeyBlob } from './keys.ts';
import { wireString } from './wire.ts';

/** A map of five: kty EC2, alg ES256, crv P-256, x of 32 bytes; then y of 32 bytes. */
const BEFORE_X = Buffer.from('a5010203262001215820', 'hex');
const BEFORE_Y = Buffer.from('225820', 'hex');
const COORDINATE = 32;
const TYPE = 'sk-ecdsa-sha2-nistp256@openssh.com';

/** `sk-ecdsa-sha2-nistp256@openssh.com <base64>`. Throws `invalid-config` for every other kind of key. */
export function passkeyLine(cose: Uint8Array, rpId: string): string {
  const bytes = Buffer.from(cose);
  const atY = BEFORE_X.length + COORDINATE;
  const x = bytes.subarray(BEFORE_X.length, atY);
  const y = bytes.subarray(atY + BEFORE_Y.length);
  const isP256 =
    bytes.subarray(0, BEFORE_X.length).equals(BEFORE_X) &&
    bytes.subarray(atY, atY + BEFORE_Y.length).equals(BEFORE_Y) &&
    y.length === COORDINATE;
  if (!isP256) refuse('only ECDSA over P-256 (ES256) is taken, in the form of CTAP 2');
  const blob = Buffer.concat([
    wireString(TYPE),
    wireString('nistp256'),
    wireString(Buffer.concat([Buffer.of(4), x, y])),
    wireString(rpId),
  ]);
  return blobLine(readKeyBlob(blob, refuse).blob);
}

function refuse(says: string): never {
  throw authorityFault(
    'invalid-config',
    `the passkey cannot become a key that signs: ${says}. Take another authenticator`,
  );
}
