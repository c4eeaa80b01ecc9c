/** Refused commands by shape: a table of slots, which are given on and never removed. */
import { canonicalJson, type JsonObject } from '#base/json';
import type { Instant } from '#base/time';
import {
  type BlockedNote,
  type BlockedReader,
  type BlockedRow,
  type BlockedWriter,
  MOST_BLOCKED,
} from '../blocked.ts';
import { storeFault } from '../faults.ts';
import type { Row, Statements } from './connection.ts';

/** The tables as they were released with migration 4. */
export const BLOCKED_TABLES = `
  CREATE TABLE blocked(
    slot INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, count INTEGER NOT NULL,
    first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE blocked_note(name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;

  CREATE TRIGGER blocked_grows BEFORE UPDATE ON blocked
    WHEN NEW.slot IS NOT OLD.slot OR NEW.count < 1
      OR (NEW.id IS OLD.id AND (NEW.count <= OLD.count OR NEW.first_at IS NOT OLD.first_at))
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
`;
export const BLOCKED_UPDATES: Readonly<Record<string, readonly string[]>> = {
  blocked: ['id', 'count', 'first_at', 'last_at', 'body'],
  blocked_note: ['body'],
};

const COLUMNS = 'SELECT id, count, first_at, last_at, body FROM blocked';

export class SqliteBlockedReader implements BlockedReader {
  protected readonly sql: Statements;

  constructor(sql: Statements) {
    this.sql = sql;
  }

  all(): readonly BlockedRow[] {
    return this.sql.rows(`${COLUMNS} ORDER BY count DESC, last_at DESC, id`).map(rowOf);
  }

  byId(id: string): BlockedRow | undefined {
    const row = this.sql.row(`${COLUMNS} WHERE id = ?`, id);
    return row === undefined ? undefined : rowOf(row);
  }

  note(name: BlockedNote): JsonObject | undefined {
    const row = this.sql.row('SELECT body FROM blocked_note WHERE name = ?', name);
    return row === undefined ? undefined : jsonOf(row[0]);
  }
}

export class SqliteBlockedWriter extends SqliteBlockedReader implements BlockedWriter {
  /** Runs the writes of one call; from the first written row on, a throw breaks the transaction. */
  readonly #writing: <T>(write: () => T) => T;

  constructor(sql: Statements, writing: <T>(write: () => T) => T) {
    super(sql);
    this.#writing = writing;
  }

  keep({ id, count, firstAt, lastAt, body }: BlockedRow): BlockedRow | undefined {
    const text = canonicalJson(body);
    const known = this.byId(id) !== undefined;
    const used = this.sql.number('SELECT count(*) FROM blocked') ?? 0;
    if (!known && used < MOST_BLOCKED) {
      this.#writing(() =>
        this.sql.run(
          'INSERT INTO blocked VALUES (NULL, ?, ?, ?, ?, ?)',
          id,
          count,
          firstAt,
          lastAt,
          text,
        ),
      );
      return undefined;
    }
    const least = this.sql.row(`${COLUMNS} ORDER BY count, last_at, slot LIMIT 1`);
    const gone = known || least === undefined ? undefined : rowOf(least);
    this.#writing(() =>
      this.sql.run(
        'UPDATE blocked SET id = ?, count = ?, first_at = ?, last_at = ?, body = ? WHERE id = ?',
        id,
        count,
        firstAt,
        lastAt,
        text,
        gone?.id ?? id,
      ),
    );
    return gone;
  }

  keepNote(name: BlockedNote, body: JsonObject): void {
    const text = canonicalJson(body);
    const known = this.note(name) !== undefined;
    this.#writing(() => {
      if (known) this.sql.run('UPDATE blocked_note SET body = ? WHERE name = ?', text, name);
      else this.sql.run('INSERT INTO blocked_note VALUES (?, ?)', name, text);
    });
  }
}

function rowOf([id, count, firstAt, lastAt, body]: Row): BlockedRow {
  return {
    id: id as string,
    count: count as number,
    firstAt: firstAt as Instant,
    lastAt: lastAt as Instant,
    body: jsonOf(body),
  };
}

function jsonOf(text: unknown): JsonObject {
  try {
    return JSON.parse(text as string) as JsonObject;
  } catch (cause) {
    throw storeFault(
      'store-damaged',
      'a stored record of refused commands cannot be read: restore a backup, or ask holdfast verify',
      { cause },
    );
  }
}
