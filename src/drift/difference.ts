/** A difference as one look shows it, and its name. */
import { sha256 } from '#base/digest';
import { canonicalJson } from '#base/json';
import type { Finding, FindingKind } from '#model';
import { byText, type ComparedFact, sameJson } from './facts.ts';

/** `reconcileFindings` gives it a status and a history. `owner` is the expectation's own. */
export type Difference = Omit<Finding, 'status' | 'cause' | 'looks'>;

/** What tells whether a past moment was as declared, for the bounds of a finding. */
export type PastTest = {
  readonly entity: string;
  /** What was last confirmed counts of this attribute; `*`: of the entity. */
  readonly attribute: string;
  /** Whose word counts; `null`: that of every trusted source. */
  readonly source: string | null;
  /** Handed every fact of the entity at a moment, by those sources. */
  readonly holds: (facts: readonly ComparedFact[]) => boolean;
};

/** The same for the same place in every scan: `finding_` + 16 hex digits. */
export function findingId(about: {
  readonly scope: string;
  readonly target: string;
  readonly baseline: string;
  readonly entity: string;
  readonly attribute: string;
  readonly kind: FindingKind;
  /** Only for `unknown`, where a second source covers the same kind. */
  readonly source?: string;
}): string {
  const { scope, target, baseline, entity, attribute, kind, source } = about;
  const named = [scope, target, baseline, entity, attribute, kind];
  if (source !== undefined) named.push(source);
  return `finding_${sha256(canonicalJson(named)).slice(0, 16)}`;
}

type Placed = Pick<Finding, 'target' | 'entity' | 'attribute' | 'kind' | 'id'>;

export function byPlace(a: Placed, b: Placed): number {
  return (
    byText(a.target, b.target) ||
    byText(a.entity, b.entity) ||
    byText(a.attribute, b.attribute) ||
    byText(a.kind, b.kind) ||
    byText(a.id, b.id)
  );
}

/** Whether two looks tell the same of one finding, times apart. */
export function sameDifference(a: Difference, b: Difference): boolean {
  return (
    a.severity === b.severity &&
    a.owner === b.owner &&
    sameJson(a.observed, b.observed) &&
    sameJson(a.desired, b.desired) &&
    sameJson(a.because, b.because)
  );
}
