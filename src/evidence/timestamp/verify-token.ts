/**
 * Whether a time-stamp token holds for a hash, under certificates that were pinned (RFC 3161 2.2 and
 * 2.4.2, RFC 5652 5.4 and 5.6, RFC 5816). Fails closed: whatever is not understood does not hold.
 */
import { hash, verify } from 'node:crypto';
import type { Instant } from '#base/time';
import {
  type Certificate,
  checkChain,
  hasKeyIdentifier,
  isForTimestampsOnly,
  readCertificate,
  readPem,
} from './certificate.ts';
import { DerError } from './der.ts';
import { type CertificateId, readToken, type Signer, type Token } from './token.ts';

/** Why a token does not hold. */
export type TokenFault =
  | 'token-unreadable'
  | 'imprint-differs'
  | 'nonce-differs'
  | 'policy-differs'
  | 'signer-unknown'
  | 'certificate-differs'
  | 'usage-wrong'
  | 'weak-algorithm'
  | 'digest-differs'
  | 'signature-wrong'
  | 'chain-broken'
  | 'not-valid-then'
  | 'nothing-pinned';

export type TokenCheck =
  | {
      readonly holds: true;
      readonly at: Instant;
      readonly policy: string;
      readonly serial: string;
      /** Subject of the signer's certificate, as one line. */
      readonly authority: string;
    }
  | { readonly holds: false; readonly because: TokenFault; readonly says: string };

export type TokenExpectation = {
  /** SHA-256 that was stamped. */
  readonly sha256: Uint8Array;
  /** PEM: the authority's own certificate or one above it. */
  readonly pinned: string;
  /** Dotted decimal. */
  readonly policy?: string | undefined;
  /** Of the request; only whoever asked knows it. */
  readonly nonce?: Uint8Array | undefined;
};

const DIGESTS = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);
const SHA1 = '1.3.14.3.2.26';

/** Signature algorithms, the kind of key each needs, and the digest where it names one. */
const SIGNATURES = new Map<string, { readonly key: string; readonly digest?: string }>([
  ['1.2.840.113549.1.1.1', { key: 'rsa' }],
  ['1.2.840.113549.1.1.11', { key: 'rsa', digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { key: 'rsa', digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { key: 'rsa', digest: 'sha512' }],
  ['1.2.840.10045.4.3.2', { key: 'ec', digest: 'sha256' }],
  ['1.2.840.10045.4.3.3', { key: 'ec', digest: 'sha384' }],
  ['1.2.840.10045.4.3.4', { key: 'ec', digest: 'sha512' }],
  ['1.3.101.112', { key: 'ed25519', digest: 'sha512' }],
]);

export function verifyToken(der: Uint8Array, expected: TokenExpectation): TokenCheck {
  const pinned = readPem(expected.pinned);
  if (pinned === undefined)
    return no('nothing-pinned', 'no certificate can be read where one is pinned');
  try {
    const token = readToken(der);
    return checkInfo(token, expected) ?? checkSigner(token, pinned);
  } catch (error) {
    if (error instanceof DerError) return no('token-unreadable', error.message);
    // node:crypto refuses keys and encodings by throwing; nothing else here does.
    return no('token-unreadable', 'its cryptography cannot be read');
  }
}

function no(because: TokenFault, says: string): TokenCheck & { readonly holds: false } {
  return { holds: false, because, says };
}

function checkInfo({ info }: Token, expected: TokenExpectation): TokenCheck | undefined {
  const { algorithm, hash: imprint } = info.imprint;
  if (DIGESTS.get(algorithm) !== 'sha256' || !imprint.equals(expected.sha256)) {
    return no('imprint-differs', 'it was given for something else');
  }
  if (expected.policy !== undefined && info.policy !== expected.policy) {
    return no('policy-differs', `it was given under the policy ${info.policy}`);
  }
  if (expected.nonce !== undefined) {
    const asked = Buffer.from(expected.nonce)
      .toString('hex')
      .replace(/^(00)+(?=..)/, '');
    if (info.nonce !== asked) return no('nonce-differs', 'it is no answer to this request');
  }
  return undefined;
}

function checkSigner(token: Token, pinned: readonly Certificate[]): TokenCheck {
  const { signer, info, content } = token;
  const given = token.certificates.map(readCertificate);
  const leaf = [...given, ...pinned].find((one) => isOf(one, signer));
  if (leaf === undefined) return no('signer-unknown', "the signer's certificate is not there");
  if (!signer.certificateIds.every((id) => names(id, leaf))) {
    return no('certificate-differs', 'it is signed as of another certificate');
  }
  if (!isForTimestampsOnly(leaf)) {
    return no('usage-wrong', "the signer's certificate is not for time-stamps alone");
  }
  const digest = DIGESTS.get(signer.digest);
  const algorithm = SIGNATURES.get(signer.signatureAlgorithm);
  const { publicKey } = leaf.x509;
  if (
    digest === undefined ||
    algorithm === undefined ||
    publicKey.asymmetricKeyType !== algorithm.key ||
    (algorithm.digest ?? digest) !== digest
  ) {
    return no('weak-algorithm', 'it is signed in a way that is not believed');
  }
  if (!hash(digest, content, 'buffer').equals(signer.messageDigest)) {
    return no('digest-differs', 'what was signed is not what it says');
  }
  const by = algorithm.key === 'ed25519' ? undefined : digest;
  if (!verify(by, signer.attributes, publicKey, signer.signature)) {
    return no('signature-wrong', 'its signature does not hold');
  }
  const chain = checkChain(leaf, given, pinned, info.at);
  if (chain !== 'holds') return no(chain, CHAIN[chain]);
  const authority = leaf.x509.subject.replaceAll('\n', ', ');
  return { holds: true, at: info.at, policy: info.policy, serial: info.serial, authority };
}

const CHAIN = {
  'chain-broken': 'no way leads from its certificate to the pinned one',
  'not-valid-then': 'a certificate was not valid at the time it names',
  'weak-algorithm': 'a certificate has a key or signature that is not believed',
} as const;

function isOf(certificate: Certificate, { id }: Signer): boolean {
  if ('keyIdentifier' in id) return hasKeyIdentifier(certificate, id.keyIdentifier);
  return certificate.serial === id.serial && certificate.issuer.equals(id.issuer);
}

function names(id: CertificateId, certificate: Certificate): boolean {
  const algorithm = id.algorithm === SHA1 ? 'sha1' : DIGESTS.get(id.algorithm);
  if (algorithm === undefined) return false;
  if (!hash(algorithm, certificate.der, 'buffer').equals(id.hash)) return false;
  const { issuerSerial } = id;
  return (
    issuerSerial === undefined ||
    (issuerSerial.serial === certificate.serial && issuerSerial.issuer.equals(certificate.issuer))
  );
}
