/** What `osqueryi` answered to each question, as one document, so that it is read as a report like the others. */
import { Fault } from '#base/fault';
import { arrayOf, memberOf, parsed, textIn } from '../../json-look.ts';
import { decode } from '../../reading.ts';
import { QUERY_NAMES, type QueryName } from './queries.ts';
import type { Answers, Row } from './rows.ts';

export const MOST_ROWS = 20_000;
const MOST_COLUMNS = 64;
const FORMAT = 'holdfast-osquery 1';

/** Of each program that ended well, its output. What is not here was not answered. */
export function osqueryDocument(
  answers: readonly { readonly name: string; readonly stdout: Uint8Array }[],
): Uint8Array {
  const said = answers.map(({ name, stdout }) => ({ name, stdout: decode(stdout) }));
  return Buffer.from(JSON.stringify({ format: FORMAT, answers: said }));
}

/** `undefined` when the text is no such document: then it is a log of osqueryd. */
export function parseDocument(text: string): Answers | undefined {
  if (!text.startsWith(`{"format":"${FORMAT}"`)) return undefined;
  const found = new Map<QueryName, readonly Row[]>();
  for (const answer of arrayOf(memberOf(parsed(text), 'answers')) ?? []) {
    const name = queryNamed(textIn(answer, 'name') ?? '');
    const rows = rowsOf(parsed(textIn(answer, 'stdout') ?? ''));
    // A question that was not answered with a list of rows was not answered.
    if (name !== undefined && rows !== undefined) found.set(name, rows);
  }
  return found;
}

export function queryNamed(name: string): QueryName | undefined {
  return QUERY_NAMES.find((each) => each === name);
}

/** `undefined` unless it is a list of rows, all of them. */
export function rowsOf(value: unknown): readonly Row[] | undefined {
  const list = arrayOf(value);
  if (list === undefined || list.length > MOST_ROWS) return undefined;
  const rows: Row[] = [];
  for (const each of list) {
    const row = rowOf(each);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

export function rowOf(value: unknown): Row | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const columns = Object.entries(value);
  if (columns.length > MOST_COLUMNS) return undefined;
  const row = new Map<string, string>();
  for (const [column, said] of columns) {
    if (typeof said !== 'string' && typeof said !== 'number') return undefined;
    row.set(column, String(said));
  }
  return row;
}

export function osqueryMalformed(what: string): Fault {
  return new Fault(
    'invalid',
    'osquery-malformed',
    `the log is none of osqueryd: ${what}. See that the path is its results log in JSON lines`,
  );
}
