/**
 * A certificate authority of our own for a few names, and the certificates it signs (RFC 5280, ECDSA P-256). The authority
 * is constrained to its names: on a phone that trusts it, its key can speak for nobody else.
 */
import { webcrypto } from 'node:crypto';
// It loads the metadata that the library's own container asks for.
import '@simplewebauthn/server';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { Fault } from '#base/fault';
import type { Random } from '#base/ports';
import { formatInstant, type Instant, shift } from '#base/time';
import { nameConstraints } from './der.ts';

/** PEM. Whoever has `key` of an authority can make certificates for its names. */
export type KeyPair = { readonly certificate: string; readonly key: string };

export type Making = {
  readonly names: readonly string[];
  readonly now: Instant;
  readonly random: Random;
};

const DAY_MICROS = 86_400_000_000;
/** Clocks of phones run late as well as early. */
const BEFORE_MICROS = 3_600_000_000;
/** What platforms take of a server certificate: 398 days, and 825 of one below an authority that a person added. */
const DAYS = { authority: 825, server: 397 } as const;

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;

export async function makeAuthority({ names, now, random }: Making): Promise<KeyPair> {
  const keys = await newKeys();
  const name = `Holdfast for ${names[0] ?? 'nobody'}`.slice(0, 64);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(random),
    name: [{ O: ['Holdfast'] }, { CN: [name] }],
    notBefore: dateOf(shift(now, -BEFORE_MICROS)),
    notAfter: dateOf(shift(now, DAYS.authority * DAY_MICROS)),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new Extension('2.5.29.30', true, nameConstraints(names)),
      await SubjectKeyIdentifierExtension.create(keys.publicKey, false),
    ],
  });
  return pairOf(certificate, keys);
}

/** Of a fresh key each time. It ends with its authority, or earlier. Throws `authority-unusable`. */
export async function makeServer(authority: KeyPair, making: Making): Promise<KeyPair> {
  const { names, now, random } = making;
  const keys = await newKeys();
  let issuer: X509Certificate;
  let signingKey: webcrypto.CryptoKey;
  try {
    issuer = new X509Certificate(authority.certificate);
    const [der] = PemConverter.decode(authority.key);
    signingKey = await webcrypto.subtle.importKey('pkcs8', der as ArrayBuffer, CURVE, false, [
      'sign',
    ]);
  } catch (cause) {
    throw new Fault(
      'broken',
      'authority-unusable',
      'our own certificate authority cannot be read: have another made with holdfast console expose --own-ca --new-ca',
      { cause },
    );
  }
  const end = Math.min(shift(now, DAYS.server * DAY_MICROS), issuer.notAfter.getTime() * 1_000);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(random),
    subject: [{ CN: [(names[0] ?? '').slice(0, 64)] }],
    issuer: issuer.subject,
    notBefore: dateOf(shift(now, -BEFORE_MICROS)),
    notAfter: dateOf(end as Instant),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
      await SubjectKeyIdentifierExtension.create(keys.publicKey, false),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false),
    ],
  });
  return pairOf(certificate, keys);
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
}

async function pairOf(
  certificate: X509Certificate,
  { privateKey }: webcrypto.CryptoKeyPair,
): Promise<KeyPair> {
  const der = await webcrypto.subtle.exportKey('pkcs8', privateKey);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${PemConverter.encode(der, 'PRIVATE KEY')}\n`,
  };
}

/** Positive and never zero at its front (RFC 5280, 4.1.2.2). */
function serial(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

// oxlint-disable-next-line no-restricted-globals -- the library takes dates; the moment is an argument
function dateOf(at: Instant): Date {
  // oxlint-disable-next-line no-restricted-globals -- as above
  return new Date(formatInstant(at));
}
