/** What is wrong with a certificate that somebody gave, before anybody relies on it. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type Instant, parseInstant, shift } from '#base/time';

export type Examined = {
  readonly notAfter: Instant | null;
  /** Sentences: what does not hold, and what to do. */
  readonly problems: readonly string[];
};

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const DAY_MICROS = 86_400_000_000;
const MOST_CHAIN = 10;

/** Until when it holds, and its SHA-256 as browsers show it; `null` when it is no certificate in PEM. */
export function readCertificate(
  certificate: string,
): { readonly notAfter: Instant; readonly fingerprint: string } | null {
  const [leaf] = readChain(certificate);
  return leaf === undefined
    ? null
    : { notAfter: instantOf(leaf.validTo), fingerprint: leaf.fingerprint256 };
}

/** `key` is `null` for a certificate of which only the public part is there. */
export function examine(
  certificate: string,
  key: string | null,
  names: readonly string[],
  now: Instant,
): Examined {
  const chain = readChain(certificate);
  const [leaf] = chain;
  if (leaf === undefined)
    return {
      notAfter: null,
      problems: ['it is no certificate in PEM: give the whole chain, the server first'],
    };
  const notAfter = instantOf(leaf.validTo);
  const problems = [
    ...keyProblems(leaf, key),
    ...names
      .filter(
        (name) => leaf.checkHost(name, { subject: 'never', partialWildcards: false }) === undefined,
      )
      .map((name) => `it is not for ${name}: have one made with that name (subjectAltName)`),
    ...(leaf.ca ? ['it is of an authority and not of a server: put the server first'] : []),
    ...chain.flatMap((each, at) => {
      const next = chain[at + 1];
      return next === undefined || (each.checkIssued(next) && each.verify(next.publicKey))
        ? []
        : [`certificate ${at + 2} of the file did not sign the one before it: mend their order`];
    }),
    ...chain.flatMap((each, at) => [
      ...(instantOf(each.validTo) <= now
        ? [`certificate ${at + 1} of the file is over since ${each.validTo}: renew it`]
        : []),
      ...(instantOf(each.validFrom) > now
        ? [`certificate ${at + 1} of the file begins ${each.validFrom}: look at the clock`]
        : []),
    ]),
  ];
  return { notAfter, problems };
}

/** Whole days that are left; negative when it is over. */
export function daysLeft(notAfter: Instant, now: Instant): number {
  return Math.floor((notAfter - now) / DAY_MICROS);
}

export function isSoonOver(notAfter: Instant, now: Instant, days: number): boolean {
  return shift(now, days * DAY_MICROS) >= notAfter;
}

function readChain(text: string): readonly X509Certificate[] {
  try {
    return (text.match(PEM) ?? []).slice(0, MOST_CHAIN).map((pem) => new X509Certificate(pem));
  } catch {
    return [];
  }
}

function keyProblems(leaf: X509Certificate, key: string | null): readonly string[] {
  if (key === null) return [];
  try {
    return leaf.checkPrivateKey(createPrivateKey(key))
      ? []
      : ['the key is of another certificate: give the two that belong together'];
  } catch {
    return ['the key cannot be read: give it in PEM, without a passphrase'];
  }
}

/** `Nov 21 21:11:18 2026 GMT`, as OpenSSL writes it. */
function instantOf(text: string): Instant {
  const [, month = '', day = '', time = '', year = ''] =
    /^([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}:\d{2}:\d{2}) (\d{4}) GMT$/.exec(text) ?? [];
  const number = MONTHS.indexOf(month) + 1;
  const two = (value: number | string): string => String(value).padStart(2, '0');
  return parseInstant(`${year}-${two(number)}-${two(day)}T${time}Z`);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
