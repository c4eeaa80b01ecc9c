/** Names by number, for readers. Numbers are never given twice, so what was read stays true. */
import type { Scope } from '#model';
import { storeFault } from '../faults.ts';
import type { Statements } from './connection.ts';

export type OriginName = {
  readonly id: number;
  readonly scope: Scope;
  readonly target: string;
  readonly source: string;
};

const CACHED = 20_000;

export class Names {
  readonly #sql: Statements;
  readonly #attributes = new Map<number, string>();
  readonly #origins = new Map<number, OriginName>();
  readonly #ofTarget = new Map<string, OriginName[]>();
  readonly #scopes = new Set<Scope>();
  readonly #words = new Map<number, string>();
  readonly #ids = new Map<string, number>();
  readonly #lastOp: () => number;
  /** How many there were after an operation: each adds some, and nothing else does. */
  #counted = { op: -1, origins: 0, streams: 0 };

  constructor(sql: Statements, lastOp: () => number) {
    this.#sql = sql;
    this.#lastOp = lastOp;
  }

  forget(): void {
    this.#attributes.clear();
    this.#origins.clear();
    this.#ofTarget.clear();
    this.#scopes.clear();
    this.#words.clear();
    this.#ids.clear();
    this.#counted = { op: -1, origins: 0, streams: 0 };
  }

  attribute(id: number): string {
    return this.#attributes.get(id) ?? this.#load(this.#attributes, 'attribute', 'name', id);
  }

  /** The number of an entity's or attribute's name, if it has one. */
  idOf(table: 'entity' | 'attribute', name: string): number | undefined {
    const key = `${table} ${name}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#sql.number(`SELECT id FROM ${table} WHERE name = ?`, name);
    if (id === undefined) return undefined;
    if (this.#ids.size >= CACHED) this.#ids.clear();
    this.#ids.set(key, id);
    return id;
  }

  word(id: number): string {
    return this.#words.get(id) ?? this.#load(this.#words, 'word', 'text', id);
  }

  origin(id: number): OriginName {
    const known = this.#origins.get(id);
    if (known !== undefined) return known;
    this.#loadOrigins(id - 1);
    const found = this.#origins.get(id);
    if (found === undefined) throw missing('origin', id);
    return found;
  }

  /** Those of one target, or all, in order of their numbers. */
  originsOf(target: string | undefined): readonly OriginName[] {
    this.#knowOrigins();
    return target === undefined ? [...this.#origins.values()] : (this.#ofTarget.get(target) ?? []);
  }

  /** The scopes of all origins. */
  scopes(): ReadonlySet<Scope> {
    this.#knowOrigins();
    return this.#scopes;
  }

  /** How many streams there are. */
  streams(): number {
    return this.#counts().streams;
  }

  #counts(): { readonly origins: number; readonly streams: number } {
    const op = this.#lastOp();
    if (this.#counted.op !== op) {
      const newest = (table: string): number =>
        this.#sql.number(`SELECT max(id) FROM ${table}`) ?? 0;
      this.#counted = { op, origins: newest('origin'), streams: newest('stream') };
    }
    return this.#counted;
  }

  #knowOrigins(): void {
    if (this.#origins.size < this.#counts().origins) this.#loadOrigins(0);
  }

  #loadOrigins(after: number): void {
    const rows = this.#sql.rows(
      'SELECT id, scope, target, source FROM origin WHERE id > ? ORDER BY id',
      after,
    );
    for (const [id, scope, target, source] of rows as [number, string, string, string][]) {
      if (this.#origins.has(id)) continue;
      const origin = { id, scope, target, source };
      this.#origins.set(id, origin);
      const same = this.#ofTarget.get(target);
      if (same === undefined) this.#ofTarget.set(target, [origin]);
      else same.push(origin);
      this.#scopes.add(scope);
    }
  }

  #load(into: Map<number, string>, table: string, column: string, id: number): string {
    const text = this.#sql.row(`SELECT ${column} FROM ${table} WHERE id = ?`, id)?.[0];
    if (typeof text !== 'string') throw missing(table, id);
    if (into.size >= CACHED) into.clear();
    into.set(id, text);
    return text;
  }
}

function missing(table: string, id: number): Error {
  return storeFault('store-damaged', `a name is missing: ${table} ${id}`);
}
