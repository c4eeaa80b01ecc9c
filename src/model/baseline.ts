/**
 * What should be, said by a person: baselines, and the exceptions to them.
 *
 * A baseline copies nothing. It pins a moment on both clocks of the store, and its digest binds what
 * the store answered for that moment.
 */
import type { Instant } from '#base/time';
import type { CoverageStatus, Scope } from './fact.ts';

/** `signed`: what is in force, by an operator's signature, names its digest. Records say `unsigned`; answers are judged anew. */
export type Signature = 'signed' | 'unsigned';

export type BaselinePart = { readonly source: string; readonly kind: string };

export type BaselineGap = BaselinePart & {
  readonly status: Exclude<CoverageStatus, 'complete'>;
  readonly reason: string | null;
};

/** One field that was accepted later: what was known of it at that moment takes the place of what was blessed. */
export type Amendment = {
  readonly entity: string;
  /** `*`: the whole entity, also when nothing of it was there. */
  readonly attribute: string;
  readonly at: Instant;
  readonly knownAt: Instant;
  readonly by: string;
  readonly reason: string;
};

export type Baseline = {
  /** `baseline_` + 24 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly target: string;
  /** What was completely known at that moment: only this is declared. Sorted by kind, then source. */
  readonly covers: readonly BaselinePart[];
  /** The kinds of `covers`, once each. */
  readonly kinds: readonly string[];
  /** What was seen, but not completely, and so is not declared. */
  readonly leftOut: readonly BaselineGap[];
  /** Attributes that moved by themselves, as was known when it was blessed: `kind attribute`, sorted. Not declared. */
  readonly passedOver: readonly string[];
  /** The moment whose state is declared good (`asOf`). */
  readonly blessedAt: Instant;
  readonly knownAt: Instant;
  /** In the order they were made; of two about one field the later counts. */
  readonly amended: readonly Amendment[];
  /** Over what is declared now, amendments in. */
  readonly digest: string;
  /** How many facts the digest binds. */
  readonly facts: number;
  readonly blessedBy: string;
  readonly reason: string;
  readonly signature: Signature;
  readonly status: 'active' | 'retired';
};

/** Which findings a rule is about; `*` is any run of characters, and the only wildcard. */
export type FindingPattern = {
  readonly target: string;
  readonly entity: string;
  readonly attribute: string;
};

/** Standing, from the inventory: these differences are of no interest. They stay listed as `ignored`. */
export type IgnoreRule = FindingPattern & { readonly reason: string };

/** One person's exception, for a while. At `expiresAt` it is over. */
export type Waiver = FindingPattern & {
  /** `waiver_` + 24 hex digits. */
  readonly id: string;
  readonly scope: Scope;
  readonly reason: string;
  readonly owner: string;
  readonly expiresAt: Instant;
  readonly signature: Signature;
  readonly status: 'active' | 'withdrawn';
};
