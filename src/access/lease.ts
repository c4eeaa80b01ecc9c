/**
 * What a lease may hold: part of a shipped profile, within what its issuer has, for a while. What it is good for is
 * worked out anew at each call from what its issuer has by then, so it never outgrows them.
 */
import { Fault } from '#base/fault';
import { nearest, show } from '#base/nearest';
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import { type Scope, type Target, TIERS, type Tier } from '#model';
import { CAPABILITIES, type Capability, DECIDING } from './capabilities.ts';
import {
  isProfile,
  PROFILE_CEILINGS,
  PROFILE_NAMES,
  PROFILES,
  type ProfileName,
} from './profiles.ts';
import {
  holding,
  isWhole,
  lowerTier,
  narrowAll,
  type Reach,
  type ReachPart,
  reaches,
  within,
} from './reach.ts';

export const LEASE_SECONDS = { least: 60, usual: 4 * 3_600, most: 24 * 3_600 } as const;

/** Those of which a lease can hold something: an operator's own is theirs alone. */
export const LEASE_PROFILES: readonly ProfileName[] = PROFILE_NAMES.filter(
  (name) => !PROFILES[name].some((capability) => DECIDING.has(capability)),
);

export type LeaseAsked = {
  readonly profile: string;
  /** Left out, with tags: every target that the issuer reaches. */
  readonly targets?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly scopes?: readonly Scope[] | undefined;
  readonly ceiling?: Tier | undefined;
  readonly seconds?: number | undefined;
};

export type LeaseTerms = ReachPart & {
  readonly profile: ProfileName;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
};

/** As far as the issuer sees it. */
export type LeaseFleet = {
  readonly scopes: readonly Scope[];
  readonly targets: readonly Pick<Target, 'id' | 'scope' | 'tags'>[];
};

type Held = ReachPart & { readonly profile: string };

/** What somebody may lend at all: what they have, where they have the right to lend. */
export function lendable(reach: Reach): Reach {
  const lending = holding(reach, 'leases.issue');
  if (lending.some(isWhole)) return reach;
  return narrowAll(
    reach,
    lending.map(({ scopes, targets }) => ({
      capabilities: CAPABILITIES,
      scopes,
      targets,
      ceiling: 'T3',
    })),
  );
}

/** What a lease is good for now. Nothing, where nothing is left of it. */
export function leaseReach(lease: Held, issuer: Reach): Reach {
  if (!isProfile(lease.profile)) return [];
  const held: readonly Capability[] = PROFILES[lease.profile];
  const part: ReachPart = {
    capabilities: lease.capabilities.filter((each) => held.includes(each) && !DECIDING.has(each)),
    scopes: lease.scopes,
    targets: lease.targets,
    ceiling: lowerTier(lease.ceiling, PROFILE_CEILINGS[lease.profile]),
    profiles: [lease.profile],
  };
  return narrowAll([part], issuer);
}

export function statusOf(
  { expiresAt, revoked }: { readonly expiresAt: Instant; readonly revoked: object | null },
  now: Instant,
): 'active' | 'expired' | 'revoked' {
  if (revoked !== null) return 'revoked';
  return now < expiresAt ? 'active' : 'expired';
}

/** What will be issued for what was asked. Throws a Fault that says what to ask for instead. */
export function checkNewLease(
  asked: LeaseAsked,
  issuer: Reach,
  fleet: LeaseFleet,
  now: Instant,
): LeaseTerms {
  const profile = profileOf(asked.profile);
  const seconds = secondsOf(asked.seconds);
  const places = placesOf(asked, fleet);
  const most = PROFILE_CEILINGS[profile];
  const { ceiling = highest(profile, places, issuer, fleet) } = asked;
  if (lowerTier(ceiling, most) !== ceiling)
    throw beyond(`the profile ${profile} goes up to ${most}, and ${ceiling} was asked for`);
  const capabilities = heldBy(profile, { ...places, ceiling }, issuer, fleet);
  if (capabilities.length === 0)
    throw beyond(
      `of the profile ${profile} up to ${ceiling} you hold nothing on all of these targets. Name fewer targets, tags or scopes, or a lower ceiling`,
    );
  return {
    profile,
    capabilities,
    ...places,
    ceiling,
    profiles: [profile],
    issuedAt: now,
    expiresAt: shift(now, seconds * MICROS_PER_SECOND),
  };
}

