/**
 * Answers from the tables. Every read is pinned to the last operation committed when it began; as
 * rows are only added and closed by later operations, that is one consistent state without a
 * read transaction, however long the answer takes.
 */
import { ageSeconds, type Instant } from '#base/time';
import { type Coverage, FACT_TYPES, type FactVersion, kindOf, type Scope } from '#model';
import { compareKeys } from '../order.ts';
import type {
  Difference,
  DifferencePage,
  Edge,
  FactFilter,
  FactPage,
  FactReader,
  HeldValue,
  Moment,
  ObservationReceipt,
  OriginCoverage,
  PageKey,
  Seen,
  StirWindow,
  StoredFact,
  StreamName,
  Wanted,
} from '../protocol.ts';
import { besidesWanted } from './besides.ts';
import { type Candidate, Candidates, keyOf, type StreamFilter } from './candidates.ts';
import type { Statements } from './connection.ts';
import { coverageOf } from './coverage.ts';
import { edgesIn } from './edges.ts';
import { factsOfEntities } from './fleet.ts';
import { Freshness } from './freshness.ts';
import { historyPage } from './history.ts';
import { Names } from './names.ts';
import { Claims, originCoverage } from './origin-coverage.ts';
import { receiptByKey } from './receipts.ts';
import type { Horizon } from './recorder.ts';
import { type Run, type RunStatements, runOf, runStatements } from './run-statements.ts';
import { seenTest } from './seen.ts';
import { Shapes } from './shapes.ts';
import { stirredIn } from './stirred.ts';
import { altered, textTest, valueOf } from './values.ts';
import { valuesOf } from './values-of-kind.ts';

const EACH_PAGE = 1_000;
const CACHED_OPS = 50_000;
const CACHED_MOMENTS = 1_000;

export class SqliteReader implements FactReader {
  readonly #sql: Statements;
  readonly #horizon: () => Horizon;
  readonly #names: Names;
  readonly #shapes: Shapes;
  readonly #candidates: Candidates;
  readonly #claims: Claims;
  #freshest: Freshness | undefined;
  /** The last operation known at moments asked about before. */
  readonly #known = new Map<number, number>();
  readonly #times = new Map<number, number>();

  constructor(sql: Statements, horizon: () => Horizon) {
    this.#sql = sql;
    this.#horizon = horizon;
    this.#names = new Names(sql, () => this.#horizon().lastOp);
    this.#shapes = new Shapes(sql);
    this.#candidates = new Candidates(sql, this.#names);
    this.#claims = new Claims(sql, this.#shapes);
  }

  /** After a rollback on the same connection: numbers may be given again. */
  forget(): void {
    this.#names.forget();
    this.#shapes.forget();
    this.#candidates.forget();
    this.#claims.forget();
    this.#times.clear();
    this.#freshest = undefined;
    this.#known.clear();
  }

  query(filter: FactFilter, at: Moment, limit: number, after?: PageKey): FactPage {
    const facts: StoredFact[] = [];
    for (const fact of this.#facts(filter, at, this.#knownOp(at.knownAt), limit + 1, after)) {
      if (facts.length === limit) return { facts, next: pageKey(facts.at(-1) as StoredFact) };
      facts.push(fact);
    }
    return { facts, next: null };
  }

  each(filter: FactFilter, at: Moment): Iterable<StoredFact> {
    const op = this.#knownOp(at.knownAt);
    const entities = op === 0 ? undefined : this.#candidates.wholeEntities(filter);
    if (entities === undefined) return this.#facts(filter, at, op, EACH_PAGE);
    return this.#factsOf(entities, filter, at, op);
  }

