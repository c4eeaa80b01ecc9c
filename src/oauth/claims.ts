/**
 * What the claims of a JWT access token (RFC 9068) say of who asks, once its signature held. Pure: strict about
 * everything that decides, and never more than one scope of ours.
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
  /** Our own identifier (RFC 8707). */
  readonly resource: string;
  /** The claim that names groups; `null`: none is read. */
  readonly groups: string | null;
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

export function readClaims(
  header: Claims,
  claims: Claims,
  { issuer, resource, groups }: Expected,
  now: Instant,
): Claimed | Unfit {
  const { typ } = header;
  // RFC 9068, section 4: an ID token is signed with the same keys and is nobody's permission.
  if (typeof typ !== 'string' || !/^(application\/)?at\+jwt$/i.test(typ)) return 'typ';
  if (claims['iss'] !== issuer) return 'iss';
  if (!textsOf(claims['aud']).includes(resource)) return 'aud';
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
  // RFC 9068, section 2.2: without it nobody could take this one token back.
  const { jti, sub } = claims;
  if (typeof jti !== 'string' || !NAME.test(jti)) return 'jti';
  const client = claims['client_id'] ?? claims['azp'];
  if (typeof client !== 'string' || !NAME.test(client)) return 'client';
  const scope = textsOf(claims['scope'] ?? claims['scp']).join(' ');
  const [only, ...further] = ourScopes(scope);
  const profile = only === undefined ? undefined : profileOf(only);
  if (profile === undefined || further.length > 0) return 'scope';
  return { subject: String(sub), client, jti, issuedAt: iat, vouched, profile, expiresAt: exp };
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
