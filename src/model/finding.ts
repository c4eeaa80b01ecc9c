/** A finding: what was observed differs from what was declared. */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Scope } from './fact.ts';

export const FINDING_KINDS = ['missing', 'unexpected', 'changed', 'unknown'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];
export const FINDING_STATUS = ['open', 'waived', 'ignored', 'resolved'] as const;
export type FindingStatus = (typeof FINDING_STATUS)[number];

export type Finding = {
  /** Stable for (scope, target, baseline, entity, attribute, kind): `finding_` + 16 hex digits. */
  readonly id: string;
  readonly scope: Scope;
  readonly target: string;
  readonly baseline: string;
  readonly entity: string;
  /** `*` when the whole entity is missing or unexpected. */
  readonly attribute: string;
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** `null` also when nothing is there; `kind` tells which. For a whole entity, an object of its attributes. */
  readonly observed: Json;
  readonly desired: Json;
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  readonly status: FindingStatus;
};
