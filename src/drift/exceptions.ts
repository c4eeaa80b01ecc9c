/**
 * Ignore rules and waivers: what takes a finding out of the way without hiding it.
 *
 * A rule changes the status of a finding and nothing else. A waiver is over at the microsecond it
 * says, without anybody doing anything.
 */
import { LIMITS } from '#base/limits';
import { type Instant, shift } from '#base/time';
import { matches } from '#base/wildcard';
import type { Finding, FindingPattern, FindingStatus, IgnoreRule, Waiver } from '#model';
import { driftFault } from './faults.ts';

export type Exceptions = {
  readonly waivers: readonly Waiver[];
  readonly ignores: readonly IgnoreRule[];
};

export type Standing =
  | { readonly status: 'open' }
  | { readonly status: 'ignored'; readonly rule: IgnoreRule }
  | { readonly status: 'waived'; readonly waiver: Waiver };

type Place = Pick<Finding, 'scope' | 'target' | 'entity' | 'attribute'>;

/** How an unresolved finding stands at `now`, and by which rule. The inventory's word comes first. */
export function standingOf(finding: Place, exceptions: Exceptions, now: Instant): Standing {
  const rule = exceptions.ignores.find((each) => isAbout(each, finding));
  if (rule !== undefined) return { status: 'ignored', rule };
  const waiver = exceptions.waivers.find(
    (each) => each.scope === finding.scope && isInForce(each, now) && isAbout(each, finding),
  );
  return waiver === undefined ? { status: 'open' } : { status: 'waived', waiver };
}

export function isInForce(waiver: Waiver, now: Instant): boolean {
  return waiver.status === 'active' && now < waiver.expiresAt;
}

function isAbout(pattern: FindingPattern, finding: Place): boolean {
  return (
    matches(pattern.target, finding.target) &&
    matches(pattern.entity, finding.entity) &&
    matches(pattern.attribute, finding.attribute)
  );
}

/** Recorded findings as they stand at `now`: a waiver may have begun or ended since. */
export function standings<F extends Finding>(
  findings: Iterable<F>,
  exceptions: Exceptions,
  now: Instant,
): F[] {
  return Array.from(findings, (finding) => {
    if (finding.status === 'resolved') return finding;
    const status: FindingStatus = standingOf(finding, exceptions, now).status;
    return status === finding.status ? finding : { ...finding, status };
  });
}

/** Nobody decides further ahead than this; what should last belongs into the inventory. */
export const LONGEST_WAIVER_DAYS = 366;
const MICROS_PER_DAY = 86_400_000_000;

/** A waiver beginning at `now`, or `invalid-waiver` with what it lacks. */
export function newWaiver(asked: Omit<Waiver, 'signature' | 'status'>, now: Instant): Waiver {
  const refuse = (what: string): never => {
    throw driftFault('invalid-waiver', `waiver cannot be given: ${what}`);
  };
  if (asked.reason.trim() === '') refuse('give a reason');
  if (asked.reason.length > LIMITS.reasonChars)
    refuse(`its reason is longer than ${LIMITS.reasonChars} characters`);
  if (asked.owner.trim() === '') refuse('name an owner');
  if (asked.owner.length > LIMITS.nameChars)
    refuse(`its owner is longer than ${LIMITS.nameChars} characters`);
  if (asked.target === '' || asked.target.length > LIMITS.nameChars) refuse('name a target, or *');
  if (asked.entity === '' || asked.entity.length > LIMITS.entityChars)
    refuse('name an entity, or *');
  if (asked.attribute === '' || asked.attribute.length > LIMITS.attributeChars)
    refuse('name an attribute, or *');
  if (/^\*+$/.test(asked.entity) && /^\*+$/.test(asked.attribute))
    refuse('it would waive everything, name an entity or an attribute');
  if (asked.expiresAt <= now) refuse('its end must be in the future');
  if (asked.expiresAt > shift(now, LONGEST_WAIVER_DAYS * MICROS_PER_DAY))
    refuse(`its end must be within ${LONGEST_WAIVER_DAYS} days`);
  return { ...asked, signature: 'unsigned', status: 'active' };
}
