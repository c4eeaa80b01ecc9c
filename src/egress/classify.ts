/**
 * What kind of place an IP address is, by the registries of special-purpose addresses (RFC 6890, IANA). Only `public` is
 * open to requests without a word of an operator; what no registry knows is `reserved`.
 */
import { type Bytes, isInside, parseAddress, parseBlock } from '#base/address';
import { invariant } from '#base/fault';

export type AddressClass =
  | 'public'
  /** RFC 1918, loopback, shared (RFC 6598), unique local (RFC 4193): a name that is allowed may lead there. */
  | 'private'
  | 'loopback'
  | 'shared'
  | 'unique-local'
  /** Only where the address itself, or a block it lies in, is allowed. */
  | 'link-local'
  | 'documentation'
  | 'benchmarking'
  | 'reserved'
  | 'nat64'
  /** Only where exactly this address is allowed: it hands out the keys of a machine in a cloud. */
  | 'metadata'
  /** Never: nothing that answers a request lives there, or another address is hidden inside. */
  | 'unspecified'
  | 'multicast'
  | 'embedded';

/** The first that fits counts. */
const KNOWN: readonly (readonly [AddressClass, string])[] = [
  ['metadata', '169.254.169.254'],
  ['metadata', '169.254.170.2'],
  ['metadata', '169.254.170.23'],
  ['metadata', '100.100.100.200'],
  ['metadata', '168.63.129.16'],
  ['metadata', '192.0.0.192'],
  ['metadata', 'fd00:ec2::254'],
  ['metadata', 'fd00:ec2::23'],
  ['metadata', 'fd20:ce::254'],
  ['metadata', 'fd00:42::42'],
  ['metadata', 'fe80::a9fe:a9fe'],
  ['unspecified', '0.0.0.0/8'],
  ['private', '10.0.0.0/8'],
  ['shared', '100.64.0.0/10'],
  ['loopback', '127.0.0.0/8'],
  ['link-local', '169.254.0.0/16'],
  ['private', '172.16.0.0/12'],
  ['documentation', '192.0.2.0/24'],
  ['reserved', '192.0.0.0/24'],
  ['reserved', '192.31.196.0/24'],
  ['reserved', '192.52.193.0/24'],
  ['embedded', '192.88.99.0/24'],
  ['private', '192.168.0.0/16'],
  ['reserved', '192.175.48.0/24'],
  ['benchmarking', '198.18.0.0/15'],
  ['documentation', '198.51.100.0/24'],
  ['documentation', '203.0.113.0/24'],
  ['multicast', '224.0.0.0/4'],
  ['multicast', '255.255.255.255'],
  ['reserved', '240.0.0.0/4'],
  // What is left of IPv4, which is kept mapped (RFC 4291, 2.5.5.2).
  ['public', '::ffff:0:0/96'],
  ['unspecified', '::'],
  ['loopback', '::1'],
  ['embedded', '::/96'],
  ['embedded', '::ffff:0:0:0/96'],
  ['nat64', '64:ff9b::/96'],
  ['embedded', '64:ff9b:1::/48'],
  ['embedded', '2001::/32'],
  ['benchmarking', '2001:2::/48'],
  ['documentation', '2001:db8::/32'],
  ['reserved', '2001::/23'],
  ['embedded', '2002::/16'],
  ['documentation', '3fff::/20'],
  ['unique-local', 'fc00::/7'],
  ['link-local', 'fe80::/10'],
  ['private', 'fec0::/10'],
  ['multicast', 'ff00::/8'],
  ['public', '2000::/3'],
];

const BLOCKS = KNOWN.map(([kind, text]) => {
  const block = parseBlock(text);
  invariant(block !== null, `a block of addresses is written as it must be: ${text}`);
  return { kind, block };
});

/** An address in the one strict way; anything else is no address. */
export function classify(address: string): AddressClass | null {
  const bytes = parseAddress(address);
  return bytes === null ? null : classOf(bytes);
}

export function classOf(bytes: Bytes): AddressClass {
  const found = BLOCKS.find(({ block }) => isInside(bytes, block))?.kind ?? 'reserved';
  // ISATAP (RFC 5214, 6.1): an IPv4 address in the lower half of any prefix.
  const isIsatap = bytes[10] === 0x5e && bytes[11] === 0xfe && bytes[9] === 0;
  return found === 'public' && isIsatap && !isFour(bytes) && (bytes[8] === 0 || bytes[8] === 2)
    ? 'embedded'
    : found;
}

/** The IPv4 address inside a NAT64 one (RFC 6052, 2.2), mapped as every other. */
export function insideNat64(bytes: Bytes): Bytes {
  return [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes.slice(12)];
}

export function isFour(bytes: Bytes): boolean {
  return bytes.every((byte, at) => at > 11 || byte === (at > 9 ? 255 : 0));
}
