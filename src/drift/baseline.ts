/**
 * Blessing: a person says that what was known at a moment is how it should be.
 *
 * Nothing is copied. The store is read again as of that moment, and the digest says whether it
 * still answers the same.
 */
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Instant } from '#base/time';
import {
  type Baseline,
  type BaselineGap,
  type BaselinePart,
  type Coverage,
  isKind,
  kindOf,
  type Scope,
} from '#model';
import { isEphemeral } from './debounce.ts';
import { byStream, byText, type ComparedFact, type KindRules } from './facts.ts';
import { driftFault } from './faults.ts';

export type BlessRequest = {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly target: string;
  readonly blessedAt: Instant;
  readonly knownAt: Instant;
  readonly blessedBy: string;
  readonly reason: string;
  /** Only these kinds; every completely known one when left out. */
  readonly kinds?: readonly string[];
};

export type BlessInput = {
  /** Observed facts of the target at that moment, of any source. */
  readonly facts: Iterable<ComparedFact>;
  /** Coverage of the target at that moment, staleness judged. */
  readonly coverage: readonly Coverage[];
  readonly isTrusted: (source: string, kind: string) => boolean;
  readonly rules: Pick<KindRules, 'isVolatile' | 'comesAndGoes'>;
};

/**
 * The baseline for that moment. It declares only what trusted sources knew completely; what was
 * known in part is told in `leftOut`. Throws `nothing-to-bless` when nothing remains.
 */
export function blessBaseline(request: BlessRequest, input: BlessInput): Baseline {
  checkRequest(request);
  const covers: BaselinePart[] = [];
  const leftOut: BaselineGap[] = [];
  const wanted = request.kinds === undefined ? undefined : new Set(request.kinds);
  for (const { target, source, kind, status, reason } of input.coverage) {
    if (target !== request.target || !input.isTrusted(source, kind)) continue;
    if (wanted !== undefined && !wanted.has(kind)) continue;
    if (status === 'complete') covers.push({ source, kind });
    else leftOut.push({ source, kind, status, reason });
  }
  covers.sort(byPart);
  leftOut.sort(byPart);
  const known = new Set([...covers, ...leftOut].map((part) => part.kind));
  for (const kind of wanted ?? []) {
    if (!known.has(kind))
      throw driftFault(
        'nothing-to-bless',
        `nothing was known of this kind: ${kind} of ${request.target}, observe it first`,
        {
          facts: { kinds: [...known].toSorted() },
        },
      );
  }
  if (covers.length === 0) {
    throw driftFault(
      'nothing-to-bless',
      `nothing was completely known at that moment: ${request.target}, observe it first`,
      { facts: { target: request.target, partlyKnown: [...known].toSorted() } },
    );
  }
  const passedOver = new Set<string>();
  const facts = declaredFacts(
    input.facts,
    { covers },
    {
      isVolatile: (kind, attribute) => {
        if (!input.rules.isVolatile(kind, attribute)) return false;
        passedOver.add(`${kind} ${attribute}`);
        return true;
      },
      comesAndGoes: (kind) => {
        const attribute = input.rules.comesAndGoes?.(kind);
        if (attribute !== undefined) passedOver.add(leased(kind, attribute));
        return attribute;
      },
    },
  );
  if (input.rules.comesAndGoes !== undefined) passedOver.add(EPHEMERAL_MARK);
  const { id, name, scope, target, blessedAt, knownAt, blessedBy, reason } = request;
  return {
    id,
    name,
    scope,
    target,
    covers,
    kinds: [...new Set(covers.map((part) => part.kind))],
    leftOut,
    passedOver: [...passedOver].toSorted(byText),
    blessedAt,
    knownAt,
    amended: [],
    digest: baselineDigest(facts),
    facts: facts.length,
    blessedBy,
    reason,
    signature: 'unsigned',
    status: 'active',
  };
}

