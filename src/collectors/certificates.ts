/**
 * Certificates in the places where services keep theirs, and trust anchors that someone added.
 *
 * The authorities that the distribution ships are not told one by one: the hash of their bundle is
 * a fact of its file. Private keys in the same files are never parsed.
 */
import { X509Certificate } from 'node:crypto';
import { formatInstant, type Instant, isInstant } from '#base/time';
import { childOf, follow } from './links.ts';
import type { Collector, LookSession } from './look-session.ts';
import { decode, Gathering, reasonOf } from './reading.ts';

const KINDS = ['certificate'] as const;
const CERTIFICATE_BYTES = 256 * 1024;
const FILES = 1_000;

/** Where certificates of services are, and how many directories deep. */
const PLACES: readonly { readonly path: string; readonly depth: number }[] = [
  { path: '/etc/ssl', depth: 2 },
  { path: '/etc/letsencrypt/live', depth: 2 },
  { path: '/etc/pki/tls', depth: 2 },
  { path: '/etc/nginx', depth: 3 },
  { path: '/etc/apache2', depth: 3 },
  { path: '/etc/httpd', depth: 3 },
  { path: '/etc/haproxy', depth: 3 },
  { path: '/etc/caddy', depth: 3 },
  { path: '/etc/traefik', depth: 3 },
  { path: '/etc/postfix', depth: 2 },
  { path: '/etc/dovecot', depth: 2 },
  { path: '/etc/exim4', depth: 1 },
  { path: '/etc/postgresql', depth: 3 },
  { path: '/etc/mysql', depth: 2 },
  { path: '/etc/kubernetes', depth: 3 },
  { path: '/etc/etcd', depth: 2 },
  { path: '/etc/docker', depth: 3 },
  { path: '/etc/openvpn', depth: 3 },
  { path: '/etc/ipsec.d', depth: 2 },
  { path: '/etc/swanctl', depth: 2 },
  { path: '/etc/ldap', depth: 2 },
  { path: '/etc/freeradius', depth: 4 },
];

const TRUST_ANCHORS = [
  '/usr/local/share/ca-certificates',
  '/etc/pki/ca-trust/source/anchors',
] as const;

export const certificatesCollector: Collector = {
  name: 'certificates',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    const count = { files: 0 };
    for (const path of TRUST_ANCHORS) await walk(session, seen, path, 2, true, count);
    for (const { path, depth } of PLACES) await walk(session, seen, path, depth, false, count);
    return seen.end(KINDS);
  },
};

async function walk(
  session: LookSession,
  seen: Gathering,
  directory: string,
  depth: number,
  trustAnchor: boolean,
  count: { files: number },
): Promise<void> {
  try {
    for (const name of (await session.files.list(directory)) ?? []) {
      const path = childOf(directory, name);
      const info = await session.files.stat(path);
      if (info?.kind === 'directory') {
        if (depth > 1) await walk(session, seen, path, depth - 1, trustAnchor, count);
        continue;
      }
      if (!/\.(pem|crt|cer|cert|der)$/i.test(name)) continue;
      // What is linked there belongs to the distribution's authorities, and so does their bundle.
      if (
        directory === '/etc/ssl/certs' &&
        (info?.kind === 'symlink' || name === 'ca-certificates.crt')
      )
        continue;
      if (count.files++ >= FILES) return seen.short('certificate', `more than ${FILES} files`);
      await readCertificate(session, seen, path, trustAnchor);
    }
  } catch (error) {
    seen.short('certificate', reasonOf(error, directory));
  }
}

async function readCertificate(
  session: LookSession,
  seen: Gathering,
  path: string,
  trustAnchor: boolean,
): Promise<void> {
  try {
    const found = await follow(session, path);
    if (found?.info.kind !== 'file' || found.info.size > CERTIFICATE_BYTES) return;
    const bytes = await session.files.read(found.path, CERTIFICATE_BYTES);
    const certificate = bytes === undefined ? undefined : parseCertificate(bytes);
    if (certificate !== undefined) seen.add('certificate', path, { ...certificate, trustAnchor });
  } catch (error) {
    // Keys and certificates that only their service may read are beside what we may know.
    if ((error as { code?: unknown } | null)?.code === 'EACCES') {
      return seen.short('certificate', `${path}: EACCES`);
    }
    seen.short('certificate', reasonOf(error, path));
  }
}

export type Certificate = {
  readonly subject: string;
  readonly issuer: string;
  readonly subjectAltNames: readonly string[];
  readonly notBefore: string | undefined;
  readonly notAfter: string | undefined;
  readonly fingerprint: string;
  readonly serial: string;
  readonly keyType: string | undefined;
  readonly keyBits: number | undefined;
  readonly isCa: boolean;
  readonly selfSigned: boolean;
  readonly chainLength: number;
};

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/** The first certificate of a PEM file, or a DER one; `undefined` when there is none. */
export function parseCertificate(bytes: Uint8Array): Certificate | undefined {
  const text = decode(bytes);
  const begin = text.indexOf(BEGIN);
  const end = begin < 0 ? -1 : text.indexOf(END, begin);
  if (begin >= 0 && end < 0) return undefined;
  // DER begins with a SEQUENCE of long form.
  if (begin < 0 && !(bytes[0] === 0x30 && bytes[1] === 0x82)) return undefined;
  try {
    const x509 = new X509Certificate(begin < 0 ? bytes : text.slice(begin, end + END.length));
    const key = keyOf(x509);
    return {
      subject: oneLine(x509.subject),
      issuer: oneLine(x509.issuer),
      subjectAltNames: (x509.subjectAltName ?? '')
        .split(', ')
        .filter((name) => name !== '')
        .sort(),
      notBefore: timeOf(x509.validFromDate),
      notAfter: timeOf(x509.validToDate),
      fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      serial: x509.serialNumber.toLowerCase(),
      keyType: key?.asymmetricKeyType,
      keyBits: key?.asymmetricKeyDetails?.modulusLength,
      isCa: x509.ca,
      selfSigned: x509.subject === x509.issuer,
      chainLength: begin < 0 ? 1 : text.split(BEGIN).length - 1,
    };
  } catch {
    return undefined;
  }
}

function keyOf(x509: X509Certificate): X509Certificate['publicKey'] | undefined {
  try {
    return x509.publicKey;
  } catch {
    return undefined;
  }
}

function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

/** Certificates may be good for ever; years we do not keep are no time. */
function timeOf(date: { getTime(): number }): string | undefined {
  const micros = date.getTime() * 1_000;
  return isInstant(micros) ? formatInstant(micros as Instant) : undefined;
}
