/**
 * What every store backend owes. `store.contract.ts` checks these lines.
 *
 * A store remembers observations and answers what was true (`asOf`) as it was believed
 * (`knownAt`). It invents neither time nor ids: callers pass both. It deletes nothing.
 */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Coverage, Fact, FactType, FactVersion, Scope } from '#model';
import type { BlockedReader, BlockedWriter } from './blocked.ts';
import type { ChangeReader, ChangeWriter } from './changes.ts';

/** One listed fact. Times: see the reference semantics in docs/architecture.md, "Facts: two clocks". */
export type FactInput = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
  readonly validFrom?: Instant;
  readonly validTo?: Instant;
  /** The value is not what was sent: cleaned or redacted. Part of the value's identity. */
  readonly altered?: boolean;
};

/** How a look at one kind ended, when it was not complete. */
export type Shortfall = {
  readonly kind: string;
  readonly status: 'partial' | 'unreachable';
  readonly reason: string;
};

export type ObservationInput = {
  readonly id: string;
  readonly scope: Scope;
  readonly target: string;
  readonly source: string;
  readonly type: FactType;
  readonly observedAt: Instant;
  /** Must be later than every `recordedAt` before it; `nextRecordedAt` helps. */
  readonly recordedAt: Instant;
  /** Kinds of which everything is listed: what is not listed is absent from `observedAt` on. */
  readonly complete: readonly string[];
  readonly shortfalls: readonly Shortfall[];
  readonly facts: readonly FactInput[];
  /** Streams that hold nothing from `observedAt` on, named one by one (findings and waivers use it). */
  readonly absent?: readonly { readonly entity: string; readonly attribute: string }[];
  readonly actor: string;
  readonly reason: string | null;
  /** SHA-256 hex of the bytes the facts were made from. */
  readonly sha256: string;
  /** The same key from the same target and source answers with the first answer and writes nothing. */
  readonly idempotencyKey?: string;
};

export type ObservationReceipt = {
  readonly observationId: string;
  readonly recordedAt: Instant;
  /** Listed facts that changed their timeline. */
  readonly written: number;
  /** Listed facts that did not. */
  readonly unchanged: number;
  /** Earlier beliefs shortened or replaced. */
  readonly superseded: number;
  /** Absences set. */
  readonly retired: number;
  /** True when an earlier observation with the same idempotency key answered. */
  readonly replayed: boolean;
};

export type Moment = { readonly asOf: Instant; readonly knownAt: Instant };

/** What may be seen: whole scopes, and besides them single targets. Both empty sees nothing. */
export type Seen = {
  readonly scopes: readonly Scope[];
  readonly targets?: readonly { readonly id: string; readonly scope: Scope }[];
};

/** `*` in `entity` and `attribute` is any run of characters, and the only wildcard. All filters must hold. */
export type FactFilter = Seen & {
  readonly entity?: string;
  readonly kind?: string;
  readonly target?: string;
  readonly source?: string;
  readonly attribute?: string;
  /** Case-insensitive substring of entity, attribute or the value's JSON text. */
  readonly text?: string;
  readonly type: FactType;
};

export type StoredFact = Fact & { readonly confirmedAt: Instant };

/**
 * Where a page ended: (entity, attribute, target, source, scope) sort order by UTF-8 bytes. Opaque to callers of operations.
 */
export type PageKey = readonly [
  entity: string,
  attribute: string,
  target: string,
  source: string,
  scope: string,
];

export type FactPage = { readonly facts: readonly StoredFact[]; readonly next: PageKey | null };

