/**
 * Findings, baselines and waivers as facts, and back.
 *
 * What a scan merely confirms must not change any attribute: when a finding was last seen is the
 * time its facts were last confirmed, and no attribute of its own.
 */
import type { Json, JsonObject } from '#base/json';
import { formatInstant, type Instant, tryParseInstant } from '#base/time';
import {
  type Baseline,
  type BaselineGap,
  type BaselinePart,
  COVERAGE_STATUS,
  DECLARATION_KINDS,
  FINDING_KINDS,
  FINDING_STATUS,
  type Finding,
  keyOf,
  SEVERITIES,
  type Waiver,
} from '#model';
import { driftFault } from './faults.ts';
import type { Reconciled } from './reconcile.ts';
import { causeJson, readAmended, readBecause, readCause } from './record-parts.ts';

/** As the store's `FactInput`. */
export type RecordFact = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
};

/** As the store answers it: one fact of one record. */
export type RecordedFact = RecordFact & {
  readonly scope: string;
  readonly target: string;
  readonly confirmedAt: Instant;
};

/** Type `drift`, source `holdfast.drift`, target the finding's own. */
export function findingFacts(finding: Finding): RecordFact[] {
  const entity = `finding:${finding.id}`;
  return [
    { entity, attribute: 'attribute', value: finding.attribute },
    { entity, attribute: 'baseline', value: finding.baseline },
    { entity, attribute: 'because', value: finding.because },
    { entity, attribute: 'cause', value: causeJson(finding.cause) },
    { entity, attribute: 'declared', value: finding.declared },
    { entity, attribute: 'desired', value: finding.desired },
    { entity, attribute: 'entity', value: finding.entity },
    { entity, attribute: 'firstSeen', value: formatInstant(finding.firstSeen) },
    { entity, attribute: 'kind', value: finding.kind },
    { entity, attribute: 'looks', value: finding.looks },
    {
      entity,
      attribute: 'notBefore',
      value: finding.notBefore === null ? null : formatInstant(finding.notBefore),
    },
    { entity, attribute: 'observed', value: finding.observed },
    { entity, attribute: 'owner', value: finding.owner },
    { entity, attribute: 'severity', value: finding.severity },
    { entity, attribute: 'status', value: finding.status },
  ];
}

/**
 * Everything to record after a look, in one observation. What a newer look has seen is
 * listed whole, so that it is confirmed; of what it has not, only a new status is.
 */
export function reconciledFacts(reconciled: Reconciled): RecordFact[] {
  const facts: RecordFact[] = [];
  for (const finding of [...reconciled.opened, ...reconciled.updated, ...reconciled.confirmed])
    facts.push(...findingFacts(finding));
  for (const { id, status } of [...reconciled.restated, ...reconciled.resolved])
    facts.push({ entity: `finding:${id}`, attribute: 'status', value: status });
  return facts;
}

/** One finding from its facts. `lastSeen` is when what it is about was last confirmed, not its status. */
export function findingFromFacts(facts: Iterable<RecordedFact>): Finding {
  const record = new RecordReader('finding', facts);
  const lastSeen = record.confirmedAt('kind');
  return {
    id: record.key,
    scope: record.scope,
    target: record.target,
    baseline: record.text('baseline'),
    // What follows older versions did not write: then nothing but baselines was declared.
    declared: record.has('declared') ? record.oneOf('declared', DECLARATION_KINDS) : 'blessed',
    entity: record.text('entity'),
    attribute: record.text('attribute'),
    kind: record.oneOf('kind', FINDING_KINDS),
    severity: record.oneOf('severity', SEVERITIES),
    observed: record.value('observed'),
    desired: record.value('desired'),
    notBefore: record.hasValue('notBefore') ? record.instant('notBefore') : null,
    firstSeen: record.instant('firstSeen'),
    lastSeen,
    looks: record.has('looks') ? record.count('looks') : 1,
    status: record.oneOf('status', FINDING_STATUS),
    owner: record.hasValue('owner') ? record.text('owner') : null,
    because: record.hasValue('because') ? readBecause(record.value('because')) : null,
    cause: record.hasValue('cause') ? readCause(record.value('cause')) : null,
  };
}

