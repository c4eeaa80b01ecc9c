/**
 * Streams that may answer a filter, in page order: by entity, attribute, target, source, scope, type.
 *
 * Two ways give the same list. Going through the entities in the order of their names reads little more than a
 * page; going through the streams of few origins pays when a filter names a target that is one of many.
 */

import { type Wildcard, wildcard } from '#base/wildcard';
import { FACT_TYPES, type FactType, kindOf } from '#model';
import { compareKeys, compareText } from '../order.ts';
import type { FactFilter } from '../protocol.ts';
import type { Statements } from './connection.ts';
import type { Names, OriginName } from './names.ts';
import { seenTest } from './seen.ts';

export type Candidate = {
  readonly stream: number;
  readonly origin: OriginName;
  readonly entity: string;
  readonly attribute: string;
  readonly type: FactType;
};

export type EntityName = readonly [id: number, name: string];

export type StreamFilter = Omit<FactFilter, 'type' | 'text'> & { readonly type?: FactType };

/** Everything but the entity, ready to be asked of a stream. */
type Tests = {
  readonly entity: Wildcard;
  readonly kind: string | undefined;
  readonly attribute: Wildcard;
  readonly type: number | undefined;
  readonly origin: (origin: OriginName) => boolean;
};

const FIRST_ENTITIES = 32;
const MOST_ENTITIES = 2_048;
/** A batch of this many streams is no longer made bigger. */
const ENOUGH = 1_000;
const KEPT_LIST = 100_000;

export function keyOf(c: Candidate): readonly string[] {
  return [c.entity, c.attribute, c.origin.target, c.origin.source, c.origin.scope, c.type];
}

export class Candidates {
  readonly #sql: Statements;
  readonly #names: Names;
  /** The last list of `#ofOrigins`, for the pages that follow. */
  #kept: { readonly key: string; readonly list: readonly Candidate[] } | undefined;

  constructor(sql: Statements, names: Names) {
    this.#sql = sql;
    this.#names = names;
  }

  forget(): void {
    this.#kept = undefined;
  }

  /** Batches after the key `after`; a key may have fewer parts than the order has. */
  *batches(filter: StreamFilter, after?: readonly string[]): Generator<readonly Candidate[]> {
    if (filter.scopes.length + (filter.targets?.length ?? 0) === 0) return;
    const tests = testsOf(filter);
    const beyond = (c: Candidate): boolean =>
      after === undefined || compareKeys(keyOf(c).slice(0, after.length), after) > 0;
    if (tests.entity.exact) {
      const id = this.#names.idOf('entity', tests.entity.prefix);
      if (id === undefined || !fitsEntity(tests, tests.entity.prefix)) return;
      yield this.#ofEntities([[id, tests.entity.prefix]], tests).filter(beyond);
      return;
    }
    const origins = this.#fewOrigins(filter, tests);
    if (origins !== undefined) {
      const list = this.#ofOrigins(filter, origins, tests);
      for (let at = after === undefined ? 0 : firstBeyond(list, after); at < list.length; ) {
        yield list.slice(at, at + MOST_ENTITIES);
        at += MOST_ENTITIES;
      }
      return;
    }
    const entities = this.#entities(tests, after?.[0]);
    let size = FIRST_ENTITIES;
    for (let next = entities.next(size); !next.done; next = entities.next(size)) {
      const found = this.#ofEntities(next.value, tests);
      yield after === undefined ? found : found.filter(beyond);
      if (found.length < ENOUGH) size = Math.min(size * 4, MOST_ENTITIES);
    }
  }

