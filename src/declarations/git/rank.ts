/** How near a file is to a target: its own selector first, then over how many `extends` it was reached. */
import type { Level } from '../selector.ts';

export type Rank = { readonly level: Level; readonly depth: number };

/** Nearest first. */
export function compareRanks(a: Rank, b: Rank): number {
  return b.level - a.level || a.depth - b.depth;
}
