/**
 * The least that a bitemporal store on SQLite has to do: one table, one row a version.
 *
 * `close` numbers its entities and attributes and ends the old row when a new one comes; `text` is
 * what a first version would be, the same with every name spelled out in every row. Neither keeps
 * observations, coverage, freshness or several sources, and neither takes what comes late.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export type Schema = 'close' | 'text';

const OPEN = Number.MAX_SAFE_INTEGER;

const TABLES: Readonly<Record<Schema, string>> = {
  close: `
    CREATE TABLE fact(
      id INTEGER PRIMARY KEY, entity INTEGER NOT NULL, attribute INTEGER NOT NULL,
      value TEXT NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL,
      seen_from INTEGER NOT NULL, seen_to INTEGER NOT NULL, actor INTEGER NOT NULL) STRICT;
    CREATE TRIGGER fact_keeps_values BEFORE UPDATE ON fact
      WHEN OLD.seen_to <> ${OPEN} OR OLD.value IS NOT NEW.value OR OLD.entity <> NEW.entity
        OR OLD.attribute <> NEW.attribute OR OLD.valid_from <> NEW.valid_from
        OR OLD.seen_from <> NEW.seen_from
      BEGIN SELECT RAISE(ABORT, 'append-only'); END;`,
  text: `
    CREATE TABLE fact(
      id TEXT PRIMARY KEY, entity TEXT NOT NULL, attribute TEXT NOT NULL,
      value TEXT NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL,
      seen_from INTEGER NOT NULL, seen_to INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT) STRICT;
    CREATE INDEX fact_by_time ON fact(seen_from);`,
};

const BOTH = `
  CREATE UNIQUE INDEX fact_now ON fact(entity, attribute) WHERE seen_to = ${OPEN};
  CREATE INDEX fact_history ON fact(entity, attribute, seen_from, seen_to);
  CREATE TRIGGER fact_keeps_rows BEFORE DELETE ON fact
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;`;

const HELD = (row: string): string => `${row}.seen_from <= ?1 AND ${row}.seen_to > ?1
  AND ${row}.valid_from <= ?1 AND ${row}.valid_to > ?1`;

export class FactTables {
  readonly #db: DatabaseSync;
  readonly #schema: Schema;
  readonly #close: StatementSync;
  readonly #insert: StatementSync;
  readonly #current: StatementSync;
  readonly #point: StatementSync;
  readonly #fleet: StatementSync;
  readonly #history: StatementSync;
  #rows = 0;

  constructor(path: string, schema: Schema) {
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -262144;
      PRAGMA temp_store = MEMORY; PRAGMA mmap_size = ${2 ** 31}; PRAGMA wal_autocheckpoint = 10000;
      ${TABLES[schema]} ${BOTH}`);
    this.#db = db;
    this.#schema = schema;
    this.#close = db.prepare(
      `UPDATE fact SET seen_to = ? WHERE entity = ? AND attribute = ? AND seen_to = ${OPEN}`,
    );
    this.#insert = db.prepare(
      `INSERT INTO fact VALUES (?, ?, ?, ?, ?, ${OPEN}, ?, ${OPEN}, ?${schema === 'text' ? ', NULL' : ''})`,
    );
    this.#current = db.prepare(
      `SELECT value FROM fact WHERE entity = ? AND attribute = ? AND seen_to = ${OPEN}`,
    );
    this.#point = db.prepare(
      `SELECT value, valid_from, seen_from FROM fact f WHERE entity = ?2 AND attribute = ?3
         AND ${HELD('f')} ORDER BY seen_from DESC LIMIT 1`,
    );
    this.#fleet = db.prepare(
      `SELECT h.entity, h.attribute, (SELECT f.value FROM fact f WHERE f.entity = h.entity
           AND f.attribute = h.attribute AND ${HELD('f')} ORDER BY f.seen_from DESC LIMIT 1)
         FROM fact h WHERE h.seen_to = ${OPEN}`,
    );
    this.#history = db.prepare(
      `SELECT seen_from, seen_to, valid_from, valid_to, value, actor FROM fact
         WHERE entity = ? AND attribute = ? ORDER BY seen_from`,
    );
    this.#fleet.setReturnArrays(true);
  }

  /** `FULL`: each commit survives a power cut. */
  synchronous(level: 'NORMAL' | 'FULL'): void {
    this.#db.exec(`PRAGMA synchronous = ${level}`);
  }

  transaction(act: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    act();
    this.#db.exec('COMMIT');
  }

  put(host: number, attribute: number, value: string, at: number): void {
    const e = this.#entity(host);
    const a = this.#attribute(attribute);
    this.#close.run(at, e, a);
    this.#rows += 1;
    const id = this.#schema === 'text' ? this.#rows.toString(36).padStart(26, '0') : this.#rows;
    const actor = this.#schema === 'text' ? 'collector:ssh' : 1;
    this.#insert.run(id, e, a, value, at, at, actor);
  }

  current(host: number, attribute: number): string {
    const row = this.#current.get(this.#entity(host), this.#attribute(attribute));
    return row?.['value'] as string;
  }

  point(host: number, attribute: number, at: number): string {
    const row = this.#point.get(at, this.#entity(host), this.#attribute(attribute));
    return row?.['value'] as string;
  }

  /** One index seek for each key: the cost does not grow with the versions of a key. */
  fleet(at: number): number {
    let held = 0;
    for (const row of this.#fleet.all(at) as unknown as unknown[][]) if (row[2] !== null) held += 1;
    return held;
  }

  history(host: number, attribute: number): number {
    return this.#history.all(this.#entity(host), this.#attribute(attribute)).length;
  }

  get rows(): number {
    return this.#rows;
  }

  bytes(): number {
    const count = (pragma: string): number =>
      Number(Object.values(this.#db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
    return count('page_count') * count('page_size');
  }

  close(): void {
    this.#db.close();
  }

  #entity(host: number): number | string {
    return this.#schema === 'text' ? entityName(host) : host;
  }

  #attribute(attribute: number): number | string {
    return this.#schema === 'text' ? attributeName(attribute) : attribute;
  }
}

export const entityName = (host: number): string =>
  `probe:web-${String(host).padStart(5, '0')}.example.net`;
export const attributeName = (attribute: number): string => `package.attr-${attribute}.version`;

/** About 45 bytes of JSON, different from version to version. */
export function valueOf(
  host: number,
  attribute: number,
  version: number,
): { readonly value: string; readonly unit: string; readonly src: string } {
  const number = (host * 7_919 + attribute * 104_729 + version * 31) % 1_000_003;
  return { value: `${number}.${version}`, unit: 'v', src: 'ssh' };
}
