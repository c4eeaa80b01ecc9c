/** What a tool keeps as entities, and its fields as attributes: two names never become one. */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json, type JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import { entityProblem } from '#model';

export type Field = { readonly attribute: string; readonly value: Json };

const DEPTH = 5;
/** Longer values are told apart by their digest. */
const VALUE_BYTES = 32_768;
const DIGEST_CHARS = 17;
const UNSAFE = /[%*\p{C}\p{Zl}\p{Zp}]/gu;

/** `resource:edge/aws_instance.web["a"]`. */
export function resourceEntity(stack: string, address: string): string {
  return entityOf('resource', stack, address);
}

/** `kind:host/name` of any name: what a key cannot hold is percent-encoded, what is too long ends in its digest. */
export function entityOf(kind: string, host: string, address: string): string {
  const prefix = `${kind}:${host}/`;
  const key = fit(encoded(address), LIMITS.entityChars - prefix.length, address);
  const entity = prefix + key;
  return entityProblem(entity) === undefined ? entity : `${prefix}sha256-${sha256(address)}`;
}

/** Objects field by field, to a depth; lists and what lies deeper as one value. */
export function fieldsOf(value: Json, path: readonly string[] = []): readonly Field[] {
  if (isObject(value) && path.length < DEPTH && Object.keys(value).length > 0 && !isSealed(value))
    return Object.entries(value).flatMap(([name, each]) => fieldsOf(each, [...path, name]));
  return path.length === 0 ? [] : [{ attribute: attributeOf(path), value: bounded(value) }];
}

function bounded(value: Json): Json {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  const text = canonicalJson(value);
  return text.length <= VALUE_BYTES
    ? value
    : { digest: `sha256:${sha256(text)}`, chars: text.length };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSealed(value: JsonObject): boolean {
  return typeof value['sensitive'] === 'string' && Object.keys(value).length === 1;
}

function attributeOf(path: readonly string[]): string {
  const names = path.map((name) => encoded(name).replaceAll('.', '%2E'));
  return fit(names.join('.'), LIMITS.attributeChars, path.join('\n'));
}

function encoded(name: string): string {
  const safe = name
    .toWellFormed()
    .replace(UNSAFE, (c) => (c === '*' ? '%2A' : encodeURIComponent(c)));
  const spaced = safe.replaceAll(/^\s|\s$/g, '%20');
  return spaced === '' ? '%' : spaced;
}

function fit(text: string, most: number, whole: string): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - DIGEST_CHARS).toWellFormed()}~${sha256(whole).slice(0, 16)}`;
}
