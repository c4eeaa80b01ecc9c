/** Rows of answers: which a filter means, and how two lists of them differ. */
import assert from 'node:assert/strict';
import { canonical, type Run } from './reference-facts.ts';

export type Row = Record<string, unknown>;

export function streamOf(row: Row | Run): string {
  const { target, source, entity, attribute } = row as Run;
  return canonical([target, source, entity, attribute]);
}

export function same(product: readonly Row[], reference: readonly Row[], context: string): void {
  const sorted = (rows: readonly Row[]): string[] => rows.map((row) => canonical(row)).sort();
  const [actual, expected] = [sorted(product), sorted(reference)];
  if (canonical(actual) === canonical(expected)) return;
  const only = (of: string[], other: string[]): string =>
    of.filter((row) => !other.includes(row)).join('\n    ');
  assert.fail(
    `${context}\n  only the product says:\n    ${only(actual, expected)}\n  only the reference says:\n    ${only(expected, actual)}\n  rows: ${actual.length}, ${expected.length}`,
  );
}

export function like(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === pattern;
  const last = rest.pop() as string;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

export function contains(run: Run, text: string): boolean {
  const value = typeof run.value === 'string' ? run.value : JSON.stringify(run.value);
  return [run.entity, run.attribute, value].some((each) =>
    each.toLowerCase().includes(text.toLowerCase()),
  );
}

export function without(row: Row, ...names: string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}
