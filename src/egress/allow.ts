/**
 * `egress.allow` of `server.yaml`: which addresses that are not public requests may go to. Whoever sets it decides which
 * machines of the inside this service can be made to speak to.
 */
import { type Block, type Bytes, isInside, parseBlock } from '#base/address';
import { Fault } from '#base/fault';
import { isFour } from './classify.ts';
import { hostOf, type Place } from './place.ts';

export type Allow = {
  readonly blocks: readonly Block[];
  /** `port` is `null` for all of them. */
  readonly addresses: readonly { readonly bytes: Bytes; readonly port: number | null }[];
  readonly names: readonly { readonly name: string; readonly port: number | null }[];
  /** Only what this allows as well. */
  readonly among?: Allow;
};

export const ALLOW_NOTHING: Allow = { blocks: [], addresses: [], names: [] };

const MOST_ENTRIES = 256;
/** A block that is wider says nothing about whose machines are meant. */
const WIDEST = { four: 8, six: 7 } as const;

/** What is wrong with one entry, for people; `null` when it holds. */
export function allowProblem(entry: string): string | null {
  const read = readEntry(entry);
  return typeof read === 'string' ? read : null;
}

/** What both allow. Throws as `parseAllow`. */
export function parseAllowAmong(
  entries: readonly string[],
  among: readonly string[] | undefined,
): Allow {
  const allow = parseAllow(entries);
  return among === undefined ? allow : { ...allow, among: parseAllow(among) };
}

/** Throws `invalid-egress`, naming the first entry that does not hold. */
export function parseAllow(entries: readonly string[]): Allow {
  const refuse = (why: string): never => {
    throw new Fault(
      'invalid',
      'invalid-egress',
      `egress.allow of server.yaml does not hold: ${why}`,
    );
  };
  if (entries.length > MOST_ENTRIES) refuse(`more than ${MOST_ENTRIES} entries: use wider blocks`);
  const parts = entries.map((entry) => {
    const read = readEntry(entry);
    return typeof read === 'string' ? refuse(read) : read;
  });
  return {
    blocks: parts.flatMap(({ blocks }) => blocks),
    addresses: parts.flatMap(({ addresses }) => addresses),
    names: parts.flatMap(({ names }) => names),
  };
}

function readEntry(entry: string): Allow | string {
  const shown = JSON.stringify(entry.slice(0, 100));
  if (entry.includes('/')) {
    const block = parseBlock(entry);
    if (block === null)
      return `${shown} is no block of addresses: write it like 10.0.0.0/8 or fd00::/8`;
    const isWide = isFour(block.bytes) ? block.bits < 96 + WIDEST.four : block.bits < WIDEST.six;
    if (isWide) return `${shown} is too wide: name the networks that are meant`;
    return { ...ALLOW_NOTHING, blocks: [block] };
  }
  const found = /^(\[[0-9a-fA-F:.]+\]|[^[\]:]+)(?::([1-9][0-9]{0,4}))?$/.exec(entry);
  const [, name = '', digits] = found ?? (parseBlock(entry) === null ? [] : [null, entry]);
  const host = name === '' ? null : hostOf(name.toLowerCase());
  const port = digits === undefined ? null : Number(digits);
  if (host === null || (port !== null && port > 65_535))
    return `${shown} is no host: write it like hooks.internal:8443, 10.0.0.5 or [fd00::1]:8200`;
  return host.address === null
    ? { ...ALLOW_NOTHING, names: [{ name: host.host, port }] }
    : { ...ALLOW_NOTHING, addresses: [{ bytes: host.address, port }] };
}

/** Whether the host was allowed by its name. */
export function namesIt({ names }: Allow, { host, port }: Place): boolean {
  return names.some((each) => each.name === host && (each.port === null || each.port === port));
}

/** Whether exactly this address was allowed. */
export function pointsAtIt({ addresses }: Allow, bytes: Bytes, port: number): boolean {
  return addresses.some(
    (each) => (each.port === null || each.port === port) && same(each.bytes, bytes),
  );
}

export function coversIt({ blocks }: Allow, bytes: Bytes): boolean {
  // A block of IPv6 never means IPv4 addresses, which are kept inside of ::ffff:0:0/96.
  return blocks.some((block) => isInside(bytes, block) && (!isFour(bytes) || block.bits >= 96));
}

function same(one: Bytes, other: Bytes): boolean {
  return one.every((byte, at) => byte === other[at]);
}
