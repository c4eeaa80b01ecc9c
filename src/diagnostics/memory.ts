/** Memory and load: what is left, what is swapped, what waits, what the kernel killed. */
import { ask, BLIND, isBlind, journalLines, Notes } from './hearing.ts';
import type { Ask, HeardByKey, Part } from './report.ts';
import { bytes, count, linesOf } from './words.ts';

export const askMemory: readonly Ask[] = [
  ask('meminfo', 'memory and swap', ['cat', '/proc/meminfo']),
  ask('load', 'load', ['cat', '/proc/loadavg']),
  ask('cores', 'number of processors', ['nproc']),
  ask('pressure', 'pressure', [
    'grep',
    '-H',
    'avg',
    '/proc/pressure/cpu',
    '/proc/pressure/memory',
    '/proc/pressure/io',
  ]),
  ask('kills', 'programs that the kernel killed for memory in the last day', [
    'journalctl',
    '--no-pager',
    '--dmesg',
    '--output=short-iso',
    '--since=-24h',
    '--lines=50',
    '--grep=Out of memory: Killed|oom-kill:|Memory cgroup out of memory',
  ]),
  ask('programs', 'the programs that hold most memory', [
    'ps',
    '-A',
    '-o',
    'pid,user,pcpu,rss,etime,comm',
    '--sort=-rss',
  ]),
];

/** `/proc/meminfo` in bytes. */
export function readMeminfo(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of linesOf(text, 200)) {
    const [, name, kib] = /^([A-Za-z0-9_()]{1,40}): +([0-9]{1,15}) kB$/.exec(line) ?? [];
    if (name !== undefined && kib !== undefined && !found.has(name))
      found.set(name, Number(kib) * 1024);
  }
  return found;
}

type Pressure = {
  readonly of: string;
  readonly kind: string;
  readonly avg60: number;
  readonly line: string;
};

export function readPressure(text: string): Pressure[] {
  return linesOf(text, 20).flatMap((line) => {
    const [, of, kind, avg60] =
      /^\/proc\/pressure\/(cpu|memory|io):(some|full) avg10=[0-9.]{1,9} avg60=([0-9]{1,3}\.[0-9]{1,3}) /.exec(
        line,
      ) ?? [];
    return of === undefined || kind === undefined ? [] : [{ of, kind, avg60: Number(avg60), line }];
  });
}

/** Percent of a minute in which work waited, from where on it looks wrong. */
const WAITS: Readonly<Record<string, readonly [number, string]>> = {
  'memory full': [10, 'everything waited for memory'],
  'io full': [40, 'everything waited for disks'],
};

export function readMemory(heard: HeardByKey): Part {
  const notes = new Notes('memory', askMemory, heard);
  const meminfo = notes.said('meminfo');
  if (meminfo !== undefined) judgeMemory(notes, readMeminfo(meminfo.stdout));
  judgeLoad(notes);
  const pressure = notes.maybe('pressure');
  for (const { of, kind, avg60, line } of readPressure(pressure?.stdout ?? '')) {
    const [limit, what] = WAITS[`${of} ${kind}`] ?? [];
    if (limit !== undefined && avg60 >= limit)
      notes.find('warning', `pressure-${of}`, `in ${avg60} % of the last minute ${what}`, line);
  }
  if (pressure === undefined)
    notes.state('pressure: this kernel does not tell it, or the reader may not see it');
  const kills = notes.said('kills', [0, 1]);
  if (kills !== undefined) {
    const lines = journalLines(kills.stdout);
    if (isBlind(kills)) notes.unknown(`programs that the kernel killed for memory: ${BLIND}`);
    if (lines.length > 0)
      notes.find(
        'critical',
        'killed-for-memory',
        `the kernel killed programs for want of memory in the last day: ${lines.length >= 50 ? 'at least ' : ''}${lines.length} lines tell of it`,
        lines.at(-1) ?? null,
      );
  }
  notes.section(
    'programs that hold most memory (rss in KiB)',
    linesOf(notes.said('programs')?.stdout ?? '').slice(0, 9),
    9,
  );
  return notes.part;
}

function judgeMemory(notes: Notes, info: ReadonlyMap<string, number>): void {
  const total = info.get('MemTotal');
  const available = info.get('MemAvailable');
  if (total === undefined || available === undefined || total === 0) {
    notes.unknown('memory and swap: the answer is not understood');
    return;
  }
  const left = Math.floor((available / total) * 100);
  const line = `MemTotal: ${total / 1024} kB, MemAvailable: ${available / 1024} kB`;
  if (left < 10)
    notes.find(
      left < 5 ? 'critical' : 'warning',
      'memory-short',
      `${left} % of the memory can still be used, ${bytes(available)} of ${bytes(total)}`,
      line,
    );
  const swap = info.get('SwapTotal') ?? 0;
  const used = swap - (info.get('SwapFree') ?? swap);
  if (swap > 0 && used / swap >= 0.5)
    notes.find(
      left < 20 || used / swap >= 0.9 ? 'warning' : 'info',
      'swap-used',
      `${Math.floor((used / swap) * 100)} % of the swap space is in use`,
      `SwapTotal: ${swap / 1024} kB, SwapFree: ${(swap - used) / 1024} kB`,
    );
  notes.state(
    `memory: ${bytes(available)} of ${bytes(total)} can be used, ${swap === 0 ? 'no swap' : `${bytes(used)} of ${bytes(swap)} swap in use`}`,
  );
}

function judgeLoad(notes: Notes): void {
  const load = notes.said('load');
  const cores = count(notes.said('cores')?.stdout.trim());
  if (load === undefined || cores === undefined || cores === 0) return;
  const [, one, five] = /^([0-9]{1,6}\.[0-9]{2}) ([0-9]{1,6}\.[0-9]{2}) /.exec(load.stdout) ?? [];
  if (one === undefined || five === undefined) {
    notes.unknown('load: the answer is not understood');
    return;
  }
  if (Number(five) > cores)
    notes.find(
      Number(five) > cores * 2 ? 'warning' : 'info',
      'load-high',
      `more work waits than ${cores === 1 ? 'one processor' : `${cores} processors`} can do: the load of five minutes is ${five}`,
      load.stdout.trim(),
    );
  notes.state(`load: ${one} over one minute, ${five} over five, ${cores} processors`);
}
