/**
 * How well everything was known at a moment, with a few rows of each origin read in one statement. What those do not
 * settle is asked origin by origin, as `coverage` does.
 */
import type { Instant } from '#base/time';
import { storeFault } from '../faults.ts';
import type { FactReader, KindCoverage, OriginCoverage } from '../protocol.ts';
import type { Statements } from './connection.ts';
import { coverageOf } from './coverage.ts';
import type { Names, OriginName } from './names.ts';
import { seenTest } from './seen.ts';
import type { KindClaim, Shapes } from './shapes.ts';

/** How many of the newest observations of an origin are read at once: as many as were needed before. */
const DEPTHS = [1, 2, 4, 8, 16, 32, 64] as const;
const FIRST_DEPTH = 4;
const AT_ONCE = 4_000;
const CACHED = 400_000;

/** What a shape says of whole kinds. Few are said, however many shapes there are. */
type Said = {
  readonly claims: readonly KindClaim[];
  /** Listed, and not claimed. */
  readonly listed: readonly number[];
};

/** What origins ever spoke of, and what shapes say of it. */
export class Claims {
  readonly #sql: Statements;
  readonly shapes: Shapes;
  readonly #said = new Map<number, Said>();
  readonly #texts = new Map<string, Said>();
  /** By origin: kind and whether it was claimed as a whole, since which operation. */
  readonly #kinds = new Map<number, { kind: number; claimed: boolean; op: number }[]>();
  #kindsUpTo = 0;
  readonly #depths = new Map<number, number>();

  constructor(sql: Statements, shapes: Shapes) {
    this.#sql = sql;
    this.shapes = shapes;
  }

  forget(): void {
    this.#said.clear();
    this.#texts.clear();
    this.#kinds.clear();
    this.#kindsUpTo = 0;
  }

  /** How many kinds an origin spoke of by an operation; those only ever listed count as well. */
  kindsOf(
    origin: number,
    op: number,
  ): { readonly open: Set<number>; readonly claimed: Set<number> } {
    this.#knowKinds(op);
    const open = new Set<number>();
    const claimed = new Set<number>();
    for (const known of this.#kinds.get(origin) ?? []) {
      if (known.op > op) continue;
      open.add(known.kind);
      if (known.claimed) claimed.add(known.kind);
    }
    return { open, claimed };
  }

  /** Reads what shapes say that are not known yet, all in one statement. */
  learn(shapes: readonly number[]): void {
    const unknown = [...new Set(shapes)].filter((shape) => !this.#said.has(shape));
    if (unknown.length === 0) return;
    if (this.#said.size + unknown.length > CACHED) this.#said.clear();
    const rows = this.#sql.rows(
      'SELECT s.id, s.more FROM json_each(?) j CROSS JOIN shape s ON s.id = j.value',
      JSON.stringify(unknown),
    );
    for (const [shape, more] of rows as [number, string][]) this.#said.set(shape, this.#of(more));
  }

  depthOf(origin: number): number {
    return this.#depths.get(origin) ?? FIRST_DEPTH;
  }

  /** How many observations told everything of an origin. */
  needed(origin: number, count: number): void {
    const depth = DEPTHS.find((each) => each >= count);
    if (depth !== undefined) this.#depths.set(origin, depth);
  }

  said(shape: number): Said {
    const known = this.#said.get(shape);
    if (known !== undefined) return known;
    throw storeFault('store-damaged', `a shape is missing: ${shape}`);
  }

  #of(more: string): Said {
    const known = this.#texts.get(more);
    if (known !== undefined) return known;
    const { claims, kinds } = JSON.parse(more) as {
      readonly claims: readonly KindClaim[];
      readonly kinds: readonly number[];
    };
    const spoken = new Set(claims.map(([kind]) => kind));
    const said = { claims, listed: kinds.filter((kind) => !spoken.has(kind)) };
    // A shape with times of its own is hardly ever said twice.
    if (more.endsWith('"timed":[]}') && this.#texts.size < CACHED) this.#texts.set(more, said);
    return said;
  }

  #knowKinds(op: number): void {
    if (op <= this.#kindsUpTo) return;
    const rows = this.#sql.rows(
      'SELECT origin, kind, claimed, op FROM origin_kind WHERE op > ? AND op <= ?',
      this.#kindsUpTo,
      op,
    );
    for (const [origin, kind, claimed, since] of rows as [number, number, number, number][]) {
      const known = { kind, claimed: claimed === 1, op: since };
      const all = this.#kinds.get(origin);
      if (all === undefined) this.#kinds.set(origin, [known]);
      else all.push(known);
    }
    this.#kindsUpTo = op;
  }
}

