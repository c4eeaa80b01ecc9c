/**
 * How well the kinds of one origin were known at a moment: the newest observation that spoke of a
 * kind as a whole decides; a kind that was only ever listed is partial.
 */
import type { Statements } from './connection.ts';
import type { ClaimStatus, Shapes } from './shapes.ts';

export type KindCoverage = {
  readonly kind: number;
  readonly status: ClaimStatus;
  readonly observedAt: number;
  readonly reason: string | null;
};

const CHUNK = 256;

export function coverageOf(
  sql: Statements,
  shapes: Shapes,
  origin: number,
  asOf: number,
  upTo: number,
): KindCoverage[] {
  const claimable = new Set<number>();
  const open = new Set<number>();
  const rows = sql.rows(
    'SELECT kind, claimed FROM origin_kind WHERE origin = ? AND op <= ?',
    origin,
    upTo,
  );
  for (const [kind, claimed] of rows as [number, number][]) {
    open.add(kind);
    if (claimed === 1) claimable.add(kind);
  }
  const claimed = new Map<number, KindCoverage>();
  const listed = new Map<number, KindCoverage>();
  const seen = new Set<number>();
  for (const [observedAt, shapeId] of newestFirst(sql, origin, asOf, upTo)) {
    if (open.size === 0) break;
    if (seen.has(shapeId)) continue;
    seen.add(shapeId);
    const shape = shapes.get(shapeId);
    for (const [kind, status, reason] of shape.claims) {
      if (!open.delete(kind)) continue;
      claimed.set(kind, { kind, status, observedAt, reason });
    }
    for (const kind of shape.kinds) {
      if (!listed.has(kind))
        listed.set(kind, { kind, status: 'partial', observedAt, reason: null });
      if (!claimable.has(kind)) open.delete(kind);
    }
  }
  return [...new Map([...listed, ...claimed]).values()];
}

function* newestFirst(
  sql: Statements,
  origin: number,
  asOf: number,
  upTo: number,
): Generator<[observedAt: number, shape: number]> {
  let before: readonly [number, number] = [asOf + 1, 0];
  for (let limit = 4; ; limit = CHUNK) {
    const rows = sql.rows(
      `SELECT observed_at, shape, op FROM observation
       WHERE origin = ? AND observed_at <= ? AND (observed_at, op) < (?, ?) AND op <= ?
       ORDER BY observed_at DESC, op DESC LIMIT ? + 0`,
      origin,
      before[0],
      ...before,
      upTo,
      limit,
    ) as unknown as [number, number, number][];
    for (const [observedAt, shape] of rows) yield [observedAt, shape];
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    before = [last[0], last[2]];
  }
}
