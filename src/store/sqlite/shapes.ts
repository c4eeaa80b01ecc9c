/**
 * The shape of an observation: which streams it listed, with which explicit times, and what it said
 * of whole kinds. Shapes are stored by content, so the same look again stores nothing.
 */

import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import { storeFault } from '../faults.ts';
import { decodeStreams, encodeStreams, hasStream } from '../stream-set.ts';
import { type Claim, claimOf, pointAt } from '../timeline.ts';
import type { Statements } from './connection.ts';

export type ClaimStatus = 'complete' | 'partial' | 'unreachable';
export type KindClaim = readonly [kind: number, status: ClaimStatus, reason: string | null];
type TimedEntry = readonly [stream: number, validFrom: number | null, validTo: number | null];

export type ShapeInput = {
  readonly streams: number[];
  readonly timed: TimedEntry[];
  readonly kinds: number[];
  readonly claims: KindClaim[];
};

export type Shape = {
  readonly streams: Uint32Array;
  readonly timed: ReadonlyMap<number, TimedEntry>;
  readonly kinds: readonly number[];
  readonly claims: readonly KindClaim[];
};

/** What an observation of this shape at `observedAt` asked of a stream, if it listed it. */
export function claimOn(shape: Shape, stream: number, observedAt: number): Claim | undefined {
  if (hasStream(shape.streams, stream)) return pointAt(observedAt);
  const entry = shape.timed.get(stream);
  if (entry === undefined) return undefined;
  return claimOf(observedAt, entry[1] ?? undefined, entry[2] ?? undefined);
}

const CACHED_ENTRIES = 4_000_000;

/** Reads and writes shapes; keeps the decoded ones that were used last. */
export class Shapes {
  readonly #sql: Statements;
  readonly #decoded = new Map<number, Shape>();
  #entries = 0;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** After a rollback numbers may be given again, to other content. */
  forget(): void {
    this.#decoded.clear();
    this.#entries = 0;
  }

  get(id: number): Shape {
    const known = this.#decoded.get(id);
    if (known !== undefined) {
      this.#decoded.delete(id);
      this.#decoded.set(id, known);
      return known;
    }
    const row = this.#sql.row('SELECT streams, more FROM shape WHERE id = ?', id);
    if (row === undefined) throw storeFault('store-damaged', `a shape is missing: ${id}`);
    return this.#keep(id, decodeShape(row[0] as Uint8Array, row[1] as string));
  }

  put(input: ShapeInput): number {
    const bytes = encodeStreams(input.streams.sort((a, b) => a - b));
    const more = canonicalJson({
      claims: input.claims.sort((a, b) => a[0] - b[0]),
      kinds: input.kinds.sort((a, b) => a - b),
      timed: input.timed.sort((a, b) => a[0] - b[0]),
    } satisfies Record<string, Json>);
    const digest = shapeDigest(bytes, more);
    const found = this.#sql.row('SELECT id, streams, more FROM shape WHERE digest = ?', digest);
    if (found !== undefined) {
      if (found[2] !== more || Buffer.compare(found[1] as Uint8Array, bytes) !== 0) {
        throw storeFault('store-damaged', `a shape differs from its digest: ${String(found[0])}`);
      }
      return found[0] as number;
    }
    const id = (this.#sql.number('SELECT max(id) FROM shape') ?? 0) + 1;
    this.#sql.run('INSERT INTO shape VALUES (?, ?, ?, ?)', id, digest, bytes, more);
    return id;
  }

  #keep(id: number, shape: Shape): Shape {
    this.#decoded.set(id, shape);
    this.#entries += 16 + shape.streams.length + shape.timed.size * 8;
    for (const [oldest, old] of this.#decoded) {
      if (this.#entries <= CACHED_ENTRIES || oldest === id) break;
      this.#decoded.delete(oldest);
      this.#entries -= 16 + old.streams.length + old.timed.size * 8;
    }
    return shape;
  }
}

/** Sixteen bytes of SHA-256 over both parts. */
export function shapeDigest(streams: Uint8Array, more: string): Uint8Array {
  return Buffer.from(sha256(`${Buffer.from(streams).toString('latin1')}\n${more}`), 'hex').subarray(
    0,
    16,
  );
}

export function decodeShape(streams: Uint8Array, more: string): Shape {
  const parts = JSON.parse(more) as Pick<ShapeInput, 'timed' | 'kinds' | 'claims'>;
  return {
    streams: decodeStreams(streams),
    timed: new Map(parts.timed.map((entry) => [entry[0], entry])),
    kinds: parts.kinds,
    claims: parts.claims,
  };
}
