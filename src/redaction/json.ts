/**
 * The pipeline for structured values: names and texts are cleaned, what stands under a secret's
 * name goes whole, numbers, booleans, null and the shape of everything else stay.
 */
import type { Json, JsonObject } from '#base/json';
import { findSecrets } from './find.ts';
import { type Label, labelOf } from './labels.ts';
import { neutralise } from './neutralise.ts';
import { marker, redact } from './redact.ts';
import { worthHiding } from './values.ts';

export type CleanedJson = { readonly value: Json; readonly altered: boolean };

/** Deeper than any JSON we keep; what lies deeper is replaced and not walked. */
const DEPTH = 200;
const TOO_DEEP = '[cut: nested too deeply]';

type Text = (text: string) => string;

/** Neutral and without secrets. `altered` when anything changed. Equal parts keep their identity. */
export function cleanJson(value: Json): CleanedJson {
  const cleaned = walk(value, (text) => redact(neutralise(text)).text, DEPTH);
  return { value: cleaned, altered: cleaned !== value };
}

/**
 * Without secrets, everything else exact: a text with control or invisible characters stays as it
 * is unless it holds a secret. For values that are kept as given and shown through `cleanJson`.
 */
export function redactJson(value: Json): CleanedJson {
  const redacted = walk(value, exactUnlessSecret, DEPTH);
  return { value: redacted, altered: redacted !== value };
}

function exactUnlessSecret(text: string): string {
  const { text: redacted, secrets } = redact(neutralise(text));
  return secrets === 0 ? text : redacted;
}

function walk(value: Json, text: Text, depth: number): Json {
  if (typeof value === 'string') return text(value);
  if (value === null || typeof value !== 'object') return value;
  if (depth <= 0) return TOO_DEEP;
  if (Array.isArray(value)) return walkList(value as readonly Json[], text, depth);
  return walkObject(value as JsonObject, text, depth);
}

function walkList(list: readonly Json[], text: Text, depth: number): Json {
  const joined = redactJoined(list);
  const out = joined.map((item) => walk(item, text, depth - 1));
  return out.some((item, i) => item !== list[i]) ? out : list;
}

function walkObject(object: JsonObject, text: Text, depth: number): Json {
  const named = secretValueName(object);
  const taken = new Set<string>();
  const out: [string, Json][] = [];
  let altered = false;
  for (const key of Object.keys(object)) {
    const before = object[key] as Json;
    const name = unique(redact(neutralise(key)).text, taken);
    const label =
      labelOf(neutralise(key).normalize('NFKC')) ?? (key === named?.key ? named.label : undefined);
    const hidden = label === undefined ? undefined : hide(label, key, before);
    const after = hidden ?? walk(before, text, depth - 1);
    altered ||= name !== key || after !== before;
    out.push([name, after]);
  }
  // `fromEntries` defines own properties, `__proto__` too.
  return altered ? (Object.fromEntries(out) as JsonObject) : object;
}

/** Two names that became equal stay two members. */
function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}~${i}`;
  taken.add(free);
  return free;
}

/** The marker for what stands under a label, or `undefined` when there is nothing to hide. */
function hide(label: Label, key: string, value: Json): Json | undefined {
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'string') {
    const text = neutralise(value);
    if (label.kind === 'cookie' || label.kind === 'header') return hideHeader(label, text);
    const whole = { start: 0, end: text.length, quoted: true };
    const is = label.kind === 'weak' && label.name === 'credential' ? isBase64Pair(text) : false;
    return is || worthHiding(label, key, whole, text) ? marker(label.name) : undefined;
  }
  if (typeof value === 'number') return label.kind === 'password' ? marker(label.name) : undefined;
  if (label.kind === 'weak' || Object.keys(value).length === 0) return undefined;
  const plural = /s$/i.test(key) && label.kind !== 'password';
  if (plural && !(Array.isArray(value) && value.every((item) => typeof item === 'string')))
    return undefined;
  return marker(label.name);
}

/** A header keeps its scheme; a bare word such as `enabled` is a setting. */
function hideHeader(label: Label, text: string): string | undefined {
  const scheme = /^([A-Za-z][\w-]{1,24})\s+\S/.exec(text)?.[1];
  const whole = { start: 0, end: text.length, quoted: true };
  if (!worthHiding({ kind: 'password', name: label.name }, '', whole, text)) return undefined;
  if (label.kind === 'header' && scheme !== undefined) {
    return text.endsWith(marker(label.name)) ? undefined : `${scheme} ${marker(label.name)}`;
  }
  return label.kind === 'cookie' && !text.includes('=') ? undefined : marker(label.name);
}

function isBase64Pair(text: string): boolean {
  if (!/^[A-Za-z0-9+/=_-]{8,}$/.test(text)) return false;
  const inner = Buffer.from(text, 'base64').toString('latin1');
  return /^[\x20-\x7e]+$/.test(inner) && /^[^:\s]+:./.test(inner);
}

const NAME_KEYS = [
  'name',
  'key',
  'attribute',
  'field',
  'variable',
  'header',
  'id',
  'option',
  'setting',
  'parameter',
];
const VALUE_KEYS = [
  'value',
  'val',
  'content',
  'data',
  'observed',
  'desired',
  'before',
  'after',
  'default',
];

/** `{"name": "DB_PASSWORD", "value": …}`: the member that holds what the other one names. */
function secretValueName(object: JsonObject): { key: string; label: Label } | undefined {
  const keys = Object.keys(object);
  if (keys.length < 2 || keys.length > 24) return undefined;
  for (const nameKey of NAME_KEYS) {
    const said = Object.hasOwn(object, nameKey) ? object[nameKey] : undefined;
    if (typeof said !== 'string' || said.length > 128) continue;
    const label = labelOf(neutralise(said).normalize('NFKC'));
    const key = VALUE_KEYS.find((candidate) => Object.hasOwn(object, candidate));
    if (label !== undefined && key !== undefined) return { key, label };
  }
  return undefined;
}

/** Secrets that only show when the items stand together: an argv, the lines of a key file. */
function redactJoined(list: readonly Json[]): readonly Json[] {
  if (list.length < 2 || !list.some((item) => typeof item === 'string')) return list;
  let out = list;
  for (const glue of [' ', '\n']) {
    const parts = out.map((item) => (typeof item === 'string' ? neutralise(item) : ''));
    const found = findSecrets(parts.join(glue));
    if (found.length === 0) continue;
    let start = 0;
    out = out.map((item, i) => {
      const part = parts[i] as string;
      const from = start;
      start += part.length + 1;
      if (typeof item !== 'string' || part === '') return item;
      return withoutSpans(item, part, from, found);
    });
  }
  return out;
}

function withoutSpans(
  item: string,
  part: string,
  from: number,
  found: readonly { readonly start: number; readonly end: number; readonly name: string }[],
): string {
  let out = '';
  let at = 0;
  for (const { start, end, name } of found) {
    const a = Math.max(0, start - from);
    const b = Math.min(part.length, end - from);
    if (b <= a) continue;
    out += part.slice(at, a) + marker(name);
    at = b;
  }
  return at === 0 && out === '' ? item : out + part.slice(at);
}

/** Is a value under this name hidden? For surfaces that explain a refusal. */
export function isSecretName(name: string): boolean {
  const label = labelOf(neutralise(name).normalize('NFKC'));
  return label !== undefined && label.kind !== 'weak';
}
