/**
 * Signing people in with the team's OpenID provider: code flow with PKCE, state and nonce (OpenID Connect Core 1.0,
 * RFC 9700), each bound to the browser that began. The provider says who somebody is; whether that is one of our
 * operators is what the operators signed, and what may be approved is still a passkey's alone.
 */
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
} from 'openid-client';
import { Fault } from '#base/fault';
import type { Log } from '#base/log';
import type { Clock, EgressFetch, Random } from '#base/ports';
import { vouchedOf } from './claims.ts';
import type { Vouched } from './protocol.ts';

const BEGUN_FOR_MS = 600_000;
const MOST_BEGUN = 1_000;
const KNOWN_FOR_MS = 3_600_000;
const QUERY_CHARS = 8_192;

export type OidcSignInOptions = {
  readonly issuer: string;
  readonly clientId: string;
  /** `null`: a public client, with PKCE alone. */
  readonly clientSecret: string | null;
  readonly groups: string | null;
  /** Ours, exactly as the provider knows it: `<url>/api/v1/sign-in/oidc/callback`. Asked on each sign-in. */
  readonly redirectUri: () => string;
  /** The one operator that lists an account; `undefined`: nobody, or more than one. */
  readonly operatorOf: (vouched: Vouched) => Promise<string | undefined>;
  readonly fetch: EgressFetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type OidcSignIn = {
  /** Where the browser goes. `binding` stays in a short cookie of this browser (SameSite=Lax: it comes back from elsewhere). */
  start(pageKey: string): Promise<{ readonly location: string; readonly binding: string }>;
  /** What the provider sent the browser back with. Each binding is good once. */
  finish(
    query: string,
    binding: string | undefined,
  ): Promise<{
    readonly operator: string;
    readonly groups: readonly string[];
    /** As the page brought it when it went. */
    readonly pageKey: string;
  }>;
};

type Begun = {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly pageKey: string;
  readonly until: number;
};

export function oidcSignIn(options: OidcSignInOptions): OidcSignIn {
  const { clock, log } = options;
  const begun = new Map<string, Begun>();
  let known: { readonly until: number; readonly configuration: Promise<Configuration> } | undefined;
  const secret = (): string => Buffer.from(options.random.bytes(32)).toString('base64url');

  const provider = async (): Promise<Configuration> => {
    const now = clock.monotonicMs();
    if (known === undefined || known.until <= now)
      known = { until: now + KNOWN_FOR_MS, configuration: discover(options) };
    try {
      return await known.configuration;
    } catch (thrown) {
      known = undefined;
      log.warn('the identity provider cannot be used', { why: nameOf(thrown) });
      throw new Fault(
        'unavailable',
        'identity-provider-unavailable',
        'the identity provider cannot be reached or is not what server.yaml says: sign in with a passkey, or try again later',
        { cause: thrown },
      );
    }
  };

  return {
    async start(pageKey) {
      const configuration = await provider();
      const binding = secret();
      const one: Begun = {
        state: secret(),
        nonce: secret(),
        verifier: secret(),
        redirectUri: options.redirectUri(),
        pageKey,
        until: clock.monotonicMs() + BEGUN_FOR_MS,
      };
      for (const [id, { until }] of begun) {
        if (until > clock.monotonicMs() && begun.size < MOST_BEGUN) break;
        begun.delete(id);
      }
      begun.set(binding, one);
      const scopes = configuration.serverMetadata().scopes_supported ?? [];
      const wanted = ['openid', 'email', ...(options.groups === null ? [] : ['groups'])];
      const location = buildAuthorizationUrl(configuration, {
        redirect_uri: one.redirectUri,
        scope: wanted.filter((scope) => scope === 'openid' || scopes.includes(scope)).join(' '),
        state: one.state,
        nonce: one.nonce,
        code_challenge: await calculatePKCECodeChallenge(one.verifier),
        code_challenge_method: 'S256',
      });
      return { location: location.href, binding };
    },

    async finish(query, binding) {
      const one = binding === undefined ? undefined : begun.get(binding);
      if (binding !== undefined) begun.delete(binding);
      if (one === undefined || one.until <= clock.monotonicMs() || query.length > QUERY_CHARS)
        throw new Fault(
          'refused',
          'sign-in-over',
          'this sign-in is over, was used, or began in another browser: begin again',
        );
      const configuration = await provider();
      const vouched = await ask(configuration, one, query, options).catch((thrown: unknown) => {
        const isDenied = thrown instanceof AuthorizationResponseError;
        log.info('sign-in with the identity provider failed', { why: nameOf(thrown) });
        throw new Fault(
          'refused',
          isDenied ? 'identity-provider-refused' : 'identity-provider-answer',
          isDenied
            ? 'the identity provider did not sign this person in: begin again, or sign in with a passkey'
            : 'what the identity provider answered does not hold: begin again; the log of the service says which rule it broke',
          { cause: thrown },
        );
      });
      const operator = await options.operatorOf(vouched);
      if (operator === undefined)
        throw new Fault(
          'refused',
          'not-an-operator',
          `the identity provider knows this person and no operator here is them: ${vouched.accounts[0] ?? ''}. An operator adds that account in operators.yaml and signs it`,
        );
      return { operator, groups: vouched.groups, pageKey: one.pageKey };
    },
  };
}

async function ask(
  configuration: Configuration,
  { state, nonce, verifier, redirectUri }: Begun,
  query: string,
  { issuer, groups }: OidcSignInOptions,
): Promise<Vouched> {
  const answered = new URL(redirectUri);
  answered.search = query;
  const tokens = await authorizationCodeGrant(configuration, answered, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const vouched = vouchedOf(tokens.claims() ?? {}, issuer, groups);
  if (vouched === undefined) throw new TypeError('a subject that no account could name');
  return vouched;
}

async function discover({
  issuer,
  clientId,
  clientSecret,
  fetch,
}: OidcSignInOptions): Promise<Configuration> {
  const isLoopback = issuer.startsWith('http:');
  const configuration = await discovery(
    new URL(issuer),
    clientId,
    undefined,
    clientSecret === null ? None() : ClientSecretBasic(clientSecret),
    {
      [customFetch]: (url, init) => fetch(url, init as RequestInit),
      timeout: 10,
      // `server.yaml` takes an issuer without TLS on this machine only.
      ...(isLoopback ? { execute: [allowInsecureRequests] } : {}),
    },
  );
  if (configuration.serverMetadata().issuer !== issuer)
    throw new TypeError('the document names another issuer');
  // Also what comes straight from the token endpoint is only believed with its signature.
  enableNonRepudiationChecks(configuration);
  return configuration;
}

/** What went wrong by its kind: messages of the library may hold what the provider answered. */
function nameOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown';
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  return `${thrown.name} ${code}`.trim();
}
