/**
 * When a fact was last confirmed, as of one moment: the newest observation that said so. Setting a
 * breakpoint is not saying: where a correction ends, what held before goes on, no fresher than it was.
 * Walks the observations of an origin from the newest back, once for a whole answer.
 */
import type { Instant } from '#base/time';
import type { Statements } from './connection.ts';
import { believedAt, type FactRow, factRows, type Listed } from './replay.ts';
import type { Run } from './run-statements.ts';
import { claimOn, type Shapes } from './shapes.ts';

/** Observations of one origin and type, newest first, read as far as was needed. */
type Walk = {
  readonly read: Listed[];
  /** The same without those that list what a newer one lists. */
  readonly distinct: Listed[];
  readonly shapes: Set<number>;
  ended: boolean;
};

export class Freshness {
  readonly #sql: Statements;
  readonly #shapes: Shapes;
  readonly asOf: number;
  readonly upTo: number;
  #size = 0;
  readonly #walks = new Map<number, Walk>();

  constructor(sql: Statements, shapes: Shapes, asOf: number, upTo: number) {
    this.#sql = sql;
    this.#shapes = shapes;
    this.asOf = asOf;
    this.upTo = upTo;
  }

  /** Observations read so far. */
  get size(): number {
    return this.#size;
  }

  confirmedAt(origin: number, type: number, run: Run): Instant {
    return (run.timed ? this.#timed(origin, type, run) : this.#plain(origin, type, run)) as Instant;
  }

  /** On a stream without explicit times every observation's breakpoint stays, so the newest one speaks. */
  #plain(origin: number, type: number, run: Run): number {
    const walk = this.#walk(origin, type);
    for (let i = 0; i < walk.distinct.length || this.#readOn(walk, origin, type); i++) {
      const listed = walk.distinct[i];
      if (listed === undefined) continue;
      if (listed.observedAt <= run.from) break;
      if (claimOn(this.#shapes.get(listed.shape), run.stream, listed.observedAt) !== undefined) {
        return listed.observedAt;
      }
    }
    return run.from;
  }

  #timed(origin: number, type: number, run: Run): number {
    const rows = factRows(this.#sql, run.stream);
    const walk = this.#walk(origin, type);
    let before: number | undefined;
    for (let i = 0; i < walk.read.length || this.#readOn(walk, origin, type); i++) {
      const listed = walk.read[i];
      if (listed === undefined) continue;
      const said = this.#said(rows, run, listed);
      if (said === 'in it') return listed.observedAt;
      if (said === 'before it') before ??= listed.observedAt;
    }
    if (before === undefined) return this.asOf;
    const later = this.#later(origin, type);
    return later.some((listed) => this.#said(rows, run, listed) === 'in it') ? this.asOf : before;
  }

  /** Whether an observation said the run's value, of a moment in it or only of one before it. */
  #said(rows: readonly FactRow[], run: Run, listed: Listed): 'in it' | 'before it' | undefined {
    const claim = claimOn(this.#shapes.get(listed.shape), run.stream, listed.observedAt);
    if (claim === undefined || claim.from > this.asOf) return undefined;
    if (believedAt(rows, claim.from, listed.op) !== run.held) return undefined;
    const end = claim.to ?? claim.from;
    return end > run.from || (claim.point && end === run.from) ? 'in it' : 'before it';
  }

  /** What was observed after the moment asked about, in no order. */
  #later(origin: number, type: number): Listed[] {
    return this.#sql
      .rows(
        `SELECT op, observed_at, shape FROM observation
         WHERE origin = ? AND observed_at > ? AND type = ? AND op <= ?`,
        origin,
        this.asOf,
        type,
        this.upTo,
      )
      .map(([op, observedAt, shape]) => ({ op, observedAt, shape }) as Listed);
  }

  #walk(origin: number, type: number): Walk {
    const key = origin * 16 + type;
    let walk = this.#walks.get(key);
    if (walk === undefined) {
      walk = { read: [], distinct: [], shapes: new Set(), ended: false };
      this.#walks.set(key, walk);
    }
    return walk;
  }

  /** Reads some more; false when there was nothing more. */
  #readOn(walk: Walk, origin: number, type: number): boolean {
    if (walk.ended) return false;
    const last = walk.read.at(-1);
    const limit = last === undefined ? 2 : Math.min(1_000, walk.read.length * 4);
    const rows = this.#sql.rows(
      `SELECT op, observed_at, shape FROM observation
       WHERE origin = ? AND observed_at <= ? AND (observed_at, op) < (?, ?)
         AND type = ? AND op <= ?
       ORDER BY observed_at DESC, op DESC LIMIT ? + 0`,
      origin,
      last?.observedAt ?? this.asOf,
      last?.observedAt ?? this.asOf + 1,
      last?.op ?? 0,
      type,
      this.upTo,
      limit,
    );
    for (const [op, observedAt, shape] of rows as [number, number, number][]) {
      const listed = { op, observedAt, shape };
      walk.read.push(listed);
      if (!walk.shapes.has(shape)) walk.distinct.push(listed);
      walk.shapes.add(shape);
    }
    walk.ended = rows.length < limit;
    this.#size += rows.length;
    return rows.length > 0;
  }
}
