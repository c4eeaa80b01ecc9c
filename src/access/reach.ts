/**
 * How far a caller reaches: what may be asked for, where, and up to which tier. A reach is only ever
 * narrowed; there is no operation here that widens one.
 *
 * A reach has parts, one for each role. Each stands by itself: what one part may ask for never counts on the
 * targets of another.
 */
import { type Scope, type Target, TIERS, type Tier } from '#model';
import type { Capability } from './capabilities.ts';
import { PROFILE_CEILINGS, PROFILES, type ProfileName } from './profiles.ts';

/**
 * `all`, or every target that is named or has one of the tags; with `among`, only those that are also in that one.
 * Nothing named and no tag is nothing.
 */
export type TargetReach = 'all' | NamedTargets;

export type NamedTargets = {
  readonly ids: readonly string[];
  readonly tags: readonly string[];
  readonly among?: NamedTargets;
};

export type ReachPart = {
  readonly capabilities: readonly Capability[];
  /** `all`: every scope of the inventory. */
  readonly scopes: readonly Scope[] | 'all';
  readonly targets: TargetReach;
  /** The highest tier; the profile's and the server's own ceilings hold beside it. */
  readonly ceiling: Tier;
  /** What it was made from: the ceilings that `policy/settings.yaml` gives these hold as well. */
  readonly profiles?: readonly string[];
};

export type Reach = readonly ReachPart[];

type Place = Pick<ReachPart, 'scopes' | 'targets'>;

export function reaches(
  { scopes, targets }: Place,
  target: Pick<Target, 'id' | 'scope' | 'tags'>,
): boolean {
  if (scopes !== 'all' && !scopes.includes(target.scope)) return false;
  return targets === 'all' || isNamed(targets, target);
}

function isNamed({ ids, tags, among }: NamedTargets, target: Pick<Target, 'id' | 'tags'>): boolean {
  if (!ids.includes(target.id) && !target.tags.some((tag) => tags.includes(tag))) return false;
  return among === undefined || isNamed(among, target);
}

export function isWhole({ scopes, targets }: Place): boolean {
  return scopes === 'all' && targets === 'all';
}

/** The parts that may ask for it. */
export function holding(reach: Reach, capability: Capability): Reach {
  return reach.filter(({ capabilities }) => capabilities.includes(capability));
}

/** What any of the parts may ask for: for lists of what there is, never for a decision. */
export function capabilitiesOf(reach: Reach): readonly Capability[] {
  return [...new Set(reach.flatMap(({ capabilities }) => capabilities))];
}

/** A profile's own reach, everywhere: what the account on this machine and its clients have. */
export function reachOf(profile: ProfileName): Reach {
  return [
    {
      capabilities: PROFILES[profile],
      scopes: 'all',
      targets: 'all',
      ceiling: PROFILE_CEILINGS[profile],
      profiles: [profile],
    },
  ];
}

/** What both have. Never more than either, whatever the targets are. */
export function narrow(reach: ReachPart, by: ReachPart): ReachPart {
  return {
    capabilities: reach.capabilities.filter((each) => by.capabilities.includes(each)),
    scopes: bothScopes(reach.scopes, by.scopes),
    targets: bothTargets(reach.targets, by.targets),
    ceiling: lowerTier(reach.ceiling, by.ceiling),
    profiles: [...new Set([...(reach.profiles ?? []), ...(by.profiles ?? [])])],
  };
}

/** Each part narrowed by each, without those that came to nothing. */
export function narrowAll(reach: Reach, by: Reach): Reach {
  return reach
    .flatMap((part) => by.map((other) => narrow(part, other)))
    .filter((part) => !isNothing(part));
}

/** Whether, of these targets, the lesser has nothing that some part of the greater has not. */
export function within(
  lesser: ReachPart,
  greater: Reach,
  targets: readonly Pick<Target, 'id' | 'scope' | 'tags'>[],
): boolean {
  return lesser.capabilities.every((capability) =>
    targets
      .filter((target) => reaches(lesser, target))
      .every((target) =>
        holding(greater, capability).some(
          (part) =>
            reaches(part, target) && lowerTier(part.ceiling, lesser.ceiling) === lesser.ceiling,
        ),
      ),
  );
}

export function lowerTier(a: Tier, b: Tier): Tier {
  return TIERS.indexOf(a) < TIERS.indexOf(b) ? a : b;
}

function isNothing({ capabilities, scopes, targets }: ReachPart): boolean {
  if (capabilities.length === 0 || scopes.length === 0) return true;
  for (let named = targets === 'all' ? undefined : targets; named; named = named.among)
    if (named.ids.length + named.tags.length === 0) return true;
  return false;
}

function bothScopes(a: ReachPart['scopes'], b: ReachPart['scopes']): ReachPart['scopes'] {
  if (a === 'all') return b;
  return b === 'all' ? a : a.filter((scope) => b.includes(scope));
}

function bothTargets(a: TargetReach, b: TargetReach): TargetReach {
  if (a === 'all' || a === b) return b;
  if (b === 'all') return a;
  const { among, ...named } = a;
  return { ...named, among: among === undefined ? b : (bothTargets(among, b) as NamedTargets) };
}
