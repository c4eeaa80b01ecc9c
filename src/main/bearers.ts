/** Every bearer that a door takes: the observer token of `start`, and the leases that people issued. */
import { sha256 } from '#base/digest';
import type { Clock } from '#base/ports';
import { LATEST } from '#base/time';
import { type OpenLeases, type VerifyBearer, verifyAgainst } from '#mcp';
import { type Answer, type Call, OPERATIONS } from '#operations';
import type { Askers } from '#web';
import { HTTP_CALLER } from './callers.ts';
import type { LeaseDoor } from './leases.ts';

const OBSERVER = 'observer-token';

export type BearerNeeds = {
  readonly token: string;
  readonly leases: LeaseDoor;
  readonly clock: Clock;
  readonly onChange: (listener: () => void) => void;
  /** What a token has to be for where it is for one resource alone (RFC 8707, section 2). */
  readonly apiResource: () => string;
};

export type Bearers = {
  readonly mcp: VerifyBearer;
  readonly open: OpenLeases;
  readonly api: Askers['leased'];
};

/** Who a bearer speaks for is asked at each request. */
export function bearersOf({ token, leases, clock, onChange, apiResource }: BearerNeeds): Bearers {
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
  const asObserver = verifyAgainst(() => [observer], clock);
  return {
    mcp: async (bearer) => {
      const kept = asObserver(bearer);
      if (kept !== undefined) return kept;
      const found = await leases.resolve(bearer);
      if (found === undefined) return undefined;
      const { id, expiresAt, resource } = found;
      const caller = found.caller('mcp-http');
      return {
        id,
        principal: caller.principal,
        onBehalfOf: caller.onBehalfOf,
        profile: caller.profile,
        reach: caller.reach,
        expiresAt,
        resource,
      };
    },
    open: { onChange, holds: (id) => id === OBSERVER || leases.isHere(id) },
    api: async (bearer) => {
      if (asObserver(bearer) !== undefined)
        return {
          caller: { ...HTTP_CALLER, surface: 'api' },
          isHere: () => true,
        };
      const found = await leases.resolve(bearer);
      if (found === undefined || (found.resource ?? apiResource()) !== apiResource())
        return undefined;
      return {
        caller: found.caller('api'),
        isHere: () => leases.isHere(found.id),
      };
    },
  };
}

const NAMES: ReadonlySet<string> = new Set(OPERATIONS.map(({ name }) => name));

/** Performs, and counts what a lease was used for. */
export function counted(
  perform: (call: Call) => Promise<Answer>,
  leases: Pick<LeaseDoor, 'used'>,
): (call: Call) => Promise<Answer> {
  return async (call) => {
    const id = /^lease:(.+)$/.exec(call.caller.principal)?.[1];
    if (id === undefined) return perform(call);
    let hasFailed = true;
    try {
      const answer = await perform(call);
      hasFailed = false;
      return answer;
    } finally {
      leases.used(id, NAMES.has(call.operation) ? call.operation : 'unknown', hasFailed);
    }
  };
}
