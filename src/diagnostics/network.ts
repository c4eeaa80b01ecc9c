/** Network: links, addresses, routes, name resolution, and what waits for others. */
import { ask, Notes } from './hearing.ts';
import type { Ask, HeardByKey, Part } from './report.ts';
import { count, linesOf, named, plural } from './words.ts';

export const askSockets: Ask = ask('sockets', 'sockets that wait for others', [
  'ss',
  '--no-header',
  '--numeric',
  '--listening',
  '--tcp',
  '--udp',
  '--processes',
]);

export const askNetwork: readonly Ask[] = [
  ask('addresses', 'links and addresses', ['ip', 'address', 'show']),
  ask('routes', 'routes', ['ip', 'route', 'show']),
  ask('routes6', 'routes of IPv6', ['cat', '/proc/net/ipv6_route']),
  ask('counters', 'counters of the links', ['cat', '/proc/net/dev']),
  ask('resolver', 'what names are looked up with', ['cat', '/etc/resolv.conf']),
  askSockets,
];

export type Link = {
  readonly name: string;
  readonly flags: readonly string[];
  readonly state: string;
  readonly addresses: readonly string[];
  readonly line: string;
};

/** `ip address show`. */
export function readLinks(text: string): Link[] {
  const links: (Link & { addresses: string[] })[] = [];
  for (const line of linesOf(text, 20_000)) {
    const head =
      /^[0-9]{1,9}: ([^\s:@]{1,64})(?:@[^\s:]{1,64})?: <([A-Z0-9_,-]{0,200})> (.{0,400})$/.exec(
        line,
      );
    if (head !== null) {
      const [, name = '', flags = '', rest = ''] = head;
      const state = / state ([A-Z]{1,20})(?: |$)/.exec(` ${rest}`)?.[1] ?? 'UNKNOWN';
      links.push({ name, flags: flags.split(','), state, addresses: [], line });
      continue;
    }
    const [, address] =
      /^ {4}inet6? ([0-9a-fA-F:.]{2,45})\/[0-9]{1,3} .{0,200}scope global/.exec(line) ?? [];
    if (address !== undefined) links.at(-1)?.addresses.push(address);
  }
  return links;
}

export type Socket = {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly program: string | null;
  readonly line: string;
};

/** `ss --no-header --numeric --listening --tcp --udp --processes`. */
export function readSockets(text: string): Socket[] {
  return linesOf(text, 10_000).flatMap((line) => {
    const [, protocol = '', address = '', port, rest = ''] =
      /^(tcp|udp) +[A-Z-]{1,12} +[0-9]{1,12} +[0-9]{1,12} +(\S{1,80}):([0-9]{1,5}) +\S{1,90}:[0-9*]{1,5}(.*)$/.exec(
        line.slice(0, 2_000),
      ) ?? [];
    if (port === undefined) return [];
    const program = /users:\(\("([^"]{1,64})"/.exec(rest)?.[1] ?? null;
    return [{ protocol, address, port: Number(port), program, line }];
  });
}

export function isEverywhere(address: string): boolean {
  return /^(?:0\.0\.0\.0|\*|\[::\])(?:%\S+)?$/.test(address);
}

/** Carried by something else: that they are down is nothing to mend. */
const CARRIED =
  /^(?:lo|docker|br-|virbr|veth|cni|podman|dummy|tun|tap|wg|vnet|flannel|cali|ifb|sit|gre|erspan|ip6?_vti|ip6tnl|tunl|bonding_masters)/;

export function readNetwork(heard: HeardByKey): Part {
  const notes = new Notes('network', askNetwork, heard);
  judgeLinks(notes);
  judgeRoutes(notes);
  judgeCounters(notes);
  const sockets = notes.said('sockets');
  const open = sockets === undefined ? undefined : readSockets(sockets.stdout);
  judgeResolver(notes, open);
  if (open !== undefined) {
    const hidden = open.filter(({ program }) => program === null).length;
    if (hidden > 0)
      notes.cut(
        `who holds ${plural(hidden, 'socket')} is not shown: without root the reader sees programs of its own account only`,
      );
    const everywhere = open.filter(({ address }) => isEverywhere(address));
    if (everywhere.length > 0)
      notes.find(
        'info',
        'listens-everywhere',
        `sockets listen on all addresses: ${[...new Set(everywhere.map(({ protocol, port }) => `${protocol} ${port}`))].slice(0, 24).join(', ')}`,
      );
    notes.section('sockets that wait for others', linesOf(sockets?.stdout ?? ''), 60);
  }
  return notes.part;
}

