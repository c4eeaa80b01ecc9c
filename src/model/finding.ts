/** A finding: what was observed differs from what was declared. */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Cause } from './cause.ts';
import type { Because, DeclarationKind } from './declaration.ts';
import type { Scope } from './fact.ts';

export const FINDING_KINDS = ['missing', 'unexpected', 'changed', 'unknown'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];
export const FINDING_STATUS = ['open', 'pending', 'waived', 'ignored', 'resolved'] as const;
/** `pending`: seen, and not yet long enough to be believed; shown, never told to anybody. */
export type FindingStatus = (typeof FINDING_STATUS)[number];

export type Finding = {
  /** Stable for (scope, target, declaration, entity, attribute, kind): `finding_` + 16 hex digits. */
  readonly id: string;
  readonly scope: Scope;
  readonly target: string;
  /** The id of the declaration, of whatever kind. */
  readonly baseline: string;
  readonly declared: DeclarationKind;
  readonly entity: string;
  /** `*` when the whole entity is missing or unexpected. */
  readonly attribute: string;
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** `null` also when nothing is there; `kind` tells which. For a whole entity, an object of its attributes. */
  readonly observed: Json;
  readonly desired: Json;
  /** The last time it was seen as declared: it began after that. `null` when it never was, or that is not known. */
  readonly notBefore: Instant | null;
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  /** Looks that showed it since it began, counted only until it is believed. */
  readonly looks: number;
  readonly status: FindingStatus;
  readonly owner: string | null;
  /** In the words of whoever declared it; `null` of a blessed baseline. */
  readonly because: Because | null;
  /** Once it was asked who caused it. */
  readonly cause: Cause | null;
};
