/**
 * The life of findings: what was known and what is seen now in, transitions out.
 *
 * Every known finding and every difference comes out exactly once. Only a look that could have
 * shown a difference, and did not, resolves it.
 */
import type { Instant } from '#base/time';
import type { Finding, FindingRules } from '#model';
import type { Bounds } from './bounds.ts';
import { debounceOf, isBelieved } from './debounce.ts';
import type { DiffResult } from './diff.ts';
import { byPlace, type Difference, sameDifference } from './difference.ts';
import { type Exceptions, standingOf } from './exceptions.ts';
import type { KindRules } from './facts.ts';
import { ruleSaying } from './finding-rules.ts';

export type ReconcileInput = {
  /** Every recorded finding of the declaration, resolved ones too. */
  readonly previous: Iterable<Finding>;
  /** What `diffFacts` says of the same declaration. Nothing at all, when it is retired. */
  readonly current: Pick<DiffResult, 'findings' | 'unsure'>;
  readonly exceptions: Exceptions;
  readonly rules: FindingRules;
  readonly kinds: Pick<KindRules, 'isSecurity' | 'isVolatile'>;
  /** Whose what nobody else is named for is: the inventory's word. */
  readonly owner: string | null;
  /** By id: when it began, as the past tells. Of what is not in here the recorded bounds stay. */
  readonly bounds?: ReadonlyMap<string, Bounds>;
  readonly now: Instant;
};

export type Reconciled = {
  /** Seen for the first time, or again after it was resolved: same id, new `firstSeen`. */
  readonly opened: readonly Finding[];
  /** Seen by a newer look, and its values, severity, bounds or status are not what was recorded. */
  readonly updated: readonly Finding[];
  /** Seen by a newer look, unchanged but for `lastSeen`. */
  readonly confirmed: readonly Finding[];
  /** No newer look, or none that could tell: neither seen again nor gone. `lastSeen` stays. */
  readonly held: readonly Finding[];
  /** As `held`, but a rule began or ended, or it was there for long enough: only the status is new. */
  readonly restated: readonly Finding[];
  /** Looked for and not seen any more. */
  readonly resolved: readonly Finding[];
  /** Resolved before, and still. */
  readonly past: readonly Finding[];
  /** Of `updated` and `restated`: what was `pending` and is `open` now. */
  readonly believed: readonly Finding[];
  /** Of `resolved`: nobody was told of these, they were never believed. */
  readonly doubted: readonly Finding[];
  /** Everything but `resolved` and `past`: what stands now, sorted by place. */
  readonly standing: readonly Finding[];
};

/** What is to be told now: what is `pending` is not, until it was there for long enough. */
export function newlyTold({ opened, believed }: Reconciled): string[] {
  return [...opened.filter(({ status }) => status !== 'pending'), ...believed].map(({ id }) => id);
}

/** What begins now or begins again: its bounds are to be asked of the past. */
export function openings(input: Pick<ReconcileInput, 'previous' | 'current'>): Difference[] {
  const standing = new Set<string>();
  for (const { id, status } of input.previous) if (status !== 'resolved') standing.add(id);
  return input.current.findings.filter(({ id }) => !standing.has(id));
}

export function reconcileFindings(input: ReconcileInput): Reconciled {
  const { bounds } = input;
  const known = new Map<string, Finding>();
  for (const finding of input.previous) known.set(finding.id, finding);
  const opened: Finding[] = [];
  const updated: Finding[] = [];
  const confirmed: Finding[] = [];
  const held: Finding[] = [];
  const restated: Finding[] = [];
  const keep = (finding: Finding): void => {
    const status = statusOf(finding, finding, input);
    if (status === finding.status) held.push(finding);
    else restated.push({ ...finding, status });
  };
  const seen = new Set<string>();
  for (const found of input.current.findings) {
    const difference = ruled(found, input);
    const { id } = difference;
    seen.add(id);
    const before = known.get(id);
    const past = bounds?.get(id);
    if (before === undefined || before.status === 'resolved') {
      opened.push(opening(difference, before, past, input));
      continue;
    }
    const isSame = sameDifference(difference, before) && isSameBounds(past, before);
    if (isSame && difference.lastSeen <= before.lastSeen) {
      keep(before);
      continue;
    }
    const lastSeen = later(difference.lastSeen, before.lastSeen);
    const isNewLook = difference.lastSeen > before.lastSeen;
    const after = {
      ...difference,
      notBefore: past === undefined ? before.notBefore : past.notBefore,
      firstSeen: earlier(past?.firstSeen ?? before.firstSeen, lastSeen),
      lastSeen,
      looks: before.status === 'pending' && isNewLook ? before.looks + 1 : before.looks,
      cause: before.cause,
    };
    const status = statusOf(after, before, input);
    const isConfirmed = isSame && status === before.status && after.looks === before.looks;
    (isConfirmed ? confirmed : updated).push({ ...after, status });
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
  const isBelievedNow = ({ id, status }: Finding): boolean =>
    status === 'open' && known.get(id)?.status === 'pending';
  const believed = [...updated, ...restated].filter(isBelievedNow);
  const doubted = resolved.filter(({ id }) => known.get(id)?.status === 'pending');
  const standing = [...opened, ...updated, ...confirmed, ...held, ...restated].sort(byPlace);
  return {
    opened,
    updated,
    confirmed,
    held,
    restated,
    resolved,
    past,
    believed,
    doubted,
    standing,
  };
}

/** Severity and owner as the rules say, then as was declared, then as the inventory says. */
function ruled(difference: Difference, { rules, owner }: ReconcileInput): Difference {
  const severity = ruleSaying('severity', difference, rules)?.severity ?? difference.severity;
  const whose = ruleSaying('owner', difference, rules)?.owner ?? difference.owner ?? owner;
  return { ...difference, severity, owner: whose };
}

/** Exceptions come first; what was believed once is not doubted again. */
function statusOf(
  finding: Omit<Finding, 'status'>,
  before: Finding | undefined,
  { exceptions, rules, kinds, now }: ReconcileInput,
): Finding['status'] {
  const { status } = standingOf(finding, exceptions, now);
  if (status === 'open' && ruleSaying('ignore', finding, rules) !== undefined) return 'ignored';
  if (status !== 'open' || before?.status === 'open') return status;
  return isBelieved(finding, debounceOf(finding, rules, kinds), now) ? 'open' : 'pending';
}

/** What comes back cannot have begun before it was last seen and went away. */
function opening(
  difference: Difference,
  before: Finding | undefined,
  past: Bounds | undefined,
  input: ReconcileInput,
): Finding {
  const { lastSeen } = difference;
  const since = past?.firstSeen ?? difference.firstSeen;
  const firstSeen = earlier(before === undefined ? since : later(since, before.lastSeen), lastSeen);
  const finding = {
    ...difference,
    notBefore: past === undefined ? difference.notBefore : past.notBefore,
    firstSeen,
    looks: firstSeen < lastSeen ? 2 : 1,
    cause: null,
  };
  return { ...finding, status: statusOf(finding, undefined, input) };
}

function isSameBounds(past: Bounds | undefined, before: Finding): boolean {
  return (
    past === undefined ||
    (past.notBefore === before.notBefore && past.firstSeen === before.firstSeen)
  );
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}

function earlier(a: Instant, b: Instant): Instant {
  return a < b ? a : b;
}