function judgeLinks(notes: Notes): void {
  const said = notes.said('addresses');
  if (said === undefined) return;
  const links = readLinks(said.stdout);
  if (links.length === 0) notes.unknown('links and addresses: no line of the answer is understood');
  else if (links.every(({ addresses }) => addresses.length === 0))
    notes.find(
      'warning',
      'no-address',
      'no link has an address that others can reach',
      links.map(({ name, state }) => `${name} ${state}`).join(', '),
    );
  for (const { name, flags, state, line } of links) {
    if (CARRIED.test(name) || !flags.includes('UP')) continue;
    if (state === 'DOWN' || flags.includes('NO-CARRIER'))
      notes.find(
        'warning',
        'link-down',
        `a link is switched on and has no carrier: ${named(name)}`,
        line,
      );
  }
  notes.section(
    'links',
    links.map(({ line }) => line),
    40,
  );
  notes.section(
    'addresses',
    links.flatMap(({ name, addresses }) => addresses.map((each) => `${name} ${each}`)),
    60,
  );
}

function judgeRoutes(notes: Notes): void {
  const four = notes.said('routes');
  const six = notes.maybe('routes6');
  if (four === undefined) return;
  const lines = linesOf(four.stdout);
  const has4 = lines.some((line) => line.startsWith('default '));
  // destination, its length, source, its length, next hop, …: a way out is ::/0 that is not lo's.
  const has6 = linesOf(six?.stdout ?? '').some((line) =>
    /^0{32} 00 0{32} 00 .{1,120}(?<! lo)$/.test(line),
  );
  if (!has4 && !has6)
    notes.find(
      'info',
      'no-default-route',
      'no default route: the host reaches only networks it is in itself',
    );
  notes.section('routes', lines, 40);
}

function judgeCounters(notes: Notes): void {
  const said = notes.said('counters');
  for (const line of linesOf(said?.stdout ?? '', 2_000)) {
    const [, name = '', rest = ''] = /^ *([^\s:]{1,64}): *([0-9 ]{1,400})$/.exec(line) ?? [];
    const numbers = rest.split(/ +/).map((each) => count(each) ?? 0);
    const [, received = 0, errors = 0, , , , , , , sent = 0, sendErrors = 0] = numbers;
    const bad = errors + sendErrors;
    if (name !== 'lo' && bad > 100 && bad > (received + sent) / 1_000)
      notes.find(
        'warning',
        'link-errors',
        `a link had ${bad} errors since it is up: ${named(name)}`,
        line.trim(),
      );
  }
}

function judgeResolver(notes: Notes, open: readonly Socket[] | undefined): void {
  const said = notes.said('resolver');
  if (said === undefined) return;
  const servers = linesOf(said.stdout, 500).flatMap(
    (line) => /^\s*nameserver\s+(\S{1,80})\s*$/.exec(line)?.[1] ?? [],
  );
  if (servers.length === 0)
    notes.find('warning', 'no-resolver', 'no server is named that names are looked up with');
  for (const server of servers) {
    if (!/^(?:127\.[0-9.]+|::1)$/.test(server) || open === undefined) continue;
    const isHeld = open.some(
      ({ address, port }) =>
        port === 53 &&
        (address.replace(/%.*$/, '').replaceAll(/[[\]]/g, '') === server || isEverywhere(address)),
    );
    if (!isHeld)
      notes.find(
        'critical',
        'resolver-gone',
        `names are looked up at ${named(server)}, where nothing listens on port 53`,
        `nameserver ${server}`,
      );
  }
  notes.section('name servers', servers, 8);
}
