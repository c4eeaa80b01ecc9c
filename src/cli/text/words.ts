/** Ages, moments, counts and values as a person reads them. */
import type { Json } from '#base/json';

/** `just now`, `45 s`, `3 min`, `5 h`, `12 d`. */
export function age(seconds: number): string {
  if (seconds < 1) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `2026-01-31 09:30:05Z`, UTC like everything that is stored. */
export function moment(time: unknown): string {
  return typeof time === 'string'
    ? time.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2Z')
    : '';
}

/** A value in one line: text as it is, everything else as compact JSON. */
export function brief(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value === '' ? '""' : value;
  return JSON.stringify(value);
}

export function count(number: number, one: string, many: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/**
 * JSON for programs: exactly the same value when parsed, and nothing in it that a terminal obeys
 * or an eye cannot see; such characters are written as escapes.
 */
export function safeJson(value: Json, pretty: boolean): string {
  return JSON.stringify(value, null, pretty ? 2 : undefined).replace(
    /(?![\n])[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
    (character) =>
      Array.from({ length: character.length }, (_, i) => unit(character.charCodeAt(i))).join(''),
  );
}

function unit(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
