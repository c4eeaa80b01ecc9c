/**
 * `/var/log/dpkg.log` (dpkg(1), --log) and `/var/log/apt/history.log`, which only root writes. Apt names who
 * asked for it (`Requested-By`) from what sudo told it; the command line before it is the caller's own text.
 */
import {
  boundedLines,
  isAccount,
  isOneLine,
  MOST_EVENTS,
  type Parsed,
  saying,
  type TrailEvent,
} from './event.ts';
import type { LocalClock } from './local-time.ts';

const PACKAGE = /^[a-z0-9][a-z0-9+.-]{0,99}$/;
const DPKG =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (install|upgrade|remove|purge) ([a-z0-9][a-z0-9+.-]{0,99})(?::[a-z0-9-]{1,32})? ([^ ]{1,128}) ([^ ]{1,128})$/;
const STAMP = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) /;

export function readDpkgLog(text: string, clock: LocalClock): Parsed {
  const { lines, passedOver, cut } = boundedLines(text);
  const events: TrailEvent[] = [];
  let left = passedOver;
  let from: Parsed['from'] = null;
  for (const line of lines) {
    const [, stamp] = STAMP.exec(line) ?? [];
    const [, , verb, name = ''] = DPKG.exec(line) ?? [];
    // Most lines are states on the way; the first says from when on this log holds.
    if (stamp !== undefined && verb === undefined && from !== null) continue;
    const time = clock.dated(stamp ?? '');
    if (time === undefined) {
      left++;
      continue;
    }
    if (from === null || time.at < from) from = time.at;
    if (verb === undefined || events.length >= MOST_EVENTS) continue;
    events.push({
      ...time,
      trail: 'dpkg.log',
      source: 'dpkg',
      account: null,
      forgeable: false,
      act: { kind: 'package', name, unattended: false },
      says: saying(`dpkg: ${line.slice(20)}`),
    });
  }
  return { events, passedOver: left, cut: cut || events.length >= MOST_EVENTS, from };
}

const KNOWN: ReadonlySet<string> = new Set([
  'Start-Date',
  'Commandline',
  'Requested-By',
  'Comment',
  'Install',
  'Reinstall',
  'Upgrade',
  'Downgrade',
  'Remove',
  'Purge',
  'Error',
  'End-Date',
]);
const ACTS = ['Install', 'Reinstall', 'Upgrade', 'Downgrade', 'Remove', 'Purge'] as const;

export function readAptHistory(text: string, clock: LocalClock): Parsed {
  // Lists of packages are long, and what is bounded here is a stanza.
  const stanzas = text.split(/\n\n+/);
  const events: TrailEvent[] = [];
  let passedOver = 0;
  let from: Parsed['from'] = null;
  for (const stanza of stanzas.slice(-2_000)) {
    const lines = stanza.split('\n').filter((line) => line !== '');
    if (lines.length === 0) continue;
    const fields = readStanza(lines);
    const begun = clock.dated(fields?.get('Start-Date') ?? '');
    if (fields === undefined || begun === undefined) {
      passedOver++;
      continue;
    }
    if (from === null || begun.at < from) from = begun.at;
    const ended = clock.dated(fields.get('End-Date') ?? '');
    const within = Math.max(
      begun.within,
      ended === undefined ? 0 : ended.at - begun.at + begun.within,
    );
    const asked = fields.get('Requested-By');
    const [, account = ''] = /^([^ ]{1,64}) \(\d{1,10}\)$/.exec(asked ?? '') ?? [];
    const command = fields.get('Commandline') ?? '';
    const unattended = /^\/usr\/bin\/unattended-upgrade(?: |$)/.test(command);
    for (const kind of ACTS) {
      for (const name of namesIn(fields.get(kind) ?? '')) {
        if (events.length >= MOST_EVENTS) break;
        events.push({
          at: begun.at,
          within,
          trail: 'apt history',
          source: 'apt',
          account: isAccount(account) ? account : null,
          forgeable: false,
          act: { kind: 'package', name, unattended },
          says: saying(
            `apt: ${kind.toLowerCase()} ${name}${asked === undefined ? '' : `, requested by ${asked}`}; ${command}`,
          ),
        });
      }
    }
  }
  return {
    events,
    passedOver,
    cut: stanzas.length > 2_000 || events.length >= MOST_EVENTS,
    from,
  };
}

/** A key that comes twice, or one that nobody knows, was written by the command line: nothing of it is believed. */
function readStanza(lines: readonly string[]): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf(': ');
    const key = line.slice(0, Math.max(0, at));
    if (!KNOWN.has(key) || fields.has(key) || line.length > 1_000_000) return undefined;
    const value = line.slice(at + 2);
    if (ACTS.every((each) => each !== key) && !isOneLine(value)) return undefined;
    fields.set(key, value);
  }
  return fields;
}

/** `lab-tool:all (1.0, 1.1), other:amd64 (2, automatic)`. */
function namesIn(list: string): readonly string[] {
  return list
    .split(/\),? ?/)
    .map((one) => one.split(/[: (]/, 1)[0] ?? '')
    .filter((name) => PACKAGE.test(name));
}
