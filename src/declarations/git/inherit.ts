/**
 * Which files speak of a target, and which of their items is the nearest: for a target before for a tag
 * before for all; what a file extends is farther than the file. Two that are equally near and differ are a mistake.
 */
import { canonicalJson, type Json } from '#base/json';
import { didYouMean, show } from '#base/nearest';
import type { Target } from '#model';
import { LEVELS, levelOf } from '../selector.ts';
import { type BaselineFile, type Item, placeText } from './baseline-file.ts';
import type { Problems } from './problems.ts';
import { compareRanks, type Rank } from './rank.ts';

export const MOST_DEPTH = 8;

export type Applied = { readonly file: BaselineFile; readonly rank: Rank };
export type Files = ReadonlyMap<string, BaselineFile>;

/** What is wrong with `extends`, whichever target is asked about. */
export function checkExtends(files: Files, problems: Problems): void {
  for (const file of files.values())
    for (const { file: other, place } of file.extends)
      if (!files.has(other))
        problems.add(
          place,
          `there is no file ${show(other)} to extend${didYouMean(other, files.keys())}`,
        );
  const heights = new Map<string, number | 'open'>();
  const heightOf = (file: BaselineFile): number => {
    heights.set(file.file, 'open');
    let height = 0;
    for (const { file: name, place } of file.extends) {
      const next = files.get(name);
      const known = heights.get(name);
      if (known === 'open')
        problems.add(place, `extends goes round in a circle: by ${show(name)} back to itself`);
      else if (next !== undefined) height = Math.max(height, 1 + (known ?? heightOf(next)));
    }
    heights.set(file.file, height);
    const [first] = file.extends;
    if (height > MOST_DEPTH && first !== undefined)
      problems.add(first.place, `extends is more than ${MOST_DEPTH} files deep: join some`);
    return height;
  };
  for (const file of files.values()) if (!heights.has(file.file)) heightOf(file);
}

/** The files that apply, each at its nearest, in the order of their names. */
export function appliedTo(files: Files, target: Target): readonly Applied[] {
  const ranks = new Map<string, Rank>();
  const queue: { readonly name: string; readonly rank: Rank }[] = [];
  for (const file of files.values()) {
    const level = file.for === null ? LEVELS.none : levelOf(file.for, target);
    if (level !== LEVELS.none) queue.push({ name: file.file, rank: { level, depth: 0 } });
  }
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { name, rank } = next;
    const before = ranks.get(name);
    if (before !== undefined && compareRanks(before, rank) <= 0) continue;
    ranks.set(name, rank);
    for (const { file } of files.get(name)?.extends ?? [])
      queue.push({ name: file, rank: { ...rank, depth: rank.depth + 1 } });
  }
  return [...ranks]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, rank]) => {
      const file = files.get(name);
      return file === undefined ? [] : [{ file, rank }];
    });
}

type Ranked = { readonly item: Item; readonly rank: Rank };

/** The items that hold; those that take something back are gone with what they took. */
export function nearestItems(applied: readonly Applied[], problems: Problems): readonly Item[] {
  const byKey = new Map<string, Ranked>();
  for (const { file, rank } of applied)
    for (const item of file.items) {
      const key = keyOf(item);
      const other = byKey.get(key);
      if (other === undefined || compareRanks(rank, other.rank) < 0) byKey.set(key, { item, rank });
      else if (compareRanks(rank, other.rank) === 0 && !saysTheSame(item, other.item))
        clash(item, other.item, problems);
    }
  const wholes = new Map<string, Ranked>();
  for (const each of byKey.values())
    if (each.item.attribute === '*') wholes.set(entityKeyOf(each.item), each);
  const kept: Item[] = [];
  const gone = new Set<Ranked>();
  for (const each of byKey.values()) {
    const whole = wholes.get(entityKeyOf(each.item));
    if (whole === undefined || whole === each || isPresent(whole.item)) continue;
    // It should not be there at all, or is of no interest, and yet something is said of it.
    const order = compareRanks(each.rank, whole.rank);
    if (order > 0) gone.add(each);
    else if (order < 0) gone.add(whole);
    else clash(each.item, whole.item, problems);
  }
  for (const each of byKey.values())
    if (!gone.has(each) && each.item.tests.length > 0) kept.push(each.item);
  return kept;
}

function isPresent({ tests }: Item): boolean {
  return tests.every(({ op }) => op === 'present') && tests.length > 0;
}

function clash(item: Item, other: Item, problems: Problems): void {
  problems.add(
    item.place,
    `${item.kind} ${show(item.name ?? 'itself')} ${item.attribute} is said otherwise at ${placeText(other.place)}, which is equally near: say it in one place, or nearer`,
  );
}

function entityKeyOf({ kind, name, whole, where, source }: Item): string {
  const conditions = where.map(
    ({ attribute, tests }): Json => [attribute, tests.map(({ op, value }): Json => [op, value])],
  );
  return canonicalJson([kind, name, whole, conditions, source]);
}

function keyOf(item: Item): string {
  return `${entityKeyOf(item)}\n${item.attribute}`;
}

/** Of two that are written in two places. */
function saysTheSame(a: Item, b: Item): boolean {
  const said = ({ tests, severity, owner }: Item): string =>
    canonicalJson([tests.map(({ op, value }): Json => [op, value]), severity, owner]);
  return said(a) === said(b) && a.place.file !== b.place.file;
}
