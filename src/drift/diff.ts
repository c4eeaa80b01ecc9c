/**
 * Declared and observed in, differences out.
 *
 * Absence is only told from a complete look: where a look fell short there is one `unknown` finding
 * for that source and kind, and what it may hide is handed back as `unsure`, so that nothing
 * closes for want of looking. What was seen to differ counts however short the look fell.
 */
import { digestOf, sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import type { Instant } from '#base/time';
import {
  type Baseline,
  type Coverage,
  type Finding,
  type FindingKind,
  kindOf,
  type Severity,
} from '#model';
import { partKey } from './baseline.ts';
import {
  byStream,
  byText,
  type ComparedFact,
  isLarge,
  type KindRules,
  type ObservedFact,
  sameFact,
  sameJson,
} from './facts.ts';

/** A difference as one look shows it; `reconcileFindings` gives it a status and a history. */
export type Difference = Omit<Finding, 'status'>;

export type DiffInput = {
  readonly baseline: Pick<Baseline, 'id' | 'scope' | 'target' | 'covers' | 'blessedAt'> &
    Partial<Pick<Baseline, 'passedOver'>>;
  /** Facts of the target as of the blessed moment. Those outside `baseline.covers` are passed over. */
  readonly desired: Iterable<ComparedFact>;
  /** Observed facts of the target now, of any source. */
  readonly observed: Iterable<ObservedFact>;
  /** Coverage of the target now, staleness judged. */
  readonly coverage: readonly Coverage[];
  /** Trust as it is now. What a source said before it lost it neither opens nor closes a finding. */
  readonly isTrusted: (source: string, kind: string) => boolean;
  readonly rules: KindRules;
  readonly now: Instant;
};

export type DiffResult = {
  /** Sorted by entity, attribute and kind. */
  readonly findings: readonly Difference[];
  /** What an incomplete look or a distrusted source leaves in doubt: keeps a known finding open, opens none. */
  readonly unsure: readonly Difference[];
};

/** One source's look at one kind, as the baseline needs it. */
type Part = {
  readonly source: string;
  readonly kind: string;
  readonly trusted: boolean;
  coverage: Coverage | undefined;
};

/**
 * Compares in linear time, whatever the order of the facts; fastest when both sides come in the
 * same order.
 */
export function diffFacts(input: DiffInput): DiffResult {
  const { baseline } = input;
  const parts = new Map<string, Part>();
  for (const { source, kind } of baseline.covers)
    parts.set(partKey(source, kind), {
      source,
      kind,
      trusted: input.isTrusted(source, kind),
      coverage: undefined,
    });
  for (const coverage of input.coverage) {
    const part = parts.get(partKey(coverage.source, coverage.kind));
    if (coverage.target === baseline.target && part !== undefined) part.coverage = coverage;
  }
  const report = new Report(input, parts);
  for (const part of parts.values())
    if (part.coverage?.status !== 'complete' || !part.trusted) report.unknown(part);
  const desired = Array.isArray(input.desired)
    ? (input.desired as readonly ComparedFact[])
    : [...input.desired];
  const observed = Array.isArray(input.observed)
    ? (input.observed as readonly ObservedFact[])
    : [...input.observed];
  const alone = pair(desired, observed, (was, is) => {
    if (!sameFact(was, is)) report.changed(was, is);
  });
  const missing = report.comparable(alone.desired);
  const unexpected = report.comparable(alone.observed);
  if (missing.length > 0) report.onlyIn('missing', missing, presenceOf(missing, observed));
  if (unexpected.length > 0)
    report.onlyIn('unexpected', unexpected, presenceOf(unexpected, desired));
  return report.result();
}

/**
 * Hands every stream that both sides have to `both`, and back what only one has.
 *
 * First both lists are walked together, as if sorted; what that leaves over, for any reason, is
 * matched by name. So the order decides the speed and never the answer.
 */
function pair<D extends ComparedFact, O extends ComparedFact>(
  desired: readonly D[],
  observed: readonly O[],
  both: (desired: D, observed: O) => void,
): { readonly desired: readonly D[]; readonly observed: readonly O[] } {
  const restDesired: D[] = [];
  const restObserved: O[] = [];
  let i = 0;
  let j = 0;
  while (i < desired.length && j < observed.length) {
    const was = desired[i] as D;
    const is = observed[j] as O;
    const order = byStream(was, is);
    if (order === 0) {
      both(was, is);
      i++;
      j++;
    } else if (order < 0) {
      restDesired.push(was);
      i++;
    } else {
      restObserved.push(is);
      j++;
    }
  }
  for (; i < desired.length; i++) restDesired.push(desired[i] as D);
  for (; j < observed.length; j++) restObserved.push(observed[j] as O);
  if (restDesired.length === 0 || restObserved.length === 0)
    return { desired: restDesired, observed: restObserved };
  const byName = new Map(restDesired.map((fact) => [streamKey(fact), fact]));
  const onlyObserved = restObserved.filter((is) => {
    const key = streamKey(is);
    const was = byName.get(key);
    if (was === undefined) return true;
    byName.delete(key);
    both(was, is);
    return false;
  });
  return { desired: [...byName.values()], observed: onlyObserved };
}

function streamKey(fact: ComparedFact): string {
  return `${fact.source}\n${fact.entity}\n${fact.attribute}`;
}

function entityKey(fact: ComparedFact): string {
  return `${fact.source}\n${fact.entity}`;
}

/** Which entities of `some` the other side knows at all, volatile attributes included. */
function presenceOf(some: readonly ComparedFact[], other: readonly ComparedFact[]): Set<string> {
  const asked = new Set(some.map((fact) => fact.entity));
  const present = new Set<string>();
  for (const fact of other) if (asked.has(fact.entity)) present.add(entityKey(fact));
  return present;
}

/** Collects the findings of one comparison. Two sources that tell the same make one finding. */
class Report {
  readonly #input: DiffInput;
  readonly #parts: ReadonlyMap<string, Part>;
  readonly #findings = new Map<string, { readonly source: string; readonly finding: Difference }>();
  readonly #unsure = new Map<string, Difference>();

  constructor(input: DiffInput, parts: ReadonlyMap<string, Part>) {
    this.#input = input;
    this.#parts = parts;
  }

  /** Declared parts only, and nothing that moves by itself. */
  comparable<F extends ComparedFact>(facts: readonly F[]): F[] {
    return facts.filter((fact) => this.#counts(fact));
  }

  changed(was: ComparedFact, is: ObservedFact): void {
    if (!this.#counts(is)) return;
    const { entity, attribute } = is;
    this.#add(is, {
      ...this.#identity(entity, attribute, 'changed'),
      severity: this.#severity(kindOf(entity), [attribute]),
      observed: shown(is.value),
      desired: shown(was.value),
      ...this.#seen([is]),
    });
  }

  /** Facts that only one side has: whole entities where the other side has nothing of them, else attributes. */
  onlyIn(
    kind: 'missing' | 'unexpected',
    facts: readonly ObservedFact[],
    present: ReadonlySet<string>,
  ): void {
    const entities = new Map<string, ObservedFact[]>();
    for (const fact of facts) {
      if (present.has(entityKey(fact))) {
        this.#alone(kind, fact, fact.attribute, fact.value, [fact]);
        continue;
      }
      const known = entities.get(entityKey(fact));
      if (known === undefined) entities.set(entityKey(fact), [fact]);
      else known.push(fact);
    }
    for (const whole of entities.values()) {
      const first = whole[0] as ObservedFact;
      whole.sort(byStream);
      const value = Object.fromEntries(whole.map((fact) => [fact.attribute, fact.value]));
      this.#alone(kind, first, '*', value, whole);
    }
  }

  unknown({ source, kind, trusted, ...part }: Part): void {
    const coverage = trusted ? part.coverage : undefined;
    const status = coverage?.status ?? 'never';
    const reason = trusted ? (coverage?.reason ?? null) : 'source is not trusted';
    const entity = `${kind}:*`;
    const { scope, target, id, covers } = this.#input.baseline;
    // A shortfall is no change: it is never critical, so that a blind collector does not drown a real one.
    const severity = this.#severity(kind, ['*']) === 'info' ? 'info' : 'warning';
    // Two sources that fall short are two gaps, and would otherwise share one name.
    const sharesKind = covers.some((part) => part.kind === kind && part.source !== source);
    const seen =
      status === 'partial' || status === 'unreachable'
        ? (coverage?.observedAt ?? this.#input.now)
        : this.#input.now;
    const finding: Difference = {
      id: findingId({
        scope,
        target,
        baseline: id,
        entity,
        attribute: '*',
        kind: 'unknown',
        ...(sharesKind ? { source } : {}),
      }),
      scope,
      target,
      baseline: id,
      entity,
      attribute: '*',
      kind: 'unknown',
      severity,
      observed: { source, status, reason },
      desired: null,
      firstSeen: seen,
      lastSeen: seen,
    };
    this.#findings.set(finding.id, { source, finding });
  }

  result(): DiffResult {
    const found = [...this.#findings.values()].map((each) => each.finding);
    const unsure = [...this.#unsure.values()].filter((each) => !this.#findings.has(each.id));
    return { findings: found.sort(byPlace), unsure: unsure.sort(byPlace) };
  }

  #alone(
    kind: 'missing' | 'unexpected',
    fact: ComparedFact,
    attribute: string,
    value: Json,
    facts: readonly ObservedFact[],
  ): void {
    const isMissing = kind === 'missing';
    const coverage = this.#partOf(fact)?.coverage;
    const looked = coverage?.observedAt ?? this.#input.now;
    const finding: Difference = {
      ...this.#identity(fact.entity, attribute, kind),
      severity: this.#severity(
        kindOf(fact.entity),
        facts.map((each) => each.attribute),
      ),
      observed: isMissing ? null : shown(value),
      desired: isMissing ? shown(value) : null,
      ...(isMissing ? { firstSeen: looked, lastSeen: looked } : this.#seen(facts)),
    };
    if (isMissing && coverage?.status !== 'complete') this.#unsure.set(finding.id, finding);
    else this.#add(fact, finding);
  }

  #counts(fact: ComparedFact): boolean {
    const kind = kindOf(fact.entity);
    return (
      this.#parts.has(partKey(fact.source, kind)) &&
      !this.#input.rules.isVolatile(kind, fact.attribute) &&
      // What moved by itself when it was blessed was not declared, so it cannot be unexpected.
      this.#input.baseline.passedOver?.includes(`${kind} ${fact.attribute}`) !== true
    );
  }

  #identity(
    entity: string,
    attribute: string,
    kind: FindingKind,
  ): Pick<Finding, 'id' | 'scope' | 'target' | 'baseline' | 'entity' | 'attribute' | 'kind'> {
    const { scope, target, id } = this.#input.baseline;
    const about = { scope, target, baseline: id, entity, attribute, kind };
    return { id: findingId(about), ...about };
  }

  /** The facts' own times bound when it was seen; never before the blessed moment, never after now. */
  #seen(facts: readonly ObservedFact[]): {
    readonly firstSeen: Instant;
    readonly lastSeen: Instant;
  } {
    const { now, baseline } = this.#input;
    let firstSeen: Instant = now;
    let lastSeen: Instant | undefined;
    for (const fact of facts) {
      if (fact.validFrom !== undefined && fact.validFrom < firstSeen) firstSeen = fact.validFrom;
      const confirmed = fact.confirmedAt ?? now;
      if (lastSeen === undefined || confirmed > lastSeen) lastSeen = confirmed;
    }
    if (firstSeen < baseline.blessedAt) firstSeen = baseline.blessedAt;
    const last = lastSeen ?? now;
    return { firstSeen, lastSeen: last < firstSeen ? firstSeen : last };
  }

  #severity(kind: string, attributes: readonly string[]): Severity {
    const { isSecurity, isHarmless } = this.#input.rules;
    if (attributes.some((attribute) => isSecurity(kind, attribute))) return 'critical';
    if (isHarmless !== undefined && attributes.every((attribute) => isHarmless(kind, attribute)))
      return 'info';
    return 'warning';
  }

  #partOf(fact: ComparedFact): Part | undefined {
    return this.#parts.get(partKey(fact.source, kindOf(fact.entity)));
  }

  #add(fact: ComparedFact, finding: Difference): void {
    if (this.#partOf(fact)?.trusted !== true) {
      this.#unsure.set(finding.id, finding);
      return;
    }
    const told = this.#findings.get(finding.id);
    if (told === undefined || fact.source < told.source)
      this.#findings.set(finding.id, { source: fact.source, finding });
  }
}

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

function shown(value: Json): Json {
  if (!isLarge(value)) return value;
  return { tooLarge: true, digest: digestOf(value), characters: canonicalJson(value).length };
}

export function byPlace(a: Difference, b: Difference): number {
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
    a.severity === b.severity && sameJson(a.observed, b.observed) && sameJson(a.desired, b.desired)
  );
}
