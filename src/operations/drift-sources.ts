/** Where "should" comes from besides blessed baselines, which the store keeps itself. */
import type { Declaration, FindingRules, Target } from '#model';
import type { FactReader, Moment } from '#store';

export type DriftSources = {
  /**
   * Everything that is declared of the target besides blessed baselines, made from what was known at
   * that moment. The same object while nothing of it changed. Throws its fault where what was asked
   * for cannot be read: then nothing of it is compared, and nothing of it is resolved.
   */
  readonly declarations: (target: Target, facts: FactReader, at: Moment) => readonly Declaration[];
  /** The same list while nothing of it changed. */
  readonly rules: () => FindingRules;
  /** Whether what is in force by an operator's signature names this digest. */
  readonly isSigned: (digest: string) => boolean;
  /** `false`: for want of reading nobody knows what else is declared, so nothing is resolved for being undeclared. */
  readonly isWhole?: () => boolean;
};

const NONE: FindingRules = [];

export const NO_SOURCES: DriftSources = {
  declarations: () => [],
  rules: () => NONE,
  isSigned: () => false,
};