/** Type `known_good`, source `holdfast.baseline`, target the baseline's own. */
export function baselineFacts(baseline: Baseline): RecordFact[] {
  const entity = `baseline:${baseline.id}`;
  return [
    {
      entity,
      attribute: 'amended',
      value: baseline.amended.map(({ at, knownAt, ...rest }) => ({
        ...rest,
        at: formatInstant(at),
        knownAt: formatInstant(knownAt),
      })),
    },
    { entity, attribute: 'blessedAt', value: formatInstant(baseline.blessedAt) },
    { entity, attribute: 'blessedBy', value: baseline.blessedBy },
    {
      entity,
      attribute: 'covers',
      value: baseline.covers.map(({ source, kind }) => ({ source, kind })),
    },
    { entity, attribute: 'digest', value: baseline.digest },
    { entity, attribute: 'facts', value: baseline.facts },
    { entity, attribute: 'kinds', value: baseline.kinds },
    { entity, attribute: 'knownAt', value: formatInstant(baseline.knownAt) },
    {
      entity,
      attribute: 'leftOut',
      value: baseline.leftOut.map(({ source, kind, status, reason }) => ({
        source,
        kind,
        status,
        reason,
      })),
    },
    { entity, attribute: 'name', value: baseline.name },
    { entity, attribute: 'passedOver', value: baseline.passedOver },
    { entity, attribute: 'reason', value: baseline.reason },
    { entity, attribute: 'signature', value: baseline.signature },
    { entity, attribute: 'status', value: baseline.status },
  ];
}

export function baselineFromFacts(facts: Iterable<RecordedFact>): Baseline {
  const record = new RecordReader('baseline', facts);
  return {
    id: record.key,
    name: record.text('name'),
    scope: record.scope,
    target: record.target,
    covers: record.list('covers', (each) => record.part(each)),
    kinds: record.list('kinds', (each) => record.asText(each)),
    leftOut: record.list('leftOut', (each) => record.gap(each)),
    passedOver: record.list('passedOver', (each) => record.asText(each)),
    blessedAt: record.instant('blessedAt'),
    knownAt: record.instant('knownAt'),
    amended: record.has('amended') ? readAmended(record.value('amended')) : [],
    digest: record.text('digest'),
    facts: record.count('facts'),
    blessedBy: record.text('blessedBy'),
    reason: record.text('reason'),
    signature: record.oneOf('signature', ['unsigned', 'signed']),
    status: record.oneOf('status', ['active', 'retired']),
  };
}

/** Type `desired`, source `holdfast.baseline`. */
export function waiverFacts(waiver: Waiver): RecordFact[] {
  const entity = `waiver:${waiver.id}`;
  return [
    { entity, attribute: 'attribute', value: waiver.attribute },
    { entity, attribute: 'entity', value: waiver.entity },
    { entity, attribute: 'expiresAt', value: formatInstant(waiver.expiresAt) },
    { entity, attribute: 'owner', value: waiver.owner },
    { entity, attribute: 'reason', value: waiver.reason },
    { entity, attribute: 'signature', value: waiver.signature },
    { entity, attribute: 'status', value: waiver.status },
    { entity, attribute: 'target', value: waiver.target },
  ];
}

export function waiverFromFacts(facts: Iterable<RecordedFact>): Waiver {
  const record = new RecordReader('waiver', facts);
  return {
    id: record.key,
    scope: record.scope,
    target: record.text('target'),
    entity: record.text('entity'),
    attribute: record.text('attribute'),
    reason: record.text('reason'),
    owner: record.text('owner'),
    expiresAt: record.instant('expiresAt'),
    signature: record.oneOf('signature', ['unsigned', 'signed']),
    status: record.oneOf('status', ['active', 'withdrawn']),
  };
}

