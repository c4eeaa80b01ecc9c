/**
 * Interfaces, addresses and routes.
 *
 * One end of a container's or virtual machine's cable has a random name and lives as long as the
 * guest, so these interfaces, their addresses and routes are left out, as are temporary addresses.
 */
import { arrayOf, memberOf, parsed, textIn } from './json-look.ts';
import type { Collector, LookSession } from './look-session.ts';
import { decode, Gathering, linesOf, numberOf, readText, readValue, wordsOf } from './reading.ts';

const KINDS = ['interface', 'address', 'route'] as const;
const MIB = 1024 * 1024;
const IFF_UP = 0x1;
const IFF_PROMISC = 0x100;

export const networkCollector: Collector = {
  name: 'network',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    await interfaces(session, seen);
    await addresses(session, seen);
    await routes(session, seen);
    return seen.end(KINDS);
  },
};

/** Cables to guests: Docker and Kubernetes pairs, libvirt and firewalled taps. */
export function isGuestCable(name: string): boolean {
  return /^(veth|vnet\d|cali[0-9a-f]{6}|lxc[0-9a-f]{6}|lxc_|fw(br|ln|pr)\d|tap[0-9a-f]{6})/.test(
    name,
  );
}

async function interfaces(session: LookSession, seen: Gathering): Promise<void> {
  const names = await session.files.list('/sys/class/net');
  if (names === undefined) return seen.short('interface', 'no /sys/class/net');
  for (const name of names) {
    const at = `/sys/class/net/${name}`;
    if (isGuestCable(name) || (await session.files.stat(at))?.kind !== 'symlink') continue;
    const flags = Number.parseInt((await readValue(session, `${at}/flags`)) ?? '0', 16);
    const mac = await readValue(session, `${at}/address`);
    const isDevice = (await session.files.stat(`${at}/device`)) !== undefined;
    const master = (await session.files.readLink(`${at}/master`))?.split('/').at(-1);
    seen.add('interface', name, {
      type: interfaceType(
        (await readValue(session, `${at}/uevent`)) ?? '',
        await readValue(session, `${at}/type`),
      ),
      [isDevice ? 'mac' : 'macVirtual']: mac,
      mtu: numberOf(await readValue(session, `${at}/mtu`)),
      enabled: (flags & IFF_UP) !== 0,
      promiscuous: (flags & IFF_PROMISC) !== 0,
      state: await readValue(session, `${at}/operstate`),
      master: master === undefined ? undefined : seen.ref('interface', master),
    });
  }
}

export function interfaceType(uevent: string, type: string | undefined): string {
  const said = /^DEVTYPE=([a-z0-9_]{1,30})$/m.exec(uevent)?.[1];
  if (said !== undefined) return said;
  if (type === '772') return 'loopback';
  if (type === '1') return 'ethernet';
  if (type === '65534') return 'tunnel';
  return type === undefined ? 'unknown' : `arp-${type.slice(0, 10)}`;
}

export type Address = {
  readonly interface: string;
  readonly address: string;
  readonly family: string;
  readonly prefix: number;
  readonly scope: string;
  readonly dynamic: boolean | undefined;
  readonly lifetimeSeconds: number | undefined;
};

async function addresses(session: LookSession, seen: Gathering): Promise<void> {
  const result = await session.programs.run(['ip', '-json', 'address', 'show']);
  const found =
    result.ended === 'exited' && result.exit === 0
      ? parseAddresses(decode(result.stdout))
      : undefined;
  if (found === undefined) return addressesOfKernel(session, seen);
  for (const address of found) addAddress(seen, address);
}

/** Without `ip`: less is known of each address, but none is left out. */
async function addressesOfKernel(session: LookSession, seen: Gathering): Promise<void> {
  const trie = await readText(session, '/proc/net/fib_trie', 4 * MIB);
  if (trie === undefined)
    return seen.short('address', 'neither ip nor /proc/net/fib_trie answered');
  const onLink = parseRoutes((await readText(session, '/proc/net/route', 4 * MIB)) ?? '').filter(
    (route) => route.gateway === undefined,
  );
  for (const address of parseFibTrie(trie, onLink)) addAddress(seen, address);
  const six = await readText(session, '/proc/net/if_inet6');
  for (const address of parseInet6(six ?? '')) addAddress(seen, address);
}

