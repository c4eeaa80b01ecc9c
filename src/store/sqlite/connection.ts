/**
 * One connection to the database: opened, migrated, and then held to what the store may do.
 *
 * After `restrict`, the connection can neither delete, drop, attach nor set anything, and can
 * update nothing but the closing of a fact, the moving of a change, the end of an attempt and the
 * counts of refused commands, whatever SQL reaches it.
 */
import { constants, DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { storeFault } from '../faults.ts';
import { BLOCKED_UPDATES } from './blocked.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** Opens a database file; a test puts one here that fails when told to. */
export type OpenDatabase = (path: string, readOnly: boolean) => DatabaseSync;

export const openDatabase: OpenDatabase = (path, readOnly) =>
  new DatabaseSync(path, { readOnly, timeout: 5_000, limits: { attach: 0 } });

const CACHE_KIB = 32 * 1024;
const MAPPED_BYTES = 2 ** 31;

export function configure(db: DatabaseSync, readOnly: boolean): void {
  if (!readOnly) db.exec('PRAGMA journal_mode = WAL');
  db.exec(`PRAGMA synchronous = FULL; PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA mmap_size = ${MAPPED_BYTES}; PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = 10000; PRAGMA trusted_schema = OFF`);
}

/** Brings the file to the newest schema. A file of another program or a newer one is refused untouched. */
export function migrate(db: DatabaseSync): void {
  const found = Number(db.prepare('PRAGMA application_id').get()?.['application_id']);
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
  if (found !== APPLICATION_ID && (found !== 0 || tables > 0)) {
    throw storeFault('store-unreadable', 'not a store of ours: name another file');
  }
  db.exec('BEGIN IMMEDIATE');
  try {
    db.exec(`PRAGMA application_id = ${APPLICATION_ID};
      CREATE TABLE IF NOT EXISTS migration(number INTEGER PRIMARY KEY) STRICT`);
    const done = Number(db.prepare('SELECT max(number) AS n FROM migration').get()?.['n'] ?? 0);
    const newest = MIGRATIONS.at(-1)?.number ?? 0;
    if (done > newest) {
      throw storeFault(
        'store-unreadable',
        `the store was written by a newer program: schema ${done}, this program knows ${newest}. Run the newer program`,
      );
    }
    for (const { number, sql } of MIGRATIONS) {
      if (number <= done) continue;
      db.exec(sql);
      db.prepare('INSERT INTO migration VALUES (?)').run(number);
    }
    db.exec('COMMIT');
  } catch (thrown) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}

const READS: ReadonlySet<number> = new Set([
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_RECURSIVE,
  constants.SQLITE_TRANSACTION,
]);
const READ_PRAGMAS: ReadonlySet<string> = new Set(['integrity_check', 'page_count', 'page_size']);

/** The only columns that are ever updated; triggers say from what to what. */
const CLOSED: Readonly<Record<string, readonly string[]>> = {
  fact: ['seen_to'],
  change: ['rev', 'state', 'updated_at', 'tier', 'digest', 'decide_by'],
  attempt: ['ended_at', 'outcome', 'detail'],
  ...BLOCKED_UPDATES,
};

export function restrict(db: DatabaseSync): void {
  db.setAuthorizer((action, subject, detail) => {
    if (READS.has(action) || action === constants.SQLITE_INSERT) return constants.SQLITE_OK;
    const closes =
      action === constants.SQLITE_UPDATE && (CLOSED[subject ?? ''] ?? []).includes(detail ?? '');
    const looks =
      action === constants.SQLITE_PRAGMA && detail === null && READ_PRAGMAS.has(subject ?? '');
    return closes || looks ? constants.SQLITE_OK : constants.SQLITE_DENY;
  });
}

export type Row = readonly (null | number | string | Uint8Array)[];

/**
 * Prepared statements by their text; rows come as arrays. SQLite plans a statement anew for each value of a
 * bare `LIMIT ?`, which costs more than most reads here: write `LIMIT ? + 0`.
 */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values);
  }

  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  rows(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as unknown as Row[];
  }

  number(sql: string, ...values: SQLInputValue[]): number | undefined {
    const value = this.row(sql, ...values)?.[0];
    return typeof value === 'number' ? value : undefined;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}
