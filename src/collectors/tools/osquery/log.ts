/**
 * The results log of osqueryd: lines of JSON, snapshots or differences, as osquery's documentation of its log
 * formats has them. Differences are played from the first run of their epoch (`counter` 0) on; a log that was
 * rotated since holds no whole state. Nothing is logged while nothing changes, so that only the clock, which changes
 * with each run, says that the daemon still runs.
 */
import { type Instant, isInstant, MICROS_PER_SECOND } from '#base/time';
import { memberOf, parsed, textIn } from '../../json-look.ts';
import { MOST_ROWS, osqueryMalformed, queryNamed, rowOf, rowsOf } from './document.ts';
import type { QueryName } from './queries.ts';
import type { Row } from './rows.ts';

const MOST_LINES = 200_000;
const MOST_STATE_ROWS = 100_000;
const NAME = /^(?:pack[_/:.-])?holdfast[_/:.-]([a-z]{1,20})$/;

export type LoggedQuery = {
  readonly rows: readonly Row[];
  /** Of a snapshot; `null`: of differences, which hold until the newest line of the log. */
  readonly snapshotAt: Instant | null;
};

export type OsqueryLog = {
  /** Only queries of which the whole state is there. */
  readonly queries: ReadonlyMap<QueryName, LoggedQuery>;
  /** When anything of ours was last logged. */
  readonly newest: Instant | null;
  /** Whom the lines say they are of: each once. */
  readonly hosts: readonly string[];
};

type State = {
  readonly rows: Map<string, Row>;
  run: string;
  isWhole: boolean;
  snapshotAt: Instant | null;
};

type Line = {
  readonly query: QueryName;
  readonly at: Instant;
  readonly host: string;
  readonly value: unknown;
};

/** Throws `osquery-malformed`. Lines of hosts that `isOurs` does not know are passed over. */
export function parseLog(text: string, isOurs: (host: string) => boolean): OsqueryLog {
  const states = new Map<QueryName, State>();
  const hosts = new Set<string>();
  let newest: Instant | null = null;
  let budget = MOST_STATE_ROWS;
  // What stands behind the last line feed is still being written.
  const lines = text.split('\n').slice(0, -1);
  if (lines.length > MOST_LINES) throw osqueryMalformed('it has too many lines');
  for (const text of lines) {
    if (text.trim() === '') continue;
    const line = readLine(text);
    if (line === undefined) continue;
    hosts.add(line.host);
    if (!isOurs(line.host)) continue;
    newest = newest === null || line.at > newest ? line.at : newest;
    const state = states.get(line.query) ?? newState();
    states.set(line.query, state);
    const before = state.rows.size;
    play(state, line);
    budget -= Math.max(0, state.rows.size - before);
    if (budget < 0) throw osqueryMalformed('it has too many rows');
  }
  const queries = new Map<QueryName, LoggedQuery>();
  for (const [name, { rows, isWhole, snapshotAt }] of states)
    if (isWhole) queries.set(name, { rows: [...rows.values()], snapshotAt });
  return { queries, newest, hosts: [...hosts] };
}

function newState(): State {
  return { rows: new Map(), run: '', isWhole: false, snapshotAt: null };
}

/** `undefined` for a line of a query that is not ours. */
function readLine(text: string): Line | undefined {
  const value = parsed(text);
  const name = textIn(value, 'name');
  if (name === undefined) throw osqueryMalformed('a line is no result');
  const query = queryNamed(NAME.exec(name)?.[1] ?? '');
  if (query === undefined) return undefined;
  const host = textIn(value, 'hostIdentifier');
  const at = timeOf(memberOf(value, 'unixTime'));
  if (host === undefined || at === undefined)
    throw osqueryMalformed('a line has no host or no time');
  return { query, at, host, value };
}

function play(state: State, { at, value }: Line): void {
  const action = textIn(value, 'action');
  if (action === 'snapshot') {
    const rows = rowsOf(memberOf(value, 'snapshot'));
    if (rows === undefined) throw osqueryMalformed('a snapshot is no list of rows');
    state.rows.clear();
    for (const row of rows) state.rows.set(keyOf(row), row);
    state.isWhole = true;
    state.snapshotAt = at;
    return;
  }
  begin(state, value, at);
  const batch = memberOf(value, 'diffResults');
  if (batch !== undefined) {
    const [removed, added] = [rowsOf(memberOf(batch, 'removed')), rowsOf(memberOf(batch, 'added'))];
    if (removed === undefined || added === undefined)
      throw osqueryMalformed('a difference is no list of rows');
    for (const row of removed) state.rows.delete(keyOf(row));
    for (const row of added) state.rows.set(keyOf(row), row);
  } else {
    const row = rowOf(memberOf(value, 'columns'));
    if (row === undefined) throw osqueryMalformed('a difference is no row');
    if (action === 'added') state.rows.set(keyOf(row), row);
    else if (action === 'removed') state.rows.delete(keyOf(row));
    else throw osqueryMalformed('an action is not known');
  }
  if (state.rows.size > MOST_ROWS) state.isWhole = false;
}

/** The first run of an epoch holds everything; before it nothing is known of that epoch. */
function begin(state: State, value: unknown, at: Instant): void {
  const counter = numberIn(value, 'counter');
  const epoch = numberIn(value, 'epoch') ?? 0;
  const isFirst = counter === 0;
  const run = `${epoch} ${isFirst ? at : ''}`;
  const isSame = state.snapshotAt === null && state.run.split(' ')[0] === String(epoch);
  if (isFirst ? run !== state.run : !isSame) {
    state.rows.clear();
    state.isWhole = isFirst;
    state.run = run;
    state.snapshotAt = null;
  }
}

function keyOf(row: Row): string {
  return JSON.stringify([...row].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function numberIn(value: unknown, name: string): number | undefined {
  const member = memberOf(value, name);
  const number = typeof member === 'string' && /^\d{1,15}$/.test(member) ? Number(member) : member;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function timeOf(value: unknown): Instant | undefined {
  const seconds = numberIn({ value }, 'value');
  const micros = (seconds ?? NaN) * MICROS_PER_SECOND;
  return isInstant(micros) ? micros : undefined;
}
