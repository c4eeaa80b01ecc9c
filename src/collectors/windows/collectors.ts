/** What a Windows host answered, as facts of the same kinds as a Linux host's, where a kind means the same there. */
import type { Json } from '#base/json';
import { formatInstant, tryParseInstant } from '#base/time';
import type { Collector } from '../look-session.ts';
import { Gathering } from '../reading.ts';
import { flagOf, numberOf, type Row, textOf, textsOf, type WindowsAnswer } from './answer.ts';

const MIB = 1024 * 1024;
/** `ERROR_SERVICE_NEVER_STARTED`. */
const NEVER_STARTED = 1_077;

type Attributes = Readonly<Record<string, Json | undefined>>;
type Told = { readonly key: string; readonly attributes: Attributes };
type Refs = (kind: string, key: string) => Json;
/** `undefined`: the row cannot be what it should be. `'passing'`: it is no fact. */
type Reading = (row: Row, refs: Refs) => Told | undefined | 'passing';
type Part = { readonly part: string; readonly kind: string; readonly read: Reading };

/** One collector per part of the answer or group of parts that share a kind. */
export function windowsCollectors(answer: WindowsAnswer): readonly Collector[] {
  const clients = clientPorts(answer);
  const groups: Readonly<Record<string, readonly Part[]>> = {
    system: [{ part: 'os', kind: 'host', read: host }],
    services: [{ part: 'services', kind: 'service', read: service }],
    packages: [
      { part: 'hotfixes', kind: 'package', read: hotfix },
      { part: 'programs', kind: 'package', read: program },
    ],
    accounts: [
      { part: 'users', kind: 'user', read: user },
      { part: 'groups', kind: 'group', read: group },
    ],
    ports: [{ part: 'ports', kind: 'port', read: (row) => port(row, clients) }],
    storage: [
      { part: 'volumes', kind: 'filesystem', read: volume },
      { part: 'disks', kind: 'block_device', read: disk },
    ],
    network: [
      { part: 'adapters', kind: 'interface', read: adapter },
      { part: 'addresses', kind: 'address', read: address },
      { part: 'routes', kind: 'route', read: route },
    ],
    tasks: [{ part: 'tasks', kind: 'cron_job', read: task }],
    'time-sync': [{ part: 'time', kind: 'time_sync', read: time }],
  };
  return Object.entries(groups).map(([name, parts]) => collectorOf(name, parts, answer));
}

function collectorOf(name: string, parts: readonly Part[], answer: WindowsAnswer): Collector {
  const kinds = [...new Set(parts.map(({ kind }) => kind))];
  return {
    name,
    kinds,
    look: async (session) => {
      const seen = new Gathering(session);
      for (const { part, kind, read } of parts) {
        const rows = answer.part(part);
        if ('missing' in rows) {
          seen.short(kind, rows.missing);
          continue;
        }
        for (const row of rows) {
          const told = read(row, (of, key) => seen.ref(of, key));
          if (told === 'passing') continue;
          if (told === undefined) seen.short(kind, `${part}: a row was not understood`);
          else if (kind === 'host') seen.addSelf(told.attributes);
          else seen.add(kind, told.key, told.attributes);
        }
      }
      return seen.end(kinds);
    },
  };
}

function timeOf(row: Row, name: string): string | undefined {
  const instant = tryParseInstant(textOf(row, name) ?? '');
  return instant === undefined ? undefined : formatInstant(instant);
}

function host(row: Row): Told | undefined {
  const name = textOf(row, 'caption');
  const memory = numberOf(row, 'memoryKiB');
  const free = numberOf(row, 'freeKiB');
  if (name === undefined) return undefined;
  return {
    key: '',
    attributes: {
      'os.id': 'windows',
      'os.name': name,
      'os.version': textOf(row, 'version'),
      'kernel.release': textOf(row, 'version'),
      'kernel.version': textOf(row, 'build'),
      architecture: textOf(row, 'architecture'),
      hostname: textOf(row, 'name'),
      timezone: textOf(row, 'timezone'),
      'cpu.count': numberOf(row, 'processors'),
      'memory.totalBytes':
        memory === undefined ? undefined : Math.floor((memory * 1024) / MIB) * MIB,
      'memory.availableBytes': free === undefined ? undefined : free * 1024,
      'boot.at': timeOf(row, 'bootedAt'),
      'processes.count': numberOf(row, 'processes'),
    },
  };
}

