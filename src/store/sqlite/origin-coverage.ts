/**
 * How well everything was known at a moment, with a few rows of each origin read in one statement. What those do not
 * settle is asked origin by origin, as `coverage` does.
 */
import type { Instant } from '#base/time';
import type { KindCoverage, OriginCoverage, Seen } from '../protocol.ts';
import type { Statements } from './connection.ts';
import { coverageOf } from './coverage.ts';
import type { Names, OriginName } from './names.ts';
import { seenTest } from './seen.ts';
import type { KindClaim, Shapes } from './shapes.ts';

/** Newest observations of each origin that are read at once: a round of looks is about that many. */
const NEWEST = 6;
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

  said(shape: number): Said {
    const known = this.#said.get(shape);
    if (known !== undefined) return known;
    const text = this.#sql.row('SELECT more FROM shape WHERE id = ?', shape)?.[0] as string;
    const cut = text.endsWith('"timed":[]}')
      ? text
      : JSON.stringify({ ...JSON.parse(text), timed: [] });
    let said = this.#texts.get(cut);
    if (said === undefined) {
      const { claims, kinds } = JSON.parse(cut) as {
        readonly claims: readonly KindClaim[];
        readonly kinds: readonly number[];
      };
      const spoken = new Set(claims.map(([kind]) => kind));
      said = { claims, listed: kinds.filter((kind) => !spoken.has(kind)) };
      if (this.#texts.size >= CACHED) this.#texts.clear();
      this.#texts.set(cut, said);
    }
    if (this.#said.size >= CACHED) this.#said.clear();
    this.#said.set(shape, said);
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
  seen: Seen,
  asOf: number,
  op: number,
): Generator<OriginCoverage> {
  const origins = names.originsOf(undefined).filter(seenTest(seen));
  for (let from = 0; from < origins.length; from += AT_ONCE) {
    const some = origins.slice(from, from + AT_ONCE);
    const rows = sql.rows(
      `SELECT o.origin, o.observed_at, o.shape FROM json_each(?1) j
       CROSS JOIN observation o ON o.op IN (SELECT x.op FROM observation x
         WHERE x.origin = j.value AND x.observed_at <= ?2 AND x.op <= ?3
         ORDER BY x.observed_at DESC, x.op DESC LIMIT ?4 + 0)
       ORDER BY o.origin, o.observed_at DESC, o.op DESC`,
      JSON.stringify(some.map(({ id }) => id)),
      asOf,
      op,
      NEWEST,
    ) as unknown as [number, number, number][];
    let at = 0;
    for (const origin of some.toSorted((a, b) => a.id - b.id)) {
      const first = at;
      while (at < rows.length && rows[at]?.[0] === origin.id) at += 1;
      const kinds = kindsOf(claims, origin, rows.slice(first, at), op);
      yield told(names, origin, kinds ?? coverageOf(sql, claims.shapes, origin.id, asOf, op));
    }
  }
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
  rows: readonly (readonly [number, number, number])[],
  op: number,
): readonly Known[] | undefined {
  const { open, claimed } = claims.kindsOf(id, op);
  const found = new Map<number, Known>();
  const listed = new Map<number, Known>();
  for (const [, observedAt, shape] of rows) {
    if (open.size === 0) break;
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
  if (open.size > 0 && rows.length === NEWEST) return undefined;
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
