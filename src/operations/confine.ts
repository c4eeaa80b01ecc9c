/**
 * What a caller of limited reach is handed in place of the whole: an inventory, readers and a transaction that
 * hold nothing but what the caller may see. Operations need not know of it, so none can forget it.
 */
import { type Place, type Sight, sees } from '#access';
import { Fault } from '#base/fault';
import type { Inventory } from '#inventory';
import type { Scope } from '#model';
import type { FactReader, Seen, StoreTransaction } from '#store';
import type { ObservePowers, TrailPowers } from './operation.ts';

export function confinedInventory(inventory: Inventory, sight: Sight): Inventory {
  const allowed = new Map(sight.targets.map((each) => [each.id, each.scope]));
  const whole = new Set(sight.scopes);
  const targets = inventory.targets.filter(
    ({ id, scope }) => whole.has(scope) || allowed.get(id) === scope,
  );
  const byId = new Map(targets.map((target) => [target.id, target]));
  const scopes = inventory.scopes.filter(
    (scope) => whole.has(scope) || sight.targets.some((each) => each.scope === scope),
  );
  const { staleAfterOf } = inventory;
  return {
    file: inventory.file,
    digest: inventory.digest,
    scope: inventory.scope,
    scopes,
    targets,
    byId,
    networks: [],
    redundancySets: [],
    ignore: inventory.ignore,
    ...(staleAfterOf === undefined ? {} : { staleAfterOf }),
  };
}

/** Every way of reading, named one by one: a new one does not compile until somebody said how it is confined. */
export function confinedFacts(facts: FactReader, sight: Sight): FactReader {
  const seen = <T extends Seen>(filter: T): T => {
    const asked = new Set(filter.scopes);
    const own = singles(sight, filter.scopes);
    const named = (filter.targets ?? []).filter((each) => sees(sight, each));
    return {
      ...filter,
      scopes: sight.scopes.filter((scope) => asked.has(scope)),
      targets: named.length === 0 ? own : [...own, ...named],
    };
  };
  return {
    query: (filter, at, limit, after) => facts.query(seen(filter), at, limit, after),
    each: (filter, at) => facts.each(seen(filter), at),
    history: (filter, limit, after) => facts.history(seen(filter), limit, after),
    compare: (filter, from, to, limit, after) =>
      facts.compare(seen(filter), from, to, limit, after),
    coverage: (filter, at) => facts.coverage(seen(filter), at),
    origins: (filter, at) => facts.origins(seen(filter), at),
    values: (filter, at) => facts.values(seen(filter), at),
    edges: (filter, at) => facts.edges(seen(filter), at),
    stirred: (filter, window, knownAt) => facts.stirred(seen(filter), window, knownAt),
    suggest: (filter, text, limit) => facts.suggest(seen(filter), text, limit),
    besides: (wanted, at) =>
      sees(sight, { id: wanted.target, scope: wanted.scope })
        ? facts.besides(wanted, at)
        : undefined,
    // Not confined: it keeps memories that all callers share from growing old, and is never answered.
    touched: (from, to) => facts.touched(from, to),
    lastRecordedAt: () => facts.lastRecordedAt(),
    priorReceipt: (scope, target, source, key) =>
      sees(sight, { id: target, scope })
        ? facts.priorReceipt(scope, target, source, key)
        : undefined,
    hasObservation: (id) => facts.hasObservation(id),
    counts: () => {
      throw beyond('how much there is in all');
    },
  };
}

/** One list for one question, so that the store makes its table of it once. */
const kept = new WeakMap<Sight, Map<string, Sight['targets']>>();

function singles(sight: Sight, scopes: readonly Scope[]): Sight['targets'] {
  if (sight.targets.length === 0) return sight.targets;
  const lists = kept.get(sight) ?? new Map<string, Sight['targets']>();
  kept.set(sight, lists);
  const key = JSON.stringify(scopes);
  const known = lists.get(key);
  if (known !== undefined) return known;
  const made = sight.targets.filter(({ scope }) => scopes.includes(scope));
  lists.set(key, made);
  return made;
}

/** Records of what may be seen, and of nothing else. */
export function confinedTransaction(
  transaction: StoreTransaction,
  sight: Sight,
): Pick<StoreTransaction, 'reader' | 'record'> {
  return {
    reader: confinedFacts(transaction.reader, sight),
    record: (observation) => {
      mustSee(sight, { id: observation.target, scope: observation.scope });
      return transaction.record(observation);
    },
  };
}

export function confinedTrails(trails: TrailPowers, sight: Sight): TrailPowers {
  return {
    read: async (target, window) => {
      mustSee(sight, target);
      return trails.read(target, window);
    },
    changes: (target, window) => {
      mustSee(sight, target);
      return trails.changes(target, window);
    },
  };
}

export function confinedObserve(
  observe: ObservePowers['observe'],
  sight: Sight,
): ObservePowers['observe'] {
  return async (target, how) => {
    mustSee(sight, target);
    return observe(target, how);
  };
}

function mustSee(sight: Sight, place: Place): void {
  if (!sees(sight, place)) throw beyond(place.id);
}

/** What only a reach without limits gets. */
export function beyond(what: string): Fault {
  return new Fault(
    'refused',
    'beyond-reach',
    `beyond what you reach: ${what}. Ask somebody whose role reaches every target, or for a lease that does`,
  );
}
