/** Profiles as OAuth scopes (RFC 6749, section 3.3): `holdfast:observer`. What a person is, is never a scope. */
import { LEASE_PROFILES, PROFILES, type ProfileName } from '#access';

const PREFIX = 'holdfast:';
export const DEFAULT_PROFILE = 'observer';

export const DEFAULT_SCOPE = PREFIX + DEFAULT_PROFILE;

export function scopeOf(profile: string): string {
  return PREFIX + profile;
}

/** What may be lent; an operator's own profile is nobody else's. */
export function isLent(profile: string): profile is ProfileName {
  return LEASE_PROFILES.some((each) => each === profile);
}

export function oauthScopes(): readonly string[] {
  return LEASE_PROFILES.map(scopeOf);
}

/** The scope that holds a capability and the least beside it; `undefined`: none that may be lent. */
export function leastScopeWith(capability: string): string | undefined {
  const holding = LEASE_PROFILES.filter((profile) =>
    PROFILES[profile].some((each) => each === capability),
  );
  const [least] = holding.toSorted((a, b) => PROFILES[a].length - PROFILES[b].length);
  return least === undefined ? undefined : scopeOf(least);
}

/** Scopes that are ours, known or not; what others mean by theirs is theirs. */
export function ourScopes(scope: string): readonly string[] {
  return [...new Set(scope.split(' '))].filter((each) => each.startsWith(PREFIX));
}

/** The profile behind a scope of ours; `undefined`: there is none that may be lent. */
export function profileOf(scope: string): ProfileName | undefined {
  const name = scope.startsWith(PREFIX) ? scope.slice(PREFIX.length) : '';
  return isLent(name) ? name : undefined;
}