const STARTS: Readonly<Record<string, string>> = {
  Auto: 'enabled',
  Manual: 'manual',
  Disabled: 'disabled',
  Boot: 'enabled',
  System: 'enabled',
};

function service(row: Row): Told | undefined {
  const key = textOf(row, 'name');
  const state = textOf(row, 'state');
  const start = textOf(row, 'start');
  if (key === undefined || state === undefined || start === undefined) return undefined;
  const isRunning = state === 'Running';
  const exit = numberOf(row, 'exit');
  const current = isRunning ? 'active' : state === 'Stopped' ? 'inactive' : state.toLowerCase();
  return {
    key,
    attributes: {
      // Others are started by people, triggers and each other, and come and go.
      'state.active': start === 'Auto' ? current : undefined,
      'state.enabled': STARTS[start] ?? start.toLowerCase(),
      'state.failed':
        exit === undefined ? undefined : !isRunning && exit !== 0 && exit !== NEVER_STARTED,
      'state.current': current,
      description: textOf(row, 'title'),
      user: textOf(row, 'account'),
      path: textOf(row, 'path'),
    },
  };
}

function hotfix(row: Row): Told | undefined {
  const key = textOf(row, 'id');
  if (key === undefined) return undefined;
  return {
    key,
    attributes: {
      version: key,
      architecture: 'unknown',
      state: 'installed',
      held: false,
      manager: 'windows-update',
    },
  };
}

function program(row: Row): Told | undefined {
  const name = textOf(row, 'name');
  if (name === undefined) return undefined;
  const architecture = textOf(row, 'architecture') ?? 'unknown';
  return {
    key: architecture === 'native' ? name : `${name}:${architecture}`,
    attributes: {
      version: textOf(row, 'version') ?? 'unknown',
      architecture,
      state: 'installed',
      held: false,
      manager: 'windows',
    },
  };
}

function user(row: Row): Told | undefined {
  const key = textOf(row, 'name');
  const isEnabled = flagOf(row, 'enabled');
  if (key === undefined || isEnabled === undefined) return undefined;
  return {
    key,
    attributes: {
      sid: textOf(row, 'sid'),
      name: textOf(row, 'title') ?? '',
      enabled: isEnabled,
      // Whether an enabled account has a password is not told by Windows, only whether it must.
      'password.state': isEnabled ? undefined : 'locked',
      'password.required': flagOf(row, 'passwordRequired'),
      'password.changedOn': timeOf(row, 'changedAt')?.slice(0, 10),
      expiresOn: timeOf(row, 'expiresAt')?.slice(0, 10),
    },
  };
}

function group(row: Row): Told | undefined {
  const key = textOf(row, 'name');
  if (key === undefined) return undefined;
  return { key, attributes: { sid: textOf(row, 'sid'), members: textsOf(row, 'members') } };
}

type Range = { readonly first: number; readonly last: number };

/** Ports that the system gives to clients; without an answer, the default since Windows Vista. */
function clientPorts(answer: WindowsAnswer): Range {
  const rows = answer.part('clients');
  const row = 'missing' in rows ? undefined : rows[0];
  const first = row === undefined ? undefined : numberOf(row, 'first');
  const count = row === undefined ? undefined : numberOf(row, 'count');
  if (first === undefined || count === undefined) return { first: 49_152, last: 65_535 };
  return { first, last: first + count - 1 };
}

function port(row: Row, clients: Range): Told | undefined | 'passing' {
  const protocol = textOf(row, 'protocol');
  const at = textOf(row, 'address');
  const number = numberOf(row, 'port');
  if (at === undefined || number === undefined || number < 0 || number > 65_535) return undefined;
  if (protocol !== 'tcp' && protocol !== 'udp') return undefined;
  if (protocol === 'udp' && number >= clients.first && number <= clients.last) return 'passing';
  return {
    key: `${protocol}/${at.includes(':') ? `[${at}]` : at}:${number}`,
    attributes: {
      protocol,
      address: at,
      port: number,
      process: textOf(row, 'process') ?? null,
      pid: numberOf(row, 'pid'),
    },
  };
}