function addAddress(seen: Gathering, each: Address): void {
  if (isGuestCable(each.interface)) return;
  seen.add('address', `${each.interface}/${each.address}`, {
    family: each.family,
    prefix: each.prefix,
    scope: each.scope,
    interface: seen.ref('interface', each.interface),
    dynamic: each.dynamic,
    lifetimeSeconds: each.lifetimeSeconds,
  });
}

/** `ip -json address show`; `undefined` when it is not that. */
export function parseAddresses(text: string): Address[] | undefined {
  const links = arrayOf(parsed(text));
  if (links === undefined) return undefined;
  return links.flatMap((link) => {
    const name = textIn(link, 'ifname');
    if (name === undefined) return [];
    return (arrayOf(memberOf(link, 'addr_info')) ?? []).flatMap((info) => {
      const address = textIn(info, 'local');
      const prefix = memberOf(info, 'prefixlen');
      // Privacy addresses are replaced every day.
      if (
        address === undefined ||
        typeof prefix !== 'number' ||
        memberOf(info, 'temporary') === true
      )
        return [];
      const lifetime = memberOf(info, 'valid_life_time');
      return [
        {
          interface: name,
          address,
          prefix,
          family: textIn(info, 'family') ?? 'unknown',
          scope: textIn(info, 'scope') ?? 'unknown',
          dynamic: memberOf(info, 'dynamic') === true,
          // 2^32 - 1 is for ever.
          lifetimeSeconds:
            typeof lifetime === 'number' && lifetime < 4_294_967_295 ? lifetime : undefined,
        },
      ];
    });
  });
}

const SCOPES: Readonly<Record<string, string>> = { '00': 'global', '10': 'host', '20': 'link' };
const IFA_F_TEMPORARY = 0x01;
const IFA_F_PERMANENT = 0x80;

/** /proc/net/if_inet6. */
export function parseInet6(text: string): Address[] {
  return linesOf(text).flatMap((line) => {
    const [hex = '', , prefix = '', scope = '', flags = '', name] = wordsOf(line);
    const bits = Number.parseInt(flags, 16);
    if (!/^[0-9a-f]{32}$/.test(hex) || name === undefined || (bits & IFA_F_TEMPORARY) !== 0)
      return [];
    return [
      {
        interface: name,
        address: inet6Text(hex),
        prefix: Number.parseInt(prefix, 16) || 0,
        family: 'inet6',
        scope: SCOPES[scope] ?? 'unknown',
        dynamic: (bits & IFA_F_PERMANENT) === 0,
        lifetimeSeconds: undefined,
      },
    ];
  });
}

/** /proc/net/fib_trie: addresses of this machine, on the interface whose network they are in. */
export function parseFibTrie(text: string, onLink: readonly Route[]): Address[] {
  const found = new Map<string, Address>();
  const networks = onLink.map((route) => ({ route, ...networkOf(route.destination) }));
  let leaf: string | undefined;
  for (const line of linesOf(text)) {
    const words = wordsOf(line);
    if (words[0] === '|--') leaf = words[1];
    if (leaf === undefined || words.join(' ') !== '/32 host LOCAL') continue;
    const word = wordOf4(leaf);
    if (word === undefined) continue;
    const isLoopback = leaf.startsWith('127.');
    const near = networks
      .filter(({ base, length }) => base !== undefined && sharesPrefix(base, word, length))
      .sort((a, b) => b.length - a.length)[0];
    found.set(leaf, {
      interface: isLoopback ? 'lo' : (near?.route.interface ?? 'unknown'),
      address: leaf,
      prefix: isLoopback ? 8 : (near?.length ?? 32),
      family: 'inet',
      scope: isLoopback ? 'host' : leaf.startsWith('169.254.') ? 'link' : 'global',
      dynamic: undefined,
      lifetimeSeconds: undefined,
    });
  }
  return [...found.values()];
}

function networkOf(destination: string): { base: number | undefined; length: number } {
  const [base = '', length] = destination.split('/');
  return { base: wordOf4(base), length: numberOf(length) ?? 32 };
}

function wordOf4(address: string): number | undefined {
  const parts = address.split('.').map(numberOf);
  if (parts.length !== 4) return undefined;
  let word = 0;
  for (const part of parts) {
    if (part === undefined || part < 0 || part > 255) return undefined;
    word = word * 256 + part;
  }
  return word;
}

