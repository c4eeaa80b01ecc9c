/**
 * Records that are written together, and what those who appended them wait for.
 *
 * Two promises stand for the whole batch; one record's are made when somebody asks for them.
 */
import type { EventLog, EventPlace } from './protocol.ts';
import { type Hash, toHex } from './tree.ts';

export type Pending = {
  readonly seq: number;
  readonly text: string;
  readonly bytes: number;
  readonly entryHash: string;
  readonly leaf: Hash;
  readonly isNews: boolean;
};

export type Appended = ReturnType<EventLog['append']>;

export class Batch {
  readonly #records: Pending[] = [];
  readonly #written = Promise.withResolvers<void>();
  readonly #durable = Promise.withResolvers<void>();

  constructor() {
    // Nobody may be waiting.
    this.#written.promise.catch(ignore);
    this.#durable.promise.catch(ignore);
  }

  get records(): readonly Pending[] {
    return this.#records;
  }

  add(record: Pending): Appended {
    this.#records.push(record);
    return new Place(record, this.#written.promise, this.#durable.promise);
  }

  tellWritten(): void {
    this.#written.resolve();
  }

  tellDurable(): void {
    this.#durable.resolve();
  }

  /** What was told before stays told. */
  fail(reason: unknown): void {
    this.#written.reject(reason);
    this.#durable.reject(reason);
  }
}

class Place implements Appended {
  readonly #record: Pending;
  readonly #written: Promise<void>;
  readonly #durable: Promise<void>;

  constructor(record: Pending, written: Promise<void>, durable: Promise<void>) {
    this.#record = record;
    this.#written = written;
    this.#durable = durable;
  }

  get written(): Promise<EventPlace> {
    return this.#after(this.#written);
  }

  get durable(): Promise<EventPlace> {
    return this.#after(this.#durable);
  }

  #after(moment: Promise<void>): Promise<EventPlace> {
    const { seq, leaf } = this.#record;
    const place = moment.then(() => ({ seq, leafHash: toHex(leaf) }));
    // A caller may take both and wait for one only.
    place.catch(ignore);
    return place;
  }
}

export function refusal(thrown: unknown): Appended {
  const refused = Promise.reject(thrown);
  refused.catch(ignore);
  return { written: refused, durable: refused };
}

function ignore(): void {}
