/** Rows of osquery, all of them text, as facts of the kinds of every host. */
import type { Json } from '#base/json';
import { isPassingMount } from '../../storage.ts';
import type { gatheringOf } from '../report.ts';
import type { QueryName } from './queries.ts';

/** By column. Values are text; numbers of osquery's `numerics` mode are made text when they are read. */
export type Row = ReadonlyMap<string, string>;
/** What was answered; a query that was not, or not wholly, is not in it. */
export type Answers = ReadonlyMap<QueryName, readonly Row[]>;

export const OSQUERY_KINDS = [
  'host',
  'package',
  'user',
  'group',
  'port',
  'mount',
  'filesystem',
  'interface',
  'service',
  'timer',
  'unit',
] as const;
type Kind = (typeof OSQUERY_KINDS)[number];

type Seen = ReturnType<typeof gatheringOf>;
type Tell = (answers: Answers, seen: Seen) => void;

const MIB = 1024 * 1024;
const IN_MEMORY = /^(?:tmpfs|devtmpfs|ramfs|squashfs|overlay|efivarfs)$/;
const NO_MAC = '00:00:00:00:00:00';
const PROTOCOLS: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp' };
const FAMILIES: Readonly<Record<string, 'plain' | 'bracketed'>> = {
  '2': 'plain',
  '10': 'bracketed',
};

const TELLS: readonly {
  readonly kinds: readonly Kind[];
  /** All of these were answered. */
  readonly rests: readonly QueryName[];
  readonly tell: Tell;
}[] = [
  { kinds: ['host'], rests: ['system', 'os', 'kernel'], tell: tellHost },
  { kinds: ['package'], rests: [], tell: tellPackages },
  { kinds: ['user'], rests: ['users'], tell: tellUsers },
  { kinds: ['group'], rests: ['groups'], tell: tellGroups },
  { kinds: ['port'], rests: ['ports', 'processes'], tell: tellPorts },
  { kinds: ['mount', 'filesystem'], rests: ['mounts'], tell: tellMounts },
  { kinds: ['interface'], rests: ['interfaces'], tell: tellInterfaces },
  { kinds: ['service', 'timer', 'unit'], rests: ['units'], tell: tellUnits },
];

export function tellAnswers(answers: Answers, seen: Seen): void {
  for (const { kinds, rests, tell } of TELLS) {
    tell(answers, seen);
    const missing = rests.filter((name) => !answers.has(name));
    if (missing.length === 0) continue;
    for (const kind of kinds) seen.short(kind, `not answered: ${missing.join(', ')}`);
  }
}

function tellHost(answers: Answers, seen: Seen): void {
  const [system, os, kernel] = [
    only(answers, 'system'),
    only(answers, 'os'),
    only(answers, 'kernel'),
  ];
  // Each is one row; another number of them is no answer.
  if (system === undefined || os === undefined || kernel === undefined)
    seen.short('host', 'a table that has one row has another number of them');
  const memory = numberOf(system, 'physical_memory');
  seen.addSelf({
    hostname: textOf(system, 'hostname'),
    'cpu.model': textOf(system, 'cpu_brand'),
    'cpu.count': numberOf(system, 'cpu_logical_cores'),
    'memory.totalBytes': memory === undefined ? undefined : Math.floor(memory / MIB) * MIB,
    'os.id': textOf(os, 'platform'),
    'os.name': textOf(os, 'name'),
    'os.version': textOf(os, 'version'),
    'os.codename': textOf(os, 'codename'),
    architecture: textOf(os, 'arch'),
    'kernel.release': textOf(kernel, 'version'),
    'kernel.commandLine': textOf(kernel, 'arguments'),
  });
}

function tellPackages(answers: Answers, seen: Seen): void {
  const deb = answers.get('deb') ?? [];
  const rpm = answers.get('rpm') ?? [];
  // A machine without any package is none that was looked at.
  if (deb.length === 0 && rpm.length === 0) seen.short('package', 'no package was told');
  const tell = (row: Row, native: string | undefined, version: string, more: Attributes): void => {
    const name = need(row, 'name', 'package', seen);
    if (name === undefined) return;
    const arch = textOf(row, 'arch');
    const isForeign = arch !== undefined && arch !== native && arch !== 'all' && arch !== 'noarch';
    seen.add('package', isForeign ? `${name}:${arch}` : name, {
      version,
      architecture: arch,
      ...more,
    });
  };
  const nativeOfDeb = commonest(deb);
  for (const row of deb) {
    const [want, , state] = (textOf(row, 'status') ?? 'install ok installed').split(' ');
    if (state === 'config-files' || state === 'not-installed') continue;
    const more = { state: state ?? 'installed', held: want === 'hold', manager: 'dpkg' };
    tell(row, nativeOfDeb, textOf(row, 'version') ?? 'unknown', more);
  }
  const nativeOfRpm = commonest(rpm);
  for (const row of rpm) {
    const epoch = textOf(row, 'epoch') ?? '0';
    const version = `${epoch}:${textOf(row, 'version') ?? ''}-${textOf(row, 'release') ?? ''}`;
    tell(row, nativeOfRpm, version, { state: 'installed', manager: 'rpm' });
  }
}