function profileOf(name: string): ProfileName {
  const found = LEASE_PROFILES.find((each) => each === name);
  if (found !== undefined) return found;
  if (isProfile(name))
    throw new Fault(
      'refused',
      'profile-decides',
      `a lease never holds what decides: the profile ${name} is for people. Accepted are ${LEASE_PROFILES.join(', ')}`,
      { facts: { candidates: LEASE_PROFILES } },
    );
  throw unknown('unknown-profile', 'no such profile', name, LEASE_PROFILES);
}

function secondsOf(seconds: number = LEASE_SECONDS.usual): number {
  const { least, most } = LEASE_SECONDS;
  if (Number.isSafeInteger(seconds) && seconds >= least && seconds <= most) return seconds;
  throw new Fault(
    'invalid',
    'lease-life',
    `a lease lasts from ${least} seconds to ${most} (a day): give one of these in place of ${seconds}`,
  );
}

function placesOf(
  { scopes, targets = [], tags = [] }: LeaseAsked,
  fleet: LeaseFleet,
): Pick<ReachPart, 'scopes' | 'targets'> {
  for (const scope of scopes ?? [])
    if (!fleet.scopes.includes(scope))
      throw unknown('unknown-scope', 'not a scope you may see', scope, fleet.scopes);
  const ids = fleet.targets.map(({ id }) => id);
  for (const id of targets)
    if (!ids.includes(id)) throw unknown('unknown-target', 'not a target you may see', id, ids);
  const known = [...new Set(fleet.targets.flatMap((target) => target.tags))];
  for (const tag of tags)
    if (!known.includes(tag))
      throw unknown('unknown-tag', 'no target that you may see has the tag', tag, known);
  if (scopes?.length === 0)
    throw new Fault('invalid', 'unknown-scope', 'no scope is named: name one, or leave it out');
  const isEvery = targets.length + tags.length === 0;
  const places: Pick<ReachPart, 'scopes' | 'targets'> = {
    scopes: scopes === undefined ? 'all' : [...new Set(scopes)],
    targets: isEvery ? 'all' : { ids: [...new Set(targets)], tags: [...new Set(tags)] },
  };
  const unreached = fleet.targets.find(
    ({ id, ...rest }) => targets.includes(id) && !reaches(places, { id, ...rest }),
  );
  if (unreached === undefined) return places;
  throw new Fault(
    'invalid',
    'unknown-target',
    `the target is in none of the scopes that are named: ${unreached.id}. Name its scope ${unreached.scope} too`,
  );
}

/** The highest tier that costs no capability. */
function highest(
  profile: ProfileName,
  places: Pick<ReachPart, 'scopes' | 'targets'>,
  issuer: Reach,
  fleet: LeaseFleet,
): Tier {
  const most = TIERS.indexOf(PROFILE_CEILINGS[profile]);
  const counts = (ceiling: Tier): number =>
    heldBy(profile, { ...places, ceiling }, issuer, fleet).length;
  const all = counts('T0');
  return (
    TIERS.slice(0, most + 1)
      .toReversed()
      .find((ceiling) => counts(ceiling) === all) ?? 'T0'
  );
}

/** What the issuer holds of a profile on every one of the targets. */
function heldBy(
  profile: ProfileName,
  places: Pick<ReachPart, 'scopes' | 'targets' | 'ceiling'>,
  issuer: Reach,
  fleet: LeaseFleet,
): readonly Capability[] {
  const isEverywhere = isWhole(places);
  return PROFILES[profile].filter((capability) => {
    const one = { ...places, capabilities: [capability] };
    // Of no target at all anything would be true.
    const isAny = fleet.targets.some((target) => reaches(places, target));
    if (!isAny)
      return issuer.some((part) => part.capabilities.includes(capability) && isEverywhere);
    return within(one, issuer, fleet.targets);
  });
}

function beyond(says: string): Fault {
  return new Fault('refused', 'beyond-reach', `a lease is never more than its issuer has: ${says}`);
}

function unknown(
  code: 'unknown-profile' | 'unknown-scope' | 'unknown-target' | 'unknown-tag',
  says: string,
  name: string,
  known: readonly string[],
): Fault {
  const near = nearest(name.slice(0, 80), known, 5);
  const candidates = near.length > 0 ? near : known.slice(0, 12);
  return new Fault(
    'invalid',
    code,
    `${says}: ${show(name)}. ${candidates.length === 0 ? 'There is none to choose from' : `Candidates: ${candidates.join(', ')}`}`,
    { facts: { candidates } },
  );
}
