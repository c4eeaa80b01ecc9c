/** Uses of leases, counted at once and on disk within seconds: a call does not wait for the disk. */
import type { Clock } from '#base/ports';
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import type { Database, Row } from './database.ts';

const FLUSH_AFTER = 5 * MICROS_PER_SECOND;
const MOST_TEXT = 500;

/** The columns that are counted, in the order in which `shown` takes them. */
export const USES = 'uses, failures, used_at, last_operation';

type Counted = { uses: number; failures: number; at: Instant; operation: string };

export class Uses {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #update: string;
  /** Not on disk yet. */
  readonly #counted = new Map<string, Counted>();
  #flushedAt: Instant;

  constructor(db: Database, clock: Clock, table: 'lease' | 'external') {
    this.#db = db;
    this.#clock = clock;
    this.#update = `UPDATE ${table} SET uses = uses + ?, failures = failures + ?, used_at = ?, last_operation = ? WHERE id = ?`;
    this.#flushedAt = clock.now();
  }

  /** What was counted of it by now: `row` as it is on disk. */
  shown(
    id: string,
    [uses, failures, usedAt, operation]: Row,
  ): {
    readonly uses: number;
    readonly failures: number;
    readonly lastUsedAt: Instant | null;
    readonly lastOperation: string | null;
  } {
    const more = this.#counted.get(id);
    return {
      uses: (uses as number) + (more?.uses ?? 0),
      failures: (failures as number) + (more?.failures ?? 0),
      lastUsedAt: more?.at ?? (usedAt as Instant | null),
      lastOperation: more?.operation ?? (operation as string | null),
    };
  }

  count(id: string, operation: string, at: Instant, failed: boolean): void {
    const before = this.#counted.get(id) ?? { uses: 0, failures: 0 };
    this.#counted.set(id, {
      uses: before.uses + 1,
      failures: before.failures + (failed ? 1 : 0),
      at,
      operation: operation.slice(0, MOST_TEXT),
    });
    if (Math.abs(this.#clock.now() - this.#flushedAt) >= FLUSH_AFTER) this.flush();
  }

  flush(): void {
    this.#flushedAt = this.#clock.now();
    if (this.#counted.size === 0) return;
    this.#db.write(() => {
      for (const [id, { uses, failures, at, operation }] of this.#counted)
        this.#db.run(this.#update, uses, failures, at, operation, id);
    });
    this.#counted.clear();
  }
}