export type Difference = {
  readonly scope: Scope;
  readonly target: string;
  readonly source: string;
  readonly entity: string;
  readonly attribute: string;
  /** `undefined` when nothing was there. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
};

export type DifferencePage = {
  readonly differences: readonly Difference[];
  readonly next: PageKey | null;
};

/** What one source is wanted to tell, or every source that counts, where `source` is null. */
export type WantedFact = {
  readonly source: string | null;
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
  /** As in `FactInput`. */
  readonly altered?: boolean;
};

export type StreamName = {
  readonly source: string;
  readonly entity: string;
  readonly attribute: string;
};

export type Wanted = {
  readonly scope: Scope;
  readonly target: string;
  readonly type: FactType;
  readonly facts: readonly WantedFact[];
  /** Whose word counts for a wanted fact without a source. */
  readonly counts: (source: string, kind: string) => boolean;
  /** Sources of which nothing else is wanted. */
  readonly only: readonly string[];
};

/** How well one source knew the kinds of one target. Staleness is the caller's to judge. */
export type OriginCoverage = {
  readonly scope: Scope;
  readonly target: string;
  readonly source: string;
  readonly kinds: readonly KindCoverage[];
};

export type KindCoverage = {
  readonly kind: string;
  readonly status: 'complete' | 'partial' | 'unreachable';
  readonly observedAt: Instant;
  readonly reason: string | null;
};

export type HeldValue = Pick<StoredFact, 'scope' | 'target' | 'source' | 'entity' | 'value'>;

/** A fact that refers to entities. */
export type Edge = Pick<StoredFact, 'scope' | 'target' | 'source' | 'entity' | 'attribute'> & {
  readonly to: readonly string[];
};

/** A window cut in `parts` of one length; a moment belongs to the part it is in, `until` to none. */
export type StirWindow = {
  readonly from: Instant;
  readonly until: Instant;
  readonly parts: number;
  /** By which clock: of what was true, or of when it was recorded. */
  readonly clock: 'valid' | 'recorded';
};

/** Reads; each sees one consistent state and nothing that is not committed. */
export interface FactReader {
  /** The facts that held at `at.asOf` as believed at `at.knownAt`, in page order, after `after`. */
  query(filter: FactFilter, at: Moment, limit: number, after?: PageKey): FactPage;
  /** Every fact of a filter without paging, lazily; memory does not grow with the answer. */
  each(filter: FactFilter, at: Moment): Iterable<StoredFact>;
  /** All versions of matching streams, both clocks, oldest belief first within a stream. */
  history(
    filter: Omit<FactFilter, 'type' | 'text'> & { readonly type?: FactType },
    limit: number,
    after?: string,
  ): { readonly versions: readonly FactVersion[]; readonly next: string | null };
  compare(
    filter: FactFilter,
    from: Moment,
    to: Moment,
    limit: number,
    after?: PageKey,
  ): DifferencePage;
  /** Coverage of every (target, source, kind) ever observed that matches, as of a moment. Staleness is the caller's to judge. */
  coverage(
    filter: Seen & {
      readonly target?: string;
      readonly source?: string;
      readonly kind?: string;
    },
    at: Moment,
  ): readonly Coverage[];
  /** What `coverage` tells of everything but of some sources, origin by origin in no order, at the cost of reading it once. */
  origins(
    seen: Seen & { readonly except?: readonly string[] },
    at: Moment,
  ): Iterable<OriginCoverage>;
  /** What held of one attribute of every entity of a kind, or of some of them at the cost of those, without times and in no order. */
  values(
    filter: Seen & {
      readonly kind: string;
      readonly entities?: readonly string[];
      readonly attribute: string;
      readonly type: FactType;
    },
    at: Moment,
  ): Iterable<HeldValue>;
  /** Every observed fact whose value is `{ref}`, or a list with some, in no order. Costs as much as there are of them. */
  edges(seen: Seen, at: Moment): Iterable<Edge>;
  /**
   * How many observed facts became otherwise in each part of a window, as known at `knownAt`: a listed one that
   * changed its timeline counts once, at the moment it speaks from; an absence at its observation. What moves
   * by itself does not count. Costs as much as changed.
   */
  stirred(seen: Seen, window: StirWindow, knownAt: Instant): readonly number[];
  /**
   * Holds a target against what is wanted of it, and makes no value of what it holds. `undefined` where a wanted fact
   * is not there, is not exactly so (canonical value and `altered`), or is wanted twice of the same source. Else
   * what the sources in `only` hold besides the facts that are wanted of them by name, in no order.
   */
  besides(wanted: Wanted, at: Moment): readonly StreamName[] | undefined;
  /**
   * Targets of which an answer may differ between the two moments, which must not go back in time: something
   * about them was recorded between, or a fact recorded before begins or ends between. Costs as
   * much as there is of that, not as there are targets.
   */
  touched(from: Moment, to: Moment): readonly { readonly scope: Scope; readonly target: string }[];
  /** The greatest `recordedAt` so far. */
  lastRecordedAt(): Instant | undefined;
  /** The receipt an idempotency key got, with the digest of what was asked then. */
  priorReceipt(
    scope: Scope,
    target: string,
    source: string,
    key: string,
  ): { readonly receipt: ObservationReceipt; readonly sha256: string } | undefined;
  hasObservation(id: string): boolean;
  /** Distinct entity names and targets that contain `text`, for naming candidates. At most `limit`. */
  suggest(visible: Seen, text: string, limit: number): readonly string[];
  counts(): {
    readonly facts: number;
    readonly streams: number;
    readonly observations: number;
    readonly bytes: number;
  };
}

/**
 * One transaction under way. `record` throws `invalid` faults for an observation that cannot be
 * applied and leaves the transaction as it was before that call, so others in it still commit.
 */
export interface StoreTransaction {
  readonly reader: FactReader;
  readonly changes: ChangeWriter;
  readonly blocked: BlockedWriter;
  record(observation: ObservationInput): ObservationReceipt;
  /** What this transaction recorded so far, in order. */
  recorded(): readonly RecordedObservation[];
}

/** An observation with the SHA-256, in hex, of everything that recording it left in the store. */
export type RecordedObservation = { readonly id: string; readonly digest: string };

/**
 * A store owned by this process.
 *
 * - `write` runs its function with the write lock held, one at a time in the order asked, and
 *   commits (durably: `synchronous=FULL`) when it resolves; when it rejects nothing is kept.
 * - `read` never waits for a writer.
 */
export interface Store extends AsyncDisposable {
  readonly read: FactReader;
  readonly changes: ChangeReader;
  readonly blocked: BlockedReader;
  write<T>(act: (transaction: StoreTransaction) => T | Promise<T>): Promise<T>;
  /** A consistent copy while others read and write; `target` must not exist. */
  backup(target: string): Promise<void>;
  /** Everything that can be checked about the stored state; empty when sound. */
  check(): readonly string[];
  /** Committed observations, oldest first, each with the digest of what it left, read anew from what is stored. */
  recorded(): Iterable<RecordedObservation>;
}
