/** Whether an origin may be seen: its scope whole, or its target by name. */
import type { Seen } from '../protocol.ts';
import type { OriginName } from './names.ts';

type Place = Pick<OriginName, 'scope' | 'target'>;

export function seenTest({ scopes, targets = [] }: Seen): (origin: Place) => boolean {
  const whole = new Set(scopes);
  if (targets.length === 0) return ({ scope }) => whole.has(scope);
  const single = singles(targets);
  return ({ scope, target }) => whole.has(scope) || single.get(target)?.has(scope) === true;
}

/** One list is asked with again and again, and is never changed. */
const made = new WeakMap<object, ReadonlyMap<string, ReadonlySet<string>>>();

function singles(targets: NonNullable<Seen['targets']>): ReadonlyMap<string, ReadonlySet<string>> {
  const known = made.get(targets);
  if (known !== undefined) return known;
  const scopesOf = new Map<string, Set<string>>();
  for (const { id, scope } of targets) {
    const same = scopesOf.get(id);
    if (same === undefined) scopesOf.set(id, new Set([scope]));
    else same.add(scope);
  }
  made.set(targets, scopesOf);
  return scopesOf;
}
