/**
 * How far a caller reaches: what may be asked for, where, and up to which tier. A reach is only ever
 * narrowed; there is no operation here that widens one.
 */
import type { Scope, Target, Tier } from '#model';
import type { Capability } from './capabilities.ts';
import { PROFILES, type ProfileName } from './profiles.ts';

/** `all`, or every target that is named or has one of the tags. Nothing named and no tag is nothing. */
export type TargetReach =
  | 'all'
  | { readonly ids: readonly string[]; readonly tags: readonly string[] };

export type Reach = {
  readonly capabilities: readonly Capability[];
  /** `all`: every scope of the inventory. */
  readonly scopes: readonly Scope[] | 'all';
  readonly targets: TargetReach;
  /** The highest tier; the profile's and the server's own ceilings hold beside it. */
  readonly ceiling: Tier;
};

export function reaches(
  { scopes, targets }: Pick<Reach, 'scopes' | 'targets'>,
  target: Pick<Target, 'id' | 'scope' | 'tags'>,
): boolean {
  if (scopes !== 'all' && !scopes.includes(target.scope)) return false;
  if (targets === 'all') return true;
  return targets.ids.includes(target.id) || target.tags.some((tag) => targets.tags.includes(tag));
}

export function isWhole({ scopes, targets }: Pick<Reach, 'scopes' | 'targets'>): boolean {
  return scopes === 'all' && targets === 'all';
}

/** A profile's own reach, everywhere: what the account on this machine and its clients have. */
export function reachOf(profile: ProfileName): Reach {
  return { capabilities: PROFILES[profile], scopes: 'all', targets: 'all', ceiling: 'T3' };
}
