/**
 * Services, timers, sockets and paths of systemd.
 *
 * `state.active` is told only of units that are meant to stay in one state. Services that a timer,
 * a socket or the bus starts come and go by design: of them `state.failed` is what matters, and
 * where they are now is `state.current`. Transient units and instances with random names are left out.
 */
import { formatInstant, tryParseInstant } from '#base/time';
import { arrayOf, parsed, textIn } from './json-look.ts';
import { type Collector, isUnitName, type LookSession, unitProperties } from './look-session.ts';
import { decode, Gathering, linesOf, numberOf, wordsOf } from './reading.ts';

const KINDS = ['service', 'timer', 'unit'] as const;
/** Names in one call; an argument list has an end. */
const BATCH = 400;

export const unitsCollector: Collector = {
  name: 'units',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    // Without systemd as process 1 there are no units; that it is absent is a component's fact.
    if ((await session.files.stat('/run/systemd/system')) === undefined) return seen.end(KINDS);
    const names = await unitNames(session, seen);
    const units: Unit[] = [];
    for (let at = 0; at < names.length; at += BATCH) {
      const [program, ...words] = unitProperties();
      const argv = [...words, ...names.slice(at, at + BATCH)];
      const result = await session.programs.run([program ?? 'systemctl', ...argv]);
      if (result.ended !== 'exited' || result.exit !== 0) {
        for (const kind of KINDS)
          seen.short(kind, `systemctl show did not answer: ${result.ended}`);
        break;
      }
      units.push(...parseUnits(decode(result.stdout)));
    }
    const active = new Set(units.flatMap((unit) => (isActive(unit) ? (unit.get('Id') ?? []) : [])));
    for (const unit of units) addUnit(seen, unit, active);
    return seen.end(KINDS);
  },
};

async function unitNames(session: LookSession, seen: Gathering): Promise<string[]> {
  const names = new Set<string>();
  for (const [list, key] of [
    [['list-unit-files', '--output=json', '--no-pager'], 'unit_file'],
    [['list-units', '--all', '--output=json', '--no-pager'], 'unit'],
  ] as const) {
    const result = await session.programs.run(['systemctl', ...list]);
    const found = result.exit === 0 ? parseUnitList(decode(result.stdout), key) : undefined;
    if (found === undefined)
      for (const kind of KINDS) seen.short(kind, `systemctl ${list[0]} did not answer`);
    for (const name of found ?? []) if (isLasting(name)) names.add(name);
  }
  return [...names].sort();
}

