/**
 * Who a bearer speaks for. Only hashes are kept, compared in constant time; the bearer itself
 * goes no further than this file.
 */
import {
  type AuthInfo,
  bearerAuthChallengeResponse,
  OAuthError,
  OAuthErrorCode,
  verifyBearerToken,
} from '@modelcontextprotocol/server';
import { sha256 } from '#base/digest';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';
import type { Caller } from '#operations';
import { rpcError } from './web.ts';

/** Who a bearer speaks for, at this moment. */
export type BearerLease = {
  readonly id: string;
  /** As events name it; left out: `lease:<id>`. */
  readonly principal?: string;
  readonly onBehalfOf: string | null;
  readonly profile: string;
  readonly reach: Caller['reach'];
  readonly expiresAt: Instant;
  /** The only resource it is good for (RFC 8707); without one, any that holds the lease. */
  readonly resource?: string | null;
  /** Whether this very bearer would still be admitted, where that may end before the lease does. */
  readonly isHere?: () => boolean;
  /** For what stays open: how far it reaches by what is in force at that moment; left out: as far as ever. */
  readonly reachNow?: () => Promise<Caller['reach'] | undefined>;
};

/** A lease that is kept here by its hash. */
export type KeptLease = BearerLease & {
  /** Lower-case hex SHA-256 of the bearer. */
  readonly sha256: string;
};

/** `undefined`: unknown or over. `no-scope`: good, and good for nothing here (RFC 6750, section 3.1). */
export type Verified = BearerLease | 'no-scope' | undefined;
export type VerifyBearer = (bearer: string) => Promise<Verified> | Verified;

/** Looks through every lease, whatever matches, so that time tells nothing. */
export function verifyAgainst(
  leases: () => readonly KeptLease[],
  clock: Clock,
): (bearer: string) => KeptLease | undefined {
  return (bearer) => {
    const given = sha256(bearer);
    let found: KeptLease | undefined;
    for (const lease of leases()) if (sameText(given, lease.sha256)) found = lease;
    return found === undefined || clock.now() >= found.expiresAt ? undefined : found;
  };
}

export type Admitted = { readonly lease: BearerLease; readonly caller: Caller };

/** Where a client learns who gives tokens for this resource, and what to ask for (RFC 9728, section 5.1). */
export type Challenge = {
  readonly resourceMetadataUrl: string;
  readonly requiredScopes?: string[];
};

/** Answers who asks, or with the challenge to send back. A token is only ever read from its header. */
export async function admit(
  header: string | undefined,
  verify: VerifyBearer,
  resource: string,
  challenge: Challenge,
): Promise<Admitted | Response> {
  let lease: Verified;
  // Nothing was presented, so nothing is wrong with it (RFC 6750, section 3.1).
  if (header === undefined) return nothingPresented(challenge);
  try {
    await verifyBearerToken(header, {
      expectedResource: new URL(resource),
      verifier: {
        verifyAccessToken: async (bearer): Promise<AuthInfo> => {
          lease = await verify(bearer);
          if (
            lease === undefined ||
            (lease !== 'no-scope' && (lease.resource ?? resource) !== resource)
          )
            throw new OAuthError(
              OAuthErrorCode.InvalidToken,
              'the bearer is unknown, has expired or is for another resource',
            );
          if (lease === 'no-scope')
            throw new OAuthError(
              OAuthErrorCode.InsufficientScope,
              'the token has no scope, or none alone, that is known here',
            );
          return {
            token: '',
            clientId: lease.id,
            scopes: [],
            expiresAt: lease.expiresAt / 1_000_000,
            resource: new URL(resource),
          };
        },
      },
    });
  } catch (thrown) {
    return bearerAuthChallengeResponse(thrown, challenge);
  }
  if (lease === undefined || lease === 'no-scope')
    return bearerAuthChallengeResponse(undefined, challenge);
  return {
    lease,
    caller: {
      principal: lease.principal ?? `lease:${lease.id}`,
      onBehalfOf: lease.onBehalfOf,
      surface: 'mcp-http',
      profile: lease.profile,
      session: `lease:${lease.id}`,
      reach: lease.reach,
    },
  };
}

function nothingPresented({ resourceMetadataUrl, requiredScopes }: Challenge): Response {
  const scope = requiredScopes === undefined ? '' : `scope="${requiredScopes.join(' ')}", `;
  return rpcError(
    401,
    -32_001,
    'a bearer is needed: the metadata of this resource says whose',
    null,
    {
      'www-authenticate': `Bearer realm="holdfast", ${scope}resource_metadata="${resourceMetadataUrl}"`,
    },
  );
}

/** A good bearer that does not reach this far: 403 with the scope that would (RFC 6750, section 3.1). */
export function tooNarrow(challenge: Challenge): Response {
  return bearerAuthChallengeResponse(
    new OAuthError(OAuthErrorCode.InsufficientScope, 'this lease does not hold what was asked for'),
    challenge,
  );
}

/** A bearer that was good when the request came, and is not any more. */
export function takenBack(challenge: Challenge): Response {
  return bearerAuthChallengeResponse(
    new OAuthError(OAuthErrorCode.InvalidToken, TAKEN_BACK),
    challenge,
  );
}

export const TAKEN_BACK =
  'the lease was taken back or is over. What was already sent to a host goes on under its own record';

function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ (b.charCodeAt(i) || 0);
  return difference === 0;
}
