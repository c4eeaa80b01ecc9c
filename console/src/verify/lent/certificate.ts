/**
 * As much of Node's X509Certificate as the standalone verifier asks of certificates of time-stamping authorities
 * (RFC 5280, DER). What is built in another way cannot be read, and then the timestamp does not hold.
 */
import { toHex } from '../bytes.ts';
import { Buffer, type LentBuffer } from './buffer.ts';

type Der = { readonly tag: number; readonly body: LentBuffer; readonly whole: LentBuffer };
/** The signature of an issuer, in the form that it has in a certificate. */
export type Verify<Key> = (
  digest: string,
  signed: LentBuffer,
  key: Key,
  signature: LentBuffer,
) => boolean;

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const OID = 0x06;

const DIGESTS: Readonly<Record<string, string>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};
const [SUBJECT_KEY, KEY_USAGE, BASIC, AUTHORITY_KEY, EXTENDED_USAGE] = [
  '551d0e',
  '551d0f',
  '551d13',
  '551d23',
  '551d25',
] as const;
/** Whoever marks another one as critical wants those who do not know it to stop. */
const KNOWN: ReadonlySet<string> = new Set([
  SUBJECT_KEY,
  KEY_USAGE,
  BASIC,
  AUTHORITY_KEY,
  EXTENDED_USAGE,
]);
const KEY_CERT_SIGN = 0x04;

export class LentCertificate<Key> {
  readonly raw: LentBuffer;
  readonly validFrom: string;
  readonly validTo: string;
  readonly publicKey: Key;
  readonly ca: boolean;
  /** What it calls itself, as it wrote it. */
  readonly name: string;
  /** As Node calls the extended key usage. */
  readonly keyUsage: readonly string[] | undefined;
  readonly #signed: LentBuffer;
  readonly #algorithm: string;
  readonly #signature: LentBuffer;
  readonly #issuer: string;
  readonly #subject: string;
  readonly #mayIssue: boolean;
  readonly #ownKey: string | undefined;
  readonly #issuerKey: string | undefined;
  readonly #verify: Verify<Key>;

  /** `der` is copied: whatever it lay in may change. */
  constructor(
    der: Uint8Array,
    how: { readonly keyOf: (spki: LentBuffer) => Key; readonly verify: Verify<Key> },
  ) {
    this.raw = Buffer.from(der);
    const [tbs, algorithm, signature] = parts(only(this.raw, SEQUENCE), 3);
    const fields = children(tbs, SEQUENCE);
    // Only version 3 has extensions, and only with them a certificate says what it is for.
    if (fields[0]?.tag !== 0xa0) throw new Error('not a certificate of version 3');
    const [, , inner, issuer, validity, subject, spki, ...rest] = fields;
    if (toHex(need(inner).whole) !== toHex(need(algorithm).whole))
      throw new Error('two algorithms');
    const [from, to] = parts(need(validity), 2);
    this.validFrom = timeOf(need(from));
    this.validTo = timeOf(need(to));
    this.publicKey = how.keyOf(need(spki).whole);
    this.#verify = how.verify;
    this.#signed = need(tbs).whole;
    this.#algorithm = need(DIGESTS[toHex(first(need(algorithm), OID).body)]);
    this.#signature = bitsOf(need(signature));
    this.name = nameIn(need(subject));
    this.#issuer = toHex(need(issuer).whole);
    this.#subject = toHex(need(subject).whole);
    const extensions = extensionsIn(rest);
    const basic = extensions.get(BASIC);
    this.ca =
      basic !== undefined &&
      children(only(basic, SEQUENCE))[0]?.tag === 0x01 &&
      children(only(basic, SEQUENCE))[0]?.body[0] === 0xff;
    const usage = extensions.get(EXTENDED_USAGE);
    this.keyUsage = usage === undefined ? undefined : children(only(usage, SEQUENCE)).map(oidText);
    const bits = extensions.get(KEY_USAGE);
    this.#mayIssue =
      bits === undefined || ((bitsOf(only(bits, BIT_STRING))[0] ?? 0) & KEY_CERT_SIGN) !== 0;
    const own = extensions.get(SUBJECT_KEY);
    this.#ownKey = own === undefined ? undefined : toHex(only(own, 0x04).body);
    const named = extensions.get(AUTHORITY_KEY);
    const id =
      named === undefined
        ? undefined
        : children(only(named, SEQUENCE)).find(({ tag }) => tag === 0x80);
    this.#issuerKey = id === undefined ? undefined : toHex(id.body);
  }

  checkIssued(by: LentCertificate<Key>): boolean {
    const isKey =
      this.#issuerKey === undefined || by.#ownKey === undefined || this.#issuerKey === by.#ownKey;
    return this.#issuer === by.#subject && isKey && by.#mayIssue;
  }

