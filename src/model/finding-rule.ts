/** What an operator says of findings beforehand: what they weigh, whose they are, how long until they are believed. */
import type { FindingKind, Severity } from './finding.ts';

/** Says something of findings that fit all of its patterns; of each thing, the first rule that says it counts. */
export type FindingRule = {
  /** Patterns, in which `*` is any run of characters and the only wildcard. */
  readonly declaration: string;
  readonly target: string;
  readonly entity: string;
  readonly attribute: string;
  /** Empty: of every kind. */
  readonly kinds: readonly FindingKind[];
  readonly severity: Severity | null;
  readonly owner: string | null;
  /** It is `pending` until it was there so long, in as many looks. */
  readonly debounce: Debounce | null;
  /** The reason why it is of no interest. */
  readonly ignore: string | null;
  /** `file:line`. */
  readonly at: string;
};
export type FindingRules = readonly FindingRule[];

export type Debounce = { readonly seconds: number; readonly looks: number };
