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
  const found = problemAt(value, depth);
  return found === undefined ? undefined : { path: `$${found.path}`, problem: found.problem };
}

/** Paths are put together on the way back, so a value without a problem costs none. */
function problemAt(value: unknown, depth: number): JsonProblem | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : { path: '', problem: 'has a lone surrogate' };
    case 'number':
      return Number.isFinite(value) ? undefined : { path: '', problem: 'is not a finite number' };
    case 'boolean':
      return undefined;
    case 'object':
      break;
    case 'bigint':
    case 'function':
    case 'symbol':
    case 'undefined':
      return { path: '', problem: `is a ${typeof value}, which JSON cannot hold` };
  }
  if (value === null) return undefined;
  if (depth <= 0) return { path: '', problem: 'is nested too deeply' };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = problemAt(value[i], depth - 1);
      if (found !== undefined) return { ...found, path: `[${i}]${found.path}` };
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed())
      return {
        path: `.${key.slice(0, 64).toWellFormed()}`,
        problem: 'has a lone surrogate in its name',
      };
    const found = problemAt((value as Record<string, unknown>)[key], depth - 1);
    if (found !== undefined) return { ...found, path: `.${key.slice(0, 64)}${found.path}` };
  }
  return undefined;
}

/**
 * What parsing `text` into `value` lost without a word, or `undefined`: a name given twice in one
 * object, or a number that a double cannot hold. Whoever reads the same bytes must not read more.
 */
export function jsonLoss(text: string, value: unknown): string | undefined {
  let members = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) {
      i = endOfString(text, i);
    } else if (unit === 0x3a) {
      members++;
    } else if (unit === 0x2d || (unit >= 0x30 && unit <= 0x39)) {
      const end = endOfNumber(text, i);
      if (end - i > 15 || !PLAIN_NUMBER.test(text.slice(i, end))) {
        const number = text.slice(i, end);
        if (losesDigits(number))
          return `a number cannot be held exactly: ${number.slice(0, 40)}. Give it as text`;
      }
      i = end - 1;
    }
  }
  const kept = countMembers(value, LIMITS.jsonDepth + 72);
  return Number.isNaN(kept) || members === kept
    ? undefined
    : 'a name stands twice in one object. Give each name once';
}

const PLAIN_NUMBER = /^-?[\d.]+$/;

function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return at;
  }
}

function endOfNumber(text: string, start: number): number {
  let at = start;
  for (;;) {
    const unit = text.charCodeAt(at);
    const isPart = (unit >= 0x30 && unit <= 0x39) || unit === 0x2e || unit === 0x2d;
    if (!isPart && unit !== 0x2b && unit !== 0x65 && unit !== 0x45) return at;
    at++;
  }
}

/** Rounding in the last of 17 digits is what doubles do; anything beyond that is loss. What is not finite is told elsewhere. */
function losesDigits(number: string): boolean {
  const held = Number(number);
  if (!Number.isFinite(held)) return false;
  const given = decimal(number);
  const kept = decimal(String(held));
  if (given.digits === kept.digits && given.exponent === kept.exponent) return false;
  return held === 0 || given.digits.length > 17 || /^-?\d+$/.test(number);
}

/** Significant digits and the power of ten of the last one. */
function decimal(number: string): { readonly digits: string; readonly exponent: number } {
  const [, whole = '', part = '', power = '0'] =
    /^-?(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + part).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return { digits: '', exponent: 0 };
  return { digits: kept, exponent: Number(power) - part.length + digits.length - kept.length };
}

/** Members of every object in `value`; NaN when it is deeper than `depth`, which others refuse. */
function countMembers(value: unknown, depth: number): number {
  if (value === null || typeof value !== 'object') return 0;
  if (depth <= 0) return Number.NaN;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value)
      if (typeof item === 'object') members += countMembers(item, depth - 1);
    return members;
  }
  for (const key of Object.keys(value)) {
    members += 1 + countMembers((value as Record<string, unknown>)[key], depth - 1);
  }
  return members;
}

/** Parses JSON text that came from outside. Throws `invalid-json`, saying what and where. */
export function parseJson(text: string, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The place only: the parser's own words quote the text, which may hold a secret.
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(String(cause)) ?? [];
    const at = line === undefined ? '' : ` at line ${line} column ${column}`;
    throw new Fault('invalid', 'invalid-json', `not JSON: ${what}${at}`, { cause });
  }
  const problem = jsonProblem(value);
  if (problem !== undefined) {
    throw new Fault(
      'invalid',
      'invalid-json',
      `not JSON that can be kept: ${what} at ${problem.path} ${problem.problem}`,
    );
  }
  const loss = jsonLoss(text, value);
  if (loss !== undefined)
    throw new Fault('invalid', 'invalid-json', `not JSON that can be kept: ${what}: ${loss}`);
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
  // `String` is the ECMAScript form that RFC 8785 asks for, -0 included, at a fifth of the cost.
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
