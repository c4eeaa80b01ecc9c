/**
 * Revocations as an OpenSSH KRL (PROTOCOL.krl), written in one form: keys by their wire form, and serials of
 * certificates under a root. What else a KRL may hold is refused, for it would be revoked by
 * ssh-keygen and not by us, or the other way round.
 */
import { authorityFault } from './faults.ts';
import { readKeyBlob } from './keys.ts';
import { u32, u64, WireReader, wireString } from './wire.ts';

const MAGIC = Buffer.from('SSHKRL\n\0', 'latin1');
const FORMAT = 1;
const SECTION_CERTIFICATES = 1;
const SECTION_KEYS = 2;
const CERTIFICATE_SERIALS = 0x20;
const MAX_BYTES = 1_048_576;

/** Everything in rising order, each once. */
export type Revocations = {
  readonly version: number;
  /** Seconds; when it was made. */
  readonly madeAt: number;
  /** Wire forms. */
  readonly keys: readonly Buffer[];
  readonly serials: readonly { readonly root: Buffer; readonly serials: readonly bigint[] }[];
};

export function formatRevocations({ version, madeAt, keys, serials }: Revocations): Buffer {
  const parts = [
    MAGIC,
    u32(FORMAT),
    u64(BigInt(version)),
    u64(BigInt(madeAt)),
    u64(0n),
    wireString(''),
    wireString(''),
  ];
  for (const each of serials) {
    const list = Buffer.concat(each.serials.map(u64));
    const body = Buffer.concat([
      wireString(each.root),
      wireString(''),
      Buffer.of(CERTIFICATE_SERIALS),
      wireString(list),
    ]);
    parts.push(Buffer.of(SECTION_CERTIFICATES), wireString(body));
  }
  if (keys.length > 0) {
    parts.push(
      Buffer.of(SECTION_KEYS),
      wireString(Buffer.concat(keys.map((key) => wireString(key)))),
    );
  }
  const bytes = Buffer.concat(parts);
  // What cannot be read back would revoke nobody on a host.
  parseRevocations(bytes);
  return bytes;
}

/** Reads what `formatRevocations` writes; throws `revocations-broken` for everything else. */
export function parseRevocations(bytes: Uint8Array): Revocations {
  if (bytes.length === 0) broken('the file is empty');
  if (bytes.length > MAX_BYTES) broken('the file is too long');
  const wire = new WireReader(bytes, broken);
  if (!wire.take(MAGIC.length).equals(MAGIC) || wire.u32() !== FORMAT) broken('it is no KRL');
  const version = safe(wire.u64());
  if (version < 1) broken('its version is 0');
  const madeAt = safe(wire.u64());
  if (wire.u64() !== 0n) broken('it has flags that are not known');
  if (wire.string().length !== 0) broken('its reserved field is not empty');
  if (wire.string().length !== 0) broken('it has a comment');
  const serials: { root: Buffer; serials: readonly bigint[] }[] = [];
  let keys: readonly Buffer[] = [];
  let last = 0;
  while (!wire.isAtEnd) {
    const section = wire.u8();
    const body = new WireReader(wire.string(), broken);
    if (section < last || (section === last && section !== SECTION_CERTIFICATES)) {
      broken('its sections are out of order');
    }
    last = section;
    if (section === SECTION_CERTIFICATES) serials.push(readSerials(body));
    else if (section === SECTION_KEYS) keys = readKeys(body);
    else broken(`its section ${section} is not known`);
  }
  requireRising(serials.map(({ root }) => root));
  return { version, madeAt, keys, serials };
}

function readSerials(body: WireReader): { root: Buffer; serials: readonly bigint[] } {
  const root = body.string();
  readKeyBlob(root, broken);
  if (body.string().length !== 0) broken('a reserved field is not empty');
  if (body.u8() !== CERTIFICATE_SERIALS)
    broken('a section of certificates is not a list of serials');
  const list = new WireReader(body.string(), broken);
  const serials: bigint[] = [];
  while (!list.isAtEnd) {
    const serial = list.u64();
    // ssh-keygen never revokes serial 0: it means "none was given".
    if (serial <= (serials.at(-1) ?? 0n)) broken('its serials do not rise from 1');
    serials.push(serial);
  }
  if (serials.length === 0 || !body.isAtEnd) broken('a section of certificates is malformed');
  return { root, serials };
}

function readKeys(body: WireReader): readonly Buffer[] {
  const keys: Buffer[] = [];
  while (!body.isAtEnd) {
    const key = body.string();
    readKeyBlob(key, broken);
    keys.push(key);
  }
  if (keys.length === 0) broken('a section of keys is empty');
  requireRising(keys);
  return keys;
}

function requireRising(blobs: readonly Buffer[]): void {
  blobs.forEach((blob, i) => {
    const before = blobs[i - 1];
    if (before !== undefined && Buffer.compare(before, blob) >= 0) broken('its keys do not rise');
  });
}

function safe(value: bigint): number {
  return value <= 999_999_999_999_999n ? Number(value) : broken('a number in it is too large');
}

function broken(says: string): never {
  throw authorityFault(
    'revocations-broken',
    `malformed revocations: ${says}. Nothing is accepted until the file of the signed config is back`,
  );
}