function checkRequest(request: BlessRequest): void {
  const refuse = (what: string): never => {
    throw driftFault('invalid-baseline', `baseline cannot be blessed: ${what}`);
  };
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(request.name))
    refuse('its name must be at most 64 letters, digits and . _ -');
  if (request.reason.trim() === '') refuse('give a reason');
  if (request.reason.length > LIMITS.reasonChars)
    refuse(`its reason is longer than ${LIMITS.reasonChars} characters`);
  for (const kind of request.kinds ?? [])
    if (!isKind(kind)) refuse('a kind must be a lower-case word');
}

function byPart(a: BaselinePart, b: BaselinePart): number {
  return byText(a.kind, b.kind) || byText(a.source, b.source);
}

/**
 * The facts a baseline declares, out of everything that was observed at its moment; sorted.
 *
 * A blessed baseline says itself what it passed over, so that a registry of kinds that learns does
 * not make an old digest look forged.
 */
export function declaredFacts<F extends ComparedFact>(
  facts: Iterable<F>,
  baseline: Pick<Baseline, 'covers'> & Partial<Pick<Baseline, 'passedOver'>>,
  rules: Pick<KindRules, 'isVolatile' | 'comesAndGoes'>,
): F[] {
  const all = [...facts];
  const isLeased = leasedOf(all, baseline.passedOver, rules);
  const covered = new Set(baseline.covers.map((part) => partKey(part.source, part.kind)));
  const passedOver = baseline.passedOver && new Set(baseline.passedOver);
  const declared: F[] = [];
  for (const fact of all) {
    const kind = kindOf(fact.entity);
    if (isLeased?.has(fact.entity) || !covered.has(partKey(fact.source, kind))) continue;
    const isPassedOver =
      passedOver?.has(`${kind} ${fact.attribute}`) ?? rules.isVolatile(kind, fact.attribute);
    if (!isPassedOver) declared.push(fact);
  }
  return declared.sort(byStream);
}

/** Entities that come and go by themselves: those of which the attribute named for it is `true`. */
function leasedOf(
  facts: readonly ComparedFact[],
  passedOver: readonly string[] | undefined,
  rules: Pick<KindRules, 'comesAndGoes'>,
): ReadonlySet<string> | undefined {
  const marks = passedOver === undefined ? undefined : new Set(passedOver);
  if (marks !== undefined && ![...marks].some((mark) => mark.includes(' *'))) return undefined;
  const found = new Set<string>();
  const skipsPorts = marks?.has(EPHEMERAL_MARK) ?? rules.comesAndGoes !== undefined;
  for (const { entity, attribute, value } of facts) {
    if (skipsPorts && isEphemeral(entity)) found.add(entity);
    if (value !== true) continue;
    const kind = kindOf(entity);
    const isIt = marks?.has(leased(kind, attribute)) ?? rules.comesAndGoes?.(kind) === attribute;
    if (isIt) found.add(entity);
  }
  return found;
}

const EPHEMERAL_MARK = 'port *ephemeral';

/** How `passedOver` names whole entities of a kind, by the attribute that is `true` of them. */
function leased(kind: string, attribute: string): string {
  return `${kind} *${attribute}`;
}

export function partKey(source: string, kind: string): string {
  return `${kind} ${source}`;
}

/** `sha256:` + hex over the RFC 8785 form of the sorted facts: `[entity, attribute, source, value]` each, and `true` after an altered value. */
export function baselineDigest(facts: Iterable<ComparedFact>): string {
  const rows = [...facts].sort(byStream).map((fact): Json => {
    const row: Json[] = [fact.entity, fact.attribute, fact.source, fact.value];
    if (fact.altered === true) row.push(true);
    return row;
  });
  return digestOf(rows);
}

/** Throws `baseline-mismatch` unless `declared` is what was blessed. */
export function requireBaselineHolds(baseline: Baseline, declared: readonly ComparedFact[]): void {
  const digest = baselineDigest(declared);
  if (digest === baseline.digest) return;
  throw driftFault(
    'baseline-mismatch',
    `baseline does not match its digest: ${baseline.name} (${baseline.id}), bless it again`,
    { facts: { baseline: baseline.id, blessed: baseline.digest, found: digest } },
  );
}
