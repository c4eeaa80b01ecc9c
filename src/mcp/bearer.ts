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

/** A lease as it is kept. */
export type BearerLease = {
  readonly id: string;
  /** Lower-case hex SHA-256 of the bearer. */
  readonly sha256: string;
  readonly onBehalfOf: string | null;
  readonly profile: string;
  readonly reach: Caller['reach'];
  readonly expiresAt: Instant;
  /** The only resource it is good for; without one, any that holds the lease. */
  readonly resource?: string;
};

/** The lease behind a bearer, or `undefined` for one that is unknown or over. */
export type VerifyBearer = (
  bearer: string,
) => Promise<BearerLease | undefined> | BearerLease | undefined;

/** Looks through every lease, whatever matches, so that time tells nothing. */
export function verifyAgainst(leases: () => readonly BearerLease[], clock: Clock): VerifyBearer {
  return (bearer) => {
    const given = sha256(bearer);
    let found: BearerLease | undefined;
    for (const lease of leases()) if (sameText(given, lease.sha256)) found = lease;
    return found === undefined || clock.now() >= found.expiresAt ? undefined : found;
  };
}

export type Admitted = { readonly lease: BearerLease; readonly caller: Caller };

/** Answers who asks, or with the challenge to send back. */
export async function admit(
  header: string | undefined,
  verify: VerifyBearer,
  resource: string,
  resourceMetadataUrl: string,
): Promise<Admitted | Response> {
  let lease: BearerLease | undefined;
  try {
    await verifyBearerToken(header, {
      expectedResource: new URL(resource),
      verifier: {
        verifyAccessToken: async (bearer): Promise<AuthInfo> => {
          lease = await verify(bearer);
          if (lease === undefined)
            throw new OAuthError(
              OAuthErrorCode.InvalidToken,
              'the bearer is unknown or has expired',
            );
          return {
            token: '',
            clientId: lease.id,
            scopes: [],
            expiresAt: lease.expiresAt / 1_000_000,
            resource: new URL(lease.resource ?? resource),
          };
        },
      },
    });
  } catch (thrown) {
    return bearerAuthChallengeResponse(thrown, { resourceMetadataUrl });
  }
  if (lease === undefined) return bearerAuthChallengeResponse(undefined);
  return {
    lease,
    caller: {
      principal: lease.id,
      onBehalfOf: lease.onBehalfOf,
      surface: 'mcp-http',
      profile: lease.profile,
      session: `lease:${lease.id}`,
      reach: lease.reach,
    },
  };
}

function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ (b.charCodeAt(i) || 0);
  return difference === 0;
}