function tellUsers(answers: Answers, seen: Seen): void {
  for (const row of answers.get('users') ?? []) {
    const name = need(row, 'username', 'user', seen);
    if (name === undefined) continue;
    seen.add('user', name, {
      uid: numberOf(row, 'uid'),
      gid: numberOf(row, 'gid'),
      name: row.get('description'),
      home: row.get('directory'),
      shell: row.get('shell'),
    });
  }
}

function tellGroups(answers: Answers, seen: Seen): void {
  for (const row of answers.get('groups') ?? []) {
    const name = need(row, 'groupname', 'group', seen);
    if (name !== undefined) seen.add('group', name, { gid: numberOf(row, 'gid') });
  }
}

function tellPorts(answers: Answers, seen: Seen): void {
  const programs = new Map<string, Row>();
  for (const row of answers.get('processes') ?? []) programs.set(row.get('pid') ?? '', row);
  for (const row of answers.get('ports') ?? []) {
    const family = FAMILIES[row.get('family') ?? ''];
    const protocol = PROTOCOLS[row.get('protocol') ?? ''];
    const port = numberOf(row, 'port');
    if (family === undefined || protocol === undefined || port === 0) continue;
    const address = need(row, 'address', 'port', seen);
    if (address === undefined || port === undefined) continue;
    const program = programs.get(row.get('pid') ?? '');
    seen.add('port', `${protocol}/${family === 'plain' ? address : `[${address}]`}:${port}`, {
      protocol,
      address,
      port,
      process: textOf(program, 'name'),
      exe: textOf(program, 'path'),
      pid: program === undefined ? undefined : numberOf(program, 'pid'),
    });
  }
}

function tellMounts(answers: Answers, seen: Seen): void {
  for (const row of answers.get('mounts') ?? []) {
    const path = need(row, 'path', 'mount', seen);
    const type = textOf(row, 'type') ?? '';
    if (path === undefined || isPassingMount(path, type)) continue;
    seen.add('mount', path, {
      source: textOf(row, 'device'),
      type: textOf(row, 'type'),
      options: textOf(row, 'flags')?.split(',').toSorted(),
    });
    const block = numberOf(row, 'blocks_size');
    const [all, free] = [numberOf(row, 'blocks'), numberOf(row, 'blocks_free')];
    const left = numberOf(row, 'blocks_available');
    if (block === undefined || all === undefined || all === 0 || IN_MEMORY.test(type)) continue;
    seen.add('filesystem', path, {
      type: textOf(row, 'type'),
      sizeBytes: whole(all * block),
      usedBytes: free === undefined ? undefined : whole((all - free) * block),
      availableBytes: left === undefined ? undefined : whole(left * block),
    });
  }
}

function tellInterfaces(answers: Answers, seen: Seen): void {
  for (const row of answers.get('interfaces') ?? []) {
    const name = need(row, 'interface', 'interface', seen);
    if (name === undefined) continue;
    const mac = textOf(row, 'mac');
    // Whether it belongs to a device is not told, and those of virtual ones are often random.
    seen.add('interface', name, {
      macVirtual: mac === NO_MAC ? undefined : mac,
      mtu: numberOf(row, 'mtu'),
    });
  }
}

const UNITS: Readonly<Record<string, Kind>> = {
  service: 'service',
  timer: 'timer',
  socket: 'unit',
  path: 'unit',
};

function tellUnits(answers: Answers, seen: Seen): void {
  const rows = answers.get('units');
  if (rows?.length === 0)
    for (const kind of ['service', 'timer', 'unit']) seen.short(kind, 'no unit was told');
  for (const row of rows ?? []) {
    const name = textOf(row, 'id');
    const kind = UNITS[/\.([a-z]+)$/.exec(name ?? '')?.[1] ?? ''];
    if (name === undefined || kind === undefined) continue;
    const state = textOf(row, 'active_state');
    seen.add(kind, name, {
      'state.current': state,
      'state.failed': state === undefined ? undefined : state === 'failed',
      path: textOf(row, 'fragment_path'),
      ...(kind === 'service'
        ? {
            'state.load': textOf(row, 'load_state'),
            'state.sub': textOf(row, 'sub_state'),
            user: textOf(row, 'user'),
          }
        : {}),
    });
  }
}

type Attributes = Readonly<Record<string, Json | undefined>>;

function only(answers: Answers, name: QueryName): Row | undefined {
  const rows = answers.get(name);
  return rows?.length === 1 ? rows[0] : undefined;
}

/** What names the entity; without it a row is none, and its kind not complete. */
function need(row: Row, column: string, kind: Kind, seen: Seen): string | undefined {
  const text = textOf(row, column);
  if (text === undefined) seen.short(kind, 'a row was not understood');
  return text;
}

function textOf(row: Row | undefined, column: string): string | undefined {
  const text = row?.get(column);
  return text === undefined || text === '' ? undefined : text;
}

function numberOf(row: Row | undefined, column: string): number | undefined {
  const text = row?.get(column);
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function whole(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Architecture of most packages: the machine's own. */
function commonest(rows: readonly Row[]): string | undefined {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const arch = row.get('arch') ?? '';
    if (arch !== 'all' && arch !== 'noarch') counts.set(arch, (counts.get(arch) ?? 0) + 1);
  }
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}