  verify(key: Key): boolean {
    return (
      this.#algorithm !== '' && this.#verify(this.#algorithm, this.#signed, key, this.#signature)
    );
  }
}

/** An ECDSA signature in DER as two numbers side by side, of `size` bytes each. */
export function sideBySide(der: LentBuffer, size: number): LentBuffer {
  const numbers = parts(only(der, SEQUENCE), 2).map((one) => {
    if (one.tag !== 0x02) throw new Error('not two numbers');
    const bytes = one.body[0] === 0 ? one.body.slice(1) : one.body;
    if (bytes.length > size) throw new Error('a number is too long');
    const padded = Buffer.alloc(size);
    padded.set(bytes, size - bytes.length);
    return padded;
  });
  return Buffer.concat(numbers);
}

/** What kind of key it is, by the names of its algorithm and its curve. */
export function kindOfKey(spki: LentBuffer): string {
  const [algorithm] = children(only(spki, SEQUENCE));
  return children(need(algorithm))
    .filter(({ tag }) => tag === OID)
    .map(({ body }) => toHex(body))
    .join(' ');
}

function extensionsIn(fields: readonly Der[]): ReadonlyMap<string, LentBuffer> {
  const found = new Map<string, LentBuffer>();
  const outer = fields.find(({ tag }) => tag === 0xa3);
  if (outer === undefined) return found;
  for (const one of children(only(outer.body, SEQUENCE))) {
    const [name, ...more] = children(one, SEQUENCE);
    const isCritical = more[0]?.tag === 0x01 && more[0].body[0] !== 0;
    const value = more.at(-1);
    const id = toHex(need(name).body);
    if (value?.tag !== 0x04 || found.has(id)) throw new Error('an extension is not in form');
    if (isCritical && !KNOWN.has(id)) throw new Error('a critical extension is not known here');
    found.set(id, value.body);
  }
  return found;
}

/** Definite, shortest lengths only. */
function list(bytes: LentBuffer): readonly Der[] {
  const found: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0x80;
    let start = at + 2;
    if (length >= 0x80) {
      const count = length - 0x80;
      if (count < 1 || count > 3) throw new Error('not DER');
      length = bytes.readUIntBE(start, count);
      start += count;
      if (length < 0x80 || (count > 1 && length < 2 ** (8 * (count - 1))))
        throw new Error('not DER');
    }
    if ((tag & 0x1f) === 0x1f || start + length > bytes.length) throw new Error('not DER');
    found.push({
      tag,
      body: bytes.slice(start, start + length) as LentBuffer,
      whole: bytes.slice(at, start + length) as LentBuffer,
    });
    at = start + length;
  }
  return found;
}

function only(bytes: LentBuffer, tag: number): Der {
  const [one, ...more] = list(bytes);
  if (one?.tag !== tag || more.length > 0) throw new Error('not one of these');
  return one;
}

function children(of: Der | undefined, tag = SEQUENCE): readonly Der[] {
  if (of?.tag !== tag) throw new Error('not a list of these');
  return list(of.body);
}

function parts(of: Der, count: number): readonly Der[] {
  const found = children(of);
  if (found.length !== count) throw new Error('more or fewer parts');
  return found;
}

function first(of: Der, tag: number): Der {
  const [one] = children(of);
  if (one?.tag !== tag) throw new Error('not one of these');
  return one;
}

function need<T>(one: T | undefined): T {
  if (one === undefined) throw new Error('a part is missing, or of a kind not known here');
  return one;
}

const COMMON_NAME = '550403';

function nameIn(subject: Der): string {
  const named = children(subject).flatMap((set) => children(set, 0x31));
  const own = named.find((one) => toHex(first(one, OID).body) === COMMON_NAME);
  return own === undefined ? '' : need(children(own)[1]).body.toString();
}

/** Whole bytes. */
function bitsOf({ tag, body }: Der): LentBuffer {
  if (tag !== BIT_STRING || body.length === 0) throw new Error('not bits');
  return body.slice(1) as LentBuffer;
}

/** As ISO 8601 says it. */
function timeOf({ tag, body }: Der): string {
  const text = body.toString('latin1');
  // RFC 5280 4.1.2.5.1: two digits from 50 on are of the last century.
  const long = tag === 0x17 ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(long);
  if (found === null || (tag !== 0x17 && tag !== 0x18)) throw new Error('not a time');
  const [, y, mo, d, h, mi, s] = found;
  return `${y}-${mo}-${d}T${h}:${mi}:${s}Z`;
}

function oidText({ tag, body }: Der): string {
  if (tag !== OID) throw new Error('not a name');
  const arcs: number[] = [];
  let value = 0;
  for (const byte of body) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(value);
      value = 0;
    }
  }
  const [head = 0, ...others] = arcs;
  const top = Math.min(2, Math.floor(head / 40));
  return [top, head - 40 * top, ...others].join('.');
}
