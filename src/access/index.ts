export { CAPABILITIES, type Capability, DECIDING } from './capabilities.ts';
export { type AccessDifference, accessDifferences } from './differences.ts';
export {
  checkNewLease,
  LEASE_PROFILES,
  LEASE_SECONDS,
  type LeaseAsked,
  type LeaseTerms,
  leaseReach,
  lendable,
  statusOf,
} from './lease.ts';
export {
  isProfile,
  PROFILE_CEILINGS,
  PROFILE_NAMES,
  PROFILES,
  PROFILES_SAY,
  type ProfileName,
} from './profiles.ts';
export {
  capabilitiesOf,
  holding,
  isWhole,
  lowerTier,
  type NamedTargets,
  narrow,
  narrowAll,
  type Reach,
  type ReachPart,
  reaches,
  reachOf,
  type TargetReach,
  within,
} from './reach.ts';
export {
  type Access,
  OWNER,
  type Person,
  reachOfPerson,
  readAccess,
  rolesOfPerson,
} from './roles.ts';
export { type Place, type Sight, scopesSeen, sees, sightOf } from './sight.ts';
