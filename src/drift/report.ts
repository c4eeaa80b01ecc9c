/** Collects the findings of one comparison. Two sources that tell the same make one finding. */
import { digestOf } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import { matches } from '#base/wildcard';
import {
  type Because,
  type Expectation,
  type Finding,
  type FindingKind,
  kindOf,
  type Severity,
} from '#model';
import type { Declared, ExactFact } from './declared.ts';
import type { DiffInput } from './diff.ts';
import { byPlace, type Difference, findingId, type PastTest } from './difference.ts';
import { byStream, type ComparedFact, isLarge, type ObservedFact } from './facts.ts';
import { Looks } from './looks.ts';
import { isPassing, PASSING_SECONDS } from './normal.ts';
import { WEIGHT, weightsOf } from './score.ts';
import { sameFact } from './value-test.ts';

export type ReportResult = {
  /** Sorted by entity, attribute and kind. */
  readonly findings: readonly Difference[];
  /** What an incomplete look or a distrusted source leaves in doubt: keeps a known finding open, opens none. */
  readonly unsure: readonly Difference[];
  /** By id of the finding; none for `unknown`. */
  readonly past: ReadonlyMap<string, PastTest>;
  readonly weights: Weights;
};

export type Weights = {
  readonly compared: number;
  /** Of what could not be looked at. */
  readonly unseen: number;
  /** By id of the finding, as far as it is not in `unseen`. */
  readonly of: ReadonlyMap<string, number>;
};

/** What is told of one place, before it is known whether it counts. */
export type Told = {
  readonly source: string | null;
  readonly entity: string;
  readonly attribute: string;
  readonly kind: FindingKind;
  /** For severity; of a whole entity all of its attributes. */
  readonly attributes: readonly string[];
  readonly observed: Json;
  readonly desired: Json;
  /** The facts that show it; none when it is missing. */
  readonly facts: readonly ObservedFact[];
  readonly expectation: Expectation | undefined;
  readonly weight: number;
  readonly doubtful: boolean;
  readonly past: PastTest['holds'];
};

export class Report {
  readonly looks: Looks;
  readonly #input: DiffInput;
  readonly #declared: Declared;
  readonly #closed: ReadonlySet<string>;
  readonly #passedOver: ReadonlySet<string>;
  readonly #findings = new Map<string, { readonly source: string; readonly finding: Difference }>();
  readonly #unsure = new Map<string, Difference>();
  readonly #past = new Map<string, PastTest>();
  readonly #weightOf = new Map<string, number>();
  #compared = 0;
  #unseen = 0;

  constructor(input: DiffInput) {
    this.#input = input;
    this.#declared = input.declared;
    this.looks = new Looks(input);
    this.#closed = new Set(input.declared.closed.map(({ source, kind }) => `${kind} ${source}`));
    this.#passedOver = new Set(input.declared.passedOver);
    for (const [part, weight] of weightsOf(input.declared, input.rules)) {
      this.#compared += weight;
      if (this.looks.isBlind(part.source, part.kind)) this.#unseen += weight;
    }
  }