function sharesPrefix(a: number, b: number, length: number): boolean {
  const size = 2 ** (32 - length);
  return Math.floor(a / size) === Math.floor(b / size);
}

async function routes(session: LookSession, seen: Gathering): Promise<void> {
  const four = await readText(session, '/proc/net/route', 4 * MIB);
  const six = await readText(session, '/proc/net/ipv6_route', 4 * MIB);
  if (four === undefined) return seen.short('route', 'no /proc/net/route');
  const all = [...parseRoutes(four), ...parseRoutes6(six ?? '')];
  for (const each of all.sort((a, b) => a.metric - b.metric)) {
    if (isGuestCable(each.interface)) continue;
    const name = `${each.destination} dev ${each.interface}`;
    // Two routes to one place: the preferred one has the plain name.
    const key = seen.has('route', name) ? `${name} metric ${each.metric}` : name;
    seen.add('route', key, {
      gateway: each.gateway,
      metric: each.metric,
      interface: seen.ref('interface', each.interface),
    });
  }
}

export type Route = {
  readonly destination: string;
  readonly gateway: string | undefined;
  readonly metric: number;
  readonly interface: string;
};

const RTF_UP = 0x1;

/** /proc/net/route: addresses as little-endian hexadecimal words. */
export function parseRoutes(text: string): Route[] {
  return linesOf(text)
    .slice(1)
    .flatMap((line) => {
      const [name, destination, gateway, flags, , , metric, mask] = wordsOf(line);
      const to = inet4Text(destination ?? '');
      const via = inet4Text(gateway ?? '');
      const bits = Number.parseInt(mask ?? '', 16);
      if (name === undefined || to === undefined || Number.isNaN(bits)) return [];
      if ((Number.parseInt(flags ?? '', 16) & RTF_UP) === 0) return [];
      const length = (bits >>> 0).toString(2).split('1').length - 1;
      return [
        {
          destination: `${to}/${length}`,
          gateway: via === '0.0.0.0' ? undefined : via,
          metric: numberOf(metric) ?? 0,
          interface: name,
        },
      ];
    });
}

/** Entries of the cache, of the local table and of redirects are no configuration. */
const RTF6_PASSING = 0x01000000 | 0x80000000 | 0x00200000 | 0x10;

/** /proc/net/ipv6_route without local, cached and multicast entries. */
export function parseRoutes6(text: string): Route[] {
  return linesOf(text).flatMap((line) => {
    const [to, length, , , via, metric, , , flags, name] = wordsOf(line);
    const bits = Number.parseInt(flags ?? '', 16);
    if (!isHex32(to) || !isHex32(via) || name === undefined || Number.isNaN(bits)) return [];
    if (
      (bits & RTF_UP) === 0 ||
      (bits & RTF6_PASSING) !== 0 ||
      to.startsWith('ff') ||
      name === 'lo'
    )
      return [];
    const gateway = inet6Text(via);
    return [
      {
        destination: `${inet6Text(to)}/${Number.parseInt(length ?? '', 16) || 0}`,
        gateway: gateway === '::' ? undefined : gateway,
        metric: Number.parseInt(metric ?? '', 16) || 0,
        interface: name,
      },
    ];
  });
}

function isHex32(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{32}$/.test(text);
}

/** An IPv4 address from a hexadecimal word in the byte order of the machine (little endian). */
export function inet4Text(hex: string): string | undefined {
  if (!/^[0-9A-Fa-f]{8}$/.test(hex)) return undefined;
  const word = Number.parseInt(hex, 16);
  return [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24].join('.');
}

/** RFC 5952 text of 32 hexadecimal digits in network order. */
export function inet6Text(hex: string): string {
  const groups = (hex.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16));
  let best = { at: -1, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const text = (part: readonly number[]): string => part.map((each) => each.toString(16)).join(':');
  if (
    groups.length === 8 &&
    groups.slice(0, 5).every((each) => each === 0) &&
    groups[5] === 0xffff
  ) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${[high >> 8, high & 255, low >> 8, low & 255].join('.')}`;
  }
  if (best.at < 0) return text(groups);
  return `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.length))}`;
}
