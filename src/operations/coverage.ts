/**
 * How well what is asked about is known. Staleness and "never" are judged here, from the
 * inventory; the store only tells what was observed.
 */
import { ageSeconds, type Instant, LATEST, MICROS_PER_SECOND } from '#base/time';
import { DEFAULT_STALE_AFTER_SECONDS, type Inventory } from '#inventory';
import { BASELINE_SOURCE, type Coverage, DRIFT_SOURCE, kindSpec, type Target } from '#model';
import type { FactReader, Moment } from '#store';

export type CoverageFilter = Parameters<FactReader['coverage']>[0];

/** Baselines, waivers and findings are written here, not looked at: they tell nothing of how well a target is seen. */
export const OWN_RECORDS: ReadonlySet<string> = new Set([BASELINE_SOURCE, DRIFT_SOURCE]);

export function readCoverage(
  facts: FactReader,
  filter: CoverageFilter,
  at: Moment,
  inventory: Inventory,
): readonly Coverage[] {
  return judgedCoverage(facts.coverage(filter, at), filter, at, inventory);
}

/** `readCoverage`, and whether a look at a moment to come is on record, which would count from then on. */
export function readCoverageAhead(
  facts: FactReader,
  filter: CoverageFilter,
  at: Moment,
  inventory: Inventory,
): { readonly coverage: readonly Coverage[]; readonly isAhead: boolean } {
  const { asOf, knownAt } = at;
  const all = facts.coverage(filter, { asOf: LATEST, knownAt });
  if (all.some(({ observedAt }) => observedAt !== null && observedAt > asOf))
    return { coverage: readCoverage(facts, filter, at, inventory), isAhead: true };
  // What decides how well a kind is known is not later than asked about, so it decides then too.
  const seen = all.map((row) =>
    row.observedAt === null ? row : { ...row, ageSeconds: ageSeconds(row.observedAt, asOf) },
  );
  return { coverage: judgedCoverage(seen, filter, at, inventory), isAhead: false };
}

function judgedCoverage(
  rows: readonly Coverage[],
  filter: CoverageFilter,
  at: Moment,
  inventory: Inventory,
): readonly Coverage[] {
  const asksForRecords = filter.kind !== undefined || filter.source !== undefined;
  const seen = rows
    .filter((row) => asksForRecords || !OWN_RECORDS.has(row.source))
    .map((row) => judged(row, at.asOf, inventory));
  const known = new Set(seen.map((row) => row.target));
  // Of a kind that no collector knows, silence about a target says nothing; naming the target asks.
  const tellsNever =
    filter.kind === undefined || filter.target !== undefined || kindSpec(filter.kind) !== undefined;
  const never = (filter.target === undefined ? inventory.targets : named(filter.target, inventory))
    .filter((target) => tellsNever && filter.scopes.includes(target.scope))
    .filter((target) => !known.has(target.id))
    .map(
      (target): Coverage => ({
        scope: target.scope,
        target: target.id,
        source: filter.source ?? '*',
        kind: filter.kind ?? '*',
        status: 'never',
        observedAt: null,
        ageSeconds: null,
        reason: `${filter.kind === undefined ? 'nothing' : 'nothing of this kind'} was ever observed: run holdfast observe, or ingest an observation`,
      }),
    );
  return [...seen, ...never];
}

function named(id: string, inventory: Inventory): readonly Target[] {
  const target = inventory.byId.get(id);
  return target === undefined ? [] : [target];
}

/** After how many seconds the word of a source about a target no longer counts as fresh. */
export function staleAfter(inventory: Inventory, target: string, source: string): number {
  return (
    inventory.staleAfterOf?.(target, source) ??
    inventory.byId.get(target)?.staleAfterSeconds ??
    DEFAULT_STALE_AFTER_SECONDS
  );
}

function judged(row: Coverage, asOf: Instant, inventory: Inventory): Coverage {
  if (row.status === 'unreachable' || row.observedAt === null) return row;
  const limit = staleAfter(inventory, row.target, row.source);
  if (asOf - row.observedAt <= limit * MICROS_PER_SECOND) return row;
  const reason = `last observed more than ${Math.round(limit / 60)} min before the moment asked about`;
  return {
    ...row,
    status: 'stale',
    reason: row.reason === null ? reason : `${reason}; then ${row.status}: ${row.reason}`,
  };
}
