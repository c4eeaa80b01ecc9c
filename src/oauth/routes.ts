/**
 * The one mount of the embedded authorization server: its public endpoints, its metadata (RFC 8414), what the console's
 * consent page asks, and giving a token back (RFC 7009).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Interaction } from 'oidc-provider';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Log } from '#base/log';
import type { Clock, Random } from '#base/ports';
import type { Instant } from '#base/time';
import { type AskedOf, consentPage, readAnswer } from './consent.ts';
import { type Embedded, embeddedServer, OAUTH_PATH } from './embedded.ts';
import { readText, sendFault, sendJson } from './problem.ts';
import type { OAuthPath, OAuthPerson, OAuthRoutes, OAuthRoutesOptions } from './protocol.ts';
import { DEFAULT_PROFILE, ourScopes, profileOf, scopeOf } from './scopes.ts';

const METADATA = '/.well-known/oauth-authorization-server';
const INTERACTION = `${OAUTH_PATH}/interaction/`;
const REVOKE = `${OAUTH_PATH}/revoke`;
const AUTHORIZE = `${OAUTH_PATH}/auth`;
const UID = /^[A-Za-z0-9_-]{10,64}$/;

export function oauthRoutes(
  options: OAuthRoutesOptions & {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  },
): OAuthRoutes {
  const mount = new Mount(options, embeddedServer(options));
  return {
    owns: oauthPath,
    handle: (incoming, outgoing) => mount.handle(incoming, outgoing),
    authorizationServers: [options.url + OAUTH_PATH],
  };
}

export function oauthPath(path: string): OAuthPath | undefined {
  if (path.startsWith(INTERACTION)) return 'console';
  if (path.startsWith(`${OAUTH_PATH}/`) || path === METADATA || path === METADATA + OAUTH_PATH)
    return 'public';
  return undefined;
}

class Mount {
  readonly #options: OAuthRoutesOptions & { readonly clock: Clock; readonly log: Log };
  readonly #embedded: Embedded;
  readonly #library: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

  constructor(
    options: OAuthRoutesOptions & { readonly clock: Clock; readonly log: Log },
    embedded: Embedded,
  ) {
    this.#options = options;
    this.#embedded = embedded;
    this.#library = embedded.provider.callback();
  }

  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) outgoing.setHeader(name, value);
    try {
      const whole = incoming.url ?? '/';
      const at = whole.indexOf('?');
      const path = at === -1 ? whole : whole.slice(0, at);
      if (path.startsWith(INTERACTION))
        await this.#consent(path.slice(INTERACTION.length), incoming, outgoing);
      else if (path === REVOKE) await this.#giveBack(incoming, outgoing);
      else if (path === AUTHORIZE && incoming.method !== 'GET')
        // RFC 6749, section 3.1: what is asked stands in the address, where it was read by us as well.
        throw new Fault('invalid', 'method-not-allowed', 'only GET is answered here');
      else await this.#pass(incoming, outgoing, path, at === -1 ? '' : whole.slice(at));
    } catch (thrown) {
      if (!(thrown instanceof Fault)) this.#options.log.error('authorization server', thrown);
      if (outgoing.headersSent) outgoing.destroy();
      else sendFault(outgoing, thrown);
    }
  }

  /** To the library, which sees the address that people open, whatever the request says of itself. */
  #pass(
    incoming: IncomingMessage & { originalUrl?: string },
    outgoing: ServerResponse,
    path: string,
    query: string,
  ): Promise<void> {
    const { protocol, host } = new URL(this.#options.url);
    incoming.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    incoming.headers['x-forwarded-host'] = host;
    incoming.url = path.startsWith(`${OAUTH_PATH}/`)
      ? path.slice(OAUTH_PATH.length) + (path === AUTHORIZE ? asked(query) : query)
      : METADATA;
    incoming.originalUrl = OAUTH_PATH + incoming.url;
    return this.#library(incoming, outgoing);
  }

  async #consent(uid: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method, headers } = incoming;
    if (method !== 'GET' && method !== 'POST')
      throw new Fault('invalid', 'method-not-allowed', 'only GET and POST are answered here');
    if (headers['x-holdfast'] === undefined)
      throw new Fault(
        'refused',
        'not-from-the-console',
        'only the console asks here: the header x-holdfast is missing',
      );
    const person = await this.#options.signedIn(incoming);
    if (person === undefined) {
      sendFault(
        outgoing,
        new Fault(
          'refused',
          'not-signed-in',
          'nobody is signed in: sign in, then open this page again',
        ),
        401,
      );
      return;
    }
    const { asked, scope } = await this.#asked(uid, incoming, outgoing);
    if (method === 'GET') {
      sendJson(outgoing, 200, consentPage(asked, person));
      return;
    }
    if (headers['content-type']?.split(';')[0] !== 'application/json')
      throw new Fault(
        'invalid',
        'invalid-input',
        'the answer is JSON: send it with content-type application/json',
      );
    const text = await readText(incoming);
    const answer = readAnswer(text, asked);
    // A cookie that somebody else has must not lend anything to anybody.
    if (answer !== 'deny')
      await this.#options.confirm(incoming, {
        operation: 'oauth_consent',
        input: { answer: JSON.parse(text) as Json, uid },
      });
    const result =
      answer === 'deny'
        ? { error: 'access_denied', error_description: 'the person said no' }
        : await this.#allow(person, answer, scope);
    const to = await this.#embedded.provider.interactionResult(incoming, outgoing, result, {
      mergeWithLastSubmission: false,
    });
    sendJson(outgoing, 200, { location: new URL(to).pathname });
  }

  async #allow(
    person: OAuthPerson,
    terms: Parameters<Embedded['grant']>[2]['terms'],
    scope: string,
  ) {
    await this.#options.leases.check(person, terms);
    const grantId = await this.#embedded.grant(terms.via, scope, { person, terms });
    return { login: { accountId: person.operator, remember: false }, consent: { grantId } };
  }

  /** What is asked, in the browser that asks it: a link that was sent to somebody else opens nothing there. */
  async #asked(
    uid: string,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<{ readonly asked: AskedOf; readonly scope: string }> {
    const { provider } = this.#embedded;
    const found: Interaction | undefined = UID.test(uid)
      ? await provider.interactionDetails(incoming, outgoing).catch(() => undefined)
      : undefined;
    const params = found?.params as Readonly<Record<string, unknown>> | undefined;
    const client = await provider.Client.find(textOf(params?.['client_id'])).catch(() => undefined);
    if (found?.uid !== uid || params === undefined || client === undefined)
      throw new Fault(
        'missing',
        'consent-over',
        'nothing is asked here: it is over, was answered, or began in another browser. Begin again in the program that asked',
      );
    const scope = textOf(params['scope']);
    return {
      scope,
      asked: {
        clientId: client.clientId,
        clientName: client.clientName,
        redirectUri: textOf(params['redirect_uri']),
        scope,
        resource: this.#options.resource,
        expiresAt: (found.exp * 1_000_000) as Instant,
      },
    };
  }

  /** RFC 7009: whoever holds a token may give it back; the answer says nothing about others. */
  async #giveBack(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (incoming.method !== 'POST')
      throw new Fault('invalid', 'method-not-allowed', 'only POST is answered here');
    const form = new URLSearchParams(await readText(incoming));
    const lease = await this.#options.leases.find(form.get('token') ?? '');
    if (lease !== undefined && lease.via === form.get('client_id'))
      await this.#options.leases.revoke(lease.id, 'its client gave it back');
    sendJson(outgoing, 200, {});
  }
}

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/**
 * Scopes that are nobody's here are left out (RFC 6749, section 3.3), and with none left the least is asked for; the
 * answer only ever goes back in the query, since the other ways need a script.
 */
function asked(query: string): string {
  const params = new URLSearchParams(query);
  const known = ourScopes(params.get('scope') ?? '').filter(
    (each) => profileOf(each) !== undefined,
  );
  params.set('scope', known.length === 0 ? scopeOf(DEFAULT_PROFILE) : known.join(' '));
  params.delete('response_mode');
  return `?${params.toString()}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
