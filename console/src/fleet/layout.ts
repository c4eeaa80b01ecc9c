/** Places in a grouped list: a heading before each group, then its rows. Pure. */
import type { Group } from './answers.ts';

export type Place =
  | { readonly kind: 'group'; readonly group: Group }
  | { readonly kind: 'row'; readonly row: number };

export type Layout = {
  readonly count: number;
  readonly at: (place: number) => Place;
  /** Where a row stands. */
  readonly placeOf: (row: number) => number;
};

export function layoutOf(rows: number, groups: readonly Group[]): Layout {
  if (groups.length === 0)
    return { count: rows, at: (row) => ({ kind: 'row', row }), placeOf: (row) => row };
  const starts: number[] = [];
  let from = 0;
  for (const { targets } of groups) {
    starts.push(from);
    from += targets;
  }
  // Headings before a place: one for each group that began.
  const groupAt = (place: number): number => {
    let low = 0;
    let high = groups.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((starts[middle] as number) + middle <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    count: rows + groups.length,
    at: (place) => {
      const n = groupAt(place);
      const begin = (starts[n] as number) + n;
      const group = groups[n] as Group;
      return place === begin ? { kind: 'group', group } : { kind: 'row', row: place - n - 1 };
    },
    placeOf: (row) => {
      let n = 0;
      while (n + 1 < groups.length && (starts[n + 1] as number) <= row) n += 1;
      return row + n + 1;
    },
  };
}
