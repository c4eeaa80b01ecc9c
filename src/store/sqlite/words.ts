/** Names stored once and referred to by number. Belongs to the writer; dropped after a rollback. */
import type { Statements } from './connection.ts';

type Table = 'word' | 'entity' | 'attribute';
const COLUMN = { word: 'text', entity: 'name', attribute: 'name' } as const;
const CACHED = 50_000;

export class Words {
  readonly #sql: Statements;
  readonly #ids = new Map<string, number>();
  readonly #next = new Map<Table, number>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  forget(): void {
    this.#ids.clear();
    this.#next.clear();
  }

  /** The number of a name, given now when it has none. */
  id(table: Table, text: string): number {
    const key = `${table} ${text}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const found = this.#sql.number(`SELECT id FROM ${table} WHERE ${COLUMN[table]} = ?`, text);
    const id = found ?? this.#add(table, text);
    if (this.#ids.size >= CACHED) this.#ids.clear();
    this.#ids.set(key, id);
    return id;
  }

  #add(table: Table, text: string): number {
    const id = this.#next.get(table) ?? (this.#sql.number(`SELECT max(id) FROM ${table}`) ?? 0) + 1;
    this.#next.set(table, id + 1);
    this.#sql.run(`INSERT INTO ${table} VALUES (?, ?)`, id, text);
    return id;
  }
}
