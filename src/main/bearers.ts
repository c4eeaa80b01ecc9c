/** Every bearer that a door takes: the observer token of `start`, and the leases that people issued. */
import { sha256 } from '#base/digest';
import type { Clock } from '#base/ports';
import { LATEST } from '#base/time';
import type { Identity } from '#identity';
import { type OpenLeases, type VerifyBearer, verifyAgainst } from '#mcp';
import type { Askers } from '#web';
import { HTTP_CALLER } from './callers.ts';
import type { LeaseDoor } from './leases.ts';

const OBSERVER = 'observer-token';

export type Bearers = {
  readonly verifyBearer: VerifyBearer;
  readonly openLeases: OpenLeases;
  readonly leased: Askers['leased'];
};

/** Who a bearer speaks for is asked at each request; uses are counted where the call is performed. */
export function bearers(
  token: string,
  leases: LeaseDoor,
  onChange: Identity['onChange'],
  clock: Clock,
): Bearers {
  const { onBehalfOf, profile, reach, principal } = HTTP_CALLER;
  const observer = {
    id: OBSERVER,
    sha256: sha256(token),
    principal,
    onBehalfOf,
    profile,
    reach,
    expiresAt: LATEST,
  };
  const isObserver = verifyAgainst(() => [observer], clock);
  const holds = (id: string): boolean => id === OBSERVER || leases.isHere(id);
  return {
    verifyBearer: async (bearer) => {
      const kept = isObserver(bearer);
      if (kept !== undefined) return kept;
      const found = await leases.resolve(bearer);
      if (found === undefined) return undefined;
      const { id, expiresAt, resource } = found;
      const { principal: name, ...caller } = found.caller('mcp-http');
      return {
        id,
        principal: name,
        onBehalfOf: caller.onBehalfOf,
        profile: caller.profile,
        reach: caller.reach,
        expiresAt,
        resource,
      };
    },
    openLeases: {
      onChange: (listener) => onChange(() => listener()),
      holds,
    },
    leased: async (bearer) => {
      if (isObserver(bearer) !== undefined)
        return {
          caller: { ...HTTP_CALLER, surface: 'api' },
          isHere: () => true,
          used: () => {},
        };
      const found = await leases.resolve(bearer);
      // A token for one resource is good there alone (RFC 8707, section 2).
      if (found === undefined || found.resource !== null) return undefined;
      return {
        caller: found.caller('api'),
        isHere: () => leases.isHere(found.id),
        used: () => {},
      };
    },
  };
}
