/**
 * The embedded store: one SQLite file, one connection that writes and one that reads.
 *
 * A write is durable when it is acknowledged (`synchronous=FULL`). Readers see only what is
 * committed: on disk through their own connection, in memory by the operation they are pinned to.
 */
import { backup, type DatabaseSync } from 'node:sqlite';
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';
import type { BlockedReader } from '../blocked.ts';
import type { ChangeReader, ChangeWriter } from '../changes.ts';
import { storeFault } from '../faults.ts';
import type {
  FactReader,
  ObservationInput,
  RecordedObservation,
  Store,
  StoreTransaction,
} from '../protocol.ts';
import { SqliteBlockedReader, SqliteBlockedWriter } from './blocked.ts';
import { SqliteChangeReader } from './change-reader.ts';
import { SqliteChangeWriter } from './change-writer.ts';
import { problemsOf } from './check.ts';
import {
  configure,
  migrate,
  type OpenDatabase,
  openDatabase,
  restrict,
  Statements,
} from './connection.ts';
import { Heads } from './heads.ts';
import { SqliteReader } from './reader.ts';
import { recorded } from './recorded.ts';
import { type Horizon, Recorder } from './recorder.ts';
import { Shapes } from './shapes.ts';
import { Words } from './words.ts';

export type SqliteStoreOptions = {
  readonly path: string;
  /** Creates the database file, so that nobody but its owner can ever read it. */
  readonly files: Pick<Files, 'appender' | 'info'>;
  /** For tests that make the database fail. */
  readonly open?: OpenDatabase;
};

const OWNER_ONLY = 0o600;

export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path, files, open = openDatabase } = options;
  await createFile(files, path);
  return openWith(() => {
    const writer = open(path, false);
    return { writer, reader: () => open(path, true) };
  }, files);
}

/**
 * A store that ends with the process: for tests and for looking around. It has one connection, so
 * `changes` shows what a transaction under way has written.
 */
export function openMemoryStore(open: OpenDatabase = openDatabase): Store {
  return openWith(() => ({ writer: open(':memory:', false), reader: undefined }), undefined);
}

function openWith(
  connect: () => { writer: DatabaseSync; reader: (() => DatabaseSync) | undefined },
  files: SqliteStoreOptions['files'] | undefined,
): Store {
  const opened: DatabaseSync[] = [];
  try {
    const { writer, reader } = connect();
    opened.push(writer);
    configure(writer, false);
    migrate(writer);
    const looking = reader?.() ?? writer;
    if (looking !== writer) {
      opened.push(looking);
      configure(looking, true);
    }
    for (const db of opened) restrict(db);
    return new SqliteStore(writer, looking, files);
  } catch (thrown) {
    for (const db of opened) db.close();
    if (thrown instanceof Fault) throw thrown;
    if (isOutOfReach(thrown)) {
      throw storeFault(
        'store-unwritable',
        `the database cannot be opened for writing: ${thrown.errstr}. Free the disk or mend the directory, then ask again`,
        { cause: thrown },
      );
    }
    throw storeFault(
      'store-unreadable',
      'the database cannot be opened: restore a backup or name another file',
      { cause: thrown },
    );
  }
}

/** SQLite's codes for what the disk or the directory refuses: the file itself may be whole. */
const OUT_OF_REACH: ReadonlySet<unknown> = new Set([8, 10, 13, 14]);

function isOutOfReach(thrown: unknown): thrown is Error & { readonly errstr: string } {
  const { errcode } = (thrown ?? {}) as { readonly errcode?: number };
  return errcode !== undefined && OUT_OF_REACH.has(errcode & 0xff);
}

class SqliteStore implements Store {
  readonly read: FactReader;
  readonly changes: ChangeReader;
  readonly blocked: BlockedReader;
  readonly #writer: DatabaseSync;
  readonly #looking: DatabaseSync;
  readonly #files: SqliteStoreOptions['files'] | undefined;
  readonly #recorder: Recorder;
  readonly #sql: Statements;
  /** Reads inside a transaction, its own writes included. */
  readonly #inside: SqliteReader;
  /** What is committed; written after each commit, read by `read`. */
  #committed: Horizon;
  /** The end of the queue of writes. Never rejects. */
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** A write failed and what memory says was not yet made to agree with the tables again. */
  #stale = false;

