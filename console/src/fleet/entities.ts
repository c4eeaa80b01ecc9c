/** Facts of a target gathered by what they are about. Pure. */
import type { Fact } from './answers.ts';

export type Entity = {
  readonly entity: string;
  /** Without its kind and the name of the target. */
  readonly name: string;
  readonly facts: readonly Fact[];
};

export function entitiesOf(facts: readonly Fact[], target: string): readonly Entity[] {
  return [...Map.groupBy(facts, ({ entity }) => entity)].map(([entity, its]) => ({
    entity,
    name: nameOf(entity, target),
    facts: its,
  }));
}

export function nameOf(entity: string, target: string): string {
  const key = entity.slice(entity.indexOf(':') + 1);
  const owner = `${target.slice(target.indexOf(':') + 1)}/`;
  return key.startsWith(owner) && key.length > owner.length ? key.slice(owner.length) : key;
}

/** By attribute, where one source tells of it; of several the one that was confirmed last. */
export function attributesOf({ facts }: Entity): ReadonlyMap<string, Fact> {
  const newest = new Map<string, Fact>();
  for (const fact of facts) {
    const known = newest.get(fact.attribute);
    if (known === undefined || fact.ageSeconds < known.ageSeconds) newest.set(fact.attribute, fact);
  }
  return newest;
}

export type Line = { readonly kind: 'line'; readonly points: string } | { readonly kind: 'runs' };

/**
 * How a history is drawn: numbers as a step line in a box of 100 by 1, anything else as runs. A gap is where
 * nothing was there.
 */
export function lineOf(
  runs: readonly { readonly from: string; readonly until: string; readonly value: unknown }[],
  from: string,
  until: string,
): Line {
  const numbers = runs.map(({ value }) => value);
  if (runs.length === 0 || !numbers.every((value): value is number => typeof value === 'number'))
    return { kind: 'runs' };
  const least = Math.min(...numbers);
  const most = Math.max(...numbers);
  const y = (value: number): number =>
    most === least ? 0.5 : 0.95 - 0.9 * ((value - least) / (most - least));
  const parts: string[] = [];
  let end: string | undefined;
  for (const [n, run] of runs.entries()) {
    const at = y(numbers[n] as number).toFixed(3);
    parts.push(`${run.from === end ? 'L' : 'M'}${share(run.from, from, until)} ${at}`);
    parts.push(`L${share(run.until, from, until)} ${at}`);
    end = run.until;
  }
  return { kind: 'line', points: parts.join(' ') };
}

/** Where a moment lies in a window, from 0 to 100. */
export function share(at: string, from: string, until: string): number {
  const begin = Date.parse(from);
  const length = Date.parse(until) - begin;
  if (length <= 0) return 0;
  return Math.round(Math.max(0, Math.min(1, (Date.parse(at) - begin) / length)) * 10_000) / 100;
}
