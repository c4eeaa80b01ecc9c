/** What the store remembers of one target, as the bounds of findings ask for it. */
import { type Instant, shift } from '#base/time';
import type { Past, PastRun } from '#drift';
import { type Inventory, isTrusted } from '#inventory';
import { kindOf, type Target } from '#model';
import type { FactReader, Moment } from '#store';

/** A stream that changed more often than this has no beginning worth telling. */
const MOST_VERSIONS = 4_000;
const PAGE = 1_000;
/** Looks that fell short one after the other before the last complete one. */
const MOST_LOOKS = 256;

/** The last complete look at a kind, and the first one after it that fell short. */
type Shortfall = { readonly complete: Instant | null; readonly first: Instant | null };

export type StoredPast = Past & {
  readonly fellShort: (entity: string, source: string | null, at: Instant) => Shortfall;
};

export function pastOf(
  facts: FactReader,
  target: Pick<Target, 'scope' | 'id'>,
  at: Moment,
  inventory: Inventory,
): StoredPast {
  const filter = { scopes: [target.scope], target: target.id, type: 'observed' as const };
  const kept = new Map<string, readonly PastRun[]>();
  const counts = (source: string, wanted: string | null, kind: string): boolean =>
    wanted === null ? isTrusted(inventory, target.id, source, kind) : source === wanted;
  const all = (entity: string): readonly PastRun[] => {
    const known = kept.get(entity);
    if (known !== undefined) return known;
    const runs: PastRun[] = [];
    let after: string | undefined;
    do {
      const page = facts.history({ ...filter, entity }, PAGE, after);
      for (const version of page.versions) {
        const isBelieved =
          version.recordedAt <= at.knownAt &&
          (version.supersededAt === null || version.supersededAt > at.knownAt);
        if (isBelieved && version.entity === entity && version.validFrom <= at.asOf)
          runs.push(version);
      }
      after = page.next ?? undefined;
    } while (after !== undefined && runs.length < MOST_VERSIONS);
    kept.set(entity, runs);
    return runs;
  };
  const looks = (entity: string, source: string | null, asOf: Instant): Shortfall => {
    const kind = kindOf(entity);
    const asked = {
      scopes: filter.scopes,
      target: target.id,
      kind,
      ...(source === null ? {} : { source }),
    };
    let until = asOf;
    let first: Instant | null = null;
    for (let count = 0; count < MOST_LOOKS; count++) {
      const rows = facts
        .coverage(asked, { asOf: until, knownAt: at.knownAt })
        .filter((row) => row.observedAt !== null && counts(row.source, source, kind));
      let newest: Instant | null = null;
      let complete: Instant | null = null;
      for (const { observedAt, status } of rows) {
        if (observedAt === null) continue;
        if (newest === null || observedAt > newest) newest = observedAt;
        if (status === 'complete' && (complete === null || observedAt > complete))
          complete = observedAt;
      }
      if (complete !== null || newest === null) return { complete, first };
      first = newest;
      until = shift(newest, -1);
    }
    return { complete: null, first };
  };
  return {
    runs: (entity, source) =>
      all(entity).filter((run) => counts(run.source, source, kindOf(entity))),
    confirmed: (entity, attribute, source, asOf) => {
      const asked = { ...filter, entity, ...(attribute === '*' ? {} : { attribute }) };
      let last: Instant | null = null;
      for (const fact of facts.each(asked, { asOf, knownAt: at.knownAt })) {
        if (fact.entity !== entity || !counts(fact.source, source, kindOf(entity))) continue;
        if (last === null || fact.confirmedAt > last) last = fact.confirmedAt;
      }
      return last;
    },
    looked: (entity, source, asOf) => looks(entity, source, asOf).complete,
    fellShort: (entity, source, asOf) => looks(entity, source, asOf),
  };
}
