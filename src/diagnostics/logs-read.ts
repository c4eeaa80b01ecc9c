/** Lines of a unit's journal or of a log file, the newest, and what was left out of them. */
import { Fault } from '#base/fault';
import { formatInstant, type Instant, MICROS_PER_SECOND, shift, tryParseInstant } from '#base/time';
import { ask, BLIND, isBlind, journalLines, Notes } from './hearing.ts';
import type { Ask, HeardByKey, Report } from './report.ts';
import { bytes, count, named, plural } from './words.ts';

export type LogQuestion = {
  readonly unit: string | null;
  readonly file: string | null;
  readonly since: string | null;
  readonly grep: string | null;
  readonly lines: number;
};

/** Of a file, from its end: what is searched and shown at most. */
const TAIL_BYTES = 524_288;
const SPANS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

export function logQuestion(args: Readonly<Record<string, unknown>>): LogQuestion {
  const text = (name: string): string | null => {
    const value = args[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const question = {
    unit: text('unit'),
    file: text('file'),
    since: text('since'),
    grep: text('grep'),
    lines: typeof args['lines'] === 'number' ? args['lines'] : 100,
  };
  const { unit, file, since, grep } = question;
  if (unit !== null && file !== null) refuse('give one of unit and file, not both');
  if (file !== null && since !== null)
    refuse('since is for the journal: lines of a file have no time that we could read');
  if (grep !== null && !/^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u.test(grep))
    refuse('grep is a piece of one line, at most 200 characters');
  return question;
}

function refuse(says: string): never {
  throw new Fault(
    'invalid',
    'invalid-arguments',
    `arguments are not valid: logs.read: ${says}. Correct them and propose again`,
  );
}

/** `90m`, `2h`, `3d`, `today`, `yesterday`, or a moment like 2026-11-21T14:00:00Z; as journalctl reads it. */
export function sinceWord(since: string, now: Instant): string {
  const [, number, unit = ''] = /^([1-9][0-9]{0,5}) ?([smhdw])$/.exec(since) ?? [];
  const span = SPANS[unit];
  const at =
    number !== undefined && span !== undefined
      ? shift(now, -Number(number) * span * MICROS_PER_SECOND)
      : tryParseInstant(since);
  if (at !== undefined) return `${formatInstant(at).slice(0, 19).replace('T', ' ')} UTC`;
  if (since === 'today' || since === 'yesterday') return since;
  return refuse(
    'since is a span like 30m, 2h or 3d, today, yesterday, or a moment like 2026-11-21T14:00:00Z',
  );
}

/** The pattern that finds this text and nothing else, in the regular expressions of journalctl. */
function literal(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}#/-]/g, '\\$&');
}

export function askLogs(question: LogQuestion, now: Instant): Ask[] {
  const { unit, file, since, grep, lines } = question;
  if (file !== null)
    return [
      ask('tail', 'the end of the file', ['tail', '-c', String(TAIL_BYTES), file], 20),
      ask('size', 'size of the file', ['stat', '--format=%s', file]),
    ];
  return [
    ask(
      'journal',
      'the journal',
      [
        'journalctl',
        '--no-pager',
        '--output=short-iso',
        // Newest first by our own word: some versions take it as said where there is a pattern.
        '--reverse',
        `--lines=${lines + 1}`,
        ...(unit === null ? [] : [`--unit=${unit}`]),
        ...(since === null ? [] : [`--since=${sinceWord(since, now)}`]),
        ...(grep === null ? [] : ['--case-sensitive=no', `--grep=${literal(grep)}`]),
      ],
      25,
    ),
  ];
}

export function readLogs(question: LogQuestion, now: Instant, heard: HeardByKey): Report {
  const notes = new Notes('logs', askLogs(question, now), heard);
  const headline =
    question.file === null
      ? readJournal(notes, question, heard)
      : readFile(notes, question, question.file, heard);
  return { ...notes.part, checks: [], ...(headline === undefined ? {} : { headline }) };
}

function readJournal(notes: Notes, question: LogQuestion, heard: HeardByKey): string | undefined {
  const { lines: most } = question;
  const given = heard.get('journal');
  const said = given?.kind === 'cut' ? undefined : notes.said('journal', [0, 1]);
  if (said !== undefined && isBlind(said)) notes.unknown(`the journal: ${BLIND}`);
  if (said === undefined && given?.kind !== 'cut') return undefined;
  if (given?.kind === 'cut')
    notes.cut('the journal said more than is kept, or took too long: older entries are missing');
  const raw = said?.stdout ?? (given?.kind === 'cut' ? given.stdout.replace(/[^\n]*$/, '') : '');
  const entries = entriesOf(raw);
  const kept = entries.slice(0, most).toReversed();
  if (entries.length > most)
    notes.cut(
      `only the newest ${most} entries are shown, there are older ones: raise lines, or narrow with since and grep`,
    );
  notes.newest('oldest first', kept);
  return `${plural(kept.length, 'entry', 'entries')} of ${sourceOf(question)}${words(question)}`;
}

/** An entry of `short-iso` and the lines that belong to it, newest first as they came. */
export function entriesOf(text: string): string[] {
  const entries: string[] = [];
  for (const line of journalLines(text)) {
    const isHead = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T/.test(line);
    const last = entries.length - 1;
    if (isHead || last < 0) entries.push(line);
    else entries[last] = `${entries[last]}\n${line}`;
  }
  return entries;
}

function readFile(
  notes: Notes,
  question: LogQuestion,
  file: string,
  heard: HeardByKey,
): string | undefined {
  const { grep, lines: most } = question;
  const said = notes.said('tail');
  if (said === undefined) return undefined;
  const size = count(heardText(heard, 'size'));
  const isWhole = size !== undefined && size <= TAIL_BYTES;
  const text = isWhole ? said.stdout : said.stdout.replace(/^[^\n]*\n/, '');
  const all = text.split('\n').filter((line) => line !== '');
  const wanted = grep?.toLowerCase();
  const found =
    wanted === undefined ? all : all.filter((line) => line.toLowerCase().includes(wanted));
  const kept = found.slice(-most);
  if (!isWhole)
    notes.cut(
      `only the last ${bytes(TAIL_BYTES)} of the file were looked at${size === undefined ? '' : `, of ${bytes(size)}`}`,
    );
  if (kept.length < found.length)
    notes.cut(
      `only the newest ${most} of ${found.length} lines are shown: raise lines, or narrow with grep`,
    );
  notes.newest('oldest first', kept);
  return `${plural(kept.length, 'line')} of ${named(file)}${words(question)}`;
}

function heardText(heard: HeardByKey, key: string): string | undefined {
  const found = heard.get(key);
  return found?.kind === 'ended' && found.exit === 0 ? found.stdout.trim() : undefined;
}

function sourceOf({ unit }: LogQuestion): string {
  return unit === null ? 'the journal' : `the journal of ${named(unit)}`;
}

function words({ since, grep }: LogQuestion): string {
  return `${since === null ? '' : ` since ${named(since, 40)}`}${grep === null ? '' : ` with ${named(grep, 200)} in them`}`;
}
