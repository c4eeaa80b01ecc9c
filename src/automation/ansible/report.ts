/**
 * The report of one check, read strictly: bytes in, what each task found out, or why it is no whole report. It
 * holds what a target said, so nothing of it is believed to be in any form. (Its writer: host/automation/report.py.)
 */
import { type Json, parseJson } from '#base/json';

export const TASK_STATES = [
  'ok',
  'changed',
  'skipped',
  'failed',
  'ignored',
  'unreachable',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

export type TaskDiff = {
  readonly title: string;
  readonly before: DiffSide;
  readonly after: DiffSide;
};
export type DiffSide = string | ReadonlyMap<string, string>;

export type TaskSeen = {
  readonly name: string;
  /** `path:line` below the root. */
  readonly at: string;
  readonly module: string;
  readonly state: TaskState;
  /** Its values are kept back by the content (`no_log`). */
  readonly isHidden: boolean;
  readonly diffs: readonly TaskDiff[];
  readonly isCut: boolean;
  readonly message: string;
};

export type Counts = {
  readonly ok: number;
  readonly changed: number;
  readonly failures: number;
  readonly unreachable: number;
  readonly skipped: number;
  readonly rescued: number;
  readonly ignored: number;
};

export type Report = {
  readonly ansible: string;
  readonly tasks: readonly TaskSeen[];
  /** `null`: no play of it is for this host. */
  readonly counts: Counts | null;
};

export type ReadReport = { readonly report: Report } | { readonly problem: string };

const MOST_LINES = 10_000;
const COUNTS = [
  'ok',
  'changed',
  'failures',
  'unreachable',
  'skipped',
  'rescued',
  'ignored',
] as const;

/** `host` is the one that it was limited to: a word about any other makes it no report of ours. */
export function readReport(bytes: Uint8Array, host: string): ReadReport {
  try {
    return { report: read(Buffer.from(bytes).toString('utf8'), host) };
  } catch (thrown) {
    return { problem: thrown instanceof NotAReport ? thrown.message : 'a line is no JSON of ours' };
  }
}

class NotAReport extends Error {}

function read(text: string, host: string): Report {
  if (!text.endsWith('\n')) throw new NotAReport('it is empty, or its last line is cut');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > MOST_LINES) throw new NotAReport(`it has more than ${MOST_LINES} lines`);
  const events = lines.map((line) => record(parseJson(line, 'a line of a report') as Json));
  const [start, ...rest] = events;
  const end = rest.pop();
  if (start?.['event'] !== 'start' || start['version'] !== 1)
    throw new NotAReport('it does not begin as a report of ours');
  if (start['check'] !== true) throw new NotAReport('it is not of a check');
  if (end?.['event'] !== 'end') throw new NotAReport('it has no end');
  const tasks = new Map<string, { name: string; at: string; module: string }>();
  const seen: TaskSeen[] = [];
  for (const event of rest) {
    const id = textOf(event, 'id');
    if (event['event'] === 'task') {
      tasks.set(id, {
        name: textOf(event, 'name'),
        at: textOf(event, 'at'),
        module: textOf(event, 'module'),
      });
      continue;
    }
    if (event['event'] !== 'result')
      throw new NotAReport('it has a line of a kind that is not ours');
    const task = tasks.get(id);
    if (task === undefined) throw new NotAReport('a result is of no task of it');
    if (event['host'] !== host) throw new NotAReport('it speaks of another host');
    seen.push({ ...task, ...resultOf(event) });
  }
  const counts = countsOf(record(end['stats']), host);
  if (counts === null && seen.length > 0)
    throw new NotAReport('it counts nothing, and has results');
  if (counts !== null) requireAgreeing(counts, seen);
  return { ansible: textOf(start, 'ansible'), tasks: seen, counts };
}

function resultOf(event: Fields): Omit<TaskSeen, 'name' | 'at' | 'module'> {
  const state = TASK_STATES.find((each) => each === event['state']);
  const isHidden = event['hidden'];
  if (state === undefined || typeof isHidden !== 'boolean')
    throw new NotAReport('a result has no state of ours');
  if (isHidden) return { state, isHidden, diffs: [], isCut: false, message: '' };
  const diffs = event['diff'];
  if (!Array.isArray(diffs)) throw new NotAReport('a result has no list of differences');
  return {
    state,
    isHidden,
    diffs: diffs.map((each) => {
      const diff = record(each);
      return {
        title: textOf(diff, 'title'),
        before: side(diff['before']),
        after: side(diff['after']),
      };
    }),
    isCut: event['cut'] === true,
    message: event['message'] === undefined ? '' : textOf(event, 'message'),
  };
}

/** Results and counts are two words of one run: where they differ, something is missing. */
function requireAgreeing(counts: Counts, seen: readonly TaskSeen[]): void {
  const of = (...states: readonly TaskState[]): number =>
    seen.filter(({ state }) => states.includes(state)).length;
  if (of('unreachable') === 0 && counts.unreachable > 0)
    throw new NotAReport('it counts more that is out of reach than it tells of');
  if (of('failed') < counts.failures)
    throw new NotAReport('it counts more that failed than it tells of');
  if (of('changed') < Math.min(counts.changed, 1))
    throw new NotAReport('it counts changes and tells of none');
}

function side(value: Json | undefined): DiffSide {
  if (typeof value === 'string') return value;
  return new Map(
    Object.entries(record(value)).map(([key, inner]) => {
      if (typeof inner !== 'string') throw new NotAReport('a difference is not text');
      return [key, inner];
    }),
  );
}

function countsOf(stats: Fields, host: string): Counts | null {
  const names = Object.keys(stats);
  if (names.some((name) => name !== host)) throw new NotAReport('it counts another host');
  if (names.length === 0) return null;
  const given = record(stats[host]);
  const numbers = COUNTS.map((key) => {
    const count = given[key];
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0)
      throw new NotAReport('a count is no number');
    return [key, count] as const;
  });
  return Object.fromEntries(numbers) as unknown as Counts;
}

type Fields = { readonly [key: string]: Json };

function record(value: Json | undefined): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NotAReport('a part of it is no object');
  return value as Fields;
}

function textOf(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new NotAReport(`${key} is not text`);
  return value;
}
