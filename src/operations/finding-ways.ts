/** Which actions would take a finding on record back: for whoever proposes them, and whoever only asks. */
import { canonicalJson, type Json } from '#base/json';
import type { Catalogue, Runnable } from '#catalogue';
import { type Way, waysBack } from '#convergence';
import { findingFromFacts, findingId } from '#drift';
import { isTrusted } from '#inventory';
import { DRIFT_SOURCE, type Finding, kindOf, type Target } from '#model';
import type { FactReader, Moment } from '#store';
import type { Asking } from './operation.ts';

export type Located = { readonly finding: Finding; readonly target: Target };

/** `says`: why there is none. */
export type Ways =
  | { readonly ways: readonly [Way, ...Way[]] }
  | { readonly ways: readonly []; readonly says: string };

export function waysOf(
  { finding, target }: Located,
  catalogue: Catalogue,
  facts: FactReader,
  at: Moment,
  asking: Asking,
): Ways {
  if (finding.status === 'resolved') return none('it is resolved already');
  if (finding.kind === 'unknown')
    return none('it could not be seen, so nothing is known to take back: look at the target again');
  const [first, ...more] = waysBack({
    finding,
    target,
    actions: offered(catalogue),
    fact: (entity, attribute) => trusted(facts, at, asking, target, entity, attribute),
    desired: (entity, attribute) => {
      const other = { ...finding, entity, attribute, kind: 'changed' as const };
      const found = findingOf(findingId(other), facts, at, asking)?.finding;
      return found?.status === 'open' || found?.status === 'pending' ? found.desired : undefined;
    },
  });
  if (first !== undefined) return { ways: [first, ...more] };
  return none(
    'no action says that it takes this back: change it by an action of your own, or accept it',
  );
}

function none(says: string): Ways {
  return { ways: [], says };
}

/** Newest versions of what may be run. */
function offered(catalogue: Catalogue): readonly Runnable[] {
  return catalogue.all.filter(
    (each) => catalogue.find(each.id) === each && !catalogue.isDraft(each),
  );
}

/** A finding on record in the caller's scopes, whoever declared it. */
export function findingOf(
  id: string,
  facts: FactReader,
  at: Moment,
  asking: Asking,
): Located | undefined {
  if (!/^finding_[0-9a-f]{16}$/.test(id)) return undefined;
  const { facts: rows } = facts.query(
    { scopes: asking.scopes, entity: `finding:${id}`, source: DRIFT_SOURCE, type: 'drift' },
    at,
    100,
  );
  const target = asking.inventory.byId.get(rows[0]?.target ?? '');
  if (target === undefined) return undefined;
  return { finding: findingFromFacts(rows.filter((row) => row.target === target.id)), target };
}

function trusted(
  facts: FactReader,
  at: Moment,
  { inventory }: Asking,
  target: Target,
  entity: string,
  attribute: string,
): Json | undefined {
  // A star would be a pattern to the store: no name of ours has one.
  if (entity.includes('*') || attribute.includes('*')) return undefined;
  const { facts: rows } = facts.query(
    { scopes: [target.scope], target: target.id, entity, attribute, type: 'observed' },
    at,
    100,
  );
  const values = new Map(
    rows
      .filter((row) => isTrusted(inventory, target.id, row.source, kindOf(row.entity)))
      .map(({ value }) => [canonicalJson(value), value]),
  );
  return values.size === 1 ? [...values.values()][0] : undefined;
}
