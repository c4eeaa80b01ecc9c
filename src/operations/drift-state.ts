/** What is on record about a target's drift, and the comparison of now with it. */
import { asFault, Fault } from '#base/fault';
import {
  baselineFromFacts,
  type ComparedFact,
  declaredFacts,
  diffFacts,
  type Exceptions,
  findingFromFacts,
  groupRecords,
  type Reconciled,
  reconcileFindings,
  requireBaselineHolds,
  waiverFromFacts,
} from '#drift';
import { type Inventory, isTrusted } from '#inventory';
import {
  BASELINE_SOURCE,
  type Baseline,
  DRIFT_SOURCE,
  type FactType,
  type Finding,
  isSecurity,
  isVolatile,
  type Target,
  type Waiver,
} from '#model';
import type { FactReader, Moment, StoredFact } from '#store';
import { readCoverage } from './coverage.ts';

type Place = Pick<Target, 'scope' | 'id'>;

const RULES = { isVolatile, isSecurity };

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

/** Remembers what baselines declare: a pinned moment of an append-only store never reads differently. */
export class DeclaredFacts {
  readonly #kept = new Map<string, readonly ComparedFact[]>();

  /** Throws `baseline-mismatch` when the store no longer answers what was blessed. */
  of(baseline: Baseline, facts: FactReader): readonly ComparedFact[] {
    const kept = this.#kept.get(baseline.id);
    if (kept !== undefined) return kept;
    const at = { asOf: baseline.blessedAt, knownAt: baseline.knownAt };
    const filter = { scopes: [baseline.scope], target: baseline.target, type: 'observed' as const };
    const declared = declaredFacts(facts.each(filter, at), baseline, RULES);
    requireBaselineHolds(baseline, declared);
    if (this.#kept.size >= 32) this.#kept.delete(this.#kept.keys().next().value ?? '');
    this.#kept.set(baseline.id, declared);
    return declared;
  }
}

export type DriftNow = { readonly baseline: Baseline; readonly reconciled: Reconciled };

/**
 * Every baseline of a target against what is observed at `at`. A retired one resolves what it found.
 * One that no longer answers what was blessed is a fault here, unless `skipDamaged`: then it is left
 * out whole, and what it found stays as it is on record.
 */
export function driftOf(
  facts: FactReader,
  target: Place,
  at: Moment,
  inventory: Inventory,
  declared: DeclaredFacts,
  choose: { readonly only?: (baseline: Baseline) => boolean; readonly skipDamaged?: boolean } = {},
): readonly DriftNow[] {
  const baselines = baselinesOf(facts, target, at)
    .filter((baseline) => choose.only?.(baseline) ?? true)
    .filter((baseline) => choose.skipDamaged !== true || !isDamaged(baseline, declared, facts));
  if (baselines.length === 0) return [];
  const filter = { scopes: [target.scope], target: target.id, type: 'observed' as const };
  const active = baselines.some((baseline) => baseline.status === 'active');
  const observed = active ? [...facts.each(filter, at)] : [];
  const coverage = active ? readCoverage(facts, filter, at, inventory) : [];
  const previous = Map.groupBy(recordedFindings(facts, target, at), (finding) => finding.baseline);
  const exceptions: Exceptions = {
    waivers: waiversOf(facts, target, at),
    ignores: inventory.ignore,
  };
  return baselines.map((baseline) => ({
    baseline,
    reconciled: reconcileFindings({
      previous: previous.get(baseline.id) ?? [],
      current:
        baseline.status === 'active'
          ? diffFacts({
              baseline,
              desired: declared.of(baseline, facts),
              observed,
              coverage,
              isTrusted: (source, kind) => isTrusted(inventory, target.id, source, kind),
              rules: RULES,
              now: at.asOf,
            })
          : { findings: [], unsure: [] },
      exceptions,
      now: at.asOf,
    }),
  }));
}

function isDamaged(baseline: Baseline, declared: DeclaredFacts, facts: FactReader): boolean {
  if (baseline.status !== 'active') return false;
  try {
    declared.of(baseline, facts);
    return false;
  } catch (thrown) {
    if (asFault(thrown).code === 'baseline-mismatch') return true;
    throw thrown;
  }
}

/** No baseline, or more than one, answers to that name. */
export function unknownBaseline(fitting: readonly Baseline[], several = false): Fault {
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
