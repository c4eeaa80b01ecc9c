/**
 * The narrow power a collector holds: read files of the machine and ask a fixed list of programs
 * that only read. Nothing in it can change the machine, and nothing outside the list is started.
 */
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Clock, MachineFiles, ProgramResult, Programs } from '#base/ports';
import { entityFor } from './entity-name.ts';

export type LookFact = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
};

export type LookShortfall = {
  readonly kind: string;
  readonly status: 'partial';
  readonly reason: string;
};

/** What a collector saw. A kind is in `complete` only when all of it is in `facts`. */
export type Look = {
  readonly facts: readonly LookFact[];
  readonly complete: readonly string[];
  readonly shortfalls: readonly LookShortfall[];
};

export type LookSession = {
  readonly files: MachineFiles;
  /** Refuses every argv that is not in the list of reading programs. */
  readonly programs: { run(argv: readonly [string, ...string[]]): Promise<ProgramResult> };
  readonly clock: Clock;
  /** Aborted when the collector's time is over; what it returns after that is dropped. */
  readonly signal: AbortSignal;
  /** The entity of `kind` with `key` on this target; any text is made into a valid key. */
  entity(kind: string, key: string): string;
  /** The target's own entity. */
  readonly self: string;
};

export type Collector = {
  readonly name: string;
  /** No two collectors share a kind, because completeness is told per kind. */
  readonly kinds: readonly string[];
  readonly timeoutMs?: number;
  look(session: LookSession): Promise<Look>;
};

export type Machine = {
  readonly files: MachineFiles;
  readonly programs: Programs;
  readonly clock: Clock;
};

/** What a collector may spend. */
export type LookBudget = { readonly timeoutMs: number; readonly bytes: number };

const UNIT_NAME = /^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,254}$/;

/** Programs that only read, by their exact argv; `units` allows names of units behind it. */
const READING_PROGRAMS: readonly { readonly argv: readonly string[]; readonly units?: true }[] = [
  { argv: ['systemctl', 'list-unit-files', '--output=json', '--no-pager'] },
  { argv: ['systemctl', 'list-unit-files', '--no-legend', '--no-pager', '--full'] },
  { argv: ['systemctl', 'list-units', '--all', '--output=json', '--no-pager'] },
  { argv: ['systemctl', 'list-units', '--all', '--no-legend', '--no-pager', '--full', '--plain'] },
  { argv: unitProperties(), units: true },
  { argv: ['dpkg-query', '-W', '-f=${Package}\\t${Version}\\t${Architecture}\\t${Status}\\n'] },
  { argv: ['rpm', '-qa', '--qf', '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{ARCH}\\n'] },
  { argv: ['/usr/sbin/sshd', '-T'] },
  { argv: ['docker', 'ps', '--all', '--no-trunc', '--format', '{{json .}}'] },
  { argv: ['podman', 'ps', '--all', '--no-trunc', '--format', 'json'] },
  {
    argv: [
      'df',
      '--local',
      '--block-size=1',
      '--output=fstype,size,used,avail,itotal,iused,target',
    ],
  },
  { argv: ['ip', '-json', 'address', 'show'] },
  { argv: ['timedatectl', 'show', '--no-pager'] },
  { argv: ['chronyc', '-c', '-n', 'tracking'] },
];

export function unitProperties(): readonly string[] {
  const properties =
    'Id,Type,LoadState,ActiveState,SubState,UnitFileState,Description,FragmentPath,DropInPaths,Transient,' +
    'TriggeredBy,Triggers,User,NRestarts,StateChangeTimestamp,TimersCalendar,TimersMonotonic,' +
    'NextElapseUSecRealtime,LastTriggerUSec,NeedDaemonReload';
  return ['systemctl', 'show', '--no-pager', `--property=${properties}`, '--'];
}

/** Plain words, times in UTC, no pager and nothing inherited. */
const READING_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
  SYSTEMD_PAGER: 'cat',
  SYSTEMD_COLORS: '0',
  LESSSECURE: '1',
} as const;

function isReading(argv: readonly string[]): boolean {
  return READING_PROGRAMS.some((program) => {
    const { argv: known, units } = program;
    if (!known.every((word, i) => argv[i] === word)) return false;
    const rest = argv.slice(known.length);
    return units === true
      ? rest.length > 0 && rest.every((name) => UNIT_NAME.test(name))
      : rest.length === 0;
  });
}

export function isUnitName(text: string): boolean {
  return UNIT_NAME.test(text);
}

/** A session of one collector: everything it reads counts against `budget`, until `signal` aborts. */
export function lookSession(
  machine: Machine,
  target: string,
  budget: LookBudget,
  signal: AbortSignal,
): LookSession {
  const { files, clock } = machine;
  const ends = clock.monotonicMs() + budget.timeoutMs;
  let left = budget.bytes;
  const open = (): void => {
    if (signal.aborted) throw new Fault('unavailable', 'look-ended', 'the look is over');
  };
  const spend = <T extends Uint8Array | undefined>(bytes: T): T => {
    left -= bytes?.length ?? 0;
    if (left < 0) {
      throw new Fault('refused', 'look-too-much', `read more than ${budget.bytes} bytes`);
    }
    return bytes;
  };
  return {
    clock,
    signal,
    self: target,
    entity: (kind, key) => entityFor(target, kind, key),
    files: {
      read: async (path, maxBytes) => {
        open();
        return spend(await files.read(path, maxBytes));
      },
      list: async (directory) => {
        open();
        return files.list(directory);
      },
      stat: async (path) => {
        open();
        return files.stat(path);
      },
      readLink: async (path) => {
        open();
        return files.readLink(path);
      },
      sha256: async (path, maxBytes) => {
        open();
        return files.sha256(path, maxBytes);
      },
    },
    programs: {
      run: async (argv) => {
        open();
        if (!isReading(argv)) {
          throw new Fault(
            'refused',
            'look-refused',
            `not a program that a look may start: ${argv[0]}`,
          );
        }
        const timeoutMs = Math.max(1, Math.floor(ends - clock.monotonicMs()));
        const result = await machine.programs.run({
          argv,
          timeoutMs,
          maxBytes: Math.max(1, left),
          env: READING_ENVIRONMENT,
        });
        spend(result.stdout);
        return result;
      },
    },
  };
}
