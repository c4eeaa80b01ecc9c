/**
 * Reads YAML nodes into values, and collects every problem with its place instead of stopping.
 *
 * It walks the nodes themselves: no plain object is made from keys of the file, no alias is
 * followed, no tag is obeyed.
 */
import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import { didYouMean, show } from '#base/nearest';

export type Problem = { readonly line: number; readonly column: number; readonly message: string };

/** A value and where it stands; `node` is `null` where the file gives a key and nothing else. */
export type Value = { readonly node: Node | null; readonly at: number };
export type Entry = Value & { readonly name: string; readonly nameAt: number };

export class Reader {
  readonly #lines: LineCounter;
  readonly #problems: Problem[] = [];

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  problem(at: number, message: string): void {
    const { line, col } = this.#lines.linePos(at);
    this.#problems.push({ line: Math.max(1, line), column: Math.max(1, col), message });
  }

  /** Sorted by place. */
  problems(): readonly Problem[] {
    return this.#problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  lineOf(at: number): number {
    return this.#lines.linePos(at).line;
  }

  /** The entries of a mapping, each name once; nothing at all reads as an empty one. */
  entries(value: Value, what: string, duplicate = 'duplicate key'): Entry[] {
    const node = this.#plain(value);
    if (node === undefined || isNothing(node)) return [];
    if (!isMap(node)) {
      this.problem(value.at, `${what} must be a mapping of keys, is ${describe(node)}`);
      return [];
    }
    const entries = new Map<string, Entry>();
    for (const pair of node.items) {
      const key = pair.key as Node | null;
      const keyAt = key?.range?.[0] ?? value.at;
      if (!isScalar(key) || typeof key.value !== 'string' || key.tag !== undefined) {
        this.problem(keyAt, `a key of ${what} must be text`);
        continue;
      }
      const first = entries.get(key.value);
      if (first !== undefined) {
        this.problem(
          keyAt,
          `${duplicate} ${show(key.value)}: first given on line ${this.lineOf(first.nameAt)}`,
        );
        continue;
      }
      const child = pair.value as Node | null;
      const at = child?.range?.[0] ?? keyAt;
      entries.set(key.value, {
        name: key.value,
        nameAt: keyAt,
        node: child,
        // A key without a value has its place at the key, not at whatever follows.
        at: isNothing(child) ? keyAt : at,
      });
    }
    return [...entries.values()];
  }

  /** The entries of a mapping of which only `known` keys are accepted. */
  record<K extends string>(
    value: Value,
    what: string,
    known: readonly K[],
  ): { readonly [P in K]?: Entry } {
    const record = Object.create(null) as { [P in K]?: Entry };
    for (const entry of this.entries(value, what)) {
      const name = known.find((each) => each === entry.name);
      if (name !== undefined) record[name] = entry;
      else
        this.problem(
          entry.nameAt,
          `unknown key ${show(entry.name)}${didYouMean(entry.name, known) || ` in ${what}: accepted are ${known.join(', ')}`}`,
        );
    }
    return record;
  }

  list(value: Value, what: string): Value[] {
    const node = this.#plain(value);
    if (node === undefined || isNothing(node)) return [];
    if (!isSeq(node)) {
      this.problem(value.at, `${what} must be a list, is ${describe(node)}`);
      return [];
    }
    return node.items.map((item) => {
      const child = item as Node | null;
      return { node: child, at: child?.range?.[0] ?? value.at };
    });
  }

  /** Text of 1 to `most` characters without control or invisible ones. */
  text(value: Value, what: string, most: number): string | undefined {
    const node = this.#plain(value);
    if (node === undefined) return undefined;
    if (!isScalar(node) || typeof node.value !== 'string') {
      const hint =
        isScalar(node) && !isNothing(node)
          ? ': put it in quotes'
          : isNothing(node)
            ? ': give it a value or leave the key out'
            : '';
      this.problem(value.at, `${what} must be text, is ${describe(node)}${hint}`);
      return undefined;
    }
    // A block scalar ends with a line feed that nobody meant.
    const text = node.value.replace(/\n$/, '');
    if (text.trim() === '')
      this.problem(value.at, `${what} is empty: give it a value or leave the key out`);
    else if (text.length > most)
      this.problem(value.at, `${what} is longer than ${most} characters`);
    else if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text))
      this.problem(value.at, `${what} has a control, bidirectional or invisible character`);
    else return text;
    return undefined;
  }

  /** Text that `accept` finds no fault with. */
  textThat(
    value: Value,
    what: string,
    most: number,
    accept: (text: string) => string | undefined,
  ): string | undefined {
    const text = this.text(value, what, most);
    if (text === undefined) return undefined;
    const objection = accept(text);
    if (objection === undefined) return text;
    this.problem(value.at, `${what} ${show(text)} ${objection}`);
    return undefined;
  }

  oneOf<T extends string>(value: Value, what: string, accepted: readonly T[]): T | undefined {
    const text = this.text(value, what, 200);
    if (text === undefined) return undefined;
    const found = accepted.find((each) => each === text);
    if (found === undefined)
      this.problem(
        value.at,
        `${what} ${show(text)} is not known${didYouMean(text, accepted)}${didYouMean(text, accepted) === '' ? ':' : ''} accepted are ${accepted.join(', ')}`,
      );
    return found;
  }

  flag(value: Value, what: string): boolean | undefined {
    const node = this.#plain(value);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === 'boolean') return node.value;
    this.problem(value.at, `${what} must be true or false, is ${describe(node)}`);
    return undefined;
  }

  number(value: Value, what: string): number | undefined {
    const node = this.#plain(value);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === 'number') return node.value;
    this.problem(value.at, `${what} must be a number, is ${describe(node)}`);
    return undefined;
  }

  /** Text, a number, or true or false. */
  plainValue(value: Value, what: string): string | number | boolean | undefined {
    const node = this.#plain(value);
    if (node === undefined) return undefined;
    const found = isScalar(node) ? node.value : undefined;
    if (typeof found === 'string') return this.text(value, what, 300);
    if (typeof found === 'number' || typeof found === 'boolean') return found;
    this.problem(value.at, `${what} must be text, a number, true or false, is ${describe(node)}`);
    return undefined;
  }

  whole(value: Value, what: string, least: number, most: number): number | undefined {
    const number = this.number(value, what);
    if (number === undefined) return undefined;
    if (Number.isSafeInteger(number) && number >= least && number <= most) return number;
    this.problem(value.at, `${what} must be a whole number from ${least} to ${most}, is ${number}`);
    return undefined;
  }

  #plain(value: Value): Node | null | undefined {
    const { node } = value;
    if (isAlias(node)) {
      this.problem(value.at, 'aliases are not accepted: write the value out, and "*" in quotes');
      return undefined;
    }
    if (node !== null && (node as { tag?: string }).tag !== undefined) {
      this.problem(value.at, 'tags are not accepted: write the plain value');
      return undefined;
    }
    return node;
  }
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function describe(node: Node | null): string {
  if (isNothing(node)) return 'empty';
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (isScalar(node)) return typeof node.value === 'string' ? 'text' : `a ${typeof node.value}`;
  return 'something else';
}
