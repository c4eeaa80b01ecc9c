/**
 * What the claims of a JWT access token say of who asks, once its signature held. Pure: strict about everything that
 * decides, and never more than one scope of ours.
 *
 * RFC 9068 says what an access token is, and its `typ` is what tells it from an ID token of the same keys. Where operators
 * signed that their provider writes plain JWTs (`tokens: jwt`), everything else that tells the two apart has to.
 */
import { type Instant, isInstant } from '#base/time';
import type { Vouched } from './protocol.ts';
import { ourScopes, profileOf } from './scopes.ts';

/** Between two clocks that are both right. */
const SKEW = 60_000_000;
/** As long as the longest lease. */
const LONGEST = 24 * 3_600_000_000;
const MOST_GROUPS = 256;
/** Names that come from outside: no blanks, no control characters, and short enough for an account. */
const NAME = /^[!-~]{1,128}$/;

export type Expected = {
  readonly issuer: string;
  /** Our own identifier (RFC 8707), or what operators signed that the provider calls us. */
  readonly audience: string;
  readonly tokens: 'rfc9068' | 'jwt';
  /** As which we sign people in there: ID tokens are made for it, and access tokens are not. `null`: we do not. */
  readonly ownClient: string | null;
  /** The claim that names groups; `null`: none is read. */
  readonly groups: string | null;
  /** What names this token where it does not itself: a digest of what is signed of it. */
  readonly digest: string;
};

export type Claimed = {
  readonly subject: string;
  readonly client: string;
  readonly jti: string;
  readonly issuedAt: Instant;
  readonly vouched: Vouched;
  readonly profile: string;
  readonly expiresAt: Instant;
};

export type Claims = Readonly<Record<string, unknown>>;

/** A word that says which rule the token breaks; for the log, never for the one who sent it. */
export type Unfit =
  | 'typ'
  | 'id-token'
  | 'cnf'
  | 'iss'
  | 'aud'
  | 'exp'
  | 'nbf'
  | 'iat'
  | 'age'
  | 'sub'
  | 'jti'
  | 'client'
  | 'scope';

/** What whoever keeps the provider, or `server.yaml`, can do about it. For the log. */
export const MENDS: Readonly<Record<Unfit, string>> = {
  typ: 'the header typ is not at+jwt (RFC 9068): let the provider write that, or, where it cannot, sign oauth: {…, tokens: jwt} in server.yaml',
  'id-token':
    'it has what an ID token has (nonce, at_hash, c_hash, events, another typ or token_use, or the client as its audience): let the client send the access token, and keep such claims out of it',
  cnf: 'it is bound to a key of its client (cnf), which is not checked here: let the provider give plain bearer tokens for this audience',
  iss: 'iss is not the issuer of server.yaml, to the letter',
  aud: 'aud does not name this resource: let the client ask for it with resource, give the provider that audience, or, where it cannot, sign oauth: {…, audience: …} in server.yaml',
  exp: 'exp is missing or past: let the client fetch another token, and see that both clocks are right',
  nbf: 'nbf is later than now: see that both clocks are right',
  iat: 'iat is missing or later than now: let the provider write it, and see that both clocks are right',
  age: 'it is good for more than a day: let the provider give shorter ones for this audience',
  sub: 'sub is missing, or is no plain name of at most 128 characters',
  jti: 'jti is missing or no plain name: let the provider write one, or, where it cannot, sign oauth: {…, tokens: jwt} in server.yaml',
  client:
    'client_id is missing, and azp as well (with tokens: jwt also cid and appid), or two of them differ: let the provider write which client it gave the token to',
  scope:
    'scope (or scp) names none of the scopes of this resource, or more than one: define them at the provider, and let the client ask for one',
};

const ACCESS_TOKEN = /^(application\/)?at\+jwt$/i;
/** What header and body may call themselves in a plain one; a provider that says nothing says nothing wrong. */
const PLAIN = /^(jwt|(application\/)?at\+jwt|application\/okta-internal-at\+jwt)$/i;
/** OpenID Connect Core 2, 3.1.3.6, 3.3.2.11; OpenID Connect Back-Channel Logout 2.4. */
const OF_OTHER_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'] as const;