/** Names from `--output=json`, or from the first column where that option is not known. */
export function parseUnitList(text: string, key: string): string[] | undefined {
  const rows = arrayOf(parsed(text));
  if (rows !== undefined) return rows.flatMap((row) => textIn(row, key) ?? []);
  if (/^\s*[[{]/.test(text)) return undefined;
  return linesOf(text).flatMap((line) => wordsOf(line.replace(/^[●○*x×↻]?\s+/u, ''))[0] ?? []);
}

const TOLD = /\.(service|timer|socket|path)$/;
const PASSING = /^(run-|session-|user@\d|user-runtime-dir@|systemd-coredump@|systemd-fsck@|dbus-:)/;

/** A unit that is there to stay: no template, nothing of a session, no instance per connection. */
export function isLasting(name: string): boolean {
  if (!TOLD.test(name) || !isUnitName(name) || name.startsWith('-') || PASSING.test(name))
    return false;
  const instance = /@(.*)\.[a-z]+$/.exec(name)?.[1];
  return instance !== '' && !/[:]|^\d+-\d/.test(instance ?? '');
}

export type Unit = ReadonlyMap<string, readonly string[]>;

/** Blocks of `NAME=value` lines, an empty line between units; a name may repeat. */
export function parseUnits(text: string): Unit[] {
  return text.split(/\n\n+/).flatMap((block) => {
    const fields = new Map<string, string[]>();
    for (const line of linesOf(block)) {
      const at = line.indexOf('=');
      if (at < 1) continue;
      const name = line.slice(0, at);
      const values = fields.get(name);
      if (values === undefined) fields.set(name, [line.slice(at + 1)]);
      else if (values.length < 100) values.push(line.slice(at + 1));
    }
    return fields.has('Id') ? [fields] : [];
  });
}

function isActive(unit: Unit): boolean {
  return unit.get('ActiveState')?.[0] === 'active';
}

function addUnit(seen: Gathering, unit: Unit, activeUnits: ReadonlySet<string>): void {
  const one = (name: string): string | undefined => unit.get(name)?.[0] || undefined;
  const name = one('Id') ?? '';
  const load = one('LoadState');
  // An alias answers with the unit it stands for; what does not exist is only wanted by another.
  if (!isLasting(name) || load === 'not-found' || one('Transient') === 'yes') return;
  const active = one('ActiveState');
  const enabled = one('UnitFileState');
  const common = {
    'state.enabled': enabled,
    'state.failed': active === 'failed',
    'state.current': active,
    description: one('Description'),
    path: one('FragmentPath'),
    overrides: listOf(one('DropInPaths')),
  };
  const triggers = listOf(one('Triggers'))?.map((each) => seen.ref(kindOfUnit(each), each));
  const kind = kindOfUnit(name);
  if (kind === 'service') {
    seen.add('service', name, {
      ...common,
      'state.active': isSteady(unit, activeUnits) ? active : undefined,
      'state.load': load,
      'state.sub': one('SubState'),
      since: instantOf(one('StateChangeTimestamp')),
      restarts: numberOf(one('NRestarts')),
      user: one('User'),
    });
  } else if (kind === 'timer') {
    seen.add('timer', name, {
      ...common,
      'state.active': active,
      schedule: scheduleOf(unit),
      triggers,
      nextAt: instantOf(one('NextElapseUSecRealtime')),
      lastAt: instantOf(one('LastTriggerUSec')),
    });
  } else {
    seen.add('unit', name, { ...common, 'state.active': active, triggers });
  }
}

function kindOfUnit(name: string): 'service' | 'timer' | 'unit' {
  if (name.endsWith('.service')) return 'service';
  return name.endsWith('.timer') ? 'timer' : 'unit';
}

/**
 * Whether nothing but a person, a boot or a crash starts and stops it. A trigger counts while it is
 * active; whether systemd knows of the others depends on what else is loaded.
 */
export function isSteady(unit: Unit, active: ReadonlySet<string>): boolean {
  const one = (name: string): string => unit.get(name)?.[0] ?? '';
  if (one('Type') === 'oneshot') return false;
  if (wordsOf(one('TriggeredBy')).some((trigger) => active.has(trigger))) return false;
  // Static services are started by others: by the bus, by targets, by devices.
  return one('UnitFileState') !== 'static' && one('UnitFileState') !== 'transient';
}

/** `{ OnCalendar=*-*-* 06:00:00 ; next_elapse=... }`: the first part is the setting, the rest moves. */
export function scheduleOf(unit: Unit): string[] {
  return [...(unit.get('TimersCalendar') ?? []), ...(unit.get('TimersMonotonic') ?? [])]
    .flatMap((each) => /^\{ ([^;]*?) ?;/.exec(each)?.[1] ?? [])
    .map((each) => each.replace(/^(On\w+)USec=/, '$1='))
    .sort();
}

function listOf(text: string | undefined): string[] | undefined {
  return text === undefined ? undefined : wordsOf(text).sort();
}

/** `Sat 2026-11-21 07:50:15 UTC`, the form systemctl prints in UTC. */
export function instantOf(text: string | undefined): string | undefined {
  const match = /^[A-Z][a-z]{2} (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) UTC$/.exec(text ?? '');
  const instant = match === null ? undefined : tryParseInstant(`${match[1]}T${match[2]}Z`);
  return instant === undefined ? undefined : formatInstant(instant);
}
