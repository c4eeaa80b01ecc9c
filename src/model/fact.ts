/**
 * A fact: one statement about one entity, with two clocks.
 *
 * `validFrom..validTo` is when it was true, `recordedAt..supersededAt` is when we believed it;
 * intervals are half open and `null` is open. A stream is (scope, target, source, entity,
 * attribute, type): what two sources say of one entity are two streams.
 */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';

export const FACT_TYPES = ['observed', 'desired', 'drift', 'known_good'] as const;
export type FactType = (typeof FACT_TYPES)[number];

/** `org/site`; a single operator has the one scope `main/main`. */
export type Scope = string;
export const DEFAULT_SCOPE: Scope = 'main/main';

export type Fact = {
  readonly scope: Scope;
  readonly target: string;
  readonly source: string;
  readonly entity: string;
  readonly attribute: string;
  readonly type: FactType;
  readonly value: Json;
  readonly validFrom: Instant;
  readonly validTo: Instant | null;
  /** When the operation that set the run's first breakpoint was recorded. */
  readonly recordedAt: Instant;
  /** `null` for what is believed at the moment asked about. */
  readonly supersededAt: Instant | null;
  /** True when the value was cleaned of what must not be kept or shown. */
  readonly altered: boolean;
};

/** One version in a history: a fact with who said it and why. */
export type FactVersion = Fact & {
  readonly observationId: string;
  readonly actor: string;
  readonly reason: string | null;
};

export const COVERAGE_STATUS = ['complete', 'partial', 'stale', 'unreachable', 'never'] as const;
export type CoverageStatus = (typeof COVERAGE_STATUS)[number];

/** How well one kind of one target is known from one source. */
export type Coverage = {
  readonly scope: Scope;
  readonly target: string;
  readonly source: string;
  readonly kind: string;
  readonly status: CoverageStatus;
  readonly observedAt: Instant | null;
  readonly ageSeconds: number | null;
  readonly reason: string | null;
};