  /**
   * The entities of a filter that every stream of theirs fits, or every stream of one attribute. Each `next`
   * says how many are wanted then. `undefined` when only some of the streams may fit.
   */
  wholeEntities(filter: FactFilter): Generator<readonly EntityName[], void, number> | undefined {
    const { target, source, attribute, scopes } = filter;
    if (target !== undefined || source !== undefined || attribute?.includes('*')) return undefined;
    for (const scope of this.#names.scopes()) if (!scopes.includes(scope)) return undefined;
    const tests = testsOf(filter);
    return tests.entity.exact ? undefined : this.#entities(tests, undefined);
  }

  /** As `wholeEntities`, of one kind or some of it, whoever may see them. */
  entitiesOfKind(
    kind: string,
    some?: readonly string[],
  ): Generator<readonly EntityName[], void, number> {
    const tests = testsOf({ scopes: [], kind });
    return some === undefined ? this.#entities(tests, undefined) : this.#named(some, tests);
  }

  *#named(some: readonly string[], tests: Tests): Generator<readonly EntityName[], void, number> {
    const found: EntityName[] = [];
    for (const name of new Set(some)) {
      const id = fitsEntity(tests, name) ? this.#names.idOf('entity', name) : undefined;
      if (id !== undefined) found.push([id, name]);
    }
    if (found.length > 0) yield found;
  }

  /** Fitting entities in order, in batches; each `next` says how many of them to look at then. */
  *#entities(
    tests: Tests,
    from: string | undefined,
  ): Generator<readonly EntityName[], void, number> {
    const prefix = commonPrefix(tests);
    if (prefix === undefined) return;
    let start = from !== undefined && compareText(from, prefix) > 0 ? from : prefix;
    let inclusive = 1;
    for (let size = FIRST_ENTITIES; ; ) {
      const rows = this.#sql.rows(
        `SELECT id, name FROM entity WHERE name >= ? AND (name > ? OR ?) ORDER BY name LIMIT ? + 0`,
        start,
        start,
        inclusive,
        size,
      ) as unknown as EntityName[];
      const inside = rows.filter(([, name]) => name.startsWith(prefix));
      const fitting = inside.filter(([, name]) => fitsEntity(tests, name));
      const looked = size;
      size = fitting.length === 0 ? Math.min(size * 4, MOST_ENTITIES) : yield fitting;
      if (inside.length < looked) return;
      start = (rows.at(-1) as EntityName)[1];
      inclusive = 0;
    }
  }

  #ofEntities(entities: readonly EntityName[], tests: Tests): Candidate[] {
    const names = new Map(entities);
    const attribute = this.#exactAttribute(tests);
    if (attribute === null) return [];
    const [only] = entities;
    const from =
      only !== undefined && entities.length === 1
        ? 'stream s WHERE s.entity = ?'
        : 'json_each(?) j CROSS JOIN stream s ON s.entity = j.value WHERE true';
    const rows = this.#sql.rows(
      `SELECT s.id, s.entity, s.attribute, s.origin, s.type FROM ${from}
       ${attribute === undefined ? '' : 'AND s.attribute = ?'}`,
      entities.length === 1 ? (only?.[0] as number) : JSON.stringify(entities.map(([id]) => id)),
      ...(attribute === undefined ? [] : [attribute]),
    );
    const found: Candidate[] = [];
    for (const [stream, entity, attribute, origin, type] of rows as [
      number,
      number,
      number,
      number,
      number,
    ][]) {
      const c = this.#candidate(stream, names.get(entity) as string, attribute, origin, type);
      if (fitsStream(tests, c)) found.push(c);
    }
    return found.sort(inOrder);
  }

  /** The origins that a filter names, when going through their streams is the shorter way. */
  #fewOrigins(filter: StreamFilter, tests: Tests): readonly OriginName[] | undefined {
    const isFew = (filter.targets?.length ?? 0) > 0 && filter.scopes.length === 0;
    if (filter.target === undefined && filter.source === undefined && !isFew) return undefined;
    const origins = this.#names.originsOf(filter.target).filter(tests.origin);
    if (origins.length === 0) return origins;
    const theirs = this.#sql.number(
      `SELECT count(*) FROM json_each(?) j CROSS JOIN stream s ON s.origin = j.value`,
      JSON.stringify(origins.map(({ id }) => id)),
    ) as number;
    return theirs * 4 < this.#names.streams() ? origins : undefined;
  }

  #ofOrigins(
    filter: StreamFilter,
    origins: readonly OriginName[],
    tests: Tests,
  ): readonly Candidate[] {
    if (origins.length === 0) return [];
    const streams = this.#names.streams();
    const { scopes, entity, kind, target, source, attribute, type } = filter;
    const asked = [streams, scopes, entity, kind, target, source, attribute, type];
    const key = JSON.stringify([...asked, origins.map(({ id }) => id)]);
    if (this.#kept?.key === key) return this.#kept.list;
    const rows = this.#sql.rows(
      `SELECT s.id, e.name, s.attribute, s.origin, s.type FROM json_each(?) j
       CROSS JOIN stream s ON s.origin = j.value JOIN entity e ON e.id = s.entity`,
      JSON.stringify(origins.map(({ id }) => id)),
    ) as unknown as [number, string, number, number, number][];
    const list: Candidate[] = [];
    for (const [stream, name, attributeId, origin, typeId] of rows) {
      if (!fitsEntity(tests, name)) continue;
      const c = this.#candidate(stream, name, attributeId, origin, typeId);
      if (fitsStream(tests, c)) list.push(c);
    }
    list.sort(inOrder);
    if (list.length <= KEPT_LIST) this.#kept = { key, list };
    return list;
  }

  /** The one attribute asked for; `undefined` when it may be several, `null` when there is none. */
  #exactAttribute(tests: Tests): number | null | undefined {
    if (!tests.attribute.exact) return undefined;
    return this.#names.idOf('attribute', tests.attribute.prefix) ?? null;
  }

  /** Makes a candidate of a row of `stream`. */
  #candidate(
    stream: number,
    entity: string,
    attribute: number,
    origin: number,
    type: number,
  ): Candidate {
    return {
      stream,
      origin: this.#names.origin(origin),
      entity,
      attribute: this.#names.attribute(attribute),
      type: FACT_TYPES[type] as FactType,
    };
  }
}

