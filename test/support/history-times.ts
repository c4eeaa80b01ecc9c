/** Times as they are promised in answers, and in the many forms that are taken. */
import assert from 'node:assert/strict';
import type { Micros } from './reference-facts.ts';

export function nowMicros(): Micros {
  return Date.now() * 1_000;
}

/** Strictly the form that answers promise: UTC with six digits. */
export function parse(text: unknown): Micros {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{6}))?Z$/.exec(String(text));
  assert.ok(found, `not a time with six digits: ${String(text)}`);
  return Date.parse(`${found[1]}Z`) * 1_000 + Number(found[2] ?? 0);
}

/** Six digits in UTC for style 6; other styles vary the offset, the case and the digits. */
export function write(at: Micros, style: number): string {
  const offset = style === 6 ? 0 : ([0, 0, 330, -480][style % 4] as number);
  const seconds = Math.floor(at / 1_000_000);
  const local = new Date((seconds + offset * 60) * 1_000).toISOString().slice(0, 19);
  const digits = String(at - seconds * 1_000_000).padStart(6, '0');
  const short = digits.replace(/0+$/, '');
  const keepsAll = style === 6 || (style >> 2) % 2 === 0;
  const fraction = keepsAll ? digits : short;
  const sign = offset < 0 ? '-' : '+';
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const zone =
    offset === 0
      ? 'Z'
      : `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
  const text = `${local}${fraction === '' ? '' : `.${fraction}`}${zone}`;
  return style !== 6 && (style >> 3) % 4 === 3 ? text.toLowerCase() : text;
}
