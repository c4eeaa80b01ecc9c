/**
 * The file behind the room: opened so that nobody but its owner can read it, migrated, and then held to rows. What
 * is acknowledged is durable, and each write is whole or not at all.
 */
import { constants, DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';
import { identityFault } from './faults.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

const OWNER_ONLY = 0o600;

export type Row = readonly (null | number | string | Uint8Array)[];

export async function openDatabase(
  path: string,
  files: Pick<Files, 'appender'> | undefined,
): Promise<Database> {
  if (files !== undefined) await (await files.appender(path, OWNER_ONLY)).close();
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 5_000, limits: { attach: 0 } });
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
      PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF`);
    migrate(db);
    restrict(db);
    return new Database(db);
  } catch (thrown) {
    db?.close();
    if (thrown instanceof Fault) throw thrown;
    throw identityFault(
      isOutOfReach(thrown) ? 'identity-unwritable' : 'identity-unreadable',
      `what is known of people who sign in cannot be opened: ${path}. Mend the disk or put a backup back, then start again`,
      { cause: thrown },
    );
  }
}

function migrate(db: DatabaseSync): void {
  const number = (sql: string): number =>
    Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0);
  const found = number('PRAGMA application_id');
  if (
    found !== APPLICATION_ID &&
    (found !== 0 || number('SELECT count(*) FROM sqlite_schema') > 0)
  ) {
    throw identityFault('identity-unreadable', 'not a file of ours: name another');
  }
  db.exec('BEGIN IMMEDIATE');
  try {
    db.exec(`PRAGMA application_id = ${APPLICATION_ID};
      CREATE TABLE IF NOT EXISTS migration(number INTEGER PRIMARY KEY) STRICT`);
    const done = number('SELECT max(number) FROM migration');
    if (done > MIGRATIONS.length) {
      throw identityFault(
        'identity-unreadable',
        `written by a newer program: schema ${done}, this one knows ${MIGRATIONS.length}. Run the newer program`,
      );
    }
    for (const [at, sql] of MIGRATIONS.entries()) {
      if (at < done) continue;
      db.exec(sql);
      db.prepare('INSERT INTO migration VALUES (?)').run(at + 1);
    }
    db.exec('COMMIT');
  } catch (thrown) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}

const ROWS_ONLY: ReadonlySet<number> = new Set([
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_INSERT,
  constants.SQLITE_UPDATE,
  constants.SQLITE_DELETE,
  constants.SQLITE_TRANSACTION,
]);
const TABLES_THAT_STAY: ReadonlySet<string | null> = new Set(['migration', 'sqlite_master']);

function restrict(db: DatabaseSync): void {
  db.setAuthorizer((action, subject) => {
    const writes = action !== constants.SQLITE_SELECT && action !== constants.SQLITE_READ;
    return ROWS_ONLY.has(action) && !(writes && TABLES_THAT_STAY.has(subject))
      ? constants.SQLITE_OK
      : constants.SQLITE_DENY;
  });
}

export class Database {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  rows(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values) as unknown as Row[];
  }

  /** How many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** Whole and durable, or not at all. */
  write<T>(act: () => T): T {
    if (this.#db.isTransaction) return act();
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      const result = act();
      this.#db.exec('COMMIT');
      return result;
    } catch (thrown) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      if (!isSqlite(thrown)) throw thrown;
      throw identityFault(
        'identity-unwritable',
        'nothing was kept, since the database refused to write: see the log, free the disk, then ask again',
        { cause: thrown },
      );
    }
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
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

/** SQLite's codes for what the disk or the directory refuses: the file itself may be whole. */
const OUT_OF_REACH: ReadonlySet<unknown> = new Set([8, 10, 13, 14]);

function isOutOfReach(thrown: unknown): boolean {
  const { errcode } = (thrown ?? {}) as { readonly errcode?: number };
  return errcode !== undefined && OUT_OF_REACH.has(errcode & 0xff);
}

function isSqlite(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_SQLITE_ERROR';
}