  history(
    filter: StreamFilter,
    limit: number,
    after?: string,
  ): { readonly versions: readonly FactVersion[]; readonly next: string | null } {
    const upTo = this.#horizon().lastOp;
    return historyPage(this.#sql, this.#names, this.#candidates, upTo, filter, limit, after);
  }

  compare(
    filter: FactFilter,
    from: Moment,
    to: Moment,
    limit: number,
    after?: PageKey,
  ): DifferencePage {
    const ops = [this.#knownOp(from.knownAt), this.#knownOp(to.knownAt)] as const;
    const differences: Difference[] = [];
    const fits = textTest(filter.text);
    for (const batch of this.#candidates.batches(filter, after)) {
      const before = this.#runs(batch, from.asOf, ops[0]);
      const now = this.#runs(batch, to.asOf, ops[1]);
      for (const c of batch) {
        const a = before.get(c.stream)?.held;
        const b = now.get(c.stream)?.held;
        if (a === b) continue;
        if (!fits(c.entity, c.attribute, a) && !fits(c.entity, c.attribute, b)) continue;
        if (differences.length === limit) {
          return { differences, next: pageKey(differences.at(-1) as Difference) };
        }
        differences.push({
          ...named(c),
          before: a === undefined ? undefined : valueOf(a),
          after: b === undefined ? undefined : valueOf(b),
        });
      }
    }
    return { differences, next: null };
  }

  coverage(
    filter: Seen & {
      readonly target?: string;
      readonly source?: string;
      readonly kind?: string;
    },
    at: Moment,
  ): readonly Coverage[] {
    const op = this.#knownOp(at.knownAt);
    const isSeen = seenTest(filter);
    const origins = this.#names
      .originsOf(filter.target)
      .filter((o) => isSeen(o) && (filter.source === undefined || o.source === filter.source));
    const found: Coverage[] = [];
    for (const origin of origins) {
      for (const known of coverageOf(this.#sql, this.#shapes, origin.id, at.asOf, op)) {
        const kind = this.#names.word(known.kind);
        if (filter.kind !== undefined && filter.kind !== kind) continue;
        const { scope, target, source } = origin;
        const { status, reason } = known;
        const observedAt = known.observedAt as Instant;
        const age = ageSeconds(observedAt, at.asOf);
        found.push({ scope, target, source, kind, status, observedAt, ageSeconds: age, reason });
      }
    }
    const key = (c: Coverage): string[] => [c.target, c.source, c.kind, c.scope];
    return found.sort((a, b) => compareKeys(key(a), key(b)));
  }

  *origins(seen: Parameters<FactReader['origins']>[0], at: Moment): Generator<OriginCoverage> {
    const op = this.#knownOp(at.knownAt);
    if (op > 0) yield* originCoverage(this.#sql, this.#names, this.#claims, seen, at.asOf, op);
  }

  *values(filter: Parameters<FactReader['values']>[0], at: Moment): Generator<HeldValue> {
    const op = this.#knownOp(at.knownAt);
    if (op === 0) return;
    const moment = [at.asOf, op, this.#recordedAt(op)] as const;
    const entities = this.#candidates.entitiesOfKind(filter.kind, filter.entities);
    yield* valuesOf(this.#sql, this.#names, () => this.#statements(), entities, filter, moment);
  }

  edges(seen: Seen, at: Moment): Iterable<Edge> {
    const op = this.#knownOp(at.knownAt);
    if (op === 0) return [];
    const moment = [at.asOf, op, this.#recordedAt(op)] as const;
    return edgesIn(this.#sql, this.#names, this.#statements(), seen, moment);
  }

  stirred(seen: Seen, window: StirWindow, knownAt: Instant): readonly number[] {
    const op = (at: number): number => this.#knownOp(at);
    return stirredIn(this.#sql, this.#names, seen, window, knownAt, op);
  }

  besides(wanted: Wanted, at: Moment): readonly StreamName[] | undefined {
    const op = this.#knownOp(at.knownAt);
    if (op === 0) return wanted.facts.length === 0 ? [] : undefined;
    const moment = [at.asOf, op, this.#recordedAt(op)] as const;
    return besidesWanted(this.#sql, this.#names, this.#statements(), wanted, moment);
  }

  touched(from: Moment, to: Moment): readonly { scope: Scope; target: string }[] {
    const first = this.#knownOp(from.knownAt);
    const last = this.#knownOp(to.knownAt);
    // `UNION` alone would go through the index of all origins to tell doubles apart.
    const origins = this.#sql.rows(
      `SELECT origin FROM observation WHERE op > ?1 AND op <= ?2
       UNION ALL SELECT s.origin FROM ahead a JOIN stream s ON s.id = a.stream
         WHERE a.valid_from > ?3 AND a.valid_from <= ?4`,
      first,
      last,
      from.asOf,
      to.asOf,
    );
    return [...new Set(origins.map(([id]) => id as number))].map((id) => {
      const { scope, target } = this.#names.origin(id);
      return { scope, target };
    });
  }

  lastRecordedAt(): Instant | undefined {
    const { lastOp, lastRecordedAt } = this.#horizon();
    return lastOp === 0 ? undefined : (lastRecordedAt as Instant);
  }

  priorReceipt(
    scope: Scope,
    target: string,
    source: string,
    key: string,
  ): { readonly receipt: ObservationReceipt; readonly sha256: string } | undefined {
    const origin = this.#sql.number(
      'SELECT id FROM origin WHERE target = ? AND source = ? AND scope = ?',
      target,
      source,
      scope,
    );
    if (origin === undefined) return undefined;
    return receiptByKey(this.#sql, origin, key, this.#horizon().lastOp);
  }

  hasObservation(id: string): boolean {
    const op = this.#sql.number('SELECT op FROM observation WHERE id = ?', id);
    return op !== undefined && op <= this.#horizon().lastOp;
  }

  suggest(visible: Seen, text: string, limit: number): readonly string[] {
    const origins = this.#names.originsOf(undefined).filter(seenTest(visible));
    const rows = this.#sql.rows(
      `SELECT o.target FROM origin o WHERE instr(lower(o.target), lower(?1)) > 0
         AND o.id IN (SELECT value FROM json_each(?2))
       UNION
       SELECT e.name FROM entity e WHERE instr(lower(e.name), lower(?1)) > 0
         AND EXISTS (SELECT 1 FROM stream s
           WHERE s.entity = e.id AND s.origin IN (SELECT value FROM json_each(?2))
             AND EXISTS (SELECT 1 FROM fact f WHERE f.stream = s.id AND f.seen_from <= ?4))
       ORDER BY 1 LIMIT ?3 + 0`,
      text,
      JSON.stringify(origins.map(({ id }) => id)),
      limit,
      this.#horizon().lastOp,
    );
    return rows.map(([name]) => name as string);
  }

  counts(): { facts: number; streams: number; observations: number; bytes: number } {
    const { lastOp } = this.#horizon();
    const count = (sql: string): number => this.#sql.number(sql) ?? 0;
    return {
      facts: this.#sql.number('SELECT facts FROM observation WHERE op = ?', lastOp) ?? 0,
      streams: count('SELECT max(id) FROM stream'),
      observations: lastOp,
      bytes: count('PRAGMA page_count') * count('PRAGMA page_size'),
    };
  }

  /** The newest operation recorded at or before a moment. */
  #knownOp(knownAt: number): number {
    const { lastOp, lastRecordedAt } = this.#horizon();
    if (lastOp === 0 || knownAt >= lastRecordedAt) return lastOp;
    const known = this.#known.get(knownAt);
    if (known !== undefined) return known;
    const op =
      this.#sql.number(
        'SELECT op FROM observation WHERE recorded_at <= ? ORDER BY recorded_at DESC LIMIT 1',
        knownAt,
      ) ?? 0;
    // Nothing can be recorded before what was recorded last, so this stays true.
    if (this.#known.size >= CACHED_MOMENTS) this.#known.clear();
    this.#known.set(knownAt, op);
    return op;
  }

  *#facts(
    filter: FactFilter,
    at: Moment,
    op: number,
    atOnce: number,
    after?: PageKey,
  ): Generator<StoredFact> {
    const freshness = this.#freshness(at.asOf, op);
    const fits = textTest(filter.text);
    const type = FACT_TYPES.indexOf(filter.type);
    const { entity, attribute } = filter;
    if (isName(entity) && isName(attribute)) {
      for (const [c, run] of this.#point(filter, entity, attribute, at.asOf, op, after)) {
        if (fits(entity, attribute, run.held)) yield this.#storedFact(c, run, freshness, type);
      }
      return;
    }
    for (const batch of this.#candidates.batches(filter, after)) {
      for (let i = 0; i < batch.length; i += atOnce) {
        const part = batch.length <= atOnce ? batch : batch.slice(i, i + atOnce);
        const runs = this.#runs(part, at.asOf, op);
        for (const c of part) {
          const run = runs.get(c.stream);
          if (run === undefined || !fits(c.entity, c.attribute, run.held)) continue;
          yield this.#storedFact(c, run, freshness, type);
        }
      }
    }
  }

  *#factsOf(
    entities: NonNullable<ReturnType<Candidates['wholeEntities']>>,
    filter: FactFilter,
    at: Moment,
    op: number,
  ): Generator<StoredFact> {
    const freshness = this.#freshness(at.asOf, op);
    const fits = textTest(filter.text);
    const type = FACT_TYPES.indexOf(filter.type);
    const moment = [at.asOf, op, this.#recordedAt(op)] as const;
    const statements = (): RunStatements => this.#statements();
    const found = factsOfEntities(this.#sql, this.#names, statements, entities, filter, moment);
    for (const batch of found) {
      for (const c of batch) {
        if (!fits(c.entity, c.attribute, c.run.held)) continue;
        yield this.#storedFact(c, c.run, freshness, type);
      }
    }
  }

  #storedFact(
    c: Omit<Candidate, 'stream'>,
    run: Run,
    freshness: Freshness,
    type: number,
  ): StoredFact {
    const { from, to, held } = run;
    const { id, scope, target, source } = c.origin;
    return {
      scope,
      target,
      source,
      entity: c.entity,
      attribute: c.attribute,
      type: c.type,
      value: valueOf(held),
      validFrom: from as Instant,
      validTo: to as Instant | null,
      recordedAt: this.#recordedAt(run.op) as Instant,
      supersededAt: null,
      altered: altered(held),
      confirmedAt: freshness.confirmedAt(id, type, run),
    };
  }

  #runs(batch: readonly Candidate[], asOf: number, op: number): Map<number, Run> {
    const streams = JSON.stringify(batch.map(({ stream }) => stream));
    const runs = new Map<number, Run>();
    if (op === 0) return runs;
    for (const row of this.#sql.rows(
      this.#statements().runs,
      asOf,
      op,
      streams,
      null,
      null,
      this.#recordedAt(op),
    )) {
      runs.set(row[0] as number, runOf(row));
    }
    return runs;
  }

  #statements(): RunStatements {
    return runStatements(this.#horizon());
  }

  /** The commonest question, one attribute of one entity, in one statement. */
  #point(
    filter: FactFilter,
    entity: string,
    attribute: string,
    asOf: number,
    op: number,
    after?: PageKey,
  ): [Candidate, Run][] {
    const { kind, target, source, type } = filter;
    const isSeen = seenTest(filter);
    const entityId = this.#names.idOf('entity', entity);
    const attributeId = this.#names.idOf('attribute', attribute);
    if (op === 0 || entityId === undefined || attributeId === undefined) return [];
    if (kind !== undefined && kindOf(entity) !== kind) return [];
    const found: [Candidate, Run][] = [];
    const typeId = FACT_TYPES.indexOf(type);
    for (const row of this.#sql.rows(
      this.#statements().point,
      asOf,
      op,
      entityId,
      attributeId,
      typeId,
      this.#recordedAt(op),
    )) {
      const origin = this.#names.origin(row[6] as number);
      if (target !== undefined && origin.target !== target) continue;
      if (source !== undefined && origin.source !== source) continue;
      if (!isSeen(origin)) continue;
      const c = { stream: row[0] as number, origin, entity, attribute, type };
      if (after !== undefined && compareKeys(keyOf(c).slice(0, after.length), after) <= 0) continue;
      found.push([c, runOf(row)]);
    }
    return found.length < 2 ? found : found.sort((a, b) => compareKeys(keyOf(a[0]), keyOf(b[0])));
  }

  /** Pages and points of one moment share what was read about it. */
  #freshness(asOf: number, op: number): Freshness {
    const kept = this.#freshest;
    if (kept?.asOf === asOf && kept.upTo === op && kept.size < CACHED_OPS) return kept;
    this.#freshest = new Freshness(this.#sql, this.#shapes, asOf, op);
    return this.#freshest;
  }

  #recordedAt(op: number): number {
    const known = this.#times.get(op);
    if (known !== undefined) return known;
    const time = this.#sql.number('SELECT recorded_at FROM observation WHERE op = ?', op) as number;
    if (this.#times.size >= CACHED_OPS) this.#times.clear();
    this.#times.set(op, time);
    return time;
  }
}

/** Whether a filter names one thing: it has no wildcard. */
function isName(pattern: string | undefined): pattern is string {
  return pattern !== undefined && !pattern.includes('*');
}

function named(
  c: Candidate,
): Pick<Difference, 'scope' | 'target' | 'source' | 'entity' | 'attribute'> {
  const { scope, target, source } = c.origin;
  return { scope, target, source, entity: c.entity, attribute: c.attribute };
}

function pageKey(last: StoredFact | Difference): PageKey {
  return [last.entity, last.attribute, last.target, last.source, last.scope];
}
