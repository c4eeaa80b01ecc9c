/**
 * What one call may see, as plain values: whole scopes, and single targets of other scopes. Made anew for each call
 * from the inventory in force, so that a target whose tag was taken away is gone at the next call.
 *
 * Nobody who forgets the single targets sees more for it: `scopes` alone is the smaller answer.
 */
import type { Scope, Target } from '#model';
import { isWhole, type Reach, reaches } from './reach.ts';

export type Place = Pick<Target, 'id' | 'scope'>;

export type Sight = {
  /** Of these everything may be seen, also what is no target any more. */
  readonly scopes: readonly Scope[];
  /** And these, of scopes that may not be seen whole. */
  readonly targets: readonly Place[];
};

type Known = {
  readonly scopes: readonly Scope[];
  readonly targets: readonly Pick<Target, 'id' | 'scope' | 'tags'>[];
};

export function sightOf(reach: Reach, { scopes, targets }: Known): Sight {
  if (reach.some(isWhole)) return { scopes, targets: [] };
  const open = reach.filter((part) => part.targets === 'all').flatMap((part) => part.scopes);
  const whole = scopes.filter((scope) => open.includes(scope));
  return {
    scopes: whole,
    targets: targets
      .filter(({ scope }) => !whole.includes(scope))
      .filter((target) => reach.some((part) => reaches(part, target)))
      .map(({ id, scope }) => ({ id, scope })),
  };
}

export function sees({ scopes, targets }: Sight, { id, scope }: Place): boolean {
  return scopes.includes(scope) || targets.some((each) => each.id === id && each.scope === scope);
}

/** Every scope of which at least something may be seen. */
export function scopesSeen({ scopes, targets }: Sight): readonly Scope[] {
  return targets.length === 0
    ? scopes
    : [...new Set([...scopes, ...targets.map((each) => each.scope)])];
}
