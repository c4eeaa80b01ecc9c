/**
 * A YAML file as text in, checked values out; every mistake is kept with its place, and all are
 * told at once. It walks the nodes themselves: no plain object is made from keys of the file, no
 * alias is followed, no tag is obeyed.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { didYouMean, show } from '#base/nearest';

const FILE_BYTES = 1_048_576;
const SHOWN_PROBLEMS = 50;

export type Value = { readonly node: Node | null; readonly at: number };
export type Keys<K extends string> = { readonly [P in K]?: Value };

/** What a file is called, and the code of the fault when it does not hold. */
export type YamlFile = {
  /** As shown: relative to the data directory, or a shipped name. */
  readonly file: string;
  readonly code: string;
  /** What its parts are, in the plural: `commands`, `declarations`. */
  readonly what: string;
};

/** Reads `text` with `make`, or throws `code` (`invalid`) with every problem as `file:line:column: …`. */
export function readYaml<T>(
  text: string,
  named: YamlFile,
  make: (yaml: Yaml, root: Value) => T,
  linesBefore = 0,
): T {
  const lines = new LineCounter();
  const yaml = new Yaml(lines, linesBefore);
  if (Buffer.byteLength(text) > FILE_BYTES) {
    yaml.problem(0, `the file is larger than ${FILE_BYTES} bytes: use another file for the rest`);
    return refuseYaml(named, yaml.problems);
  }
  const document = parseDocument(text, {
    strict: true,
    // Keys are compared by us: the library's own check is quadratic.
    uniqueKeys: false,
    version: '1.2',
    schema: 'core',
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const told = new Set<string>();
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    if (told.has(code)) continue;
    told.add(code);
    const plain = (message.split('\n')[0] ?? '').replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
    yaml.problem(pos[0], `not YAML: ${plain.slice(0, 200)}: correct it`);
  }
  if (document.directives.yaml.explicit === true)
    yaml.problem(0, 'directives are not accepted: leave the line with "%" out');
  if (yaml.problems.length > 0) return refuseYaml(named, yaml.problems);
  const made = make(yaml, { node: document.contents, at: 0 });
  return yaml.problems.length > 0 ? refuseYaml(named, yaml.problems) : made;
}

export type YamlProblem = {
  readonly line: number;
  readonly column: number;
  readonly message: string;
};

export function refuseYaml(
  { file, code, what }: YamlFile,
  problems: readonly YamlProblem[],
): never {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const lines = sorted.map((p) => `${file}:${p.line}:${p.column}: ${p.message}`);
  const shown = lines.slice(0, SHOWN_PROBLEMS);
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  const more = lines.length > shown.length ? `\n… and ${lines.length - shown.length} more` : '';
  throw new Fault(
    'invalid',
    code,
    `${what} are not valid: ${count}, correct and try again:\n${shown.join('\n')}${more}`,
    { facts: { file, problems: shown } },
  );
}

export class Yaml {
  readonly problems: YamlProblem[] = [];
  readonly #lines: LineCounter;
  readonly #before: number;

  /** The text is a part of a file, with so many lines `before` it. */
  constructor(lines: LineCounter, before: number) {
    this.#lines = lines;
    this.#before = before;
  }

  problem(at: number, message: string): void {
    const { line, col } = this.#lines.linePos(at);
    this.problems.push({
      line: this.#before + Math.max(1, line),
      column: Math.max(1, col),
      message,
    });
  }

  lineOf(at: number): number {
    return this.#before + Math.max(1, this.#lines.linePos(at).line);
  }

  placeOf(at: number): { readonly line: number; readonly column: number } {
    return { line: this.lineOf(at), column: Math.max(1, this.#lines.linePos(at).col) };
  }

  isMapping({ node }: Value): boolean {
    return isMap(node);
  }

  isList({ node }: Value): boolean {
    return isSeq(node);
  }

  /** A mapping of which only `known` keys are accepted, each once, and of which `needed` are there. */
  record<K extends string>(
    value: Value,
    what: string,
    known: readonly K[],
    needed: readonly K[] = [],
  ): Keys<K> {
    const record = Object.create(null) as { [P in K]?: Value };
    const { node } = value;
    if (!isMap(node) || hasTag(node)) {
      this.problem(value.at, `${what} must be a mapping of keys: give ${known.join(', ')}`);
      return record;
    }
    for (const pair of node.items) {
      const key = pair.key as Node | null;
      const at = key?.range?.[0] ?? value.at;
      const text = isScalar(key) && typeof key.value === 'string' ? key.value : null;
      const name = known.find((each) => each === text);
      if (text === null) this.problem(at, `a key of ${what} must be text: name one of ours`);
      else if (name === undefined)
        this.problem(
          at,
          `unknown key ${show(text)} in ${what}${didYouMean(text, known) || `: accepted are ${known.join(', ')}`}`,
        );
      else if (record[name] !== undefined)
        this.problem(at, `duplicate key ${show(text)} in ${what}: give it once`);
      else {
        const child = pair.value as Node | null;
        record[name] = { node: child, at: isNothing(child) ? at : (child?.range?.[0] ?? at) };
      }
    }
    for (const key of needed)
      if (record[key] === undefined) this.problem(value.at, `${key} is missing in ${what}: add it`);
    return record;
  }

  /** A mapping whose keys are the operator's own words, each once, in the order of the file. */
  pairs(
    value: Value | undefined,
    what: string,
  ): readonly { readonly key: string; readonly at: number; readonly value: Value }[] {
    if (value === undefined) return [];
    const { node } = value;
    if (!isMap(node) || hasTag(node)) {
      this.problem(value.at, `${what} must be a mapping: write it as {name: value}`);
      return [];
    }
    const seen = new Set<string>();
    return node.items.flatMap((pair) => {
      const name = pair.key as Node | null;
      const at = name?.range?.[0] ?? value.at;
      const key = this.text({ node: name, at }, `a key of ${what}`);
      if (key === null) return [];
      if (seen.has(key)) {
        this.problem(at, `duplicate key ${show(key)} in ${what}: give it once`);
        return [];
      }
      seen.add(key);
      const child = pair.value as Node | null;
      return [
        {
          key,
          at,
          value: { node: child, at: isNothing(child) ? at : (child?.range?.[0] ?? at) },
        },
      ];
    });
  }

  /** Plain data of any form, at most `depth` deep; `undefined` after a problem. */
  json(value: Value, what: string, depth = 8): Json | undefined {
    const { node, at } = value;
    if (node === null) return null;
    if (hasTag(node)) this.problem(at, `${what} has a tag: leave it out`);
    else if (isScalar(node)) return this.#scalar(node.value, at, what);
    else if (depth === 0) this.problem(at, `${what} is nested too deeply: make it flatter`);
    else if (isSeq(node)) {
      const items = this.list(value, what).map((item) => this.json(item, what, depth - 1));
      return items.some((item) => item === undefined) ? undefined : (items as Json[]);
    } else if (isMap(node)) {
      const made: [string, Json][] = [];
      const pairs = this.pairs(value, what);
      for (const { key, value: child } of pairs) {
        const read = this.json(child, what, depth - 1);
        if (read !== undefined) made.push([key, read]);
      }
      // Not by assignment: a name may be `__proto__`.
      return made.length === pairs.length ? Object.fromEntries(made) : undefined;
    } else this.problem(at, `${what} is an alias: write it out`);
    return undefined;
  }

  #scalar(value: unknown, at: number, what: string): Json | undefined {
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'number' && Number.isFinite(value)) {
      if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
    } else if (typeof value === 'string' && value.isWellFormed()) return value;
    this.problem(at, `${what} cannot be held exactly: put it in quotes`);
    return undefined;
  }

  /** Nothing at all reads as no items. */
  list(value: Value | undefined, what: string): readonly Value[] {
    if (value === undefined) return [];
    const { node } = value;
    if (isSeq(node) && !hasTag(node))
      return node.items.map((item) => {
        const child = item as Node | null;
        return { node: child, at: child?.range?.[0] ?? value.at };
      });
    this.problem(value.at, `${what} must be a list: write it as [a, b]`);
    return [];
  }

  /** Visible text on one line; a number or a truth value counts as it is written (`-1`, `true`). */
  text(value: Value | undefined, what: string, most = 300): string | null {
    if (value === undefined) return null;
    const { node } = value;
    const text =
      !isScalar(node) || hasTag(node) || isNothing(node)
        ? null
        : typeof node.value === 'string'
          ? node.value.replace(/\n$/, '')
          : (node.source ?? null);
    if (text === null) this.problem(value.at, `${what} must be text: put it in quotes`);
    else if (text.trim() === '') this.problem(value.at, `${what} is empty: say something`);
    else if (text.length > most)
      this.problem(value.at, `${what} is longer than ${most} characters: shorten it`);
    else if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text))
      this.problem(value.at, `${what} has a control or invisible character: type it again`);
    else return text;
    return null;
  }

  textThat(value: Value | undefined, what: string, form: RegExp, like: string): string | null {
    const text = this.text(value, what, 200);
    if (value === undefined || text === null || form.test(text)) return text;
    this.problem(value.at, `${what} ${show(text)} is not in its form: write it like ${like}`);
    return null;
  }

  oneOf<T extends string>(
    value: Value | undefined,
    what: string,
    accepted: readonly T[],
  ): T | null {
    const text = this.text(value, what);
    if (value === undefined || text === null) return null;
    const found = accepted.find((each) => each === text);
    if (found !== undefined) return found;
    this.problem(
      value.at,
      `${what} ${show(text)} is not known${didYouMean(text, accepted)}: accepted are ${accepted.join(', ')}`,
    );
    return null;
  }

  /** Left out is `false`. */
  flag(value: Value | undefined, what: string): boolean {
    if (value === undefined) return false;
    const { node } = value;
    if (isScalar(node) && typeof node.value === 'boolean' && !hasTag(node)) return node.value;
    this.problem(value.at, `${what} must be true or false: write one of them`);
    return false;
  }

  whole(value: Value | undefined, what: string, otherwise: number, most: number): number {
    if (value === undefined) return otherwise;
    const { node } = value;
    const number = isScalar(node) && !hasTag(node) ? node.value : null;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= most)
      return number;
    this.problem(value.at, `${what} must be a whole number from 0 to ${most}: correct it`);
    return otherwise;
  }
}

function hasTag(node: Node): boolean {
  return (node as { tag?: string }).tag !== undefined;
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}
