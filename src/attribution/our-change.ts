/** A change of ours on one target, as far as it can tell whether it is behind a difference. */
import { canonicalJson, type Json } from '#base/json';
import type { Instant } from '#base/time';
import { touchOfWords } from './command-touch.ts';
import { type Thing, type Touch } from './thing.ts';

export type OurChange = {
  readonly id: string;
  readonly action: string;
  /** Operators that signed it, or the standing approval that covers it. */
  readonly approvedBy: readonly string[];
  readonly standing: string | null;
  /** On this target; what never began is left out. */
  readonly ran: readonly { readonly from: Instant; readonly until: Instant | null }[];
  /** Literal words of its steps on this target. */
  readonly steps: readonly (readonly string[])[];
  /** Facts of this target that it was verified by, or that were bound to its way back. */
  readonly facts: readonly {
    readonly entity: string;
    readonly attribute: string;
    /** `undefined`: any. */
    readonly value: Json | undefined;
  }[];
};

/** `undone`: it did, and what is there now is not what it was verified to have left. */
export function touchOfChange(
  change: OurChange,
  about: {
    readonly thing: Thing;
    readonly entity: string;
    readonly attribute: string;
    readonly observed: Json;
  },
): Touch | 'undone' {
  const own = change.facts.filter(({ entity }) => entity === about.entity);
  const same = own.filter(({ attribute }) => attribute === about.attribute);
  if (same.some(({ value }) => value !== undefined && !isSame(value, about.observed)))
    return 'undone';
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
  change: OurChange,
  entity: string,
  attribute: string,
  desired: Json,
): boolean {
  return change.facts.some(
    (fact) =>
      fact.entity === entity &&
      fact.attribute === attribute &&
      fact.value !== undefined &&
      isSame(fact.value, desired),
  );
}

function isSame(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
