/**
 * Applies observations to the tables, inside the transaction of the writer.
 *
 * Everything that can be wrong with an observation is found before its first row is written. A value
 * that the stream's last run already says costs nothing; a later value is one new row; whatever
 * comes late or with explicit times is worked out on the stream's rebuilt timeline.
 */
import { FACT_TYPES, type FactType, isVolatile, kindOf } from '#model';
import type { ObservationInput, ObservationReceipt, RecordedObservation } from '../protocol.ts';
import {
  applyClaim,
  type Breakpoint,
  type Claim,
  type Held,
  pointAt,
  runsLost,
  sameFunction,
  visible,
} from '../timeline.ts';
import type { Statements } from './connection.ts';
import { attributeOf, type Head, type Heads, headKey, type Origin, remembered } from './heads.ts';
import { type Listing, prepare } from './prepare.ts';
import { priorReceipt } from './receipts.ts';
import { observationRow, RecordedLines } from './recorded.ts';
import { believedAt, factRows, type Listed, observationsOf, replay } from './replay.ts';
import type { ShapeInput, Shapes } from './shapes.ts';
import type { Words } from './words.ts';

/** Where the tables stand, and so how far a reader may look. */
export type Horizon = {
  readonly lastOp: number;
  readonly lastRecordedAt: number;
  /** Some breakpoint is later than the moment at which its operation was recorded. */
  readonly hasAhead: boolean;
  /** Some stream was ever given explicit times. */
  readonly hasTimed: boolean;
};

type Counts = { written: number; unchanged: number; superseded: number; retired: number };

/** One observation being applied. */
type Work = {
  readonly op: number;
  readonly origin: Origin;
  readonly type: number;
  readonly observedAt: number;
  readonly recordedAt: number;
  readonly counts: Counts;
  readonly lines: RecordedLines;
  /** How many streams became otherwise from which moment on. */
  readonly stirs: Map<number, number>;
  /** All observations of the origin and type, read when first needed. */
  observations: Listed[] | undefined;
};

export class Recorder {
  readonly #sql: Statements;
  readonly #words: Words;
  readonly #heads: Heads;
  readonly #shapes: Shapes;
  #lastOp = 0;
  #lastRecordedAt = -Infinity;
  #facts = 0;
  #streams = 0;
  #hasAhead = false;
  #hasTimed = false;

  constructor(sql: Statements, words: Words, heads: Heads, shapes: Shapes) {
    this.#sql = sql;
    this.#words = words;
    this.#heads = heads;
    this.#shapes = shapes;
  }

  /** Where the tables stand, what this transaction wrote included. */
  horizon(): Horizon {
    return {
      lastOp: this.#lastOp,
      lastRecordedAt: this.#lastRecordedAt,
      hasAhead: this.#hasAhead,
      hasTimed: this.#hasTimed,
    };
  }

