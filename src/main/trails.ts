/**
 * Audit trails of a target for one window, through its reader: bounded commands that only read, judged by the
 * host's own grammar like any other. What the reader's account may not see is `refused`, never guessed.
 */
import type { HostReader, ReadAnswer } from '#adapters';
import {
  type AccountsById,
  JOURNAL_FIELDS,
  JOURNAL_NAMES,
  LocalClock,
  type Parsed,
  readAptHistory,
  readAuditLog,
  readAuthLog,
  readDpkgLog,
  readJournal,
  type TrailName,
} from '#attribution';
import { asFault } from '#base/fault';
import type { Clock } from '#base/ports';
import { formatInstant, type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import { type Inventory, isTrusted } from '#inventory';
import type { Cause, Target } from '#model';
import type { TrailPowers, TrailsTold } from '#operations';
import { decode } from '#redaction';
import type { FactReader, Store } from '#store';
import type { Fleet } from './fleet.ts';

const SECONDS = 20;
const MOST_ENTRIES = 5_000;
const JOURNAL_BYTES = 4_194_304;
const LOG_BYTES = 1_500_000;
/** Clocks that differ by less are the same: what tells them knows whole seconds. */
const SKEW_SECONDS = 2;

/** Several findings of one look ask for the same window one after the other. */
const KEPT_MS = 30_000;
const MOST_KEPT = 16;

type Window = { readonly from: Instant; readonly until: Instant };
type Status = Cause['trails'][number]['status'];
type Read = {
  readonly trail: TrailName;
  readonly status: Status;
  readonly parsed: Parsed | null;
};

export function trailReader({
  fleet,
  clock,
  store,
  inventory,
}: {
  readonly fleet: Pick<Fleet, 'readerOf'>;
  readonly clock: Clock;
  readonly store: Pick<Store, 'read'>;
  readonly inventory: () => Promise<Inventory>;
}): TrailPowers['read'] {
  const kept = new Map<string, { readonly atMs: number; readonly told: Promise<TrailsTold> }>();
  const read = async (target: Target, window: Window): Promise<TrailsTold> => {
    const known = knownOf(store.read, await inventory(), target, window.until);
    try {
      return await readTrails(await fleet.readerOf(target), clock, window, known);
    } catch (thrown) {
      const { code, message } = asFault(thrown);
      const trails = (['journal', 'audit.log', 'dpkg.log', 'apt history'] as const).map(
        (trail) => ({ trail, status: 'refused' as const }),
      );
      return { events: [], trails, why: `the target could not be asked: ${code}: ${message}` };
    }
  };
  return (target, window) => {
    const now = clock.monotonicMs();
    for (const [key, { atMs }] of kept) if (now - atMs > KEPT_MS) kept.delete(key);
    const key = `${target.id} ${window.from} ${window.until}`;
    const before = kept.get(key);
    if (before !== undefined) return before.told;
    const told = read(target, window);
    if (kept.size < MOST_KEPT) kept.set(key, { atMs: now, told });
    // Whoever asks again after mending something gets a new answer.
    void told.then(({ why }) => why === null || kept.delete(key));
    return told;
  };
}

type Known = { readonly accounts: AccountsById; readonly zone: string | null };

async function readTrails(
  reader: Pick<HostReader, 'run'>,
  clock: Clock,
  window: Window,
  { accounts, zone }: Known,
): Promise<TrailsTold> {
  const ahead = await skewOf(reader, clock);
  const there = { from: shift(window.from, ahead), until: shift(window.until, ahead) };
  const local = new LocalClock(zone, shift(clock.now(), ahead));
  const file =
    (trail: TrailName, paths: readonly string[], parse: (text: string) => Parsed) =>
    (): Promise<Read> =>
      readLog(reader, trail, paths, there, parse);
  const journal = await readJournalOf(reader, there, accounts);
  const logs = [
    // The same, as text that anybody may write: only where there is nothing better.
    ...(journal.status === 'read'
      ? []
      : [
          file('auth.log', ['/var/log/auth.log', '/var/log/secure'], (text) =>
            readAuthLog(text, local),
          ),
        ]),
    file('audit.log', ['/var/log/audit/audit.log'], (text) => readAuditLog(text, accounts)),
    file('dpkg.log', ['/var/log/dpkg.log'], (text) => readDpkgLog(text, local)),
    file('apt history', ['/var/log/apt/history.log'], (text) => readAptHistory(text, local)),
  ];
  const all = [journal, ...(await Promise.all(logs.map((read) => read())))];
  const events = all
    .flatMap(({ parsed }) => parsed?.events ?? [])
    .filter(({ at, within }) => at + within > there.from && at <= there.until)
    .map((event) => ({ ...event, at: shift(event.at, -ahead) }));
  return {
    events: events.toSorted((a, b) => a.at - b.at),
    trails: all.flatMap(({ trail, status, parsed }) => [
      { trail, status },
      ...earlier(trail, parsed, there.from, ahead),
    ]),
    why: all.some(({ status }) => status === 'refused')
      ? 'the reader of that host may not read all of it: put it into the groups adm and systemd-journal, give auditd log_group = adm, and bring the host up to date: holdfast upgrade-hosts'
      : null,
  };
}

/** Where what was read begins only within the window, the time before is not covered: it was rotated away, or too much. */
function earlier(
  trail: TrailName,
  parsed: Parsed | null,
  from: Instant,
  ahead: number,
): Cause['trails'] {
  if (parsed?.cut !== true || parsed.from === null || parsed.from <= from) return [];
  const begins = formatInstant(shift(parsed.from, -ahead));
  return [{ trail: `${trail} before ${begins}`, status: 'absent' }];
}

/** By how many microseconds the clock there is ahead of ours. */
async function skewOf(reader: Pick<HostReader, 'run'>, clock: Clock): Promise<number> {
  const before = clock.now();
  const answer = await reader.run(['date', '+%s'], { seconds: SECONDS, bytes: 64 });
  const after = clock.now();
  const text = answer.verdict === 'ok' ? decode(answer.stdout).trim() : '';
  if (!/^\d{9,11}$/.test(text)) return 0;
  const there = Number(text) * MICROS_PER_SECOND;
  const least = SKEW_SECONDS * MICROS_PER_SECOND;
  if (there > after + least) return there - after;
  return there < before - least ? there - before : 0;
}

async function readJournalOf(
  reader: Pick<HostReader, 'run'>,
  { from, until }: Window,
  accounts: AccountsById,
): Promise<Read> {
  const seconds = (at: Instant): number => Math.floor(at / MICROS_PER_SECOND);
  const matches = JOURNAL_NAMES.flatMap((name, i) =>
    i === 0 ? [`SYSLOG_IDENTIFIER=${name}`] : ['+', `SYSLOG_IDENTIFIER=${name}`],
  );
  const answer = await reader.run(
    [
      'journalctl',
      '--no-pager',
      `--output=json`,
      `--output-fields=${JOURNAL_FIELDS.join(',')}`,
      `--since=@${seconds(from)}`,
      `--until=@${seconds(until) + 1}`,
      `--lines=${MOST_ENTRIES}`,
      ...matches,
    ],
    { seconds: SECONDS, bytes: JOURNAL_BYTES },
  );
  const says = answer.verdict === 'ok' ? decode(answer.stderr) : '';
  // Without the groups, journalctl shows the account its own entries, and says so.
  const isBlind = /not seeing messages|insufficient permissions/i.test(says);
  const status = isBlind ? 'refused' : statusOf(answer, /No journal files were found/i.test(says));
  if (status !== 'read' || answer.verdict !== 'ok')
    return { trail: 'journal', status, parsed: null };
  const text = decode(answer.stdout);
  const parsed = readJournal(text, accounts);
  const isCut = answer.ended !== 'exited' || text.split('\n').length > MOST_ENTRIES;
  return { trail: 'journal', status, parsed: { ...parsed, cut: parsed.cut || isCut } };
}

/** The end of a log, and of the one before where that is not enough. What was compressed is not read. */
async function readLog(
  reader: Pick<HostReader, 'run'>,
  trail: TrailName,
  paths: readonly string[],
  { from }: Window,
  parse: (text: string) => Parsed,
): Promise<Read> {
  let status: Status = 'absent';
  for (const path of paths) {
    const now = await tail(reader, path);
    if (now.text === null) {
      if (now.status === 'refused') status = 'refused';
      continue;
    }
    const parsed = parse(now.text);
    if (parsed.from !== null && parsed.from <= from) return { trail, status: 'read', parsed };
    const before = now.isWhole ? await tail(reader, `${path}.1`) : null;
    if (before?.text == null)
      return { trail, status: 'read', parsed: { ...parsed, cut: !now.isWhole } };
    const both = parse(`${before.text}\n${now.text}`);
    return { trail, status: 'read', parsed: { ...both, cut: true } };
  }
  return { trail, status, parsed: null };
}

async function tail(
  reader: Pick<HostReader, 'run'>,
  path: string,
): Promise<{ readonly text: string | null; readonly status: Status; readonly isWhole: boolean }> {
  const argv = ['tail', '-c', String(LOG_BYTES), path] as const;
  const answer = await reader.run(argv, { seconds: SECONDS, bytes: LOG_BYTES });
  const isMissing = answer.verdict === 'ok' && /No such file/.test(decode(answer.stderr));
  const status = statusOf(answer, isMissing);
  if (status !== 'read' || answer.verdict !== 'ok') return { text: null, status, isWhole: false };
  const isWhole = answer.stdout.length < LOG_BYTES;
  const text = decode(answer.stdout);
  // Half a line at the beginning is none.
  return { text: isWhole ? text : text.slice(text.indexOf('\n') + 1), status, isWhole };
}

function statusOf(answer: ReadAnswer, isMissing: boolean): Status {
  if (answer.verdict === 'refused') return answer.code === 'cannot-run' ? 'absent' : 'refused';
  if (isMissing) return 'absent';
  if (answer.ended === 'too-much') return 'read';
  return answer.ended === 'exited' && answer.status === 0 ? 'read' : 'refused';
}

/** Accounts and time zone of the target, as sources that are trusted saw them. */
function knownOf(
  facts: FactReader,
  inventory: Inventory,
  { id, scope }: Target,
  until: Instant,
): Known {
  const at = { asOf: until, knownAt: facts.lastRecordedAt() ?? until };
  const told = (kind: string, attribute: string): readonly { entity: string; value: unknown }[] =>
    [...facts.each({ scopes: [scope], target: id, type: 'observed', kind, attribute }, at)].filter(
      ({ source }) => isTrusted(inventory, id, source, kind),
    );
  const accounts = new Map<number, string>();
  const twice = new Set<number>();
  for (const { entity, value } of told('user', 'uid')) {
    const name = entity.slice(entity.indexOf('/') + 1);
    if (typeof value !== 'number') continue;
    // Two names of one account: no record tells them apart.
    if ((accounts.get(value) ?? name) !== name) twice.add(value);
    accounts.set(value, name);
  }
  for (const uid of twice) accounts.delete(uid);
  const zones = new Set(told('host', 'timezone').map(({ value }) => value));
  const [zone] = zones;
  return { accounts, zone: zones.size === 1 && typeof zone === 'string' ? zone : null };
}