  constructor(
    writer: DatabaseSync,
    looking: DatabaseSync,
    files: SqliteStoreOptions['files'] | undefined,
  ) {
    this.#writer = writer;
    this.#looking = looking;
    this.#files = files;
    const sql = new Statements(writer);
    this.#sql = sql;
    this.#recorder = new Recorder(sql, new Words(sql), new Heads(sql), new Shapes(sql));
    this.#recorder.resume();
    this.#committed = this.#recorder.horizon();
    this.#inside = new SqliteReader(sql, () => this.#recorder.horizon());
    const apart = looking === writer ? sql : new Statements(looking);
    this.read = new SqliteReader(apart, () => this.#committed);
    this.changes = new SqliteChangeReader(apart);
    this.blocked = new SqliteBlockedReader(apart);
  }

  write<T>(act: (transaction: StoreTransaction) => T | Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => this.#writeNow(act));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async backup(target: string): Promise<void> {
    this.#refuseClosed();
    if (this.#files !== undefined) {
      if ((await this.#files.info(target)) !== undefined) {
        throw storeFault(
          'backup-target-exists',
          `the backup's target exists: ${target}. Name another`,
        );
      }
      await createFile(this.#files, target);
    }
    await backup(this.#looking, target);
  }

  check(): readonly string[] {
    this.#refuseClosed();
    if (this.#stale) this.#rollBack();
    return problemsOf(new Statements(this.#looking), this.#committed.lastOp);
  }

  recorded(): Iterable<RecordedObservation> {
    this.#refuseClosed();
    if (this.#stale) this.#rollBack();
    return recorded(new Statements(this.#looking), this.#committed.lastOp);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue;
    if (this.#looking !== this.#writer) this.#looking.close();
    this.#writer.close();
  }

  async #writeNow<T>(act: (transaction: StoreTransaction) => T | Promise<T>): Promise<T> {
    this.#refuseClosed();
    let open = true;
    let broken = false;
    const recordedHere: RecordedObservation[] = [];
    const mustBeOpen = (): void => {
      if (!open) throw storeFault('store-closed', 'the transaction has ended: begin another');
      if (broken) throw storeFault('store-unwritable', 'the transaction failed: begin another');
    };
    const writing = <W>(write: () => W): W => {
      mustBeOpen();
      broken = true;
      const written = write();
      broken = false;
      return written;
    };
    const changes: ChangeWriter = new SqliteChangeWriter(this.#sql, writing);
    const transaction: StoreTransaction = {
      reader: this.#inside,
      changes,
      blocked: new SqliteBlockedWriter(this.#sql, writing),
      record: (observation: ObservationInput) => {
        mustBeOpen();
        // From the first written row on, a throw leaves the transaction half done.
        const receipt = this.#recorder.record(
          observation,
          () => {
            broken = true;
          },
          (one) => recordedHere.push(one),
        );
        broken = false;
        return receipt;
      },
      recorded: () => recordedHere,
    };
    try {
      if (this.#stale) this.#rollBack();
      this.#writer.exec('BEGIN IMMEDIATE');
      const result = await act(transaction);
      open = false;
      if (broken) throw storeFault('store-unwritable', 'the transaction failed: ask again');
      this.#commit();
      return result;
    } catch (thrown) {
      open = false;
      this.#tryRollBack();
      throw isSqlite(thrown)
        ? storeFault('store-unwritable', 'the database refused to write: see the log', {
            cause: thrown,
          })
        : thrown;
    }
  }

  #commit(): void {
    try {
      this.#writer.exec('COMMIT');
    } catch (cause) {
      if (this.#writer.isTransaction) throw cause;
      throw storeFault(
        'commit-unknown',
        'the commit may have happened: look for the observation before asking again',
        { cause },
      );
    }
    this.#committed = this.#recorder.horizon();
  }

  /** When even this fails, the next write begins with it. */
  #tryRollBack(): void {
    this.#stale = true;
    try {
      this.#rollBack();
    } catch (thrown) {
      if (!isSqlite(thrown)) throw thrown;
    }
  }

  #rollBack(): void {
    if (this.#writer.isTransaction) this.#writer.exec('ROLLBACK');
    this.#recorder.resume();
    this.#inside.forget();
    if (this.#looking === this.#writer) (this.read as SqliteReader).forget();
    this.#committed = this.#recorder.horizon();
    this.#stale = false;
  }

  #refuseClosed(): void {
    if (this.#closed) throw storeFault('store-closed', 'the store is closed: open it again');
  }
}

async function createFile(files: SqliteStoreOptions['files'], path: string): Promise<void> {
  const appender = await files.appender(path, OWNER_ONLY);
  await appender.close();
}

function isSqlite(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_SQLITE_ERROR';
}
