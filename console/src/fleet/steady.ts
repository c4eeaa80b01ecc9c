/** Rows that stay where somebody looks at them, until they may be put in order anew. Pure. */
import type { ListRow } from './answers.ts';

export const keyOf = ({ scope, target }: ListRow): string => `${scope}\n${target}`;

/** The same rows: each that was there before in its place, those that came in the places of those that went. */
export function inPlace(before: readonly string[], rows: readonly ListRow[]): readonly ListRow[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const placed = before.slice(0, rows.length).map((key) => {
    const row = byKey.get(key);
    byKey.delete(key);
    return row;
  });
  const others = [...byKey.values()];
  const filled = placed.map((row) => row ?? (others.shift() as ListRow));
  return [...filled, ...others];
}

export function isInOrder(shown: readonly ListRow[], rows: readonly ListRow[]): boolean {
  return shown.length === rows.length && shown.every((row, at) => row === rows[at]);
}

/** Rows twice on pages that were read one after the other are shown once. */
export function once(rows: readonly ListRow[]): readonly ListRow[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}
