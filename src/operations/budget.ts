/** Keeping an answer inside its byte budget by ending the page early. */
import { canonicalJson, type Json } from '#base/json';

/** Bytes that one row costs in the answer. */
export function rowBytes(row: unknown): number {
  return Buffer.byteLength(canonicalJson(row as Json)) + 1;
}

/**
 * The longest head of `rows` that fits `bytes`, never less than one row: a single row that is
 * bigger than the budget is still an answer.
 */
export function fitting<Row>(rows: readonly Row[], bytes: number): readonly Row[] {
  let spent = 0;
  for (const [i, row] of rows.entries()) {
    spent += rowBytes(row);
    if (spent > bytes) return rows.slice(0, Math.max(1, i));
  }
  return rows;
}