function volume(row: Row): Told | undefined {
  const key = textOf(row, 'name');
  const size = numberOf(row, 'size');
  const free = numberOf(row, 'free');
  if (key === undefined) return undefined;
  const isKnown = size !== undefined && free !== undefined;
  return {
    key,
    attributes: {
      type: textOf(row, 'type'),
      sizeBytes: size,
      usedBytes: isKnown ? size - free : undefined,
      availableBytes: free,
    },
  };
}

function disk(row: Row): Told | undefined {
  const index = numberOf(row, 'index');
  if (index === undefined) return undefined;
  return {
    key: `disk${index}`,
    attributes: {
      type: 'disk',
      sizeBytes: numberOf(row, 'size'),
      model: textOf(row, 'model'),
      removable: /removable/i.test(textOf(row, 'media') ?? ''),
    },
  };
}

function adapter(row: Row): Told | undefined {
  const key = textOf(row, 'name');
  if (key === undefined) return undefined;
  const state = textOf(row, 'state');
  const isVirtual = flagOf(row, 'virtual') === true;
  const mac = textOf(row, 'mac')?.replaceAll('-', ':').toLowerCase();
  return {
    key,
    attributes: {
      type: 'ethernet',
      [isVirtual ? 'macVirtual' : 'mac']: mac,
      mtu: numberOf(row, 'mtu'),
      enabled: state !== 'Disabled',
      state: state?.toLowerCase(),
    },
  };
}

function address(row: Row, refs: Refs): Told | undefined | 'passing' {
  const at = textOf(row, 'address');
  const on = textOf(row, 'interface');
  const prefix = numberOf(row, 'prefix');
  if (at === undefined || on === undefined || prefix === undefined) return undefined;
  // Privacy addresses are replaced every day.
  if (textOf(row, 'suffix') === 'Random') return 'passing';
  const plain = at.replace(/%.*$/, '');
  return {
    key: `${on}/${plain}`,
    attributes: {
      family: at.includes(':') ? 'inet6' : 'inet',
      prefix,
      scope: scopeOf(plain),
      interface: refs('interface', on),
      dynamic: ['Dhcp', 'RouterAdvertisement'].includes(textOf(row, 'origin') ?? ''),
    },
  };
}

function scopeOf(at: string): string {
  if (at === '::1' || at.startsWith('127.')) return 'host';
  return at.startsWith('169.254.') || /^fe[89ab]/i.test(at) ? 'link' : 'global';
}

function route(row: Row, refs: Refs): Told | undefined | 'passing' {
  const to = textOf(row, 'destination');
  const on = textOf(row, 'interface');
  if (to === undefined || on === undefined) return undefined;
  // Windows keeps a route to each of its own addresses, to broadcast and to multicast.
  if (/^(224\.|255\.|127\.|ff00:)|\/(32|128)$/i.test(to)) return 'passing';
  const gateway = textOf(row, 'gateway');
  return {
    key: `${to} dev ${on}`,
    attributes: {
      gateway: gateway === '0.0.0.0' || gateway === '::' ? undefined : gateway,
      metric: numberOf(row, 'metric'),
      interface: refs('interface', on),
    },
  };
}

function task(row: Row): Told | undefined {
  const name = textOf(row, 'name');
  const folder = textOf(row, 'path');
  if (name === undefined || folder === undefined) return undefined;
  const triggers = textsOf(row, 'triggers').map((each) => each.replace(/^MSFT_Task/, ''));
  return {
    key: `${folder}${name}`,
    attributes: {
      schedule: triggers.join(', '),
      command: textsOf(row, 'actions').join('; '),
      user: textOf(row, 'account'),
      file: `${folder}${name}`,
      enabled: textOf(row, 'state') !== 'Disabled',
    },
  };
}

function time(row: Row): Told | undefined {
  const type = textOf(row, 'type');
  if (type === undefined) return undefined;
  const isEnabled = type !== 'NoSync' && textOf(row, 'state') === 'Running';
  return {
    key: 'system',
    attributes: {
      provider: isEnabled ? 'w32time' : 'none',
      enabled: isEnabled,
      // Of a member of a domain it is the domain that says whom it follows.
      reference: type === 'NTP' ? textOf(row, 'servers')?.split(',')[0] : type,
    },
  };
}
