/**
 * A stream's whole list of breakpoints, rebuilt from what its observations listed.
 *
 * Rows hold only where values change. The operations that wrote no row are known from the shapes of
 * the observations, and what each of them said from the rows as they were believed right after it.
 */
import { storeFault } from '../faults.ts';
import {
  applyClaim,
  type Breakpoint,
  type Claim,
  type Held,
  indexAt,
  pointAt,
} from '../timeline.ts';
import type { Statements } from './connection.ts';
import { claimOn, type Shapes } from './shapes.ts';

export type Listed = { readonly op: number; readonly observedAt: number; readonly shape: number };
export type FactRow = {
  readonly at: number;
  readonly seenFrom: number;
  readonly seenTo: number | null;
  readonly op: number;
  readonly held: Held;
};

export function observationsOf(sql: Statements, origin: number, type: number): Listed[] {
  return sql
    .rows(
      'SELECT op, observed_at, shape FROM observation WHERE origin = ? AND type = ? ORDER BY op',
      origin,
      type,
    )
    .map(([op, observedAt, shape]) => ({ op, observedAt, shape }) as Listed);
}

/** Rows of one stream by time and then by belief. */
export function factRows(sql: Statements, stream: number): FactRow[] {
  return sql
    .rows(
      `SELECT valid_from, seen_from, seen_to, lag, value FROM fact WHERE stream = ?
       ORDER BY valid_from, seen_from`,
      stream,
    )
    .map(([at, seenFrom, seenTo, lag, held]) => ({
      at: at as number,
      seenFrom: seenFrom as number,
      seenTo: seenTo as number | null,
      op: (seenFrom as number) - (lag as number),
      held: held as Held,
    }));
}

export function isBelieved(row: FactRow, op: number): boolean {
  return row.seenFrom <= op && (row.seenTo === null || row.seenTo > op);
}

/** What the rows say held at a moment, as believed right after `op`. */
export function believedAt(rows: readonly FactRow[], at: number, op: number): Held {
  for (let i = indexAt(rows, at); i >= 0; i--) {
    const row = rows[i] as FactRow;
    if (isBelieved(row, op)) return row.held;
  }
  return null;
}

export function replay(
  rows: readonly FactRow[],
  observations: readonly Listed[],
  shapes: Shapes,
  stream: number,
): Breakpoint[] {
  if (rows.length === 0) return [];
  const touched = new Set<number>();
  for (const row of rows) {
    touched.add(row.seenFrom);
    if (row.seenTo !== null) touched.add(row.seenTo);
  }
  const timeline: Breakpoint[] = [];
  for (const { op, observedAt, shape } of observations) {
    const claim: Claim | undefined = claimOn(shapes.get(shape), stream, observedAt);
    if (claim !== undefined) {
      applyClaim(timeline, claim, believedAt(rows, claim.from, op), op);
    } else if (touched.has(op)) {
      applyClaim(timeline, pointAt(observedAt), null, op);
    }
    touched.delete(op);
  }
  if (touched.size > 0) {
    throw storeFault(
      'store-damaged',
      `rows of a stream name observations that are not there: stream ${stream}`,
    );
  }
  return timeline;
}
