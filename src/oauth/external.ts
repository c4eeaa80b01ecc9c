/**
 * Access tokens of the team's identity provider (RFC 9068). The signature is checked with keys that the issuer
 * publishes, and the claims by `readClaims`; who the person is and how far they reach is ours alone to say, and the
 * scope only ever takes away from that.
 */
import { compactVerify, createRemoteJWKSet, customFetch, decodeProtectedHeader } from 'jose';
import { narrowAll, type Reach, reachOf } from '#access';
import { sha256 } from '#base/digest';
import { asFault } from '#base/fault';
import type { Log } from '#base/log';
import type { Clock, EgressFetch } from '#base/ports';
import type { Instant } from '#base/time';
import { type Claims, MENDS, readClaims } from './claims.ts';
import { Issuer } from './issuer.ts';
import type { OAuthPerson, Vouched } from './protocol.ts';
import { profileOf, scopeOf } from './scopes.ts';

/** No shared secrets and no `none` (RFC 8725, section 3.1). */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const MOST_CHARS = 16_384;

export type ExternalOptions = {
  readonly issuer: string;
  /** As operators signed it: what its access tokens look like. */
  readonly tokens: 'rfc9068' | 'jwt';
  /** What it calls us; `null`: by the identifier of each resource (RFC 8707). */
  readonly audience: string | null;
  /** As which people sign in there; `null`: they do not. */
  readonly ownClient: string | null;
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
  /** Of this very token (RFC 7519, section 4.1.7), or of what is signed of it where it names itself in no way. */
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
  const { issuer, tokens, ownClient, groups, fetch, clock, log } = options;
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
    const audience = options.audience ?? resource;
    const digest = digestOf(token);
    const expected = { issuer, audience, tokens, ownClient, groups, digest };
    const claimed = readClaims(header, claims, expected, clock.now());
    if (typeof claimed === 'string') {
      log.info('access token refused', { why: claimed, next: MENDS[claimed] });
      return claimed === 'scope' ? 'no-scope' : undefined;
    }
    const person = await options.personOf(claimed.vouched, claimed.issuedAt);
    const profile = profileOf(scopeOf(claimed.profile));
    if (person === undefined || profile === undefined) {
      log.info('access token refused', {
        why: 'person',
        next: 'no operator, or more than one, has its sub or verified mail among their accounts in operators.yaml, or no role gives them anything',
      });
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

/**
 * Not of the whole token: its signature can be written in more than one way that holds, and whoever holds a token that was
 * taken back would have another one.
 */
function digestOf(token: string): string {
  return `sha256:${sha256(token.slice(0, token.lastIndexOf('.')))}`;
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