function testsOf(filter: StreamFilter): Tests {
  const { target, source } = filter;
  const isSeen = seenTest(filter);
  return {
    entity: wildcard(filter.entity ?? '*'),
    kind: filter.kind,
    attribute: wildcard(filter.attribute ?? '*'),
    type: filter.type === undefined ? undefined : FACT_TYPES.indexOf(filter.type),
    origin: (o) =>
      (target === undefined || o.target === target) &&
      (source === undefined || o.source === source) &&
      isSeen(o),
  };
}

function fitsEntity(tests: Tests, name: string): boolean {
  return tests.entity.fits(name) && (tests.kind === undefined || kindOf(name) === tests.kind);
}

function fitsStream(tests: Tests, c: Candidate): boolean {
  return (
    (tests.type === undefined || FACT_TYPES[tests.type] === c.type) &&
    tests.origin(c.origin) &&
    tests.attribute.fits(c.attribute)
  );
}

/** What every fitting entity's name starts with; `undefined` when none can fit. */
function commonPrefix(tests: Tests): string | undefined {
  const { prefix } = tests.entity;
  if (tests.kind === undefined) return prefix;
  const kind = `${tests.kind}:`;
  if (prefix.startsWith(kind)) return prefix;
  return kind.startsWith(prefix) ? kind : undefined;
}

function inOrder(a: Candidate, b: Candidate): number {
  return (
    compareText(a.entity, b.entity) ||
    compareText(a.attribute, b.attribute) ||
    compareText(a.origin.target, b.origin.target) ||
    compareText(a.origin.source, b.origin.source) ||
    compareText(a.origin.scope, b.origin.scope) ||
    compareText(a.type, b.type)
  );
}

function firstBeyond(list: readonly Candidate[], after: readonly string[]): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const key = keyOf(list[middle] as Candidate).slice(0, after.length);
    if (compareKeys(key, after) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
