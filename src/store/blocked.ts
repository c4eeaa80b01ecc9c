/**
 * What a store owes to those who learn from refused commands: a bounded number of rows, one for each
 * shape of command, and a few notes beside them. `blocked.test.ts` checks these lines.
 *
 * Nothing here is removed. A row's count only grows, until the row is given to another shape; whoever
 * gives it away counts what is lost. Nothing here grants anything.
 */
import type { JsonObject } from '#base/json';
import type { Instant } from '#base/time';

/** Rows there are at most; a further shape takes the place of another. */
export const MOST_BLOCKED = 1_000;

export type BlockedRow = {
  /** Unique. */
  readonly id: string;
  /** From 1. */
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly body: JsonObject;
};

export const BLOCKED_NOTES = ['tally', 'shadow'] as const;
export type BlockedNote = (typeof BLOCKED_NOTES)[number];

export interface BlockedReader {
  /** All, the most frequent first; among equals the newest first. */
  all(): readonly BlockedRow[];
  byId(id: string): BlockedRow | undefined;
  note(name: BlockedNote): JsonObject | undefined;
}

/** Writes of one transaction; it reads its own writes. */
export interface BlockedWriter extends BlockedReader {
  /**
   * Keeps a row: new, or grown. Where there is no place for a new one it takes that of the row with the
   * lowest count, the oldest among equals, and answers it.
   */
  keep(row: BlockedRow): BlockedRow | undefined;
  keepNote(name: BlockedNote, body: JsonObject): void;
}
