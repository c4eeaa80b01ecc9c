/**
 * Certificates of a time-stamping authority, and the way from one to a pinned one (RFC 5280 6, as
 * far as RFC 3161 2.3 needs it). No revocation: what an auditor pins, the auditor answers for.
 *
 * A critical extension other than the three that are checked here ends the way: fail closed.
 */
import { X509Certificate } from 'node:crypto';
import type { Instant } from '#base/time';
import {
  booleanOf,
  Cursor,
  DerError,
  type Element,
  oidOf,
  positiveOf,
  readDer,
  smallOf,
  TAG,
} from './der.ts';

const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SUBJECT_KEY_ID = '2.5.29.14';
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const CHECKED = new Set([BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE]);

/** Signatures on certificates that are believed: RSA PKCS#1 and ECDSA with SHA-2, Ed25519. */
const SIGNATURES = new Set([
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.3.101.112',
]);

const CHAIN_MOST = 6;
const RSA_BITS_LEAST = 2048;

export type Certificate = {
  readonly der: Buffer;
  readonly x509: X509Certificate;
  /** DER of the names. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly serial: string;
  readonly signature: string;
  readonly extensions: ReadonlyMap<string, { readonly critical: boolean; readonly value: Element }>;
};

/** Throws `DerError`. */
export function readCertificate(der: Buffer): Certificate {
  const outer = new Cursor(readDer(der));
  const tbs = new Cursor(outer.take(TAG.sequence));
  tbs.maybe(0xa0);
  const serial = positiveOf(tbs.take(TAG.integer));
  tbs.take(TAG.sequence);
  const issuer = tbs.take(TAG.sequence).whole;
  tbs.take(TAG.sequence);
  const subject = tbs.take(TAG.sequence).whole;
  tbs.take(TAG.sequence);
  tbs.maybe(0x81);
  tbs.maybe(0x82);
  const extensions = readExtensions(tbs.maybe(0xa3));
  tbs.end();
  const signature = oidOf(new Cursor(outer.take(TAG.sequence)).take(TAG.oid));
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(der);
  } catch {
    throw new DerError('not a certificate');
  }
  return { der, x509, issuer, subject, serial, signature, extensions };
}

/** The certificates of a PEM text; `undefined` when it is anything else or holds none. */
export function readPem(pem: string): readonly Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    const all = blocks.map((block) => readCertificate(new X509Certificate(block).raw));
    return all.length === 0 ? undefined : all;
  } catch {
    return undefined;
  }
}

function readExtensions(element: Element | undefined): Certificate['extensions'] {
  const found = new Map<string, { critical: boolean; value: Element }>();
  if (element === undefined) return found;
  const [list, second] = element.children;
  if (list?.tag !== TAG.sequence || second !== undefined) throw new DerError('not extensions');
  for (const one of list.children) {
    const cursor = new Cursor(one);
    const oid = oidOf(cursor.take(TAG.oid));
    const critical = cursor.maybe(TAG.boolean);
    const bytes = cursor.take(TAG.octetString).content;
    cursor.end();
    if (found.has(oid)) throw new DerError('an extension stands twice');
    const isCritical = critical !== undefined && booleanOf(critical);
    // What is not looked at may hold anything.
    if (CHECKED.has(oid) || oid === SUBJECT_KEY_ID) {
      found.set(oid, { critical: isCritical, value: readDer(bytes) });
    } else if (isCritical) {
      throw new DerError(`a critical extension that is not known: ${oid}`);
    }
  }
  return found;
}

export function hasKeyIdentifier(certificate: Certificate, id: Buffer): boolean {
  return certificate.extensions.get(SUBJECT_KEY_ID)?.value.content.equals(id) === true;
}

/** RFC 3161 2.3: extended key usage critical, and time-stamping alone in it. */
export function isForTimestampsOnly(certificate: Certificate): boolean {
  const usage = certificate.extensions.get(EXTENDED_KEY_USAGE);
  if (usage?.critical !== true || usage.value.tag !== TAG.sequence) return false;
  const [purpose, second] = usage.value.children;
  if (purpose?.tag !== TAG.oid || second !== undefined) return false;
  if (oidOf(purpose) !== TIME_STAMPING) return false;
  const bits = keyUsage(certificate);
  // digitalSignature or nonRepudiation, where it is said at all.
  return bits === undefined || (bits & 0xc0) !== 0;
}

/** The first octet of the key usage; `undefined` when there is none. */
function keyUsage(certificate: Certificate): number | undefined {
  const value = certificate.extensions.get(KEY_USAGE)?.value;
  if (value === undefined) return undefined;
  return value.tag === TAG.bitString ? (value.content[1] ?? 0) : 0;
}

/** Whether it may sign certificates, with `below` certificates between it and the last. */
function isAuthority(certificate: Certificate, below: number): boolean {
  const constraints = certificate.extensions.get(BASIC_CONSTRAINTS)?.value;
  if (constraints?.tag !== TAG.sequence) return false;
  const cursor = new Cursor(constraints);
  const isCa = cursor.maybe(TAG.boolean);
  const most = cursor.maybe(TAG.integer);
  cursor.end();
  if (isCa === undefined || !booleanOf(isCa)) return false;
  if (most !== undefined && smallOf(most) < below) return false;
  const bits = keyUsage(certificate);
  return bits === undefined || (bits & 0x04) !== 0;
}

function wasValid(certificate: Certificate, at: Instant): boolean {
  const ms = at / 1000;
  const { validFromDate, validToDate } = certificate.x509;
  return validFromDate.getTime() <= ms && ms <= validToDate.getTime();
}

function isStrong(certificate: Certificate): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.x509.publicKey;
  if (asymmetricKeyType === 'rsa') {
    return (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS_LEAST;
  }
  return asymmetricKeyType === 'ec' || asymmetricKeyType === 'ed25519';
}

export type Chain = 'holds' | 'chain-broken' | 'not-valid-then' | 'weak-algorithm';

/** Whether a way leads from `leaf` over the certificates at hand to a pinned one, all valid at `at`. */
export function checkChain(
  leaf: Certificate,
  given: readonly Certificate[],
  pinned: readonly Certificate[],
  at: Instant,
): Chain {
  if (!wasValid(leaf, at)) return 'not-valid-then';
  if (!isStrong(leaf)) return 'weak-algorithm';
  let answer: Chain = 'chain-broken';
  let tries = 64;
  const walk = (current: Certificate, below: number): boolean => {
    if (pinned.some((one) => one.der.equals(current.der))) return true;
    if (below >= CHAIN_MOST) return false;
    for (const next of [...pinned, ...given]) {
      if (!next.subject.equals(current.issuer) || next.der.equals(current.der)) continue;
      tries -= 1;
      if (tries < 0) return false;
      if (!isAuthority(next, below) || !current.x509.checkIssued(next.x509)) continue;
      if (!current.x509.verify(next.x509.publicKey)) continue;
      if (!SIGNATURES.has(current.signature) || !isStrong(next)) answer = 'weak-algorithm';
      else if (!wasValid(next, at)) answer = 'not-valid-then';
      else if (walk(next, below + 1)) return true;
    }
    return false;
  };
  return walk(leaf, 0) ? 'holds' : answer;
}
