/** How much became otherwise in each part of a window, by either clock: sums of what the recorder counted. */
import { FACT_TYPES } from '#model';
import type { Seen, StirWindow } from '../protocol.ts';
import type { Statements } from './connection.ts';
import type { Names } from './names.ts';
import { seenTest } from './seen.ts';

const OBSERVED = FACT_TYPES.indexOf('observed');

/** `opAt`: the last operation recorded at or before a moment. */
export function stirredIn(
  sql: Statements,
  names: Names,
  seen: Seen,
  { from, until, parts, clock }: StirWindow,
  knownAt: number,
  opAt: (at: number) => number,
): readonly number[] {
  const isSeen = seenTest(seen);
  const counts = Array.from({ length: parts }, () => 0);
  const add = (part: number, rows: readonly (readonly unknown[])[]): void => {
    for (const [origin, streams] of rows as [number, number][])
      if (isSeen(names.origin(origin))) counts[part] = (counts[part] as number) + streams;
  };
  const last = opAt(knownAt);
  let before = opAt(from - 1);
  for (let part = 0; part < parts; part += 1) {
    const begin = edge(from, until, parts, part);
    const end = edge(from, until, parts, part + 1);
    if (clock === 'valid') {
      add(
        part,
        sql.rows(
          `SELECT origin, sum(streams) FROM stir
           WHERE type = ? AND at >= ? AND at < ? AND op <= ? GROUP BY origin`,
          OBSERVED,
          begin,
          end,
          last,
        ),
      );
      continue;
    }
    const upTo = Math.min(opAt(end - 1), last);
    add(
      part,
      sql.rows(
        'SELECT origin, sum(streams) FROM stir WHERE op > ? AND op <= ? AND +type = ? GROUP BY origin',
        before,
        upTo,
        OBSERVED,
      ),
    );
    before = Math.max(before, upTo);
  }
  return counts;
}

/** Where part `n` begins: whole microseconds, and the parts leave nothing between them. */
function edge(from: number, until: number, parts: number, n: number): number {
  return from + Math.floor(((until - from) * n) / parts);
}
