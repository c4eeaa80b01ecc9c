/** What is on record about a target's drift, and the comparison of now with it. */
import { asFault, Fault } from '#base/fault';
import {
  type Bounds,
  baselineFromFacts,
  boundsOf,
  type ComparedFact,
  type Declared,
  type Difference,
  type DiffInput,
  type DiffResult,
  declaredBaseline,
  declaredNow,
  declaredOf,
  diffAsDeclared,
  diffFacts,
  type Exceptions,
  type FactsAt,
  findingFromFacts,
  groupRecords,
  openings,
  type Reconciled,
  reconcileFindings,
  requireBaselineHolds,
  waiverFromFacts,
  wantedOf,
} from '#drift';
import { type Inventory, isTrusted } from '#inventory';
import {
  BASELINE_SOURCE,
  type Baseline,
  type Coverage,
  comesAndGoes,
  type Declaration,
  DRIFT_SOURCE,
  type FactType,
  type Finding,
  formOf,
  isSecurity,
  isVolatile,
  kindOf,
  type Signature,
  type Target,
  type Waiver,
} from '#model';
import type { FactReader, Moment, StoredFact } from '#store';
import { readCoverage } from './coverage.ts';
import { pastOf, type StoredPast } from './drift-past.ts';
import { type DriftSources, NO_SOURCES } from './drift-sources.ts';

type Place = Pick<Target, 'scope' | 'id'>;

const RULES = { isVolatile, isSecurity, formOf, comesAndGoes };

export function baselinesOf(facts: FactReader, target: Place, at: Moment): readonly Baseline[] {
  return recordsOf(facts, target, BASELINE_SOURCE, 'known_good', 'baseline', at).map(
    baselineFromFacts,
  );
}

export function waiversOf(facts: FactReader, target: Place, at: Moment): readonly Waiver[] {
  return recordsOf(facts, target, BASELINE_SOURCE, 'desired', 'waiver', at).map(waiverFromFacts);
}

export function recordedFindings(facts: FactReader, target: Place, at: Moment): readonly Finding[] {
  return recordsOf(facts, target, DRIFT_SOURCE, 'drift', 'finding', at).map(findingFromFacts);
}

/** Those that are not over: what was over before says nothing of now. */
export function standingFindings(facts: FactReader, target: Place, at: Moment): readonly Finding[] {
  const { scope, id } = target;
  const filter = { scopes: [scope], target: id, source: DRIFT_SOURCE, type: 'drift' as const };
  const standing: string[] = [];
  let all = 0;
  for (const { entity, value } of facts.each(
    { ...filter, kind: 'finding', attribute: 'status' },
    at,
  )) {
    all += 1;
    if (value !== 'resolved') standing.push(entity);
  }
  // Whole is cheaper than one by one, unless most of them are over.
  if (standing.length * 8 > all)
    return recordedFindings(facts, target, at).filter(({ status }) => status !== 'resolved');
  return standing.map((entity) => findingFromFacts(facts.each({ ...filter, entity }, at)));
}

function recordsOf(
  facts: FactReader,
  target: Place,
  source: string,
  type: FactType,
  kind: string,
  at: Moment,
): readonly (readonly StoredFact[])[] {
  return groupRecords(
    facts.each({ scopes: [target.scope], target: target.id, source, type, kind }, at),
  );
}

/** Remembers what baselines declare, and where else than in the store "should" comes from. */
export class DeclaredFacts {
  readonly sources: DriftSources;
  readonly #kept = new Map<string, { facts: readonly ComparedFact[]; declared: Declared }>();

  constructor(sources: DriftSources = NO_SOURCES) {
    this.sources = sources;
  }