  /** One `unknown` finding for each source and kind that was needed and not completely looked at. */
  shortfalls(): void {
    for (const need of this.#declared.needs)
      if (!this.looks.isComplete(need.source, need.kind)) this.#unknown(need);
  }

  /** Nothing that moves by itself, and of a blessed baseline only what it covers. */
  counts(fact: Pick<ComparedFact, 'source' | 'entity' | 'attribute'>): boolean {
    const kind = kindOf(fact.entity);
    return (
      (!this.#declared.whole || this.#closed.has(`${kind} ${fact.source}`)) &&
      !this.#input.rules.isVolatile(kind, fact.attribute) &&
      // What moved by itself when it was blessed was not declared, so it cannot be unexpected.
      !this.#passedOver.has(`${kind} ${fact.attribute}`)
    );
  }

  isClosed(fact: Pick<ComparedFact, 'source' | 'entity' | 'attribute'>): boolean {
    const kind = kindOf(fact.entity);
    return this.#closed.has(`${kind} ${fact.source}`) && this.counts(fact);
  }

  /** A stream that is as declared; in a partial look only if that look has seen it. */
  equal(was: ExactFact, is: ObservedFact): void {
    if (!this.looks.hasPartial) return;
    if (this.looks.wasSeen(is) || !this.counts(is)) return;
    this.#unseen += this.weigh(was.entity, was.attribute, was.expectation);
  }

  changed(was: ExactFact, is: ObservedFact): void {
    if (!this.counts(is)) return;
    const { entity, attribute } = is;
    this.tell({
      source: is.source,
      entity,
      attribute,
      kind: 'changed',
      attributes: [attribute],
      observed: is.value,
      desired: was.value,
      facts: [is],
      expectation: was.expectation,
      weight: this.weigh(entity, attribute, was.expectation),
      doubtful: this.#passes(is),
      past: (facts) => facts.some((fact) => isStream(fact, was) && sameFact(was, fact, this.rules)),
    });
  }

  get rules(): DiffInput['rules'] {
    return this.#input.rules;
  }

  /** Declared streams that nobody tells: whole entities where nothing of them is there, else attributes. */
  missing(facts: readonly ExactFact[], present: ReadonlySet<string>): void {
    for (const whole of this.#grouped(facts, present)) {
      const first = whole[0] as ExactFact;
      const { source, entity } = first;
      const isWhole = !present.has(`${source}\n${entity}`) && sameReason(whole);
      for (const part of isWhole ? [whole] : whole.map((fact) => [fact])) {
        const fact = part[0] as ExactFact;
        this.tell({
          source,
          entity,
          attribute: isWhole ? '*' : fact.attribute,
          kind: 'missing',
          attributes: part.map((each) => each.attribute),
          observed: null,
          desired: isWhole ? asObject(part) : fact.value,
          facts: [],
          expectation: worst(part),
          weight: part.reduce(
            (sum, each) => sum + this.weigh(entity, each.attribute, each.expectation),
            0,
          ),
          doubtful: false,
          past: isWhole
            ? (then) => then.length > 0
            : (then) =>
                then.some((each) => isStream(each, fact) && sameFact(fact, each, this.rules)),
        });
      }
    }
  }

  /** Observed streams that a closed part does not declare. */
  unexpected(facts: readonly ObservedFact[], present: ReadonlySet<string>): void {
    for (const whole of this.#grouped(facts, present)) {
      const { source, entity } = whole[0] as ObservedFact;
      if (this.#comesAndGoes(entity, source)) continue;
      const isWhole = !present.has(`${source}\n${entity}`);
      // Only a baseline declares all attributes of what it names.
      if (!this.#declared.whole && (!isWhole || this.#isNamed(entity, source))) continue;
      for (const part of isWhole ? [whole] : whole.map((fact) => [fact])) {
        const fact = part[0] as ObservedFact;
        const weight = part.reduce((sum, each) => sum + this.weigh(entity, each.attribute), 0);
        this.#compared += weight;
        this.tell({
          source,
          entity,
          attribute: isWhole ? '*' : fact.attribute,
          kind: 'unexpected',
          attributes: part.map((each) => each.attribute),
          observed: isWhole ? asObject(part) : fact.value,
          desired: null,
          facts: part,
          expectation: undefined,
          weight,
          doubtful: false,
          past: isWhole
            ? (then) => then.length === 0
            : (then) => !then.some((each) => isStream(each, fact)),
        });
      }
    }
  }

  tell(told: Told): void {
    const { source, entity, attribute, kind, facts, expectation } = told;
    const { scope, target, id: baseline, kind: declared } = this.#declared;
    const place = { scope, target, baseline, entity, attribute, kind };
    const id = findingId(place);
    const finding: Difference = {
      id,
      ...place,
      declared,
      severity: expectation?.severity ?? this.#severity(kindOf(entity), told.attributes),
      observed: shown(told.observed),
      desired: shown(told.desired),
      notBefore: null,
      ...this.#seen(told),
      owner: expectation?.owner ?? null,
      because: expectation === undefined ? null : plainBecause(expectation.because),
    };
    const about = kindOf(entity);
    const isMissing = facts.length === 0;
    const isSure =
      !told.doubtful &&
      this.looks.isTrusted(source, about) &&
      (!isMissing || this.looks.isComplete(source, about));
    this.#past.set(id, { entity, attribute, source, holds: told.past });
    if (!this.looks.isBlind(source, about)) {
      if (isSure) this.#weightOf.set(id, (this.#weightOf.get(id) ?? 0) + told.weight);
      else if (isMissing) this.#unseen += told.weight;
    }
    if (!isSure) {
      this.#unsure.set(id, finding);
      return;
    }
    const known = this.#findings.get(id);
    const by = source ?? facts[0]?.source ?? '';
    if (known === undefined || isBefore(finding, by, known))
      this.#findings.set(id, { source: by, finding });
  }

  /** Adds one test to what was compared; exact facts are weighed all at once. Gives what it weighs if it differs. */
  compared(weight: number, source: string | null, kind: string): number {
    this.#compared += weight;
    if (!this.looks.isBlind(source, kind)) return weight;
    this.#unseen += weight;
    return 0;
  }

  weigh(entity: string, attribute: string, expectation?: Expectation): number {
    return WEIGHT[expectation?.severity ?? this.#severity(kindOf(entity), [attribute])];
  }

  /** In a state that passes, and not for so long that it is the state it is in. */
  #passes(fact: ObservedFact): boolean {
    if (!isPassing(fact.entity, fact.attribute, fact.value)) return false;
    const { validFrom, confirmedAt } = fact;
    if (validFrom === undefined || confirmedAt === undefined) return true;
    return confirmedAt - validFrom < PASSING_SECONDS * MICROS_PER_SECOND;
  }

  passes(facts: readonly ObservedFact[]): boolean {
    return facts.some((fact) => this.#passes(fact));
  }

  result(): ReportResult {
    const found = [...this.#findings.values()].map((each) => each.finding);
    const unsure = [...this.#unsure.values()].filter((each) => !this.#findings.has(each.id));
    return {
      findings: found.sort(byPlace),
      unsure: unsure.sort(byPlace),
      past: this.#past,
      weights: { compared: this.#compared, unseen: this.#unseen, of: this.#weightOf },
    };
  }

  #grouped<F extends ComparedFact>(
    facts: readonly F[],
    present: ReadonlySet<string>,
  ): Iterable<F[]> {
    const entities = new Map<string, F[]>();
    for (const fact of facts) {
      const key = `${fact.source}\n${fact.entity}`;
      const known = entities.get(key);
      if (known === undefined) entities.set(key, [fact]);
      else known.push(fact);
    }
    for (const [key, whole] of entities) if (!present.has(key)) whole.sort(byStream);
    return entities.values();
  }

  #isNamed(entity: string, source: string): boolean {
    const { exact, general } = this.#declared;
    return (
      general.some(
        (each) =>
          (each.source === null || each.source === source) &&
          each.test.op !== 'absent' &&
          matches(each.entity, entity),
      ) || exact.some((each) => each.entity === entity && each.source === source)
    );
  }

  #comesAndGoes(entity: string, source: string): boolean {
    const attribute = this.rules.comesAndGoes?.(kindOf(entity));
    return attribute !== undefined && this.looks.isFlagged(entity, attribute, source);
  }

  #unknown(need: { readonly kind: string; readonly source: string | null }): void {
    const { kind } = need;
    const { status, reason, observedAt } = this.looks.told(need.source, kind);
    const source = need.source ?? '*';
    const entity = `${kind}:*`;
    const { scope, target, id, needs, kind: declared } = this.#declared;
    // A shortfall is no change: it is never critical, so that a blind collector does not drown a real one.
    const severity = this.#severity(kind, ['*']) === 'info' ? 'info' : 'warning';
    // Two sources that fall short are two gaps, and would otherwise share one name.
    const sharesKind = needs.some((each) => each.kind === kind && each.source !== need.source);
    const about = { scope, target, baseline: id, entity, attribute: '*', kind: 'unknown' as const };
    const seen =
      status === 'partial' || status === 'unreachable'
        ? (observedAt ?? this.#input.now)
        : this.#input.now;
    const finding: Difference = {
      id: findingId({ ...about, ...(sharesKind ? { source } : {}) }),
      ...about,
      declared,
      severity,
      observed: { source, status, reason },
      desired: null,
      notBefore: null,
      firstSeen: seen,
      lastSeen: seen,
      owner: null,
      because: null,
    };
    this.#findings.set(finding.id, { source, finding });
  }

  /** The facts' own times bound when it was seen; never before the declaration holds, never after now. */
  #seen({ facts, source, entity }: Told): Pick<Finding, 'firstSeen' | 'lastSeen'> {
    const { now } = this.#input;
    if (facts.length === 0) {
      const looked = this.looks.told(source, kindOf(entity)).observedAt ?? now;
      return { firstSeen: looked, lastSeen: looked };
    }
    let firstSeen: Instant = now;
    let lastSeen: Instant | undefined;
    for (const fact of facts) {
      if (fact.validFrom !== undefined && fact.validFrom < firstSeen) firstSeen = fact.validFrom;
      const confirmed = fact.confirmedAt ?? now;
      if (lastSeen === undefined || confirmed > lastSeen) lastSeen = confirmed;
    }
    const { since } = this.#declared;
    if (since !== null && firstSeen < since) firstSeen = since;
    const last = lastSeen ?? now;
    return { firstSeen, lastSeen: last < firstSeen ? firstSeen : last };
  }

  #severity(kind: string, attributes: readonly string[]): Severity {
    const { isSecurity, isHarmless } = this.rules;
    if (attributes.some((attribute) => isSecurity(kind, attribute))) return 'critical';
    if (isHarmless !== undefined && attributes.every((attribute) => isHarmless(kind, attribute)))
      return 'info';
    return 'warning';
  }
}

function isStream(a: ComparedFact, b: ComparedFact): boolean {
  return a.attribute === b.attribute && a.source === b.source;
}

/** One finding of a whole entity has one reason; where there are several, each attribute has its own. */
function sameReason(facts: readonly ExactFact[]): boolean {
  const first = facts[0]?.expectation?.because;
  return facts.every(
    ({ expectation }) =>
      expectation?.because === first ||
      (expectation?.because.id === first?.id && expectation?.because.title === first?.title),
  );
}

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

function worst(facts: readonly ExactFact[]): Expectation | undefined {
  const rank = ({ expectation }: ExactFact): number => {
    const severity = expectation?.severity;
    return severity === null || severity === undefined ? 3 : RANK[severity];
  };
  return facts.reduce((a, b) => (rank(b) < rank(a) ? b : a)).expectation;
}

/** Of several expectations about one place the worse one is told, then that of the first source by name. */
function isBefore(
  finding: Difference,
  source: string,
  known: { readonly source: string; readonly finding: Difference },
): boolean {
  return (
    RANK[finding.severity] - RANK[known.finding.severity] < 0 ||
    (finding.severity === known.finding.severity && source < known.source)
  );
}

function plainBecause({ id, title, rationale, remediation, reference, at }: Because): Because {
  return { id, title, rationale, remediation, reference, at };
}

function asObject(facts: readonly ComparedFact[]): Json {
  return Object.fromEntries(facts.map((fact) => [fact.attribute, fact.value]));
}

function shown(value: Json): Json {
  if (!isLarge(value)) return value;
  return { tooLarge: true, digest: digestOf(value), characters: canonicalJson(value).length };
}
