/**
 * The embedded authorization server: OAuth 2.1 with PKCE (RFC 7636) and nothing but the code flow, clients known by
 * their metadata documents (client-id-metadata-document draft 02), each token bound to our MCP resource (RFC 8707).
 *
 * The library keeps the protocol. Ours is what stands at both of its ends: a person answers every single request in the
 * console, and in place of the token that it made, the client is given a lease.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type {
  Adapter,
  AdapterConstructor,
  AdapterFactory,
  KoaContextWithOIDC,
} from 'oidc-provider';
import { errors, Provider } from 'oidc-provider';
import { asFault } from '#base/fault';
import type { Log } from '#base/log';
import type { Clock, EgressFetch, Random } from '#base/ports';
import type { LeaseTerms, OAuthLeases, OAuthPerson } from './protocol.ts';
import { oauthScopes, scopeOf } from './scopes.ts';
import { ShortLived } from './short-lived.ts';

export const OAUTH_PATH = '/oauth';
const CONSENT_SECONDS = 600;
const CODE_SECONDS = 60;

/** What a person said yes to, until the client comes for it. */
export type Granted = { readonly person: OAuthPerson; readonly terms: LeaseTerms };

export type EmbeddedOptions = {
  readonly url: string;
  readonly resource: string;
  readonly leases: OAuthLeases;
  readonly fetch: EgressFetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type Embedded = {
  readonly provider: Provider;
  /** Makes the grant that the library asks for, and remembers what it stands for. */
  grant(client: string, scope: string, granted: Granted): Promise<string>;
};

export function embeddedServer(options: EmbeddedOptions): Embedded {
  const { url, resource, leases, clock, random, log } = options;
  const issuer = url + OAUTH_PATH;
  const waiting = new Map<string, Granted>();
  const documents = new Budget(clock);
  const issued = new Map<string, string>();
  const provider = new Provider(issuer, {
    adapter: adapters(clock),
    jwks: { keys: [signingKey()] },
    clients: [],
    clientAuthMethods: ['none'],
    clientDefaults: {
      application_type: 'native',
      id_token_signed_response_alg: 'ES256',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    responseTypes: ['code'],
    scopes: [],
    claims: {},
    subjectTypes: ['public'],
    pkce: { required: () => true },
    findAccount: (_, operator) => ({
      accountId: operator,
      claims: () => ({ sub: operator }),
    }),
    interactions: {
      url: (_, { uid }) => `/authorize/${uid}`,
    },
    // Nothing that was granted before is ever taken up again: each request is answered by the person.
    loadExistingGrant: async ({ oidc }) => {
      const id = oidc.result?.consent?.grantId;
      return id === undefined ? undefined : oidc.provider.Grant.find(id);
    },
    expiresWithSession: () => false,
    cookies: {
      keys: [Buffer.from(random.bytes(32)).toString('base64url')],
      names: cookieNames(url),
      short: {
        httpOnly: true,
        sameSite: 'strict',
        signed: true,
        overwrite: true,
        path: OAUTH_PATH,
      },
      long: { httpOnly: true, sameSite: 'strict', signed: true, overwrite: true, path: OAUTH_PATH },
    },
    ttl: {
      AccessToken: CODE_SECONDS,
      AuthorizationCode: CODE_SECONDS,
      Grant: CONSENT_SECONDS + CODE_SECONDS,
      IdToken: CODE_SECONDS,
      Interaction: CONSENT_SECONDS,
      Session: CONSENT_SECONDS,
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      revocation: { enabled: false },
      clientIdMetadataDocument: {
        enabled: true,
        ack: 'draft-02',
        allowFetch: () => documents.take(),
        allowClient: (_, client) => (client.redirectUris ?? []).every(isSafeRedirect),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, __, oneOf) => {
          if (oneOf !== undefined) return oneOf;
          throw new errors.InvalidTarget(`resource is needed: ${resource}`);
        },
        useGrantedResource: () => true,
        getResourceServerInfo: (_, indicator) => {
          if (indicator !== resource)
            throw new errors.InvalidTarget(`no such resource here: this server is for ${resource}`);
          return {
            scope: oauthScopes().join(' '),
            audience: resource,
            accessTokenFormat: 'opaque',
            accessTokenTTL: CODE_SECONDS,
          };
        },
      },
    },
    discovery: { scopes_supported: oauthScopes(), revocation_endpoint: `${issuer}/revoke` },
    routes: { authorization: '/auth', token: '/token', jwks: '/jwks' },
    fetch: async (input, { method, headers, redirect, signal }: RequestInit = {}) => {
      const answer = await options.fetch(input, {
        ...(method === undefined ? {} : { method }),
        ...(headers === undefined ? {} : { headers }),
        ...(redirect === undefined ? {} : { redirect }),
        ...(signal === undefined ? {} : { signal }),
      });
      // A page that anybody may write to on somebody's host is not what that host publishes of a client.
      if (answer.status === 200 && !JSON_TYPE.test(answer.headers.get('content-type') ?? '')) {
        await answer.body?.cancel();
        throw new TypeError('what the client publishes of itself is no JSON');
      }
      return answer;
    },
    renderError: (ctx, { error, error_description: says }) => {
      ctx.type = 'text/plain; charset=utf-8';
      ctx.body = `${error}: ${says ?? 'the request cannot be answered'}. Go back to the program that sent you here and begin again.\n`;
    },
  });
  provider.proxy = true;
  const library: Pick<EventEmitter, 'on'> = provider;
  library.on('error', (error: unknown) => log.error('authorization server', error));
  provider.on('server_error', (_, error) => log.error('authorization server', error));
  const dead = new Set<string>();
  provider.on('grant.revoked', (_, grantId) => {
    waiting.delete(grantId);
    dead.add(grantId);
    const lease = issued.get(grantId);
    if (lease === undefined) return;
    issued.delete(lease);
    leases
      .revoke(lease, 'its authorization code was used twice')
      .catch((thrown: unknown) => log.error('a lease could not be revoked', thrown, { lease }));
  });

  /** In place of the library's token: the lease. Asked for once, whoever races. */
  const lend = async (ctx: KoaContextWithOIDC): Promise<void> => {
    const grantId = ctx.oidc.entities.AccessToken?.grantId;
    const granted = grantId === undefined ? undefined : waiting.get(grantId);
    if (grantId === undefined || granted === undefined)
      throw new errors.InvalidGrant('the authorization was used or is over');
    waiting.delete(grantId);
    const { id, bearer, expiresAt } = await leases.issue(granted.person.operator, granted.terms);
    if (dead.has(grantId)) {
      await leases.revoke(id, 'its authorization code was used twice');
      throw new errors.InvalidGrant('the authorization was used twice');
    }
    issued.set(grantId, id);
    ctx.body = {
      access_token: bearer,
      token_type: 'Bearer',
      expires_in: Math.max(0, Math.floor((expiresAt - clock.now()) / 1_000_000)),
      scope: scopeOf(granted.terms.profile),
    };
  };
  provider.use(async (ctx, next) => {
    await next();
    const answering = ctx as KoaContextWithOIDC;
    if (ctx.status !== 200 || answering.oidc?.route !== 'token') return;
    try {
      await lend(answering);
    } catch (thrown) {
      const { kind, code } = asFault(thrown);
      if (!(thrown instanceof errors.InvalidGrant)) log.warn('no lease was issued', { kind, code });
      ctx.status = 400;
      ctx.body = { error: 'invalid_grant', error_description: 'no lease is issued for this code' };
    }
  });
  return {
    provider,
    grant: async (client, scope, granted) => {
      const grant = new provider.Grant({ accountId: granted.person.operator, clientId: client });
      grant.addResourceScope(resource, scope);
      const id = await grant.save();
      bound(waiting);
      bound(issued);
      if (dead.size > MOST) dead.clear();
      waiting.set(id, granted);
      return id;
    },
  };
}

const MOST = 2_000;
const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json *(?:;|$)/i;
/** Documents that are asked for in a minute, at addresses that anybody may name. */
const MOST_DOCUMENTS = 60;
const MINUTE_MS = 60_000;

/** So many in a minute, and as many more in the next. */
class Budget {
  readonly #clock: Clock;
  #since = 0;
  #taken = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(): boolean {
    const now = this.#clock.monotonicMs();
    if (now - this.#since >= MINUTE_MS) {
      this.#since = now;
      this.#taken = 0;
    }
    this.#taken++;
    return this.#taken <= MOST_DOCUMENTS;
  }
}