  /** Throws `baseline-mismatch` when the store no longer answers what was blessed. */
  of(baseline: Baseline, facts: FactReader): Declared {
    // A pinned moment of an append-only store never reads differently.
    const key = `${baseline.id} ${baseline.digest}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept.declared;
    const found = declaredNow(baseline, factsOf(baseline, facts), RULES);
    requireBaselineHolds(baseline, found);
    if (this.#kept.size >= 32) this.#kept.delete(this.#kept.keys().next().value ?? '');
    const declared = declaredBaseline(baseline, found);
    this.#kept.set(key, { facts: found, declared });
    return declared;
  }
}

/** Observed facts of a baseline's target at the moments it pins. */
export function factsOf({ scope, target }: Baseline, facts: FactReader): FactsAt {
  return ({ at, knownAt }, entity) => {
    const filter = { scopes: [scope], target, type: 'observed' as const };
    return facts.each(entity === null ? filter : { ...filter, entity }, { asOf: at, knownAt });
  };
}

/** One declaration, as answers name it. */
export type DeclaredBy = Pick<
  Declaration,
  'id' | 'kind' | 'name' | 'scope' | 'target' | 'digest'
> & {
  readonly signature: Signature;
  readonly status: 'active' | 'retired';
  /** Kinds that must have been looked at. */
  readonly kinds: readonly string[];
};

export type DriftNow = {
  readonly by: DeclaredBy;
  readonly reconciled: Reconciled;
  readonly weights: DiffResult['weights'];
};

type Choice = {
  readonly only?: (by: Pick<DeclaredBy, 'id' | 'name' | 'kind'>) => boolean;
  /** Leaves out whole what cannot be compared; what it found stays as it is on record. */
  readonly skipDamaged?: boolean;
  /** An observation came late: when findings began is asked of the past again. */
  readonly again?: boolean;
  /** Of the target, as `readCoverage` answers, where it was read already. */
  readonly coverage?: readonly Coverage[];
};

type Side = {
  readonly by: DeclaredBy;
  readonly declared: Declared | undefined;
  /** Its source cannot be read. */
  readonly problem?: string;
};

const NOTHING = {
  findings: [],
  unsure: [],
  past: new Map(),
  weights: { compared: 0, unseen: 0, of: new Map<string, number>() },
} satisfies DiffResult;

/**
 * Every declaration of a target against what is observed at `at`. A retired one, and one that nobody
 * makes any more, resolves what it found. One that cannot be compared is a fault here, unless
 * `skipDamaged`.
 */
export function driftOf(
  facts: FactReader,
  target: Target,
  at: Moment,
  inventory: Inventory,
  declared: DeclaredFacts,
  choose: Choice = {},
): readonly DriftNow[] {
  const previous = Map.groupBy(standingFindings(facts, target, at), (finding) => finding.baseline);
  const sides = sidesOf(facts, target, at, declared, choose, previous);
  if (sides.length === 0) return [];
  const filter = { scopes: [target.scope], target: target.id, type: 'observed' as const };
  const active = sides.some((side) => side.declared !== undefined);
  let read: readonly StoredFact[] | undefined;
  const observed = (): readonly StoredFact[] => (read ??= [...facts.each(filter, at)]);
  const coverage = active ? (choose.coverage ?? readCoverage(facts, filter, at, inventory)) : [];
  const exceptions: Exceptions = {
    waivers: waiversOf(facts, target, at),
    ignores: inventory.ignore,
  };
  const past = pastOf(facts, target, at, inventory);
  return sides.map((side) => {
    const known = previous.get(side.by.id) ?? [];
    let current: DiffResult = NOTHING;
    if (side.declared !== undefined) {
      const input = {
        declared: side.declared,
        coverage,
        isTrusted: (source: string, kind: string) => isTrusted(inventory, target.id, source, kind),
        rules: RULES,
        now: at.asOf,
      };
      // Once the facts were read, comparing them costs less than asking again.
      const same = read === undefined ? asDeclared(facts, input, at) : undefined;
      current = same ?? diffFacts({ ...input, observed: observed() });
    }
    if (side.problem !== undefined) current = unreadable(current, known, side.problem);
    const bounds = new Map<string, Bounds>();
    const asked = choose.again === true ? current.findings : openings({ previous: known, current });
    for (const finding of asked) {
      const test = current.past.get(finding.id);
      const since = side.declared?.since ?? null;
      if (test !== undefined) bounds.set(finding.id, boundsOf(test, past, finding, since));
      else bounds.set(finding.id, boundsOfShortfall(finding, past));
    }
    const reconciled = reconcileFindings({
      previous: known,
      current,
      exceptions,
      rules: declared.sources.rules(),
      kinds: RULES,
      owner: target.owner ?? null,
      bounds,
      now: at.asOf,
    });
    return { by: side.by, reconciled, weights: current.weights };
  });
}

/** The answer of `diffFacts` where the store alone can tell that everything is as declared. */
function asDeclared(
  facts: FactReader,
  input: Omit<DiffInput, 'observed'>,
  at: Moment,
): DiffResult | undefined {
  const { declared, isTrusted: counts } = input;
  const wanted = wantedOf(declared);
  if (wanted === undefined) return undefined;
  const { scope, target, closed } = declared;
  const only = [...new Set(closed.map(({ source }) => source))];
  const asked = { scope, target, type: 'observed' as const, facts: wanted, counts, only };
  const besides = facts.besides(asked, at);
  return besides === undefined ? undefined : diffAsDeclared(input, besides);
}

/** What is itself unknown says why, and whatever was found of it before stays as it was. */
function unreadable(current: DiffResult, known: readonly Finding[], problem: string): DiffResult {
  const [first = '', ...more] = problem.split('\n');
  const because = {
    id: null,
    title: first,
    rationale: more.length === 0 ? null : more.join('\n'),
    remediation: 'holdfast declarations check',
    reference: null,
    at: null,
  };
  const findings = current.findings.map((finding) => ({ ...finding, because }));
  return { ...current, findings, unsure: [...current.unsure, ...known] };
}

/** Of an `unknown` finding: after its kind was last seen whole, and not after the first look that fell short. */
function boundsOfShortfall(
  {
    entity,
    observed,
    firstSeen,
    lastSeen,
  }: Pick<Difference, 'entity' | 'observed' | 'firstSeen' | 'lastSeen'>,
  past: StoredPast,
): Bounds {
  const source = (observed as { readonly source?: string } | null)?.source ?? '*';
  const { complete, first } = past.fellShort(entity, source === '*' ? null : source, lastSeen);
  return { notBefore: complete, firstSeen: first ?? firstSeen };
}

function sidesOf(
  facts: FactReader,
  target: Target,
  at: Moment,
  declared: DeclaredFacts,
  choose: Choice,
  previous: ReadonlyMap<string, readonly Finding[]>,
): readonly Side[] {
  const { sources } = declared;
  const wanted = (by: DeclaredBy): boolean => choose.only?.(by) ?? true;
  const sides: Side[] = [];
  for (const baseline of baselinesOf(facts, target, at)) {
    const by = byOfBaseline(baseline, sources);
    if (!wanted(by)) continue;
    if (baseline.status === 'retired') sides.push({ by, declared: undefined });
    else {
      const ready = unlessDamaged(() => declared.of(baseline, facts), choose);
      if (ready !== undefined) sides.push({ by, declared: ready });
    }
  }
  const others = unlessDamaged(() => sources.declarations(target, facts, at), choose);
  if (others === undefined) return sides;
  for (const declaration of others) {
    const by = byOf(declaration, sources);
    const { problem } = declaration;
    const broken = problem === undefined ? {} : { problem };
    if (wanted(by)) sides.push({ by, declared: declaredOf(declaration), ...broken });
  }
  if (sources.isWhole?.() === false) return sides;
  const made = new Set(others.map(({ id }) => id));
  for (const [id, findings] of previous) {
    const kind = findings[0]?.declared ?? 'blessed';
    if (kind === 'blessed' || made.has(id)) continue;
    const { scope, id: of } = target;
    const name = id.slice(id.indexOf(':') + 1);
    const gone = { id, kind, name, scope, target: of, digest: '', signature: 'unsigned' } as const;
    const by: DeclaredBy = { ...gone, status: 'retired', kinds: [] };
    if (wanted(by)) sides.push({ by, declared: undefined });
  }
  return sides;
}

function byOfBaseline(baseline: Baseline, sources: DriftSources): DeclaredBy {
  const { id, name, scope, target, digest, status, kinds } = baseline;
  const signature = signatureOf(digest, sources);
  return { id, kind: 'blessed', name, scope, target, digest, signature, status, kinds };
}

function byOf(declaration: Declaration, sources: DriftSources): DeclaredBy {
  const { id, kind, name, scope, target, digest, needs, expectations } = declaration;
  const kinds = new Set(needs.map((need) => need.kind));
  for (const { entity } of expectations) kinds.add(kindOf(entity));
  const signature = signatureOf(digest, sources);
  return { id, kind, name, scope, target, digest, signature, status: 'active', kinds: [...kinds] };
}

export function signatureOf(digest: string, sources: DriftSources): Signature {
  return sources.isSigned(digest) ? 'signed' : 'unsigned';
}

function unlessDamaged<T>(make: () => T, { skipDamaged }: Choice): T | undefined {
  try {
    return make();
  } catch (thrown) {
    const fault = asFault(thrown);
    // What is wrong with a declaration must not keep observations out; a bug must be seen.
    const isTheirs = fault.code === 'baseline-mismatch' || fault.kind !== 'broken';
    if (skipDamaged === true && isTheirs) return undefined;
    throw thrown;
  }
}

/** No declaration, or more than one baseline, answers to that name. */
export function unknownBaseline(
  fitting: readonly Pick<Baseline, 'id' | 'name' | 'target' | 'status'>[],
  several = false,
): Fault {
  const candidates = fitting
    .slice(0, 8)
    .map(({ id, name, target, status }) => `${id} (${name} of ${target}, ${status})`);
  return new Fault(
    'missing',
    'unknown-baseline',
    `${several ? 'that name fits several baselines' : 'no such baseline'}: candidates: ${candidates.join('; ') || 'none, bless one with holdfast baseline bless'}`,
    { facts: { candidates } },
  );
}

/** Rules for blessing and comparing, as the registry of kinds has them. */
export const DRIFT_RULES = RULES;
