/**
 * `${name}` in values: typed, nearest definition wins, and never in the name of anything. What is unknown,
 * cyclic, or of another type than its nearest namesake is a mistake with its place.
 */
import { canonicalJson, type Json } from '#base/json';
import { show } from '#base/nearest';
import { keyOf, type Target } from '#model';
import { LEVELS, type Level } from '../selector.ts';
import type { BaselineFile, Place, Variable, VariableType } from './baseline-file.ts';
import { placeText } from './baseline-file.ts';
import type { Problems } from './problems.ts';
import { compareRanks, type Rank } from './rank.ts';

const USE = /(\$+)\{([^}]*)(\}?)/g;
export const VARIABLE_NAME = /^[a-z][a-z0-9_]{0,39}$/;
const BUILT_IN = ['target.id', 'target.name'] as const;
const MOST_CHARS = 4_096;

export type Uses = { readonly names: readonly string[]; readonly problems: readonly string[] };

/** The variables that a value names; `$${` is a plain `${`. */
export function usesOf(value: Json): Uses {
  const names: string[] = [];
  const problems: string[] = [];
  eachText(value, (text) => {
    for (const [whole, dollars = '', name = '', end = ''] of text.matchAll(USE)) {
      if (dollars.length > 1) continue;
      if (end === '')
        problems.push(`has ${show(whole)} without an end: write \${name}, or $\${ for the text`);
      else if (!VARIABLE_NAME.test(name) && !BUILT_IN.some((each) => each === name))
        problems.push(
          `has ${show(whole)}, which names no variable: write \${name}, or $\${ for the text`,
        );
      else names.push(name);
    }
  });
  return { names, problems };
}

/** Keys of a mapping are names, and are left alone. */
function eachText(value: Json, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value);
  else if (Array.isArray(value)) for (const each of value as readonly Json[]) eachText(each, visit);
  else if (value !== null && typeof value === 'object')
    for (const each of Object.values(value)) eachText(each as Json, visit);
}

function hasUse(value: Json): boolean {
  if (typeof value === 'string') return value.includes('${');
  if (value === null || typeof value !== 'object') return false;
  const parts: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
  return parts.some(hasUse);
}

type Candidate = { readonly rank: Rank; readonly value: Json; readonly place: Place };

/** Values of variables for one target; each is worked out when it is first asked for. */
export class Variables {
  readonly #target: Pick<Target, 'id' | 'tags'>;
  readonly #problems: Problems;
  readonly #defined = new Map<
    string,
    { readonly file: BaselineFile; readonly rank: Rank; readonly variable: Variable }[]
  >();
  readonly #values = new Map<string, Json | undefined>();
  readonly #open: string[] = [];

  constructor(
    target: Pick<Target, 'id' | 'tags'>,
    applied: readonly { readonly file: BaselineFile; readonly rank: Rank }[],
    problems: Problems,
  ) {
    this.#target = target;
    this.#problems = problems;
    for (const { file, rank } of applied)
      for (const variable of file.variables) {
        const all = this.#defined.get(variable.name) ?? [];
        all.push({ file, rank, variable });
        this.#defined.set(variable.name, all);
      }
  }

  /** The value with every `${name}` filled in; `undefined` after a problem. */
  fill(value: Json, place: Place): Json | undefined {
    return hasUse(value) ? this.#fill(value, place) : value;
  }

  #fill(value: Json, place: Place): Json | undefined {
    if (typeof value === 'string') return this.#fillText(value, place);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) {
      const made = (value as readonly Json[]).map((each) => this.#fill(each, place));
      return made.includes(undefined) ? undefined : (made as Json[]);
    }
    const made = Object.entries(value).map(
      ([name, each]) => [name, this.#fill(each as Json, place)] as const,
    );
    return made.some(([, each]) => each === undefined)
      ? undefined
      : Object.fromEntries(made as [string, Json][]);
  }

