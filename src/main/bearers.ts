/** Every bearer that a door takes: the observer token of `start`, leases that people issued, tokens of their provider. */
import { sha256 } from '#base/digest';
import type { Clock } from '#base/ports';
import { LATEST } from '#base/time';
import { type OpenLeases, type VerifyBearer, verifyAgainst } from '#mcp';
import type { TokenBearer, VerifyToken } from '#oauth';
import { type Answer, type Call, type Caller, OPERATIONS } from '#operations';
import type { Askers } from '#web';
import { HTTP_CALLER } from './callers.ts';
import type { LeaseDoor } from './leases.ts';

const OBSERVER = 'observer-token';
/** Nobody here can take such a token back; it ends by itself, and its person is asked for with each request. */
const OF_PROVIDER = 'oauth_';

export type BearerNeeds = {
  readonly token: string;
  readonly leases: LeaseDoor;
  readonly clock: Clock;
  readonly onChange: (listener: () => void) => void;
  /** What a token has to be for where it is for one resource alone (RFC 8707, section 2). */
  readonly apiResource: () => string;
  readonly mcpResource: () => string;
  /** Of the team's identity provider; `undefined`: none are taken. */
  readonly tokens: VerifyToken | undefined;
};

export type Bearers = {
  readonly mcp: VerifyBearer;
  readonly open: OpenLeases;
  readonly api: Askers['leased'];
};

/** Who a bearer speaks for is asked at each request. */
export function bearersOf({
  token,
  leases,
  clock,
  onChange,
  apiResource,
  mcpResource,
  tokens,
}: BearerNeeds): Bearers {
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
      if (found === undefined) return tokens?.(bearer, mcpResource());
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
    open: {
      onChange,
      holds: (id) => id === OBSERVER || id.startsWith(OF_PROVIDER) || leases.isHere(id),
    },
    api: async (bearer) => {
      if (asObserver(bearer) !== undefined)
        return {
          caller: { ...HTTP_CALLER, surface: 'api' },
          isHere: () => true,
        };
      const found = await leases.resolve(bearer);
      if (found === undefined) {
        const held = await tokens?.(bearer, apiResource());
        return held === undefined || held === 'no-scope'
          ? held
          : {
              caller: callerOf(held),
              endsAt: held.expiresAt,
              isHere: async () => isHeld(await tokens?.(bearer, apiResource())),
            };
      }
      if ((found.resource ?? apiResource()) !== apiResource()) return undefined;
      return {
        caller: found.caller('api'),
        endsAt: found.expiresAt,
        isHere: async () => (await leases.again(found.id)) !== undefined,
      };
    },
  };
}

function isHeld(held: Awaited<ReturnType<VerifyToken>> | undefined): boolean {
  return held !== undefined && held !== 'no-scope';
}

function callerOf({ id, principal, onBehalfOf, profile, reach }: TokenBearer): Caller {
  return { principal, onBehalfOf, surface: 'api', profile, session: `lease:${id}`, reach };
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
