/**
 * Reports of AIDE 0.17 and 0.18, text and JSON: what differs from its database. A run counts as finished only when the
 * report is of a check, ends with its end time, and lists as many entries as it counts.
 */

import { endReport, gatheringOf, noReport, type ReportParser, type ToolReport } from './report.ts';
import { reportText, reportTime } from './report-text.ts';

const KINDS = ['integrity'] as const;

type Change = 'added' | 'removed' | 'changed';
type Details = Record<string, { before: string; after: string }>;
type AideReport = {
  readonly outline: string;
  readonly counts: Readonly<Record<Change, number | undefined>>;
  readonly entries: readonly { readonly path: string; readonly change: Change }[];
  readonly details: ReadonlyMap<string, Details>;
  readonly end: string | undefined;
  readonly isWhole: boolean;
};

export const aideParser: ReportParser = {
  name: 'aide',
  source: 'collector.aide',
  kinds: KINDS,
  parse: (report) => {
    const text = reportText(report.bytes);
    if (text === undefined) return noReport(KINDS, 'the report is not text');
    const read = text.startsWith('{') ? readJson(text) : readText(text);
    return read === undefined ? noReport(KINDS, 'not a report of AIDE') : tell(read, report);
  },
};

const SAME = /^AIDE found NO differences between database and filesystem/;
const OTHER = /^AIDE found differences between database and filesystem/;
const CHANGES = ['added', 'removed', 'changed'] as const;

function tell(read: AideReport, report: ToolReport): ReturnType<ReportParser['parse']> {
  const seen = gatheringOf(report);
  for (const { path, change } of read.entries)
    seen.add('integrity', path, { change, details: read.details.get(path) });
  const isSame = SAME.test(read.outline);
  const counted = CHANGES.every((change) => {
    const listed = read.entries.filter((entry) => entry.change === change).length;
    return listed === (read.counts[change] ?? (isSame ? 0 : -1));
  });
  const isCheck = isSame ? read.entries.length === 0 : OTHER.test(read.outline);
  if (isCheck && !counted)
    seen.short('integrity', 'the report does not list what it counts: raise its report_level');
  const evidence = {
    isFinished: isCheck && read.isWhole && read.end !== undefined,
    ranAt: reportTime(read.end, report.now),
    host: null,
  };
  return endReport(seen, KINDS, evidence, report);
}

const HEADS: ReadonlyMap<string, Change | 'details' | 'none'> = new Map(
  Object.entries({
    'Added entries:': 'added',
    'Removed entries:': 'removed',
    'Changed entries:': 'changed',
    'Detailed information about changes:': 'details',
    'The attributes of the (uncompressed) database(s):': 'none',
  } as const),
);
const RULE = /^-{20,}$/;
/** Signs for each attribute, or a word; then the path. */
const ENTRY = /^(?:added|removed|changed|[A-Za-z?!|][^:]{4,60}): (\/.*)$/;
const NAMED = /^[A-Z][A-Za-z ]{1,20}: (\/.*)$/;
const START = /^Start timestamp: .+ \(AIDE .+\)$/;
const END =
  /^End timestamp: (\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} [+-]\d{4}) \(run time: \d+m \d+s\)$/;
/** Before the first value, and between the two. */
const VALUE_AT = 13;
const AFTER_AT = 32;

function readText(text: string): AideReport | undefined {
  const lines = text.split('\n');
  if (!START.test(lines[0] ?? '')) return undefined;
  const counts: Record<Change, number | undefined> = {
    added: undefined,
    removed: undefined,
    changed: undefined,
  };
  const entries: { path: string; change: Change }[] = [];
  const details = new Map<string, Details>();
  let part: Change | 'details' | 'none' = 'none';
  let about: Details = {};
  let attribute = '';
  lines.forEach((line, at) => {
    const head = HEADS.get(line);
    if (head !== undefined && RULE.test(lines[at - 1] ?? '') && RULE.test(lines[at + 1] ?? '')) {
      part = head;
      return;
    }
    const count = /^ {2}(Added|Removed|Changed) entries:\t+(\d{1,9})$/.exec(line);
    if (part === 'none' && count?.[1] !== undefined)
      counts[count[1].toLowerCase() as Change] = Number(count[2]);
    if (part === 'none') return;
    if (part !== 'details') {
      const path = ENTRY.exec(line)?.[1];
      if (path !== undefined) entries.push({ path, change: part });
      return;
    }
    const path = NAMED.exec(line)?.[1];
    if (path !== undefined) {
      about = {};
      details.set(path, about);
      return;
    }
    attribute = addDetail(about, attribute, line);
  });
  const end = END.exec(lines.at(-2) ?? '')?.[1];
  return {
    outline: lines.find((line) => line.startsWith('AIDE ')) ?? '',
    counts,
    entries,
    details,
    end,
    isWhole: lines.at(-1) === '' && lines.filter((line) => START.test(line)).length === 1,
  };
}

/** One line of a detail, which may go on in the next; answers the attribute it is of. */
function addDetail(about: Details, before: string, line: string): string {
  const name = /^ ([A-Za-z][A-Za-z0-9_+]{0,11}) *: /.exec(line)?.[1]?.toLowerCase();
  const attribute = name ?? (line.startsWith(' '.repeat(VALUE_AT)) ? before : '');
  if (attribute === '') return '';
  const rest = line.slice(VALUE_AT);
  const fixed = rest.slice(AFTER_AT, AFTER_AT + 3) === ' | ' ? AFTER_AT : rest.indexOf(' | ');
  if (fixed < 0) return '';
  const known = name === undefined ? about[attribute] : undefined;
  about[attribute] = {
    before: `${known?.before ?? ''}${rest.slice(0, fixed).trim()}`,
    after: `${known?.after ?? ''}${rest.slice(fixed + 3).trim()}`,
  };
  return attribute;
}

function readJson(text: string): AideReport | undefined {
  const root = recordOf(parsed(text));
  const { outline } = root;
  if (typeof outline !== 'string' || typeof root['start_time'] !== 'string') return undefined;
  const number = recordOf(root['number_of_entries']);
  const count = (change: Change): number | undefined => {
    const value = number[change];
    return typeof value === 'number' ? value : undefined;
  };
  const end = root['end_time'];
  return {
    outline,
    counts: { added: count('added'), removed: count('removed'), changed: count('changed') },
    entries: CHANGES.flatMap((change) =>
      Object.keys(recordOf(root[change])).map((path) => ({ path, change })),
    ),
    details: new Map(
      Object.entries(recordOf(root['details'])).map(([path, all]) => [path, detailsOf(all)]),
    ),
    end: typeof end === 'string' ? end : undefined,
    isWhole: text.endsWith('}\n'),
  };
}

function detailsOf(all: unknown): Details {
  return Object.fromEntries(
    Object.entries(recordOf(all)).flatMap(([name, both]) => {
      const { old, new: now } = recordOf(both);
      return old === undefined && now === undefined
        ? []
        : [[name, { before: wordOf(old), after: wordOf(now) }]];
    }),
  );
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
