/**
 * Sockets that wait for others, and who holds them.
 *
 * Listening TCP is all told. UDP has no listening state: a socket that is bound, not connected and
 * outside the range the kernel gives to clients is told; the rest are clients that come and go.
 */
import { readNames } from './accounts.ts';
import type { Collector, LookSession } from './look-session.ts';
import { inet4Text, inet6Text } from './network.ts';
import {
  Gathering,
  linesOf,
  numberOf,
  readText,
  readValue,
  rethrowEnd,
  wordsOf,
} from './reading.ts';

const KINDS = ['port'] as const;
const TABLE_BYTES = 6 * 1024 * 1024;
const TCP_LISTEN = '0A';
const UDP_UNCONNECTED = '07';

export const portsCollector: Collector = {
  name: 'ports',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    const sockets = await waitingSockets(session, seen);
    const owners = await ownersOf(session, new Set(sockets.map((socket) => socket.inode)));
    const names = await readNames(session);
    // The oldest holder first: sockets shared by address or by inheritance have one owner.
    const ordered = sockets
      .map((socket) => ({ socket, pid: owners.get(socket.inode) }))
      .sort((a, b) => (a.pid ?? Infinity) - (b.pid ?? Infinity) || a.socket.inode - b.socket.inode);
    for (const { socket, pid } of ordered) {
      const { protocol, address, port, uid } = socket;
      const key = `${protocol}/${address.includes(':') ? `[${address}]` : address}:${port}`;
      // Whose process may not be looked into is known to be unknown; that the port waits is not.
      const owner = pid === undefined ? { process: null } : await describe(session, pid);
      seen.add('port', key, { protocol, address, port, user: names.user(uid), pid, ...owner });
    }
    return seen.end(KINDS);
  },
};

export type Socket = {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly state: string;
  readonly isConnected: boolean;
  readonly uid: number;
  readonly inode: number;
};

async function waitingSockets(session: LookSession, seen: Gathering): Promise<Socket[]> {
  const range = (await readValue(session, '/proc/sys/net/ipv4/ip_local_port_range')) ?? '';
  const [low = 32_768, high = 60_999] = wordsOf(range).map(Number);
  const sockets: Socket[] = [];
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6'] as const) {
    const text = await readText(session, `/proc/net/${table}`, TABLE_BYTES);
    if (text === undefined) {
      if (table === 'tcp' || table === 'udp') seen.short('port', `no /proc/net/${table}`);
      continue;
    }
    const protocol = table.startsWith('tcp') ? 'tcp' : 'udp';
    for (const socket of parseSockets(text, protocol)) {
      const waits =
        protocol === 'tcp'
          ? socket.state === TCP_LISTEN
          : socket.state === UDP_UNCONNECTED &&
            !socket.isConnected &&
            (socket.port < low || socket.port > high);
      if (waits) sockets.push(socket);
    }
  }
  return sockets;
}

/** Lines of /proc/net/{tcp,tcp6,udp,udp6}. */
export function parseSockets(text: string, protocol: 'tcp' | 'udp'): Socket[] {
  return linesOf(text)
    .slice(1)
    .flatMap((line) => {
      const [, local = '', remote = '', state = '', , , , uid, , inode] = wordsOf(line);
      const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local);
      const ids = [numberOf(uid), numberOf(inode)];
      if (match?.[1] === undefined || match[2] === undefined) return [];
      if (ids[0] === undefined || ids[1] === undefined || !/^[0-9A-F]{2}$/.test(state)) return [];
      return [
        {
          protocol,
          address: addressText(match[1]),
          port: Number.parseInt(match[2], 16),
          state,
          isConnected: !/^0+:0000$/.test(remote),
          uid: ids[0],
          inode: ids[1],
        },
      ];
    });
}

/** IPv6 stands as four words, each in the byte order of the machine. */
function addressText(hex: string): string {
  if (hex.length === 8) return inet4Text(hex) ?? hex;
  const words = hex.toLowerCase().match(/.{8}/g) ?? [];
  return inet6Text(words.map((word) => word.match(/../g)?.reverse().join('') ?? '').join(''));
}

/** The lowest process id that holds each inode, of the processes that may be looked into. */
async function ownersOf(
  session: LookSession,
  inodes: ReadonlySet<number>,
): Promise<ReadonlyMap<number, number>> {
  const pids = new Map<number, number>();
  const processes = ((await session.files.list('/proc')) ?? [])
    .filter((name) => /^\d{1,10}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  for (const pid of processes) {
    if (pids.size >= inodes.size) break;
    try {
      for (const fd of (await session.files.list(`/proc/${pid}/fd`)) ?? []) {
        const link = await session.files.readLink(`/proc/${pid}/fd/${fd}`);
        const inode = numberOf(/^socket:\[(\d+)\]$/.exec(link ?? '')?.[1]);
        if (inode !== undefined && inodes.has(inode) && !pids.has(inode)) pids.set(inode, pid);
      }
    } catch (error) {
      rethrowEnd(error);
    }
  }
  return pids;
}

async function describe(
  session: LookSession,
  pid: number,
): Promise<{ process?: string; exe?: string; exeReplaced?: boolean; unit?: string }> {
  const link = await session.files.readLink(`/proc/${pid}/exe`).catch(rethrowEnd);
  const exe = link?.replace(/ \(deleted\)$/, '');
  // The program's own name: threads and workers rename what /proc calls the command.
  const process = exe?.split('/').at(-1) ?? (await readValue(session, `/proc/${pid}/comm`));
  const unit = unitOf((await readText(session, `/proc/${pid}/cgroup`).catch(rethrowEnd)) ?? '');
  return {
    ...(process === undefined ? {} : { process }),
    ...(exe === undefined || link === undefined ? {} : { exe, exeReplaced: exe !== link }),
    ...(unit === undefined ? {} : { unit }),
  };
}

/** The systemd service in a process' control group. Scopes of sessions and containers have random names. */
export function unitOf(cgroup: string): string | undefined {
  for (const line of linesOf(cgroup)) {
    const [, controllers, path = ''] = line.split(':');
    if (controllers !== '' && controllers !== 'name=systemd') continue;
    const unit = path.split('/').findLast((part) => part.endsWith('.service'));
    if (unit !== undefined && !/^user@\d+\.service$/.test(unit)) return unit;
  }
  return undefined;
}