export function* originCoverage(
  sql: Statements,
  names: Names,
  claims: Claims,
  seen: Parameters<FactReader['origins']>[0],
  asOf: number,
  op: number,
): Generator<OriginCoverage> {
  const { scopes, targets = [], except = [] } = seen;
  // Of a few targets no other origin is gone through.
  const some =
    scopes.length === 0
      ? [...new Set(targets.map(({ id }) => id))].flatMap((id) => names.originsOf(id))
      : names.originsOf(undefined);
  const isSeen = seenTest(seen);
  const origins = some.filter((origin) => !except.includes(origin.source) && isSeen(origin));
  let left = Map.groupBy(origins, ({ id }) => claims.depthOf(id));
  for (const depth of DEPTHS) {
    const deeper: OriginName[] = [];
    const these = left.get(depth) ?? [];
    for (let from = 0; from < these.length; from += AT_ONCE) {
      const some = these.slice(from, from + AT_ONCE);
      const newest = newestOf(sql, some, asOf, op, depth);
      claims.learn(newest.flatMap((rows) => rows.map(([, , shape]) => shape)));
      for (const [k, origin] of some.entries()) {
        const known = kindsOf(claims, origin, newest[k] ?? [], op, depth);
        if (known === undefined) deeper.push(origin);
        else yield told(names, origin, known);
      }
    }
    const next = DEPTHS[DEPTHS.indexOf(depth) + 1];
    if (next === undefined) {
      for (const origin of deeper)
        yield told(names, origin, coverageOf(sql, claims.shapes, origin.id, asOf, op));
    } else left = new Map([...left, [next, [...(left.get(next) ?? []), ...deeper]]]);
  }
}

type Newest = readonly [op: number, observedAt: number, shape: number];

/** Of each origin, in the order of the list, newest first. */
function newestOf(
  sql: Statements,
  origins: readonly OriginName[],
  asOf: number,
  op: number,
  depth: number,
): readonly (readonly Newest[])[] {
  const rows = sql.rows(
    `SELECT j.key, o.op, o.observed_at, o.shape FROM json_each(?1) j
     CROSS JOIN observation o ON o.op IN (SELECT x.op FROM observation x
       WHERE x.origin = j.value AND x.observed_at <= ?2 AND x.op <= ?3
       ORDER BY x.observed_at DESC, x.op DESC LIMIT ?4 + 0)`,
    JSON.stringify(origins.map(({ id }) => id)),
    asOf,
    op,
    depth,
  ) as unknown as [number, number, number, number][];
  const newest: Newest[][] = origins.map(() => []);
  for (const [key, of, observedAt, shape] of rows) newest[key]?.push([of, observedAt, shape]);
  for (const its of newest) if (its.length > 1) its.sort((a, b) => b[1] - a[1] || b[0] - a[0]);
  return newest;
}

type Known = {
  readonly kind: number;
  readonly status: KindCoverage['status'];
  readonly observedAt: number;
  readonly reason: string | null;
};

/** `undefined`: older observations have a say too. */
function kindsOf(
  claims: Claims,
  { id }: OriginName,
  rows: readonly Newest[],
  op: number,
  depth: number,
): readonly Known[] | undefined {
  const { open, claimed } = claims.kindsOf(id, op);
  const found = new Map<number, Known>();
  const listed = new Map<number, Known>();
  let needed = 0;
  for (const [, observedAt, shape] of rows) {
    if (open.size === 0) break;
    needed += 1;
    const said = claims.said(shape);
    for (const [kind, status, reason] of said.claims)
      if (open.delete(kind)) found.set(kind, { kind, status, observedAt, reason });
    for (const kind of said.listed) {
      if (!open.has(kind)) continue;
      if (!listed.has(kind))
        listed.set(kind, { kind, status: 'partial', observedAt, reason: null });
      if (!claimed.has(kind)) open.delete(kind);
    }
  }
  if (open.size > 0 && rows.length === depth) return undefined;
  claims.needed(id, needed);
  return [...new Map([...listed, ...found]).values()];
}

function told(
  names: Names,
  { scope, target, source }: OriginName,
  kinds: readonly Known[],
): OriginCoverage {
  return {
    scope,
    target,
    source,
    kinds: kinds.map(({ kind, status, observedAt, reason }) => ({
      kind: names.word(kind),
      status,
      observedAt: observedAt as Instant,
      reason,
    })),
  };
}
