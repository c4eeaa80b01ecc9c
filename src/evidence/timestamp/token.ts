/**
 * A time-stamp token taken apart: CMS SignedData (RFC 5652 5) around a TSTInfo (RFC 3161 2.4.2).
 *
 * Reading judges form only; whether the token holds is for `verify-token.ts`. Throws `DerError`.
 */
import type { Instant } from '#base/time';
import { tryParseInstant } from '#base/time';
import {
  booleanOf,
  Cursor,
  DerError,
  type Element,
  expect,
  oidOf,
  positiveOf,
  readDer,
  smallOf,
  TAG,
} from './der.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';

const CONTEXT_0 = 0xa0;
const CONTEXT_1 = 0xa1;
const KEY_ID = 0x80;

export type TstInfo = {
  readonly policy: string;
  readonly imprint: { readonly algorithm: string; readonly hash: Buffer };
  readonly serial: string;
  readonly at: Instant;
  /** Hex, when there is one. */
  readonly nonce: string | undefined;
};

/** ESSCertID (RFC 2634 5.4.1) or ESSCertIDv2 (RFC 5035 4) of the signer's certificate. */
export type CertificateId = {
  readonly algorithm: string;
  readonly hash: Buffer;
  /** DER of the issuer's name, and the serial number. */
  readonly issuerSerial: { readonly issuer: Buffer; readonly serial: string } | undefined;
};

export type Signer = {
  readonly id:
    | { readonly issuer: Buffer; readonly serial: string }
    | { readonly keyIdentifier: Buffer };
  readonly digest: string;
  /** As they are signed: with the tag of a SET. */
  readonly attributes: Buffer;
  readonly messageDigest: Buffer;
  readonly certificateIds: readonly CertificateId[];
  readonly signatureAlgorithm: string;
  readonly signature: Buffer;
};

export type Token = {
  /** The bytes that the signer's messageDigest is over. */
  readonly content: Buffer;
  readonly info: TstInfo;
  /** DER, as they came. */
  readonly certificates: readonly Buffer[];
  readonly signer: Signer;
};

export function readToken(der: Uint8Array): Token {
  const outer = new Cursor(readDer(der));
  if (oidOf(outer.take(TAG.oid)) !== SIGNED_DATA) throw new DerError('not signed data');
  const signed = new Cursor(only(outer.take(CONTEXT_0)));
  outer.end();
  if (smallOf(signed.take(TAG.integer)) !== 3) throw new DerError('not version 3');
  signed.take(TAG.set);
  const encapsulated = new Cursor(signed.take(TAG.sequence));
  if (oidOf(encapsulated.take(TAG.oid)) !== TST_INFO) throw new DerError('not a time-stamp');
  const content = expect(only(encapsulated.take(CONTEXT_0)), TAG.octetString).content;
  encapsulated.end();
  const certificates = (signed.maybe(CONTEXT_0)?.children ?? []).map((one) =>
    Buffer.from(expect(one, TAG.sequence).whole),
  );
  signed.maybe(CONTEXT_1);
  const signer = readSigner(only(signed.take(TAG.set)));
  signed.end();
  return { content, info: readInfo(content), certificates, signer };
}

function only(element: Element): Element {
  const [child, second] = element.children;
  if (child === undefined || second !== undefined) throw new DerError('not exactly one element');
  return child;
}

function readInfo(content: Buffer): TstInfo {
  const info = new Cursor(readDer(content));
  if (smallOf(info.take(TAG.integer)) !== 1) throw new DerError('not version 1');
  const policy = oidOf(info.take(TAG.oid));
  const imprint = new Cursor(info.take(TAG.sequence));
  const algorithm = algorithmOf(imprint.take(TAG.sequence));
  const hash = imprint.take(TAG.octetString).content;
  imprint.end();
  const serial = positiveOf(info.take(TAG.integer));
  const at = timeOf(info.take(TAG.generalizedTime));
  info.maybe(TAG.sequence);
  const ordering = info.maybe(TAG.boolean);
  if (ordering !== undefined && !booleanOf(ordering)) throw new DerError('a default is written');
  const nonce = info.maybe(TAG.integer);
  info.maybe(CONTEXT_0);
  // A critical extension that we do not know could change what the stamp says.
  for (const extension of info.maybe(CONTEXT_1)?.children ?? []) {
    const inside = new Cursor(extension);
    inside.take(TAG.oid);
    if (inside.maybe(TAG.boolean) !== undefined) throw new DerError('a critical extension');
    inside.take(TAG.octetString);
    inside.end();
  }
  info.end();
  return {
    policy,
    imprint: { algorithm, hash },
    serial,
    at,
    nonce: nonce === undefined ? undefined : positiveOf(nonce),
  };
}

