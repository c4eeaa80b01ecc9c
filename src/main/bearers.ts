/** Every bearer that a door takes: the observer token of `start`, leases that people issued, tokens of their provider. */
import type { Reach } from '#access';
import { sha256 } from '#base/digest';
import type { Clock } from '#base/ports';
import { LATEST } from '#base/time';
import type { Identity } from '#identity';
import { type OpenLeases, type VerifyBearer, verifyAgainst } from '#mcp';
import type { TokenBearer, VerifyToken } from '#oauth';
import { type Answer, type Call, type Caller, OPERATIONS } from '#operations';
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
  readonly mcpResource: () => string;
  /** Of the team's identity provider; `undefined`: none are taken. */
  readonly tokens: VerifyToken | undefined;
  /** Which of these are taken no more. */
  readonly external: Identity['leases']['external'];
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
  external,
}: BearerNeeds): Bearers {
  /** A token that its issuer stands by, and that nobody here took back. */
  const held = async (bearer: string, resource: string): ReturnType<VerifyToken> => {
    const token = await tokens?.(bearer, resource);
    if (token === undefined || token === 'no-scope') return token;
    if (external.isBarred(token)) return undefined;
    external.seen(token);
    return token;
  };

  /** For what stays open: looked at, which is no use of it. */
  const reachOfToken = async (bearer: string, resource: string): Promise<Reach | undefined> => {
    const token = await tokens?.(bearer, resource);
    if (token === undefined || token === 'no-scope' || external.isBarred(token)) return undefined;
    return token.reach;
  };
  const reachOfLease = async (id: string): Promise<Reach | undefined> =>
    (await leases.again(id))?.caller('mcp-http').reach;

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
      if (found === undefined) {
        const token = await held(bearer, mcpResource());
        return token === undefined || token === 'no-scope'
          ? token
          : {
              ...token,
              id: external.idOf(token),
              isHere: () => !external.isBarred(token),
              reachNow: () => reachOfToken(bearer, mcpResource()),
            };
      }
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
        reachNow: () => reachOfLease(id),
      };
    },
    open: {
      onChange,
      holds: (id) => id === OBSERVER || leases.isHere(id),
    },
    api: async (bearer) => {
      if (asObserver(bearer) !== undefined)
        return {
          caller: { ...HTTP_CALLER, surface: 'api' },
          reachNow: async () => HTTP_CALLER.reach,
        };
      const found = await leases.resolve(bearer);
      if (found === undefined) {
        const token = await held(bearer, apiResource());
        return token === undefined || token === 'no-scope'
          ? token
          : {
              caller: callerOf(token, external.idOf(token)),
              endsAt: token.expiresAt,
              reachNow: () => reachOfToken(bearer, apiResource()),
            };
      }
      if ((found.resource ?? apiResource()) !== apiResource()) return undefined;
      return {
        caller: found.caller('api'),
        endsAt: found.expiresAt,
        reachNow: () => reachOfLease(found.id),
      };
    },
  };
}

function callerOf({ principal, onBehalfOf, profile, reach }: TokenBearer, id: string): Caller {
  return { principal, onBehalfOf, surface: 'api', profile, session: `lease:${id}`, reach };
}

const NAMES: ReadonlySet<string> = new Set(OPERATIONS.map(({ name }) => name));

/** Performs, and counts what a lease was used for. */
export function counted(
  perform: (call: Call) => Promise<Answer>,
  leases: Pick<LeaseDoor, 'used'>,
): (call: Call) => Promise<Answer> {
  return async (call) => {
    const id = /^lease:(.+)$/.exec(call.caller.session)?.[1];
    if (id === undefined || id === OBSERVER) return perform(call);
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
