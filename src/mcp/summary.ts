/**
 * The short text beside an answer's structured content: how much was found and its first rows.
 *
 * It is for people and for clients that show text only. Whatever it quotes came from a machine,
 * so the whole goes through `clean` and never grows past `MAX_BYTES`.
 */
import type { Json, JsonObject } from '#base/json';

const MAX_BYTES = 2_000;
const MAX_ROWS = 5;
const MAX_QUOTE = 80;

export type CleanText = (text: string) => string;

export function summarise(value: Json, notices: readonly string[], clean: CleanText): string {
  const lines = isObject(value) ? describe(value) : [quote(value)];
  return cut(clean([...notices.map((notice) => `Note: ${notice}`), ...lines].join('\n')));
}

/** `text` cut at a character so that it is at most `bytes` long, the cut marked. */
export function cut(text: string, bytes: number = MAX_BYTES): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const head = Buffer.from(text).subarray(0, bytes - 3);
  return `${new TextDecoder().decode(head).replace(/\uFFFD+$/, '')}…`;
}

function describe(value: JsonObject): string[] {
  const counts: string[] = [];
  const scalars: string[] = [];
  let rows: readonly Json[] = [];
  let open = '';
  let next = '';
  for (const [name, member] of Object.entries(value)) {
    if (name === 'nextCursor') {
      if (typeof member === 'string') open = 'More: call again with nextCursor.';
    } else if (name === 'next' && typeof member === 'string') {
      next = `Next: ${member}`;
    } else if (Array.isArray(member)) {
      counts.push(`${name}: ${member.length}`);
      if (name === 'coverage') open = [open, ...shortfalls(member)].filter(Boolean).join('\n');
      else if (!rows.some(isObject)) rows = member;
    } else if (isObject(member)) {
      counts.push(`${name}: ${Object.keys(member).length} entries`);
    } else if (member !== null) {
      scalars.push(`${name}: ${quote(member)}`);
    }
  }
  const shown = rows.slice(0, MAX_ROWS).map((row) => `- ${describeRow(row)}`);
  const rest = rows.length - shown.length;
  return [
    [...scalars, ...counts].join(', ') || 'done',
    ...shown,
    ...(rest > 0 ? [`- and ${rest} more`] : []),
    ...[open, next].filter((line) => line !== ''),
  ];
}

/** The kinds that are not fully known, so that a short reading cannot miss them. */
function shortfalls(coverage: readonly Json[]): string[] {
  const short = coverage.filter(isObject).filter((row) => row['status'] !== 'complete');
  if (short.length === 0) return [];
  const named = short
    .slice(0, MAX_ROWS)
    .map((row) => `${plain(row['target'])} ${plain(row['kind'])} ${plain(row['status'])}`);
  return [`Not complete: ${named.join('; ')}${short.length > MAX_ROWS ? '; …' : ''}`];
}

function describeRow(row: Json): string {
  if (!isObject(row)) return quote(row);
  if (typeof row['entity'] !== 'string') return scalarsOf(row);
  const about = [row['severity'], row['status'], row['kind'], row['entity'], row['attribute']]
    .filter((part) => typeof part === 'string')
    .join(' ');
  if ('before' in row) return `${about}: ${quote(row['before'])} -> ${quote(row['after'])}`;
  if ('desired' in row)
    return `${about}: is ${quote(row['observed'])}, should be ${quote(row['desired'])}`;
  return 'value' in row ? `${about} = ${quote(row['value'])} (${plain(row['target'])})` : about;
}

function scalarsOf(row: JsonObject): string {
  return Object.entries(row)
    .filter(([, member]) => member !== null && typeof member !== 'object')
    .slice(0, 6)
    .map(([name, member]) => `${name} ${quote(member)}`)
    .join(', ');
}

function plain(value: Json | undefined): string {
  return typeof value === 'string' ? value : quote(value);
}

function quote(value: Json | undefined): string {
  if (typeof value === 'string' && /^[\w.:/@*-]{1,60}$/.test(value)) return value;
  const text = JSON.stringify(value ?? null);
  return text.length <= MAX_QUOTE ? text : `${text.slice(0, MAX_QUOTE).toWellFormed()}…`;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