  #fillText(text: string, place: Place): Json | undefined {
    if (!text.includes('${')) return text;
    const [, alone] = /^\$\{([^}]*)\}$/.exec(text) ?? [];
    if (alone !== undefined) return this.#valueOf(alone, place);
    let broken = false;
    const filled = text.replaceAll(USE, (whole: string, dollars: string, name: string) => {
      if (dollars.length > 1) return whole.slice(1);
      const value = this.#valueOf(name, place);
      if (typeof value === 'string') return value;
      if (typeof value === 'number' || typeof value === 'boolean') return String(value);
      if (value !== undefined)
        this.#problems.add(
          place,
          `\${${name}} is a list and cannot stand inside a text: give it alone`,
        );
      broken = true;
      return '';
    });
    if (broken) return undefined;
    if (filled.length <= MOST_CHARS) return filled;
    this.#problems.add(place, `a value becomes longer than ${MOST_CHARS} characters: shorten it`);
    return undefined;
  }

  #valueOf(name: string, place: Place): Json | undefined {
    if (name === 'target.id') return this.#target.id;
    if (name === 'target.name') return keyOf(this.#target.id);
    if (this.#values.has(name)) return this.#values.get(name);
    if (this.#open.includes(name)) {
      this.#problems.add(
        place,
        `variables go round in a circle: ${[...this.#open, name].join(' → ')}`,
      );
      return undefined;
    }
    this.#open.push(name);
    const value = this.#work(name, place);
    this.#open.pop();
    this.#values.set(name, value);
    return value;
  }

  #work(name: string, place: Place): Json | undefined {
    const all = this.#defined.get(name) ?? [];
    const [first] = all;
    if (first === undefined) {
      this.#problems.add(
        place,
        `no variable ${show(name)} applies to ${this.#target.id}: define it in a file that is for it, or in one that this extends`,
      );
      return undefined;
    }
    const other = all.find(({ variable }) => variable.type !== first.variable.type);
    if (other !== undefined) {
      this.#problems.add(
        other.variable.place,
        `variable ${show(name)} is a ${other.variable.type} here and a ${first.variable.type} at ${placeText(first.variable.place)}: make them one type`,
      );
      return undefined;
    }
    const candidates = all
      .flatMap(({ rank, variable }) => this.#candidates(rank, variable))
      .toSorted((a, b) => compareRanks(a.rank, b.rank));
    const [nearest] = candidates;
    if (nearest === undefined) {
      this.#problems.add(
        place,
        `variable ${show(name)} has no value for ${this.#target.id}: give it one at ${placeText(first.variable.place)}`,
      );
      return undefined;
    }
    const clash = candidates.find(
      (each) =>
        compareRanks(each.rank, nearest.rank) === 0 &&
        canonicalJson(each.value) !== canonicalJson(nearest.value),
    );
    if (clash !== undefined) {
      this.#problems.add(
        clash.place,
        `variable ${show(name)} has another value at ${placeText(nearest.place)}, equally near to ${this.#target.id}: say it in one place, or nearer`,
      );
      return undefined;
    }
    const filled = this.fill(nearest.value, nearest.place);
    if (filled === undefined) return undefined;
    if (isOfType(filled, first.variable.type)) return filled;
    this.#problems.add(
      nearest.place,
      `variable ${show(name)} becomes no ${first.variable.type}: correct it`,
    );
    return undefined;
  }

  #candidates(rank: Rank, { value, place, tags, targets }: Variable): readonly Candidate[] {
    const { tags: worn, id } = this.#target;
    return [
      ...(value === undefined ? [] : [{ rank, value, place }]),
      ...tags
        .filter(({ key }) => worn.includes(key))
        .map((each) => ({ ...each, rank: raised(rank, LEVELS.group, 0.25) })),
      ...targets
        .filter(({ key }) => key === id)
        .map((each) => ({ ...each, rank: raised(rank, LEVELS.target, 0.5) })),
    ];
  }
}

/** What is said for a tag is as near as a file for that tag; in such a file, nearer than what it says for all. */
function raised(rank: Rank, level: Level, nearer: number): Rank {
  return level > rank.level
    ? { level, depth: rank.depth }
    : { level: rank.level, depth: rank.depth - nearer };
}

export function isOfType(value: Json, type: VariableType): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'flag':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
  }
}
