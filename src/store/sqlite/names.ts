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

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  forget(): void {
    this.#attributes.clear();
    this.#origins.clear();
    this.#ofTarget.clear();
    this.#scopes.clear();
    this.#words.clear();
    this.#ids.clear();
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

  /** Origins in order of their numbers. `count` is how many there are. */
  origins(count: number): readonly OriginName[] {
    if (this.#origins.size < count) this.#loadOrigins(0);
    return [...this.#origins.values()];
  }

  /** Those of one target, or all. `count` is how many there are. */
  originsOf(target: string | undefined, count: number): readonly OriginName[] {
    if (target === undefined) return this.origins(count);
    if (this.#origins.size < count) this.#loadOrigins(0);
    return this.#ofTarget.get(target) ?? [];
  }

  /** The scopes of all origins. `count` is how many origins there are. */
  scopes(count: number): ReadonlySet<Scope> {
    if (this.#origins.size < count) this.#loadOrigins(0);
    return this.#scopes;
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
