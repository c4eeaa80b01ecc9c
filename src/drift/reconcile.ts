/**
 * The life of findings: what was known and what is seen now in, transitions out.
 *
 * Every known finding and every difference comes out exactly once. Only a look that could have
 * shown a difference, and did not, resolves it.
 */
import type { Instant } from '#base/time';
import type { Finding } from '#model';
import { byPlace, type Difference, type DiffResult, sameDifference } from './diff.ts';
import { type Exceptions, standingOf } from './exceptions.ts';

export type ReconcileInput = {
  /** Every recorded finding of the baseline, resolved ones too. */
  readonly previous: Iterable<Finding>;
  /** What `diffFacts` says of the same baseline. Nothing at all, when the baseline is retired. */
  readonly current: DiffResult;
  readonly exceptions: Exceptions;
  readonly now: Instant;
};

export type Reconciled = {
  /** Seen for the first time, or again after it was resolved: same id, new `firstSeen`. */
  readonly opened: readonly Finding[];
  /** Seen by a newer look, and its values, severity or status are not what was recorded. */
  readonly updated: readonly Finding[];
  /** Seen by a newer look, unchanged but for `lastSeen`. */
  readonly confirmed: readonly Finding[];
  /** No newer look, or none that could tell: neither seen again nor gone. `lastSeen` stays. */
  readonly held: readonly Finding[];
  /** As `held`, but a rule began or ended: only the status is new. */
  readonly restated: readonly Finding[];
  /** Looked for and not seen any more. */
  readonly resolved: readonly Finding[];
  /** Resolved before, and still. */
  readonly past: readonly Finding[];
  /** Everything but `resolved` and `past`: what stands now, sorted by place. */
  readonly standing: readonly Finding[];
};

export function reconcileFindings(input: ReconcileInput): Reconciled {
  const { exceptions, now } = input;
  const known = new Map<string, Finding>();
  for (const finding of input.previous) known.set(finding.id, finding);
  const statusOf = (place: Difference): Finding['status'] =>
    standingOf(place, exceptions, now).status;
  const opened: Finding[] = [];
  const updated: Finding[] = [];
  const confirmed: Finding[] = [];
  const held: Finding[] = [];
  const restated: Finding[] = [];
  const keep = (finding: Finding): void => {
    const status = statusOf(finding);
    if (status === finding.status) held.push(finding);
    else restated.push({ ...finding, status });
  };
  const seen = new Set<string>();
  for (const difference of input.current.findings) {
    seen.add(difference.id);
    const before = known.get(difference.id);
    const status = statusOf(difference);
    if (before === undefined || before.status === 'resolved') {
      opened.push({ ...difference, firstSeen: reopening(difference, before), status });
      continue;
    }
    const isSame = sameDifference(difference, before);
    if (isSame && difference.lastSeen <= before.lastSeen) {
      keep(before);
      continue;
    }
    const lastSeen = later(difference.lastSeen, before.lastSeen);
    const after: Finding = { ...difference, firstSeen: before.firstSeen, lastSeen, status };
    (isSame && status === before.status ? confirmed : updated).push(after);
  }
  const unsure = new Set(input.current.unsure.map((difference) => difference.id));
  const resolved: Finding[] = [];
  const past: Finding[] = [];
  for (const finding of known.values()) {
    if (seen.has(finding.id)) continue;
    if (finding.status === 'resolved') past.push(finding);
    else if (unsure.has(finding.id)) keep(finding);
    else resolved.push({ ...finding, status: 'resolved' });
  }
  const standing = [...opened, ...updated, ...confirmed, ...held, ...restated].sort(byPlace);
  return { opened, updated, confirmed, held, restated, resolved, past, standing };
}

/** What comes back cannot have begun before it was last seen and went away. */
function reopening(difference: Difference, before: Finding | undefined): Instant {
  if (before === undefined) return difference.firstSeen;
  const since = later(difference.firstSeen, before.lastSeen);
  return since > difference.lastSeen ? difference.lastSeen : since;
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}
