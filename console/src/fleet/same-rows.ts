/** Rows that say what they said before stay the same values, so that nothing of them is drawn again. Pure. */
import type { ListRow } from './answers.ts';

/** But for `ageSeconds`, which grows with every moment and is no part of a row that is shown. */
export function sameRows(before: readonly ListRow[], rows: readonly ListRow[]): readonly ListRow[] {
  const known = new Map(before.map((row) => [keyOf(row), row]));
  return rows.map((row) => {
    const old = known.get(keyOf(row));
    return old !== undefined && said(old) === said(row) ? old : row;
  });
}

const keyOf = ({ scope, target }: ListRow): string => `${scope}\n${target}`;

function said(row: ListRow): string {
  return JSON.stringify({ ...row, ageSeconds: null });
}
