/** Canonical JSON after RFC 8785: names sorted by UTF-16 units, no white space, ECMAScript numbers and strings. */
import type { Json } from '../api/json.ts';

const MOST_DEPTH = 72;

export function canonicalJson(value: Json, depth = MOST_DEPTH): string {
  if (depth <= 0) throw new Error('JSON is nested too deeply');
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new Error('text has a lone surrogate');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error('a number is not finite');
    return String(value);
  }
  if (value === null || typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map((each) => canonicalJson(each, depth - 1)).join(',')}]`;
  const members = Object.keys(value)
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((name) => `${canonicalJson(name)}:${canonicalJson(value[name] as Json, depth - 1)}`);
  return `{${members.join(',')}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