/** Facts in any order, one list per entity, entities in the order they first appear. */
export function groupRecords<F extends RecordFact>(facts: Iterable<F>): F[][] {
  const groups = new Map<string, F[]>();
  for (const fact of facts) {
    const group = groups.get(fact.entity);
    if (group === undefined) groups.set(fact.entity, [fact]);
    else group.push(fact);
  }
  return [...groups.values()];
}

/** Reads one record, and trusts nothing about it: a store may hold what another version wrote. */
class RecordReader {
  readonly key: string;
  readonly scope: string;
  readonly target: string;
  readonly #what: string;
  readonly #facts: ReadonlyMap<string, RecordedFact>;

  constructor(what: string, facts: Iterable<RecordedFact>) {
    this.#what = what;
    const byAttribute = new Map<string, RecordedFact>();
    let first: RecordedFact | undefined;
    for (const fact of facts) {
      first ??= fact;
      if (fact.entity !== first.entity || fact.target !== first.target)
        this.#refuse('facts of two records are mixed');
      byAttribute.set(fact.attribute, fact);
    }
    if (first === undefined || !first.entity.startsWith(`${what}:`))
      this.#refuse('it has no facts');
    this.#facts = byAttribute;
    this.key = keyOf(first.entity);
    this.scope = first.scope;
    this.target = first.target;
  }

  has(attribute: string): boolean {
    return this.#facts.has(attribute);
  }

  /** There, and not `null`. */
  hasValue(attribute: string): boolean {
    return this.#facts.has(attribute) && this.value(attribute) !== null;
  }

  value(attribute: string): Json {
    return this.#fact(attribute).value;
  }

  confirmedAt(attribute: string): Instant {
    return this.#fact(attribute).confirmedAt;
  }

  text(attribute: string): string {
    return this.asText(this.value(attribute));
  }

  asText(value: Json | undefined): string {
    return typeof value === 'string' ? value : this.#refuse('it has something else than text');
  }

  oneOf<T extends string>(attribute: string, accepted: readonly T[]): T {
    return this.#among(this.value(attribute), accepted);
  }

  count(attribute: string): number {
    const value = this.value(attribute);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    return this.#refuse(`its ${attribute} is no count`);
  }

  instant(attribute: string): Instant {
    return tryParseInstant(this.text(attribute)) ?? this.#refuse(`its ${attribute} is no time`);
  }

  list<T>(attribute: string, read: (each: Json) => T): T[] {
    const value = this.value(attribute);
    if (!Array.isArray(value)) return this.#refuse(`its ${attribute} is no list`);
    return (value as readonly Json[]).map(read);
  }

  part(value: Json): BaselinePart {
    const { source, kind } = this.#object(value);
    return { source: this.asText(source), kind: this.asText(kind) };
  }

  gap(value: Json): BaselineGap {
    const { status, reason } = this.#object(value);
    const known = this.#among(status, COVERAGE_STATUS);
    if (known === 'complete') return this.#refuse('it leaves out what is complete');
    return {
      ...this.part(value),
      status: known,
      reason: reason === null || reason === undefined ? null : this.asText(reason),
    };
  }

  #fact(attribute: string): RecordedFact {
    return this.#facts.get(attribute) ?? this.#refuse(`its ${attribute} is missing`);
  }

  #among<T extends string>(value: Json | undefined, accepted: readonly T[]): T {
    return (
      accepted.find((each) => each === value) ?? this.#refuse('it has a word that is not known')
    );
  }

  #object(value: Json): JsonObject {
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      return this.#refuse('it has a list of something else than objects');
    return value as JsonObject;
  }

  #refuse(why: string): never {
    throw driftFault('unreadable-record', `record cannot be read: ${this.#what}, ${why}`);
  }
}
