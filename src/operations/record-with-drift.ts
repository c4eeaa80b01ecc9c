/** Recording observations of a target, and in the same transaction what they mean for its drift. */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import { LATEST } from '#base/time';
import { newlyTold, reconciledFacts } from '#drift';
import { isTrusted } from '#inventory';
import { DRIFT_SOURCE, type FactType, type Target } from '#model';
import type { ObservationInput, ObservationReceipt } from '#store';
import { driftOf } from './drift-state.ts';
import type { Asking, RecordPowers } from './operation.ts';

export type Unrecorded = Omit<ObservationInput, 'id' | 'recordedAt'>;

export type DriftTold = {
  readonly open: number;
  readonly opened: string[];
  readonly resolved: string[];
};

export function recordWithDrift(
  observations: readonly Unrecorded[],
  target: Target,
  powers: RecordPowers,
  asking: Asking,
): { readonly receipts: readonly ObservationReceipt[]; readonly drift: DriftTold } {
  const isLate = observations.some((observation) => comesLate(observation, powers));
  const receipts = observations.map((observation) => recordOne(observation, powers));
  // What an untrusted source says is shown and never obeyed: it cannot open or close a finding.
  const counts = observations.some((observation) =>
    isTrusted(asking.inventory, target.id, observation.source),
  );
  return {
    receipts,
    drift: counts
      ? recordDrift(target, powers, asking, isLate)
      : { open: 0, opened: [], resolved: [] },
  };
}

/** Whether its source was heard of a later moment already. */
function comesLate(
  { scope, target, source, observedAt, facts }: Unrecorded,
  powers: RecordPowers,
): boolean {
  if (facts.some(({ validFrom }) => validFrom !== undefined && validFrom < observedAt)) return true;
  return powers.facts
    .coverage({ scopes: [scope], target, source }, { asOf: LATEST, knownAt: LATEST })
    .some((row) => row.observedAt !== null && row.observedAt > observedAt);
}

export function recordOne(observation: Unrecorded, powers: RecordPowers): ObservationReceipt {
  return powers.transaction.record({
    ...observation,
    id: powers.newId('obs'),
    recordedAt: powers.recordedAt(),
  });
}

/** Compares the target with its baselines as of now and records how its findings stand. */
export function recordDrift(
  target: Target,
  powers: RecordPowers,
  asking: Asking,
  again = false,
): DriftTold {
  const at = powers.moment();
  const all = driftOf(powers.facts, target, at, asking.inventory, powers.declared, {
    // A damaged baseline must not keep new observations out; `drift_scan` says that it is damaged.
    skipDamaged: true,
    again,
  });
  const facts = all.flatMap(({ reconciled }) => reconciledFacts(reconciled));
  if (facts.length > 0) {
    recordOne(statement(target, DRIFT_SOURCE, 'drift', facts, powers, asking), powers);
  }
  const told = all.map(({ reconciled }) => reconciled);
  return {
    open: told.reduce(
      (sum, { standing }) => sum + standing.filter((finding) => finding.status === 'open').length,
      0,
    ),
    opened: told.flatMap(newlyTold),
    resolved: told.flatMap(({ resolved, doubted }) =>
      resolved.filter((each) => !doubted.includes(each)).map(({ id }) => id),
    ),
  };
}

/** An observation of this program's own about a target: a declaration or a finding. */
export function statement(
  target: Pick<Target, 'scope' | 'id'>,
  source: string,
  type: FactType,
  facts: ObservationInput['facts'],
  powers: RecordPowers,
  asking: Asking,
  reason: string | null = null,
): Unrecorded {
  return {
    scope: target.scope,
    target: target.id,
    source,
    type,
    observedAt: powers.moment().asOf,
    complete: [],
    shortfalls: [],
    facts,
    actor: asking.caller.principal,
    reason,
    sha256: sha256(canonicalJson(facts as unknown as Json)),
  };
}
