/**
 * What every stream of an origin (scope, target, source) held last, in memory.
 *
 * The writer alone reads and writes it. It only repeats what the tables say, so that an
 * unchanged fact costs no statement; after a rollback it is dropped whole.
 */
import { sha256 } from '#base/digest';
import { FACT_TYPES, type FactType } from '#model';
import type { Held } from '../timeline.ts';
import type { Statements } from './connection.ts';

export type Head = {
  readonly stream: number;
  /** Time and value of the stream's last run; -Infinity and `null` when nothing was ever held. */
  lastFrom: number;
  last: Held;
  /** Some operation on the stream had explicit times, so breakpoints may stand anywhere. */
  timed: boolean;
};

export type Origin = {
  readonly id: number;
  readonly heads: Map<string, Head>;
  /** The same heads by type and kind, for absences. */
  readonly byKind: Map<string, Map<string, Head>>;
  /** Greatest `observedAt` so far: a plain fact after it comes after every breakpoint but explicit ones. */
  newest: number;
  /** Kinds known to be in `origin_kind`, with whether they are claimed. */
  readonly spoken: Set<string>;
  weight: number;
};

const SHORT = 256;
const CACHED_CHARS = 48 * 1024 * 1024;

export function headKey(type: FactType, entity: string, attribute: string): string {
  return `${entity}\n${attribute}\n${type}`;
}

/** What `headKey` was made with. */
export function attributeOf(key: string): string {
  return key.slice(key.indexOf('\n') + 1, key.lastIndexOf('\n'));
}

/** A long value is remembered by its digest. */
export function remembered(held: Held): Held {
  return held === null || held.length <= SHORT ? held : `#${sha256(held)}`;
}

export class Heads {
  readonly #sql: Statements;
  readonly #origins = new Map<string, Origin>();
  #weight = 0;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  forget(): void {
    this.#origins.clear();
    this.#weight = 0;
  }

  /** The origin's heads, or `undefined` when nothing of it was ever recorded. */
  find(scope: string, target: string, source: string): Origin | undefined {
    const name = `${scope}\n${target}\n${source}`;
    const known = this.#origins.get(name);
    if (known !== undefined) {
      this.#origins.delete(name);
      this.#origins.set(name, known);
      return known;
    }
    const id = this.#sql.number(
      'SELECT id FROM origin WHERE target = ? AND source = ? AND scope = ?',
      target,
      source,
      scope,
    );
    return id === undefined ? undefined : this.#keep(name, this.#load(id));
  }

  create(scope: string, target: string, source: string): Origin {
    const id = (this.#sql.number('SELECT max(id) FROM origin') ?? 0) + 1;
    this.#sql.run('INSERT INTO origin VALUES (?, ?, ?, ?)', id, scope, target, source);
    return this.#keep(`${scope}\n${target}\n${source}`, emptyOrigin(id, -Infinity));
  }

  add(origin: Origin, type: FactType, entity: string, attribute: string, head: Head): void {
    put(origin, type, entity, attribute, head);
    this.#weight += weigh(entity, head);
    origin.weight += weigh(entity, head);
  }

  /** Drops the origins used longest ago, never the newest one, until the rest fits. */
  trim(): void {
    for (const [name, origin] of this.#origins) {
      if (this.#weight <= CACHED_CHARS || this.#origins.size === 1) return;
      this.#origins.delete(name);
      this.#weight -= origin.weight;
    }
  }

  #keep(name: string, origin: Origin): Origin {
    this.#origins.set(name, origin);
    this.#weight += origin.weight;
    return origin;
  }

  #load(id: number): Origin {
    const newest = this.#sql.number(
      'SELECT max(observed_at) FROM observation WHERE origin = ?',
      id,
    );
    const origin = emptyOrigin(id, newest ?? -Infinity);
    const rows = this.#sql.rows(
      `SELECT s.id, s.type, e.name, a.name, t.stream, f.valid_from, f.value
       FROM stream s JOIN entity e ON e.id = s.entity JOIN attribute a ON a.id = s.attribute
       LEFT JOIN timed_stream t ON t.stream = s.id
       LEFT JOIN fact f ON f.stream = s.id AND f.seen_to IS NULL AND f.valid_from =
         (SELECT g.valid_from FROM fact g WHERE g.stream = s.id AND g.seen_to IS NULL
          ORDER BY g.valid_from DESC LIMIT 1)
       WHERE s.origin = ?`,
      id,
    );
    for (const [stream, type, entity, attribute, timed, from, value] of rows) {
      const head: Head = {
        stream: stream as number,
        lastFrom: (from as number | null) ?? -Infinity,
        last: remembered(value as Held),
        timed: timed !== null,
      };
      const name = FACT_TYPES[type as number] as FactType;
      put(origin, name, entity as string, attribute as string, head);
      origin.weight += weigh(entity as string, head);
    }
    return origin;
  }
}

function emptyOrigin(id: number, newest: number): Origin {
  return { id, heads: new Map(), byKind: new Map(), newest, spoken: new Set(), weight: 0 };
}

function put(origin: Origin, type: FactType, entity: string, attribute: string, head: Head): void {
  const key = headKey(type, entity, attribute);
  origin.heads.set(key, head);
  const group = `${type} ${entity.slice(0, entity.indexOf(':'))}`;
  const heads = origin.byKind.get(group);
  if (heads === undefined) origin.byKind.set(group, new Map([[key, head]]));
  else heads.set(key, head);
}

function weigh(entity: string, head: Head): number {
  return 160 + entity.length + (head.last?.length ?? 0);
}
