/** From a name somebody typed to one target of the inventory; never by guessing. */
import { keyOf, type Scope, type Target } from '#model';
import { inventoryFault } from './faults.ts';
import type { Inventory } from './inventory.ts';
import { nearest, show } from './nearest.ts';

const MOST_CANDIDATES = 5;

/**
 * The target with exactly this id, or the only one with this short name.
 *
 * Throws `unknown-target`, with candidates, otherwise. With `scopes`, targets of other scopes do
 * not exist, as answers or as candidates.
 */
export function resolveTarget(
  inventory: Inventory,
  name: string,
  scopes?: readonly Scope[],
): Target {
  const isVisible = (target: Target): boolean =>
    scopes === undefined || scopes.includes(target.scope);
  const exact = inventory.byId.get(name);
  if (exact !== undefined && isVisible(exact)) return exact;
  const visible = inventory.targets.filter(isVisible);
  const named = visible.filter((target) => keyOf(target.id) === name);
  if (named.length === 1 && named[0] !== undefined) return named[0];
  if (named.length > 1) {
    const candidates = named.map((target) => target.id).toSorted();
    throw inventoryFault(
      'unknown-target',
      `target is not named clearly: ${show(name)} is the name of ${candidates.length} targets, give one of ${candidates.slice(0, MOST_CANDIDATES).join(', ')}`,
      { facts: { target: name.slice(0, 200), candidates } },
    );
  }
  const candidates = candidatesFor(name, visible);
  const next =
    candidates.length > 0
      ? `did you mean ${candidates.join(', ')}?`
      : `add it to ${inventory.file}, or list the targets there are`;
  throw inventoryFault('unknown-target', `target is not in the inventory: ${show(name)}, ${next}`, {
    facts: { target: name.slice(0, 200), candidates },
  });
}

/**
 * What may not be reached over SSH is not, whatever answers at its address and whatever a caller says it is:
 * throws `no-ssh-there`.
 */
export function requireSsh({ id, hostType }: Pick<Target, 'id' | 'hostType'>): void {
  if (hostType !== 'talos') return;
  throw inventoryFault(
    'no-ssh-there',
    `the inventory says this machine runs ${hostType}, which is not reached over SSH: ${id}. Mend hostType or transport in fleet.yaml`,
    { facts: { target: id, hostType } },
  );
}

/** Near ones by id or by short name; where only a few exist, all of them help. */
function candidatesFor(name: string, visible: readonly Target[]): string[] {
  const idsOf = new Map<string, string>();
  for (const { id } of visible) {
    idsOf.set(id, id);
    if (!idsOf.has(keyOf(id))) idsOf.set(keyOf(id), id);
  }
  const near = nearest(name, idsOf.keys(), MOST_CANDIDATES * 2);
  const ids = [...new Set(near.map((each) => idsOf.get(each) ?? each))].slice(0, MOST_CANDIDATES);
  if (ids.length > 0 || visible.length > MOST_CANDIDATES) return ids;
  return visible.map((target) => target.id).toSorted();
}
