/** The least that a drift scan has to do: what should be joined with what is, by SQLite. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export class DesiredTables {
  readonly #db: DatabaseSync;
  readonly #differing: StatementSync;

  constructor(path: string, desired: readonly string[]) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA mmap_size = ${2 ** 31};
      CREATE TABLE desired(attribute INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT;
      CREATE TABLE observed(entity INTEGER NOT NULL, attribute INTEGER NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY(entity, attribute)) WITHOUT ROWID, STRICT`);
    const want = this.#db.prepare('INSERT INTO desired VALUES (?, ?)');
    desired.forEach((value, attribute) => want.run(attribute, value));
    this.#differing = this.#db.prepare(
      `SELECT entity, o.attribute, o.value, d.value FROM observed o
         JOIN desired d ON d.attribute = o.attribute WHERE o.value IS NOT d.value`,
    );
  }

  fill(hosts: readonly (readonly string[])[]): void {
    const insert = this.#db.prepare('INSERT INTO observed VALUES (?, ?, ?)');
    this.#db.exec('BEGIN');
    hosts.forEach((values, host) => {
      values.forEach((value, attribute) => void insert.run(host, attribute, value));
    });
    this.#db.exec('COMMIT');
  }

  differing(): number {
    return this.#differing.all().length;
  }

  close(): void {
    this.#db.close();
  }
}
