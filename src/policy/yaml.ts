/**
 * YAML into values by small readers put together, each problem with its line. No plain object is
 * made from keys of the file, no alias followed, no tag obeyed, no key guessed at.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Problem } from './faults.ts';

/** A value, where it stands and what it is called in messages. */
export type Place = {
  readonly node: Node | null;
  readonly at: number;
  readonly what: string;
  readonly say: (at: number, message: string) => void;
  readonly lineOf: (at: number) => number;
  /** How many problems were said so far. */
  readonly said: () => number;
};
/** `undefined`: a problem was said. */
export type Read<T> = (place: Place) => T | undefined;
type Shape = Readonly<Record<string, Read<unknown>>>;
type Values<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends Read<infer T> ? T | undefined : never;
};
/** The values that were given, and a way to object to the whole. */
export type Given<S extends Shape> = { readonly values: Values<S>; readonly place: Place };

export function readYaml<T>(
  file: string,
  text: string,
  most: number,
  read: Read<T>,
  problems: Problem[],
): T | undefined {
  const lines = new LineCounter();
  const lineOf = (at: number): number => Math.max(1, lines.linePos(at).line);
  const say = (at: number, message: string): void => {
    problems.push({ file, line: lineOf(at), message });
  };
  if (text.length > most) {
    say(0, `the file is longer than ${most} characters`);
    return undefined;
  }
  const document = parseDocument(text, {
    strict: true,
    uniqueKeys: false,
    version: '1.2',
    schema: 'core',
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const troubles = [...document.errors, ...document.warnings];
  for (const { pos, message } of troubles) say(pos[0], message);
  return troubles.length > 0
    ? undefined
    : read({
        node: document.contents,
        at: 0,
        what: 'the file',
        say,
        lineOf,
        said: () => problems.length,
      });
}

/** A mapping of known keys; each may be left out. */
export function record<S extends Shape>(shape: S): Read<Given<S>> {
  const known = Object.keys(shape);
  return (place) => {
    const entries = entriesOf(place);
    if (entries === undefined) return undefined;
    const values: Record<string, unknown> = Object.create(null);
    for (const { name, nameAt, value } of entries) {
      const read = known.includes(name) ? shape[name] : undefined;
      if (read !== undefined) values[name] = read(value);
      else
        place.say(
          nameAt,
          `unknown key ${quoted(name)} in ${place.what}: accepted are ${known.join(', ')}`,
        );
    }
    return { values: values as Values<S>, place };
  };
}

/** A mapping whose keys are names of the operator's. */
export function named<T>(accept: RegExp, read: Read<T>): Read<ReadonlyMap<string, T>> {
  return (place) => {
    const named = new Map<string, T>();
    for (const { name, nameAt, value } of entriesOf(place) ?? []) {
      if (!accept.test(name)) place.say(nameAt, `${place.what}: ${quoted(name)} is no name`);
      const item = read(value);
      if (item !== undefined) named.set(name, item);
    }
    return named;
  };
}

export function list<T>(read: Read<T>): Read<readonly T[]> {
  return (place) => {
    const node = plain(place);
    if (node === undefined) return undefined;
    if (!isSeq(node)) return refuse(place, 'a list');
    return node.items.flatMap((item, i) => {
      const child = item as Node | null;
      const at = child?.range?.[0] ?? place.at;
      const value = read({ ...place, node: child, at, what: `${place.what}[${i}]` });
      return value === undefined ? [] : [value];
    });
  };
}

/** Text without control or invisible characters that `accept` matches. */
export function text(most = 128, accept = /./, must = 'is not accepted'): Read<string> {
  return (place) => {
    const node = plain(place);
    if (node === undefined) return undefined;
    if (!isScalar(node) || typeof node.value !== 'string') return refuse(place, 'text');
    const value = node.value.replace(/\n$/, '');
    if (value.trim() !== '' && value.length <= most && !/[\p{C}\p{Zl}\p{Zp}]/u.test(value)) {
      if (accept.test(value)) return value;
      place.say(place.at, `${place.what} ${quoted(value)} ${must}`);
    } else place.say(place.at, `${place.what} must be 1 to ${most} visible characters`);
    return undefined;
  };
}

export function oneOf<T extends string>(accepted: readonly T[]): Read<T> {
  return (place) => {
    const value = text()(place);
    const found = accepted.find((each) => each === value);
    if (value !== undefined && found === undefined)
      place.say(
        place.at,
        `${place.what} ${quoted(value)} is not known: accepted are ${accepted.join(', ')}`,
      );
    return found;
  };
}

export function whole(least: number, most: number): Read<number> {
  return (place) => {
    const node = plain(place);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
      return value;
    return refuse(place, `a whole number from ${least} to ${most}`);
  };
}

export function flag(place: Place): boolean | undefined {
  const node = plain(place);
  if (node === undefined) return undefined;
  if (isScalar(node) && typeof node.value === 'boolean') return node.value;
  return refuse(place, 'true or false');
}

/** What `read` reads without an objection, made into something else. */
export function into<A, B>(
  read: Read<A>,
  make: (value: A, place: Place) => B | undefined,
): Read<B> {
  return (place) => {
    const before = place.said();
    const value = read(place);
    return value === undefined || place.said() > before ? undefined : make(value, place);
  };
}

function entriesOf(
  place: Place,
):
  | readonly { readonly name: string; readonly nameAt: number; readonly value: Place }[]
  | undefined {
  const node = plain(place);
  if (node === undefined) return undefined;
  if (!isMap(node)) return refuse(place, 'a mapping of keys');
  const seen = new Set<string>();
  return node.items.flatMap((pair) => {
    const key = pair.key as Node | null;
    const nameAt = key?.range?.[0] ?? place.at;
    if (!isScalar(key) || typeof key.value !== 'string' || key.tag !== undefined) {
      place.say(nameAt, `a key of ${place.what} must be text`);
      return [];
    }
    const name = key.value;
    if (seen.has(name)) {
      place.say(nameAt, `duplicate key ${quoted(name)}`);
      return [];
    }
    seen.add(name);
    const child = pair.value as Node | null;
    const at = isNothing(child) ? nameAt : (child?.range?.[0] ?? nameAt);
    const what = place.what === 'the file' ? name : `${place.what}.${name}`;
    return [{ name, nameAt, value: { ...place, node: child, at, what } }];
  });
}

function plain(place: Place): Node | undefined {
  const { node } = place;
  if (isAlias(node)) place.say(place.at, 'aliases are not accepted: write the value out');
  else if (node !== null && (node as { tag?: string }).tag !== undefined)
    place.say(place.at, 'tags are not accepted: write the plain value');
  else if (isNothing(node))
    place.say(place.at, `${place.what} is empty: give it a value or leave the key out`);
  else if (node !== null) return node;
  return undefined;
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function refuse(place: Place, must: string): undefined {
  place.say(place.at, `${place.what} must be ${must}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