export function readClaims(
  header: Claims,
  claims: Claims,
  expected: Expected,
  now: Instant,
): Claimed | Unfit {
  const { issuer, audience, tokens, groups, digest } = expected;
  const { typ } = header;
  const isPlain = tokens === 'jwt' && !isAccessToken(typ);
  if (isPlain ? typ !== undefined && !isText(typ, PLAIN) : !isAccessToken(typ)) return 'typ';
  if (claims['iss'] !== issuer) return 'iss';
  // RFC 9449 (section 6) and RFC 8705: whoever shows it without that key may have found it.
  if (claims['cnf'] !== undefined) return 'cnf';
  const audiences = textsOf(claims['aud']);
  if (!audiences.includes(audience)) return 'aud';
  const exp = momentOf(claims['exp']);
  const iat = momentOf(claims['iat']);
  if (exp === undefined || now >= exp) return 'exp';
  if (iat === undefined || iat > now + SKEW) return 'iat';
  if (exp - iat > LONGEST) return 'age';
  if (claims['nbf'] !== undefined) {
    const nbf = momentOf(claims['nbf']);
    if (nbf === undefined || nbf > now + SKEW) return 'nbf';
  }
  const vouched = vouchedOf(claims, issuer, groups);
  if (vouched === undefined) return 'sub';
  const jti = claims['jti'] ?? (tokens === 'jwt' ? digest : undefined);
  // RFC 9068, section 2.2: without it nobody could take this one token back.
  if (!isText(jti, NAME)) return 'jti';
  const client = clientOf(claims, tokens);
  if (client === undefined) return 'client';
  if (isPlain && isOfOtherKind(claims, audiences, [client, expected.ownClient])) return 'id-token';
  const scope = textsOf(claims['scope'] ?? claims['scp']).join(' ');
  const [only, ...further] = ourScopes(scope);
  const profile = only === undefined ? undefined : profileOf(only);
  if (profile === undefined || further.length > 0) return 'scope';
  const subject = String(claims['sub']);
  return { subject, client, jti, issuedAt: iat, vouched, profile, expiresAt: exp };
}

function isAccessToken(typ: unknown): boolean {
  return isText(typ, ACCESS_TOKEN);
}

/** One that a client was told who signed in with, or that is for something else again, from the same keys. */
function isOfOtherKind(
  claims: Claims,
  audiences: readonly string[],
  clients: readonly (string | null)[],
): boolean {
  const { typ = 'Bearer', token_use: use = 'access' } = claims;
  return (
    OF_OTHER_TOKENS.some((name) => claims[name] !== undefined) ||
    typ !== 'Bearer' ||
    use !== 'access' ||
    clients.some((each) => each !== null && audiences.includes(each))
  );
}

/** Whichever way the provider names it; `undefined`: not at all, or in two ways that differ. */
function clientOf(claims: Claims, tokens: Expected['tokens']): string | undefined {
  if (tokens === 'rfc9068') {
    const client = claims['client_id'] ?? claims['azp'];
    return isText(client, NAME) ? client : undefined;
  }
  const all = ['client_id', 'azp', 'cid', 'appid'].map((name) => claims[name]);
  const named = new Set(all.filter((each) => each !== undefined));
  const [client] = named;
  return named.size === 1 && isText(client, NAME) ? client : undefined;
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

/** Whom the claims of a token are about; `undefined`: nobody that an account could name. */
export function vouchedOf(
  claims: Claims,
  issuer: string,
  groups: string | null,
): Vouched | undefined {
  const { sub, email } = claims;
  if (typeof sub !== 'string' || !NAME.test(sub)) return undefined;
  const isVerified = claims['email_verified'] === true && typeof email === 'string';
  return {
    accounts: [
      `oidc:${issuer}#${sub}`,
      ...(isVerified && NAME.test(email) ? [`mailto:${email.toLowerCase()}`] : []),
    ],
    groups:
      groups === null
        ? []
        : textsOf(claims[groups])
            .filter((each) => NAME.test(each))
            .slice(0, MOST_GROUPS),
  };
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** A NumericDate (RFC 7519, section 2). */
function momentOf(value: unknown): Instant | undefined {
  if (typeof value !== 'number') return undefined;
  const moment = Math.round(value * 1_000_000);
  return isInstant(moment) ? moment : undefined;
}
