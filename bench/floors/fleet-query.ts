/** The smallest program that could answer the first page of a fleet: its newest looks and two facts a row, and no more. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export class FleetQuery {
  readonly #db: DatabaseSync;
  readonly #looks: StatementSync;
  readonly #facts: StatementSync;
  readonly #origins: readonly { readonly id: number; readonly target: string }[];

  constructor(path: string) {
    this.#db = new DatabaseSync(path, { readOnly: true });
    this.#db.exec('PRAGMA cache_size = -32768; PRAGMA mmap_size = 2147483648');
    this.#origins = this.#db
      .prepare('SELECT id, target FROM origin ORDER BY target')
      .all() as unknown as { id: number; target: string }[];
    this.#looks = this.#db.prepare(
      `SELECT o.origin, o.observed_at, s.more FROM json_each(?1) j CROSS JOIN observation o ON o.op IN
         (SELECT x.op FROM observation x WHERE x.origin = j.value AND x.observed_at <= ?2
          ORDER BY x.observed_at DESC, x.op DESC LIMIT 4)
       JOIN shape s ON s.id = o.shape`,
    );
    this.#looks.setReturnArrays(true);
    this.#facts = this.#db.prepare(
      `SELECT f.value FROM entity e JOIN attribute a JOIN stream s ON s.entity = e.id AND s.attribute = a.id
         JOIN fact f ON f.stream = s.id AND f.valid_from <= ?3
       WHERE e.name = ?1 AND a.name = ?2 ORDER BY f.valid_from DESC LIMIT 1`,
    );
  }

  /** The answer's text; `count` rows of all. */
  page(asOf: number, count: number): { readonly text: string; readonly targets: number } {
    const ids = JSON.stringify(this.#origins.map(({ id }) => id));
    const newest = new Map<number, { at: number; looks: number }>();
    for (const [origin, at, more] of this.#looks.all(ids, asOf) as unknown as [
      number,
      number,
      string,
    ][]) {
      const known = newest.get(origin) ?? { at: 0, looks: 0 };
      known.at = Math.max(known.at, at);
      known.looks += more.includes('complete') ? 1 : 0;
      newest.set(origin, known);
    }
    const targets = new Map<string, { target: string; at: number; looks: number }>();
    for (const { id, target } of this.#origins) {
      const seen = newest.get(id);
      const known = targets.get(target) ?? { target, at: 0, looks: 0 };
      targets.set(target, {
        target,
        at: Math.max(known.at, seen?.at ?? 0),
        looks: known.looks + (seen?.looks ?? 0),
      });
    }
    const rows = [...targets.values()].slice(0, count).map((row) => ({
      ...row,
      os: this.#facts.get(row.target, 'os.name', asOf)?.['value'],
      kernel: this.#facts.get(row.target, 'kernel.release', asOf)?.['value'],
    }));
    return { text: JSON.stringify(rows), targets: targets.size };
  }

  close(): void {
    this.#db.close();
  }
}
