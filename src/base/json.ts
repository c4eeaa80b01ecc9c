/**
 * JSON as it comes in from outside, and the one canonical way it goes out (RFC 8785, JCS).
 *
 * Numbers are IEEE doubles, as RFC 8785 requires; strings are valid Unicode. Depth is bounded
 * everywhere, so no document can exhaust the stack.
 */
import { Fault } from './fault.ts';
import { LIMITS } from './limits.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export type JsonProblem = { readonly path: string; readonly problem: string };

/**
 * Why a parsed value is not JSON that we keep, or `undefined` when it is: too deep, a lone
 * surrogate, a number that is not finite, or something that JSON has no form for.
 */
export function jsonProblem(
  value: unknown,
  depth: number = LIMITS.jsonDepth,
): JsonProblem | undefined {
  return problemAt(value, '$', depth);
}

function problemAt(value: unknown, path: string, depth: number): JsonProblem | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : { path, problem: 'has a lone surrogate' };
    case 'number':
      return Number.isFinite(value) ? undefined : { path, problem: 'is not a finite number' };
    case 'boolean':
      return undefined;
    case 'object':
      break;
    case 'bigint':
    case 'function':
    case 'symbol':
    case 'undefined':
      return { path, problem: `is a ${typeof value}, which JSON cannot hold` };
  }
  if (value === null) return undefined;
  if (depth <= 0) return { path, problem: 'is nested too deeply' };
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      const problem = problemAt(item, `${path}[${i}]`, depth - 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const at = `${path}.${key.slice(0, 64)}`;
    if (!key.isWellFormed()) return { path: at, problem: 'has a lone surrogate in its name' };
    const problem = problemAt((value as Record<string, unknown>)[key], at, depth - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Parses JSON text that came from outside. Throws `invalid-json`, saying what and where. */
export function parseJson(text: string, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Fault('invalid', 'invalid-json', `not JSON: ${what}`, { cause });
  }
  const problem = jsonProblem(value);
  if (problem !== undefined) {
    throw new Fault(
      'invalid',
      'invalid-json',
      `not JSON that can be kept: ${what} at ${problem.path} ${problem.problem}`,
    );
  }
  return value as Json;
}

/**
 * Canonical JSON text after RFC 8785: keys sorted by UTF-16 code units, no white space,
 * ECMAScript number and string forms. Throws `invalid-json` for what has no such form.
 */
export function canonicalJson(value: Json): string {
  return write(value, LIMITS.jsonDepth + 8);
}

function write(value: Json, depth: number): string {
  if (value === null || typeof value !== 'object') return writeScalar(value);
  if (depth <= 0)
    throw new Fault('invalid', 'invalid-json', 'JSON is nested too deeply: give at most 64 levels');
  if (Array.isArray(value)) {
    let out = '[';
    for (let i = 0; i < value.length; i++) {
      if (i > 0) out += ',';
      out += write(value[i] as Json, depth - 1);
    }
    return `${out}]`;
  }
  const object = value as JsonObject;
  const keys = Object.keys(object);
  if (keys.length > 1) keys.sort();
  let out = '{';
  let first = true;
  for (const key of keys) {
    const member = object[key];
    if (member === undefined) continue;
    if (!first) out += ',';
    first = false;
    out += `${writeScalar(key)}:${write(member, depth - 1)}`;
  }
  return `${out}}`;
}

function writeScalar(value: null | boolean | number | string): string {
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw new Fault('invalid', 'invalid-json', 'text has a lone surrogate: give valid Unicode');
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new Fault('invalid', 'invalid-json', 'a number is not finite: give a JSON number');
  }
  return JSON.stringify(value);
}