function bound(map: Map<string, unknown>): void {
  for (const id of map.keys()) {
    if (map.size < MOST) return;
    map.delete(id);
  }
}

/** TLS, the person's own machine, or a scheme that the system hands to one program (RFC 8252, section 7). */
export function isSafeRedirect(uri: string): boolean {
  const parsed = URL.parse(uri);
  if (parsed === null) return false;
  if (parsed.protocol === 'https:') return true;
  if (parsed.protocol === 'http:')
    return ['127.0.0.1', '[::1]', 'localhost'].includes(parsed.hostname);
  return /^[a-z][a-z0-9+.-]{2,}:$/.test(parsed.protocol) && !UNSAFE.has(parsed.protocol);
}

const UNSAFE: ReadonlySet<string> = new Set([
  'javascript:',
  'data:',
  'file:',
  'blob:',
  'about:',
  'vbscript:',
  'ftp:',
  'mailto:',
  'tel:',
]);

/** After the port as well: a cookie reaches every port of its name. */
function cookieNames(url: string): Record<string, string> {
  const { protocol, port } = new URL(url);
  const prefix = protocol === 'https:' ? '__Secure-holdfast-oauth' : 'holdfast-oauth';
  const at = port === '' ? '' : `-${port}`;
  return {
    interaction: `${prefix}-asked${at}`,
    resume: `${prefix}-resume${at}`,
    session: `${prefix}-session${at}`,
  };
}

/** A session of the library is never found again: who is here is only ever asked of the console. */
function adapters(clock: Clock): AdapterFactory | AdapterConstructor {
  return (name: string): Adapter =>
    new ShortLived(clock, !['Session', 'AccessToken', 'Client'].includes(name));
}

/** The library wants a key, though nothing that it signs is ever handed out: it lives as long as this process. */
function signingKey(): Record<string, string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    ...(privateKey.export({ format: 'jwk' }) as Record<string, string>),
    alg: 'ES256',
    use: 'sig',
  };
}
