/**
 * Access tokens of the team's identity provider (RFC 9068). The signature is checked with keys that the issuer
 * publishes, and the claims by `readClaims`; who the person is and how far they reach is ours alone to say, and the
 * scope only ever takes away from that.
 */
import { compactVerify, createRemoteJWKSet, customFetch, decodeProtectedHeader } from 'jose';
import { narrowAll, type Reach, reachOf } from '#access';
import { asFault } from '#base/fault';
import type { Log } from '#base/log';
import type { Clock, EgressFetch } from '#base/ports';
import type { Instant } from '#base/time';
import { type Claims, readClaims } from './claims.ts';
import { Issuer } from './issuer.ts';
import type { OAuthPerson, Vouched } from './protocol.ts';
import { profileOf, scopeOf } from './scopes.ts';

/** No shared secrets and no `none` (RFC 8725, section 3.1). */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const MOST_CHARS = 16_384;

export type ExternalOptions = {
  readonly issuer: string;
  readonly groups: string | null;
  /** The one operator in force behind an account, as the token said it at that moment; `undefined`: nobody, or more than one. */
  readonly personOf: (vouched: Vouched, at: Instant) => Promise<OAuthPerson | undefined>;
  readonly fetch: EgressFetch;
  readonly clock: Clock;
  readonly log: Log;
};

/** Who a token speaks for, in the shape that the MCP listener and the HTTP API admit. */
export type TokenBearer = {
  readonly issuer: string;
  readonly subject: string;
  readonly client: string;
  /** Of this very token (RFC 7519, section 4.1.7). */
  readonly jti: string;
  readonly issuedAt: Instant;
  readonly operator: string;
  readonly principal: string;
  readonly onBehalfOf: string;
  readonly profile: string;
  readonly reach: Reach;
  readonly expiresAt: Instant;
  readonly resource: string;
};

/** For one resource of ours, by its identifier (RFC 8707). */
export type VerifyToken = (
  token: string,
  resource: string,
) => Promise<TokenBearer | 'no-scope' | undefined>;

/** `undefined` for everything that is not a good token of a known person; why is only in the log. */
export function externalTokens(options: ExternalOptions): VerifyToken {
  const { issuer, groups, fetch, clock, log } = options;
  const published = new Issuer(issuer, fetch, clock);
  let keys:
    | { readonly at: string; readonly set: ReturnType<typeof createRemoteJWKSet> }
    | undefined;
  const keySet = async (): Promise<ReturnType<typeof createRemoteJWKSet>> => {
    const { jwks_uri: at } = await published.document();
    if (keys?.at !== at)
      keys = {
        at,
        set: createRemoteJWKSet(new URL(at), {
          [customFetch]: (url, init) => fetch(url, init as RequestInit),
          timeoutDuration: 5_000,
          cooldownDuration: 30_000,
          cacheMaxAge: 600_000,
        }),
      };
    return keys.set;
  };
  return async (token, resource) => {
    // A lease of our own, or anything else that is no JWT: not for us, and nobody is asked about it.
    if (token.length > MOST_CHARS || !isJwt(token)) return undefined;
    let header: Claims;
    let claims: Claims;
    try {
      const verified = await compactVerify(token, await keySet(), { algorithms: ALGORITHMS });
      header = verified.protectedHeader as Claims;
      claims = JSON.parse(new TextDecoder().decode(verified.payload)) as Claims;
    } catch (thrown) {
      log.info('access token refused', { why: 'signature', code: codeOf(thrown) });
      return undefined;
    }
    const claimed = readClaims(header, claims, { issuer, resource, groups }, clock.now());
    if (typeof claimed === 'string') {
      log.info('access token refused', { why: claimed });
      return claimed === 'scope' ? 'no-scope' : undefined;
    }
    const person = await options.personOf(claimed.vouched, claimed.issuedAt);
    const profile = profileOf(scopeOf(claimed.profile));
    if (person === undefined || profile === undefined) {
      log.info('access token refused', { why: 'person' });
      return undefined;
    }
    const { subject, client, jti, issuedAt, expiresAt } = claimed;
    return {
      issuer,
      subject,
      client,
      jti,
      issuedAt,
      operator: person.operator,
      principal: `oauth:${client}`,
      onBehalfOf: `operator:${person.operator}@console`,
      profile,
      reach: narrowAll(person.reach, reachOf(profile)),
      expiresAt,
      resource,
    };
  };
}

function isJwt(token: string): boolean {
  try {
    decodeProtectedHeader(token);
    return token.split('.').length === 3;
  } catch {
    return false;
  }
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : asFault(thrown).code;
}
