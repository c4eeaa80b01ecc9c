/**
 * What an operation left in the tables, as one digest: the observation with its names, each row it
 * added or closed, each stream it began. The recorder tells it while writing, and it can be told
 * again from the tables alone, so a row that was changed since shows.
 */
import { sha256 } from '#base/digest';
import type { RecordedObservation } from '../protocol.ts';
import type { Held } from '../timeline.ts';
import type { Row, Statements } from './connection.ts';

/** Rows of fact read at a time. */
const ROWS_AT_A_TIME = 200_000;

/** Gathers the lines of one operation. */
export class RecordedLines {
  readonly #lines: string[] = [];

  began(stream: number, type: number, entity: string, attribute: string): void {
    this.#lines.push(JSON.stringify(['stream', stream, type, entity, attribute]));
  }

  /** `op` set the value, which the operation at hand made visible. */
  added(stream: number, at: number, op: number, held: Held): void {
    this.#lines.push(JSON.stringify(['+', stream, at, op, held]));
  }

  closed(stream: number, at: number, seenFrom: number): void {
    this.#lines.push(JSON.stringify(['-', stream, at, seenFrom]));
  }

  /** Lower-case hex SHA-256 over the observation's row and the lines in their order as text. */
  digest(observation: readonly (string | number | null)[]): string {
    return sha256([JSON.stringify(observation), ...this.#lines.sort()].join('\n'));
  }
}

const OBSERVATION = `SELECT o.op, o.facts, o.id, g.scope, g.target, g.source, o.type, o.observed_at,
  o.recorded_at, hex(h.digest), a.text, r.text, hex(o.sha256), o.key
  FROM observation o JOIN origin g ON g.id = o.origin JOIN shape h ON h.id = o.shape
  JOIN word a ON a.id = o.actor LEFT JOIN word r ON r.id = o.reason`;

/** The row of `op` in the form that `digest` takes. */
export function observationRow(sql: Statements, op: number): readonly (string | number | null)[] {
  const row = sql.row(`${OBSERVATION} WHERE o.op = ?`, op);
  return formOf(row as Row);
}

function formOf(row: Row): readonly (string | number | null)[] {
  return row.slice(2) as (string | number | null)[];
}

/** Every operation up to `lastOp` in order, with what its digest is now. */
export function* recorded(
  sql: Statements,
  lastOp: number,
): Generator<RecordedObservation, undefined> {
  for (let after = 0; after < lastOp; ) {
    const upTo = lastOfBatch(sql, after, lastOp);
    const lines = linesOf(sql, after, upTo);
    for (const row of sql.rows(
      `${OBSERVATION} WHERE o.op > ? AND o.op <= ? ORDER BY o.op`,
      after,
      upTo,
    )) {
      const form = formOf(row);
      const own = lines.get(row[0] as number) ?? new RecordedLines();
      yield { id: form[0] as string, digest: own.digest(form) };
    }
    after = upTo;
  }
}

function lastOfBatch(sql: Statements, after: number, lastOp: number): number {
  const before = sql.number('SELECT facts FROM observation WHERE op = ?', after) ?? 0;
  const next = sql.number(
    'SELECT max(op) FROM observation WHERE op > ? AND op <= ? AND facts <= ?',
    after,
    lastOp,
    before + ROWS_AT_A_TIME,
  );
  return next ?? after + 1;
}

function linesOf(sql: Statements, after: number, upTo: number): Map<number, RecordedLines> {
  const lines = new Map<number, RecordedLines>();
  const of = (op: number): RecordedLines => {
    const known = lines.get(op) ?? new RecordedLines();
    lines.set(op, known);
    return known;
  };
  const numbers = (row: Row): number[] => row as unknown as number[];
  for (const row of sql.rows(
    'SELECT seen_from, stream, valid_from, lag, value FROM fact WHERE seen_from > ? AND seen_from <= ?',
    after,
    upTo,
  )) {
    const [op, stream, at, lag] = numbers(row) as [number, number, number, number];
    of(op).added(stream, at, op - lag, row[4] as Held);
  }
  for (const row of sql.rows(
    'SELECT seen_to, stream, valid_from, seen_from FROM fact WHERE seen_to > ? AND seen_to <= ?',
    after,
    upTo,
  )) {
    const [op, stream, at, seenFrom] = numbers(row) as [number, number, number, number];
    of(op).closed(stream, at, seenFrom);
  }
  for (const row of sql.rows(
    `SELECT f.op, s.id, s.type, e.name, a.name
     FROM (SELECT stream, min(seen_from) AS op FROM fact GROUP BY stream) f
     JOIN stream s ON s.id = f.stream JOIN entity e ON e.id = s.entity
     JOIN attribute a ON a.id = s.attribute WHERE f.op > ? AND f.op <= ?`,
    after,
    upTo,
  )) {
    const [op, stream, type] = numbers(row) as [number, number, number];
    of(op).began(stream, type, row[3] as string, row[4] as string);
  }
  return lines;
}
