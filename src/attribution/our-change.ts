/** Whether a change of ours is behind a difference: by the facts it was verified by, and by its words. */
import { canonicalJson, type Json } from '#base/json';
import type { RanChange } from '#model';
import { touchOfWords } from './command-touch.ts';
import { type Thing, type Touch } from './thing.ts';

/** `undone`: it did, and what is there now is not what it was verified to have left. */
export function touchOfChange(
  change: RanChange,
  about: {
    readonly thing: Thing;
    readonly entity: string;
    readonly attribute: string;
    readonly observed: Json;
  },
): Touch | 'undone' {
  const own = change.facts.filter(({ entity }) => entity === about.entity);
  const same = own.filter(({ attribute }) => attribute === about.attribute);
  if (same.some(({ value }) => !isSame(value, about.observed))) return 'undone';
  if (same.length > 0 || (own.length > 0 && about.attribute === '*')) return 'did';
  let touched: Touch = 'no';
  for (const words of change.steps) {
    const found = touchOfWords(about.thing, words, '/');
    if (found === 'did' || found === 'shared') return found;
    if (found === 'may') touched = 'may';
  }
  return touched;
}

/** Whether it left what is declared. */
export function leaves(
  change: RanChange,
  entity: string,
  attribute: string,
  desired: Json,
): boolean {
  return change.facts.some(
    (fact) => fact.entity === entity && fact.attribute === attribute && isSame(fact.value, desired),
  );
}

function isSame(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