  /** Reads where the tables stand: at opening and after a rollback, when memory may say more. */
  resume(): void {
    this.#words.forget();
    this.#heads.forget();
    this.#shapes.forget();
    const row = this.#sql.row(
      'SELECT op, recorded_at, facts FROM observation ORDER BY op DESC LIMIT 1',
    );
    this.#lastOp = (row?.[0] as number | undefined) ?? 0;
    this.#lastRecordedAt = (row?.[1] as number | undefined) ?? -Infinity;
    this.#facts = (row?.[2] as number | undefined) ?? 0;
    this.#streams = this.#sql.number('SELECT max(id) FROM stream') ?? 0;
    this.#hasAhead = this.#sql.row('SELECT 1 FROM ahead LIMIT 1') !== undefined;
    this.#hasTimed = this.#sql.row('SELECT 1 FROM timed_stream LIMIT 1') !== undefined;
  }

  /** `writing` is called before the first row is written, `wrote` with the digest of all of them. */
  record(
    input: ObservationInput,
    writing: () => void,
    wrote: (recorded: RecordedObservation) => void,
  ): ObservationReceipt {
    const found = this.#heads.find(input.scope, input.target, input.source);
    const prior = priorReceipt(this.#sql, found?.id, input);
    if (prior !== undefined) return prior;
    const listings = prepare(input, found, this.#lastRecordedAt, (id) => this.#isTaken(id));
    writing();
    const origin = found ?? this.#heads.create(input.scope, input.target, input.source);
    const work: Work = {
      op: this.#lastOp + 1,
      origin,
      type: FACT_TYPES.indexOf(input.type),
      observedAt: input.observedAt,
      recordedAt: input.recordedAt,
      counts: { written: 0, unchanged: 0, superseded: 0, retired: 0 },
      lines: new RecordedLines(),
      stirs: new Map(),
      observations: undefined,
    };
    const shape = this.#applyListings(work, input, listings);
    this.#applyAbsences(work, input, listings);
    this.#insertObservation(work, input, this.#shapes.put(shape));
    this.#heads.trim();
    wrote({ id: input.id, digest: work.lines.digest(observationRow(this.#sql, work.op)) });
    return {
      observationId: input.id,
      recordedAt: input.recordedAt,
      ...work.counts,
      replayed: false,
    };
  }

  #isTaken(id: string): boolean {
    return this.#sql.row('SELECT 1 FROM observation WHERE id = ?', id) !== undefined;
  }

  #applyListings(work: Work, input: ObservationInput, listings: readonly Listing[]): ShapeInput {
    const shape: ShapeInput = { streams: [], timed: [], kinds: [], claims: [] };
    const kinds = new Set<string>();
    for (const listing of listings) {
      const { fact, claim, held } = listing;
      const head = listing.head ?? this.#createStream(work, input.type, fact);
      kinds.add(listing.kind);
      const plain = claim.to === undefined && claim.from === work.observedAt;
      if (plain) shape.streams.push(head.stream);
      else shape.timed.push([head.stream, fact.validFrom ?? null, fact.validTo ?? null]);
      const changed = this.#apply(work, head, claim, held);
      if (changed) {
        work.counts.written++;
        stir(work, listing.kind, fact.attribute, claim.from);
      } else work.counts.unchanged++;
      if (!plain && !head.timed) {
        this.#sql.run('INSERT INTO timed_stream VALUES (?)', head.stream);
        head.timed = true;
        this.#hasTimed = true;
      }
    }
    for (const kind of kinds) shape.kinds.push(this.#originKind(work, kind, 0));
    for (const kind of new Set(input.complete)) {
      shape.claims.push([this.#originKind(work, kind, 1), 'complete', null]);
    }
    for (const { kind, status, reason } of mergeShortfalls(input.shortfalls)) {
      shape.claims.push([this.#originKind(work, kind, 1), status, reason]);
    }
    return shape;
  }

  #applyAbsences(work: Work, input: ObservationInput, listings: readonly Listing[]): void {
    const listed = new Set(listings.map(({ key }) => key));
    const retire = (head: Head, kind: string, attribute: string): void => {
      if (this.#heldAt(work, head) === null) return;
      this.#apply(work, head, pointAt(work.observedAt), null);
      work.counts.retired++;
      stir(work, kind, attribute, work.observedAt);
    };
    for (const kind of new Set(input.complete)) {
      for (const [key, head] of work.origin.byKind.get(`${input.type} ${kind}`) ?? []) {
        if (!listed.has(key)) retire(head, kind, attributeOf(key));
      }
    }
    for (const { entity, attribute } of input.absent ?? []) {
      const head = work.origin.heads.get(headKey(input.type, entity, attribute));
      if (head !== undefined) retire(head, kindOf(entity), attribute);
    }
  }

  /** Applies one operation to one stream; says whether it changed what held when. */
  #apply(work: Work, head: Head, claim: Claim, held: Held): boolean {
    const memory = remembered(held);
    const { from } = claim;
    // What the last run says already, said of a later moment. Of its first moment, it is said anew.
    if (from > head.lastFrom && head.last === memory) return false;
    const isAppend =
      claim.to === undefined &&
      from === work.observedAt &&
      from > head.lastFrom &&
      from > work.origin.newest &&
      !head.timed;
    if (isAppend) {
      this.#insertFact(work, head.stream, { at: from, held, op: work.op });
      if (head.last !== null) work.counts.superseded++;
      head.lastFrom = from;
      head.last = memory;
      return true;
    }
    return this.#applyAnywhere(work, head, claim, held);
  }

  #applyAnywhere(work: Work, head: Head, claim: Claim, held: Held): boolean {
    const rows = factRows(this.#sql, head.stream);
    work.observations ??= observationsOf(this.#sql, work.origin.id, work.type);
    const timeline = replay(rows, work.observations, this.#shapes, head.stream);
    const before = visible(timeline);
    applyClaim(timeline, claim, held, work.op);
    const after = visible(timeline);
    this.#replace(work, head.stream, before, after);
    if (sameFunction(before, after)) return false;
    work.counts.superseded += runsLost(before, after);
    const last = after.at(-1);
    head.lastFrom = last?.at ?? -Infinity;
    head.last = remembered(last?.held ?? null);
    return true;
  }

  #replace(
    work: Work,
    stream: number,
    before: readonly Breakpoint[],
    after: readonly Breakpoint[],
  ): void {
    const same = (a: Breakpoint | undefined, b: Breakpoint): boolean =>
      a?.op === b.op && a.held === b.held;
    const kept = new Map(after.map((b) => [b.at, b]));
    for (const old of before) {
      if (same(kept.get(old.at), old)) kept.delete(old.at);
      else {
        const seenFrom = this.#sql.number(
          'SELECT seen_from FROM fact WHERE stream = ? AND valid_from = ? AND seen_to IS NULL',
          stream,
          old.at,
        );
        this.#sql.run(
          'UPDATE fact SET seen_to = ? WHERE stream = ? AND valid_from = ? AND seen_to IS NULL',
          work.op,
          stream,
          old.at,
        );
        work.lines.closed(stream, old.at, seenFrom as number);
      }
    }
    for (const added of kept.values()) this.#insertFact(work, stream, added);
  }

  #insertFact(work: Work, stream: number, breakpoint: Breakpoint): void {
    const { at, op, held } = breakpoint;
    this.#sql.run(
      'INSERT INTO fact VALUES (?, ?, ?, ?, NULL, ?)',
      stream,
      at,
      work.op,
      work.op - op,
      held,
    );
    work.lines.added(stream, at, op, held);
    this.#facts++;
    if (held?.includes('{"ref":') === true)
      this.#sql.run('INSERT INTO edge_stream VALUES (?) ON CONFLICT DO NOTHING', stream);
    if (at <= work.recordedAt) return;
    this.#hasAhead = true;
    this.#sql.run('INSERT INTO ahead VALUES (?, ?) ON CONFLICT DO NOTHING', stream, at);
  }

  #heldAt(work: Work, head: Head): Held {
    if (work.observedAt >= head.lastFrom) return head.last;
    return believedAt(factRows(this.#sql, head.stream), work.observedAt, work.op);
  }

  #createStream(
    work: Work,
    type: FactType,
    fact: { readonly entity: string; readonly attribute: string },
  ): Head {
    const stream = ++this.#streams;
    this.#sql.run(
      'INSERT INTO stream VALUES (?, ?, ?, ?, ?)',
      stream,
      work.origin.id,
      FACT_TYPES.indexOf(type),
      this.#words.id('entity', fact.entity),
      this.#words.id('attribute', fact.attribute),
    );
    const head: Head = { stream, lastFrom: -Infinity, last: null, timed: false };
    work.lines.began(stream, FACT_TYPES.indexOf(type), fact.entity, fact.attribute);
    this.#heads.add(work.origin, type, fact.entity, fact.attribute, head);
    return head;
  }

  #originKind(work: Work, kind: string, claimed: 0 | 1): number {
    const id = this.#words.id('word', kind);
    const spoken = `${kind} ${claimed}`;
    if (work.origin.spoken.has(spoken)) return id;
    work.origin.spoken.add(spoken);
    this.#sql.run(
      'INSERT INTO origin_kind VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      work.origin.id,
      id,
      claimed,
      work.op,
    );
    return id;
  }

  #insertObservation(work: Work, input: ObservationInput, shape: number): void {
    const { written, unchanged, superseded, retired } = work.counts;
    this.#sql.run(
      'INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      work.op,
      input.id,
      work.origin.id,
      work.type,
      input.observedAt,
      input.recordedAt,
      shape,
      this.#words.id('word', input.actor),
      input.reason === null ? null : this.#words.id('word', input.reason),
      Buffer.from(input.sha256, 'hex'),
      input.idempotencyKey ?? null,
      written,
      unchanged,
      superseded,
      retired,
      this.#facts,
    );
    for (const [at, streams] of work.stirs)
      this.#sql.run(
        'INSERT INTO stir VALUES (?, ?, ?, ?, ?)',
        work.op,
        at,
        work.origin.id,
        work.type,
        streams,
      );
    this.#lastOp = work.op;
    this.#lastRecordedAt = input.recordedAt;
    work.origin.newest = Math.max(work.origin.newest, input.observedAt);
  }
}

/** What moves by itself is not told: it would be told at every look. */
function stir({ stirs }: Work, kind: string, attribute: string, at: number): void {
  if (!isVolatile(kind, attribute)) stirs.set(at, (stirs.get(at) ?? 0) + 1);
}

/** One shortfall for each kind: the worse, and of equals the first. */
function mergeShortfalls(
  shortfalls: ObservationInput['shortfalls'],
): Iterable<ObservationInput['shortfalls'][number]> {
  const merged = new Map<string, ObservationInput['shortfalls'][number]>();
  for (const shortfall of shortfalls) {
    const known = merged.get(shortfall.kind);
    if (known === undefined || (known.status === 'partial' && shortfall.status === 'unreachable'))
      merged.set(shortfall.kind, shortfall);
  }
  return merged.values();
}
