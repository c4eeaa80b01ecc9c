/**
 * Whose word counts: which source may say what about which target, and which of them is trusted.
 *
 * Built-in sources speak only through their own collectors and engines, which do not ask here; a
 * caller who uses one of their names is refused.
 */
import { isReservedSource, type Target } from '#model';
import { inventoryFault } from './faults.ts';
import type { Inventory } from './inventory.ts';
import { show } from './nearest.ts';

export type AssertionCheck =
  | { readonly holds: true; readonly trusted: boolean }
  | {
      readonly holds: false;
      readonly because:
        | 'unknown-target'
        | 'reserved-source'
        | 'undeclared-source'
        | 'kind-not-granted';
      /** Sources, or for `kind-not-granted` the kinds, that would be accepted. */
      readonly accepted: readonly string[];
    };

/** Says whether a caller's `source` may assert facts of `kind` about `target`. */
export function mayAssert(
  inventory: Inventory,
  target: string,
  source: string,
  kind: string,
): AssertionCheck {
  const found = inventory.byId.get(target);
  if (found === undefined) return { holds: false, because: 'unknown-target', accepted: [] };
  const accepted = found.sources.map((grant) => grant.name);
  if (isReservedSource(source)) return { holds: false, because: 'reserved-source', accepted };
  const grant = found.sources.find((each) => each.name === source);
  if (grant === undefined) return { holds: false, because: 'undeclared-source', accepted };
  if (!grants(grant.kinds, kind))
    return { holds: false, because: 'kind-not-granted', accepted: grant.kinds };
  return { holds: true, trusted: grant.trusted };
}

/** Throws `source-refused`, saying what would be accepted, unless `source` may assert all `kinds`. */
export function requireMayAssert(
  inventory: Inventory,
  target: Target,
  source: string,
  kinds: Iterable<string>,
): void {
  let asked = false;
  for (const kind of kinds) {
    asked = true;
    refuseUnless(inventory, target, source, kind);
  }
  // An observation without facts and kinds still is this source's word about this target.
  if (!asked) {
    const first = target.sources.find((grant) => grant.name === source)?.kinds[0];
    refuseUnless(inventory, target, source, first ?? '');
  }
}

function refuseUnless(inventory: Inventory, target: Target, source: string, kind: string): void {
  const check = mayAssert(inventory, target.id, source, kind);
  if (check.holds) return;
  const accepted = check.accepted.length > 0 ? check.accepted.join(', ') : 'none yet';
  const declare = `holdfast target add ${target.id} --source NAME`;
  const message = {
    'unknown-target': `target is not in the inventory: ${target.id}`,
    'reserved-source': `source name is reserved for built-in sources: ${show(source)}. Accepted for ${target.id}: ${accepted}. Declare one with: ${declare}`,
    'undeclared-source': `source may not assert facts of this target: ${show(source)}. Accepted for ${target.id}: ${accepted}. Declare one with: ${declare}`,
    'kind-not-granted': `source may not assert facts of this kind: ${show(kind)} by ${show(source)}. Accepted kinds for ${target.id}: ${accepted}. Widen "kinds" of that source in ${inventory.file}`,
  }[check.because];
  throw inventoryFault('source-refused', message, {
    facts: { because: check.because, target: target.id, accepted: check.accepted },
  });
}

/** Whether drift, preconditions and typed checks may read what `source` says about `target`, of `kind` if given. */
export function isTrusted(
  inventory: Inventory,
  target: string,
  source: string,
  kind?: string,
): boolean {
  if (isReservedSource(source)) return true;
  const grant = inventory.byId.get(target)?.sources.find((each) => each.name === source);
  if (grant === undefined || !grant.trusted) return false;
  return kind === undefined || grants(grant.kinds, kind);
}

function grants(kinds: readonly string[], kind: string): boolean {
  return kinds.includes(kind) || kinds.includes('*');
}