/** RFC 3161 2.4.2: `YYYYMMDDhhmmss[.s…]Z`, no trailing zeros. Finer than microseconds is cut. */
function timeOf(element: Element): Instant {
  const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*[1-9]))?Z$/.exec(
    element.content.toString('latin1'),
  );
  if (m === null) throw new DerError('not a time');
  const [year, month, day, hour, minute, second] = m.slice(1, 7) as string[];
  const part = m[7] === undefined ? '' : `.${m[7].slice(0, 6)}`;
  const at = tryParseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}${part}Z`);
  if (at === undefined) throw new DerError('not a time');
  return at;
}

/** The object identifier of an algorithm without parameters other than NULL. */
function algorithmOf(element: Element): string {
  const cursor = new Cursor(element);
  const oid = oidOf(cursor.take(TAG.oid));
  const none = cursor.maybe(TAG.null);
  if (none !== undefined && none.content.length > 0) throw new DerError('a NULL with content');
  cursor.end();
  return oid;
}

function readSigner(element: Element): Signer {
  const signer = new Cursor(element);
  const version = smallOf(signer.take(TAG.integer));
  const keyIdentifier = signer.maybe(KEY_ID);
  if (version !== (keyIdentifier === undefined ? 1 : 3)) throw new DerError('not its version');
  const id =
    keyIdentifier === undefined
      ? issuerAndSerial(signer.take(TAG.sequence))
      : { keyIdentifier: keyIdentifier.content };
  const digest = algorithmOf(signer.take(TAG.sequence));
  const signedAttributes = signer.take(CONTEXT_0);
  const signatureAlgorithm = algorithmOf(signer.take(TAG.sequence));
  const signature = signer.take(TAG.octetString).content;
  signer.maybe(CONTEXT_1);
  signer.end();
  // RFC 5652 5.4: what is signed is the SET, not the implicit tag that stands there.
  const attributes = Buffer.from(signedAttributes.whole);
  attributes[0] = TAG.set;
  const read = readAttributes(signedAttributes);
  return { id, digest, attributes, signatureAlgorithm, signature, ...read };
}

function issuerAndSerial(element: Element): { readonly issuer: Buffer; readonly serial: string } {
  const cursor = new Cursor(element);
  const issuer = cursor.take(TAG.sequence).whole;
  const serial = positiveOf(cursor.take(TAG.integer));
  cursor.end();
  return { issuer, serial };
}

function readAttributes(attributes: Element): Pick<Signer, 'messageDigest' | 'certificateIds'> {
  const byType = new Map<string, Element>();
  for (const attribute of attributes.children) {
    const cursor = new Cursor(attribute);
    const type = oidOf(cursor.take(TAG.oid));
    const values = cursor.take(TAG.set);
    cursor.end();
    if (byType.has(type)) throw new DerError('an attribute stands twice');
    byType.set(type, values);
  }
  const contentType = byType.get(CONTENT_TYPE);
  if (contentType === undefined || oidOf(only(contentType)) !== TST_INFO) {
    throw new DerError('not signed as a time-stamp');
  }
  const digest = byType.get(MESSAGE_DIGEST);
  if (digest === undefined) throw new DerError('no message digest');
  const certificateIds: CertificateId[] = [];
  const v1 = byType.get(SIGNING_CERTIFICATE);
  const v2 = byType.get(SIGNING_CERTIFICATE_V2);
  if (v1 !== undefined) certificateIds.push(certificateId(only(v1), '1.3.14.3.2.26'));
  if (v2 !== undefined) certificateIds.push(certificateId(only(v2), undefined));
  if (certificateIds.length === 0) throw new DerError('it does not name its certificate');
  return { messageDigest: expect(only(digest), TAG.octetString).content, certificateIds };
}

/** The first of the list is the signer's own. */
function certificateId(signing: Element, fixed: string | undefined): CertificateId {
  const list = new Cursor(signing).take(TAG.sequence);
  const first = list.children[0];
  if (first === undefined) throw new DerError('it names no certificate');
  const id = new Cursor(first);
  // RFC 5035 4: the algorithm of version 2 is SHA-256 when it is left out.
  const written = fixed === undefined ? id.maybe(TAG.sequence) : undefined;
  const algorithm =
    fixed ?? (written === undefined ? '2.16.840.1.101.3.4.2.1' : algorithmOf(written));
  const hash = id.take(TAG.octetString).content;
  const issuerSerial = id.maybe(TAG.sequence);
  id.end();
  return {
    algorithm,
    hash,
    issuerSerial: issuerSerial === undefined ? undefined : generalIssuer(issuerSerial),
  };
}

/** IssuerSerial (RFC 5035 4): the issuer is one directoryName. */
function generalIssuer(element: Element): { readonly issuer: Buffer; readonly serial: string } {
  const cursor = new Cursor(element);
  const issuer = only(expect(only(cursor.take(TAG.sequence)), 0xa4)).whole;
  const serial = positiveOf(cursor.take(TAG.integer));
  cursor.end();
  return { issuer, serial };
}
