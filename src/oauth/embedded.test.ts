import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthTokens,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { reachOf } from '#access';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { silentLog } from '#base/log';
import type { Clock } from '#base/ports';
import { type Instant, LATEST } from '#base/time';
import { nodeClock, nodeRandom } from '#machine';
import { mcpHttp, mcpService } from '#mcp';
import { SAMPLE_OPERATIONS, samplePerform } from '#samples/mcp';
import { CookieBrowser } from '#test/cookie-browser';
import { isSafeRedirect } from './embedded.ts';
import type { LeaseTerms, OAuthPerson, OAuthRoutes } from './protocol.ts';
import { oauthRoutes } from './routes.ts';
import { DEFAULT_SCOPE, leastScopeWith, oauthScopes } from './scopes.ts';

const CLIENT = 'https://client.example/app.json';
const REDIRECT = 'http://127.0.0.1:7999/callback';
const ADA: OAuthPerson = { operator: 'ada', name: 'Ada', reach: reachOf('operator') };

type KeptLease = {
  readonly id: string;
  readonly sha256: string;
  terms: LeaseTerms;
  revoked?: string;
};

const real = nodeClock();
const clock: Clock = real;
/** What a client publishes, or how it answers. */
const documents = new Map<string, unknown>();
const fetched: { readonly url: string; readonly init: RequestInit }[] = [];
const kept: KeptLease[] = [];
/** What a lease waits for while it is made. */
let lending: (() => Promise<void>) | undefined;
let refuses: Fault | undefined;
let unconfirmed: Fault | undefined;
const confirmed: unknown[] = [];
let signedIn: OAuthPerson | undefined;
let origin = '';
let routes: OAuthRoutes;
let mcp: ReturnType<typeof mcpHttp>;

const server = createServer((incoming, outgoing) => {
  const path = (incoming.url ?? '').split('?')[0] ?? '';
  const served = routes.owns(path) === undefined ? mcp : routes;
  void served.handle(incoming, outgoing);
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const common = { clock, random: nodeRandom(), log: silentLog };
  routes = oauthRoutes({
    ...common,
    url: origin,
    resource: `${origin}/mcp`,
    signedIn: async ({ headers }: IncomingMessage) =>
      headers.cookie?.includes('session=ada') === true ? signedIn : undefined,
    confirm: async (_incoming, call) => {
      if (unconfirmed !== undefined) throw unconfirmed;
      confirmed.push(call);
    },
    leases: {
      check: async () => {
        if (refuses !== undefined) throw refuses;
      },
      issue: async (_, terms) => {
        const bearer = `hf_lease_${kept.length}_${Math.random()}`;
        const id = `lease_${kept.length}`;
        kept.push({ id, sha256: sha256(bearer), terms });
        await lending?.();
        return { id, bearer, expiresAt: (clock.now() + terms.seconds * 1_000_000) as Instant };
      },
      revoke: async (id, reason) => {
        const lease = kept.find((each) => each.id === id);
        if (lease !== undefined) lease.revoked = reason;
      },
      find: async (bearer) => {
        const lease = kept.find((each) => each.sha256 === sha256(bearer));
        return lease === undefined ? undefined : { id: lease.id, via: lease.terms.via };
      },
    },
    fetch: async (input, init) => {
      const url = input instanceof Request ? input.url : input.toString();
      fetched.push({ url, init: init ?? {} });
      const found = documents.get(url);
      if (typeof found === 'function') return (found as () => Response)();
      return found === undefined ? new Response('', { status: 404 }) : Response.json(found);
    },
  });
  mcp = mcpHttp({
    ...common,
    service: mcpService({
      operations: SAMPLE_OPERATIONS,
      perform: samplePerform(),
      version: '1',
      clean: (text) => text,
    }),
    verifyBearer: (bearer) => {
      const lease = kept.find((each) => each.sha256 === sha256(bearer));
      if (lease === undefined || lease.revoked !== undefined) return undefined;
      const { profile, resource } = lease.terms;
      return {
        id: lease.id,
        onBehalfOf: 'ada',
        profile,
        reach: reachOf('observer'),
        expiresAt: LATEST,
        resource,
      };
    },
    allowedHosts: ['127.0.0.1'],
    allowedOrigins: ['127.0.0.1'],
    resource: () => `${origin}/mcp`,
    oauth: {
      servers: () => routes.authorizationServers,
      scopes: oauthScopes(),
      leastScope: DEFAULT_SCOPE,
      scopeWith: leastScopeWith,
    },
  });
});

after(async () => {
  await mcp.close();
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  signedIn = ADA;
  refuses = undefined;
  unconfirmed = undefined;
  confirmed.length = 0;
  documents.clear();
  documents.set(CLIENT, {
    client_id: CLIENT,
    client_name: 'A <b>client</b>',
    redirect_uris: [REDIRECT, 'https://client.example/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  });
});

/** A browser in which somebody is signed in to the console. */
class Browser extends CookieBrowser {
  constructor() {
    super();
    this.keep(origin, 'session', 'ada');
  }

  /** To the consent page, which the console renders: its uid. */
  async ask(url: string): Promise<string> {
    const asked = await this.go(url);
    assert.equal(asked.status, 303, await asked.text());
    const to = asked.headers.get('location') ?? '';
    assert.match(to, /^\/authorize\/[\w-]+$/);
    assert.ok(this.sent.length > 0);
    for (const set of this.sent) assert.match(set, /samesite=strict.*httponly/i);
    return to.slice('/authorize/'.length);
  }

  consent(uid: string): Promise<Response> {
    return this.go(`${origin}/oauth/interaction/${uid}`, { headers: { 'x-holdfast': '1' } });
  }

  answer(uid: string, body: unknown): Promise<Response> {
    return this.go(`${origin}/oauth/interaction/${uid}`, {
      method: 'POST',
      headers: { 'x-holdfast': '1', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** All the way: where the client is sent back to. */
  async agree(url: string, body: unknown = YES): Promise<URL> {
    const uid = await this.ask(url);
    const answered = await this.answer(uid, body);
    assert.equal(answered.status, 200, await answered.clone().text());
    const { location } = (await answered.json()) as { location: string };
    const back = await this.go(origin + location);
    assert.equal(back.status, 303, await back.text());
    return new URL(back.headers.get('location') ?? '');
  }
}

const YES = {
  decision: 'allow',
  profile: 'observer',
  scopes: null,
  targets: 'all',
  ceiling: 'T2',
  seconds: 3_600,
};

const VERIFIER = 'v'.repeat(64);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

function authorizeUrl(more: Record<string, string | undefined> = {}): string {
  const params = {
    response_type: 'code',
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    resource: `${origin}/mcp`,
    state: 'xyz',
    ...more,
  };
  const given = Object.entries(params).filter(
    (each): each is [string, string] => each[1] !== undefined,
  );
  return `${origin}/oauth/auth?${new URLSearchParams(given).toString()}`;
}

function token(code: string, more: Record<string, string> = {}): Promise<Response> {
  return fetch(`${origin}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: CLIENT,
      redirect_uri: REDIRECT,
      code,
      code_verifier: VERIFIER,
      resource: `${origin}/mcp`,
      ...more,
    }),
  });
}

const codeOf = (back: URL): string => back.searchParams.get('code') ?? '';
const errorOf = async (answer: Response): Promise<unknown> =>
  ((await answer.json()) as { error?: unknown }).error;

class OfficialClient implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT;
  readonly clientMetadataUrl = CLIENT;
  readonly clientMetadata = { redirect_uris: [REDIRECT], client_name: 'test' };
  #information: OAuthClientInformationMixed | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = '';
  sentTo: URL | undefined;

  clientInformation() {
    return this.#information as never;
  }
  saveClientInformation(information: OAuthClientInformationMixed) {
    this.#information = information;
  }
  tokens() {
    return this.#tokens as never;
  }
  saveTokens(tokens: OAuthTokens) {
    this.#tokens = tokens;
  }
  redirectToAuthorization(url: URL) {
    this.sentTo = url;
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }
  codeVerifier() {
    return this.#verifier;
  }
}

describe('the embedded authorization server', () => {
  it('takes the official MCP client from a 401 to a lease that it works with', async () => {
    const provider = new OfficialClient();
    const transport = () =>
      new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), { authProvider: provider });
    const first = transport();
    await assert.rejects(new Client({ name: 'test', version: '1' }).connect(first), {
      name: 'UnauthorizedError',
    });
    assert.equal(provider.sentTo?.searchParams.get('resource'), `${origin}/mcp`);
    const back = await new Browser().agree(String(provider.sentTo));
    await first.finishAuth(back.searchParams);
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport());
    assert.ok((await client.listTools()).tools.length > 0);
    const lease = kept.at(-1);
    assert.equal(lease?.terms.via, CLIENT);
    assert.equal(lease?.terms.resource, `${origin}/mcp`);
    assert.equal(lease?.terms.profile, 'observer');
    if (lease !== undefined) lease.revoked = 'for this test';
    await assert.rejects(client.listTools());
    await client.close();
  });

  it('publishes what it does, and only that', async () => {
    for (const path of [
      '/.well-known/oauth-authorization-server/oauth',
      '/.well-known/oauth-authorization-server',
      '/oauth/.well-known/oauth-authorization-server',
    ]) {
      const document = (await (await fetch(origin + path)).json()) as Record<string, unknown>;
      assert.equal(document['issuer'], `${origin}/oauth`, path);
      assert.equal(document['authorization_endpoint'], `${origin}/oauth/auth`, path);
      assert.equal(document['token_endpoint'], `${origin}/oauth/token`, path);
      assert.deepEqual(document['grant_types_supported'], ['authorization_code']);
      assert.deepEqual(document['response_types_supported'], ['code']);
      assert.deepEqual(document['code_challenge_methods_supported'], ['S256']);
      assert.deepEqual(document['token_endpoint_auth_methods_supported'], ['none']);
      assert.equal(document['client_id_metadata_document_supported'], true);
      assert.equal(document['registration_endpoint'], undefined);
    }
  });

  it('says nothing of the address to a host that a request made up', async () => {
    const answer = await fetch(`${origin}/.well-known/oauth-authorization-server`, {
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    });
    assert.doesNotMatch(await answer.text(), /evil/);
  });

  it('shows the person what the client claims, as its claim, and where the code goes', async () => {
    const browser = new Browser();
    const uid = await browser.ask(authorizeUrl({ scope: 'holdfast:diagnostician other:thing' }));
    const page = (await (await browser.consent(uid)).json()) as {
      client: Record<string, unknown>;
      asked: unknown;
      proposed: Record<string, unknown>;
      may: { profiles: { profile: string }[] };
    };
    assert.equal(page.client['claimedName'], 'A <b>client</b>');
    assert.equal(page.client['host'], 'client.example');
    assert.equal(page.client['redirectHost'], '127.0.0.1:7999');
    assert.equal(page.client['isThisMachine'], true);
    assert.deepEqual(page.asked, ['diagnostician']);
    assert.equal(page.proposed['profile'], 'observer');
    assert.equal(page.proposed['seconds'], 4 * 3_600);
    assert.ok(!page.may.profiles.some(({ profile }) => profile === 'operator'));
  });

  it('asks nothing of a link that was sent to somebody else, of nobody, and of another site', async () => {
    const uid = await new Browser().ask(authorizeUrl());
    assert.equal((await new Browser().consent(uid)).status, 404);
    const browser = new Browser();
    const own = await browser.ask(authorizeUrl());
    const naked = await browser.go(`${origin}/oauth/interaction/${own}`);
    assert.equal(naked.status, 403);
    signedIn = undefined;
    assert.equal((await browser.consent(own)).status, 401);
    assert.equal((await browser.answer(own, YES)).status, 401);
  });

  it('asks each time, also the same client in the same browser', async () => {
    const web = { ...(documents.get(CLIENT) as object), application_type: 'web' };
    documents.set('https://web.example/app.json', {
      ...web,
      client_id: 'https://web.example/app.json',
    });
    for (const client of [CLIENT, 'https://web.example/app.json']) {
      const browser = new Browser();
      await browser.agree(authorizeUrl({ client_id: client }));
      await browser.ask(authorizeUrl({ client_id: client }));
    }
  });

  it('answers for what this browser asked last, not for what it asked before', async () => {
    const browser = new Browser();
    const before = await browser.ask(authorizeUrl());
    const last = await browser.ask(authorizeUrl());
    assert.equal((await browser.consent(before)).status, 404);
    assert.equal((await browser.answer(before, YES)).status, 404);
    assert.equal((await browser.consent(last)).status, 200);
  });

  it('ends cleanly when the person says no', async () => {
    const back = await new Browser().agree(authorizeUrl(), { decision: 'deny' });
    assert.equal(back.searchParams.get('error'), 'access_denied');
    assert.equal(back.searchParams.get('state'), 'xyz');
    assert.equal(back.searchParams.get('iss'), `${origin}/oauth`);
  });

  it('lends nothing that no passkey signed for, and denying takes none', async () => {
    const lent = kept.length;
    const browser = new Browser();
    const uid = await browser.ask(authorizeUrl());
    unconfirmed = new Fault('refused', 'passkey-needed', 'a passkey of yours has to sign for this');
    assert.equal((await browser.answer(uid, YES)).status, 403);
    assert.equal(kept.length, lent);
    unconfirmed = undefined;
    assert.equal((await browser.answer(uid, YES)).status, 200);
    assert.deepEqual(confirmed, [{ operation: 'oauth_consent', input: { answer: YES, uid } }]);
    unconfirmed = new Fault('refused', 'passkey-needed', 'a passkey of yours has to sign for this');
    const back = await new Browser().agree(authorizeUrl(), { decision: 'deny' });
    assert.equal(back.searchParams.get('error'), 'access_denied');
  });

  it('lends nothing that is more than the person has, and nothing that no lease may be', async () => {
    const browser = new Browser();
    const uid = await browser.ask(authorizeUrl());
    refuses = new Fault('refused', 'beyond-issuer', 'more than the person has: scope');
    assert.equal((await browser.answer(uid, YES)).status, 403);
    refuses = undefined;
    for (const wrong of [
      { ...YES, profile: 'operator' },
      { ...YES, profile: 'constructor' },
      { ...YES, seconds: 59 },
      { ...YES, seconds: 86_401 },
      { ...YES, ceiling: 'T9' },
      { ...YES, more: 1 },
      { decision: 'perhaps' },
    ])
      assert.equal((await browser.answer(uid, wrong)).status, 400, JSON.stringify(wrong));
  });

  it('goes no higher than the profile that was chosen', async () => {
    const looking = { ...YES, profile: 'diagnostician', ceiling: 'T3' };
    await token(codeOf(await new Browser().agree(authorizeUrl(), looking)));
    assert.equal(kept.at(-1)?.terms.ceiling, 'T0');
  });

  it('gives one lease for one code, and takes it back when the code comes again', async () => {
    const code = codeOf(await new Browser().agree(authorizeUrl()));
    const before = kept.length;
    const given = (await (await token(code)).json()) as Record<string, unknown>;
    assert.match(String(given['access_token']), /^hf_lease_/);
    assert.equal(given['scope'], 'holdfast:observer');
    assert.ok(Number(given['expires_in']) > 3_500 && Number(given['expires_in']) <= 3_600);
    assert.equal(given['refresh_token'], undefined);
    assert.equal(await errorOf(await token(code)), 'invalid_grant');
    assert.equal(kept.length, before + 1);
    assert.match(kept.at(-1)?.revoked ?? '', /used twice/);
    const raced = codeOf(await new Browser().agree(authorizeUrl()));
    const answers = await Promise.all([1, 2, 3, 4].map(async () => (await token(raced)).status));
    assert.ok(answers.filter((status) => status === 200).length <= 1, String(answers));
    const alive = kept.slice(before + 1).filter(({ revoked }) => revoked === undefined);
    assert.ok(alive.length <= 1);
  });

  it('takes it back too when the code comes again while the lease is made', async () => {
    const code = codeOf(await new Browser().agree(authorizeUrl()));
    const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    lending = () => {
      begun.resolve();
      return goOn.promise;
    };
    const first = token(code);
    await begun.promise;
    lending = undefined;
    assert.equal(await errorOf(await token(code)), 'invalid_grant');
    goOn.resolve();
    assert.equal(await errorOf(await first), 'invalid_grant');
    assert.match(kept.at(-1)?.revoked ?? '', /used twice/);
  });

  it('takes a lease back from the client that holds it, and from no other', async () => {
    const code = codeOf(await new Browser().agree(authorizeUrl()));
    const { access_token: bearer } = (await (await token(code)).json()) as { access_token: string };
    const giveBack = (client: string) =>
      fetch(`${origin}/oauth/revoke`, {
        method: 'POST',
        body: new URLSearchParams({ token: bearer, client_id: client }),
      });
    assert.equal((await giveBack('https://other.example/app.json')).status, 200);
    assert.equal(kept.at(-1)?.revoked, undefined);
    assert.equal((await giveBack(CLIENT)).status, 200);
    assert.match(kept.at(-1)?.revoked ?? '', /gave it back/);
  });

  it('refuses a code that somebody else brings: another verifier, address, client or resource', async () => {
    documents.set('https://other.example/app.json', {
      ...(documents.get(CLIENT) as object),
      client_id: 'https://other.example/app.json',
    });
    const before = kept.length;
    for (const [more, error] of [
      [{ code_verifier: 'w'.repeat(64) }, 'invalid_grant'],
      [{ redirect_uri: 'https://client.example/callback' }, 'invalid_grant'],
      [{ client_id: 'https://other.example/app.json' }, 'invalid_grant'],
      [{ resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
      [{ code: 'made-up' }, 'invalid_grant'],
      [{ grant_type: 'password' }, 'unsupported_grant_type'],
      [{ grant_type: 'client_credentials' }, 'unsupported_grant_type'],
      [{ grant_type: 'refresh_token' }, 'unsupported_grant_type'],
    ] as const) {
      const code = codeOf(await new Browser().agree(authorizeUrl()));
      assert.equal(await errorOf(await token(code, more)), error, JSON.stringify(more));
    }
    assert.equal(kept.length, before);
  });

  it('sends nothing back for a request without PKCE, for another resource, or for a token', async () => {
    for (const [more, error] of [
      [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
      [{ resource: undefined }, 'invalid_target'],
      [{ response_type: 'token' }, 'unsupported_response_type'],
    ] as const) {
      const answer = await new Browser().go(authorizeUrl(more));
      const to = new URL(answer.headers.get('location') ?? 'about:blank');
      const said = `${to.search}${to.hash}`;
      assert.match(said, new RegExp(`error=${error}`), JSON.stringify(more));
      assert.doesNotMatch(said, /code=/);
    }
  });

  it('never redirects to an address that the client did not publish', async () => {
    documents.set('https://unsafe.example/app.json', {
      client_id: 'https://unsafe.example/app.json',
      redirect_uris: ['http://unsafe.example/callback'],
      application_type: 'web',
      token_endpoint_auth_method: 'none',
    });
    for (const more of [
      { redirect_uri: 'https://evil.example/callback' },
      { redirect_uri: 'https://client.example/callback/../other' },
      { redirect_uri: 'https://client.example/callback?x=1' },
      { client_id: 'https://nobody.example/app.json' },
      { client_id: 'http://client.example/app.json' },
      { client_id: 'made-up' },
      {
        client_id: 'https://unsafe.example/app.json',
        redirect_uri: 'http://unsafe.example/callback',
      },
    ]) {
      const answer = await new Browser().go(authorizeUrl(more));
      assert.equal(answer.status, 400, JSON.stringify(more));
      assert.equal(answer.headers.get('location'), null);
      assert.match(answer.headers.get('content-type') ?? '', /text\/plain/);
    }
  });

  it('sends its answer back in the query, in whichever way it is asked to', async () => {
    for (const mode of ['fragment', 'form_post'])
      assert.notEqual(
        codeOf(await new Browser().agree(authorizeUrl({ response_mode: mode }))),
        '',
        mode,
      );
  });

  it('redirects over TLS, to this machine and to a program of its own scheme, and nowhere that runs or shows text', () => {
    for (const uri of ['https://a.example/cb', 'http://[::1]:1/cb', 'com.example.app:/cb'])
      assert.equal(isSafeRedirect(uri), true, uri);
    for (const uri of [
      'http://a.example/cb',
      'http://127.0.0.1.example/cb',
      'javascript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'blob:https://a.example/1',
      'vbscript:x',
      'mailto:a@b.example',
      'x:/cb',
      'no address',
    ])
      assert.equal(isSafeRedirect(uri), false, uri);
  });

  it('lets a program on this machine choose its port, and nothing else (RFC 8252, 7.3)', async () => {
    await new Browser().ask(authorizeUrl({ redirect_uri: 'http://127.0.0.1:50123/callback' }));
    const answer = await new Browser().go(
      authorizeUrl({ redirect_uri: 'http://127.0.0.1:50123/x' }),
    );
    assert.equal(answer.status, 400);
  });
});

describe('an authorization request that is not plain', () => {
  it('is refused with two of anything that decides, as a form, and with what only an object could say', async () => {
    const twice = (name: string, value: string): string =>
      `${authorizeUrl()}&${new URLSearchParams({ [name]: value }).toString()}`;
    for (const url of [
      twice('redirect_uri', 'https://client.example/callback'),
      twice('client_id', 'https://other.example/app.json'),
      twice('code_challenge', 'x'.repeat(43)),
      authorizeUrl({ request: 'e30.e30.' }),
      authorizeUrl({ request_uri: 'https://client.example/request' }),
    ]) {
      const answer = await new Browser().go(url);
      const to = answer.headers.get('location') ?? '';
      assert.ok(answer.status === 400 || /[?&]error=/.test(to), url);
      assert.doesNotMatch(to, /[?&]code=|\/authorize\//);
    }
    const { search } = new URL(authorizeUrl({ response_mode: 'form_post' }));
    const form = await new Browser().go(`${origin}/oauth/auth`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: search.slice(1),
    });
    assert.equal(form.status, 400);
    assert.equal(form.headers.get('location'), null);
  });

  it('is never answered without the person, whatever it asks for', async () => {
    const back = await new Browser().go(authorizeUrl({ prompt: 'none' }));
    const to = new URL(back.headers.get('location') ?? '', origin);
    assert.match(to.searchParams.get('error') ?? '', /_required$/);
    assert.equal(to.searchParams.get('code'), null);
  });

  it('is for one resource, named to the letter (RFC 8707, section 2)', async () => {
    const mine = `${origin}/mcp`;
    for (const resource of [
      `${mine}/`,
      `${mine}#x`,
      `${mine}?x`,
      mine.replace('127.0.0.1', 'localhost'),
      origin,
      'x',
    ]) {
      const answer = await new Browser().go(authorizeUrl({ resource }));
      const to = answer.headers.get('location') ?? '';
      assert.match(to, /error=invalid_(target|request)/, resource);
    }
    const two = await new Browser().go(
      `${authorizeUrl()}&resource=${encodeURIComponent('https://elsewhere.example/mcp')}`,
    );
    assert.match(two.headers.get('location') ?? '', /error=invalid_target/);
  });

  it('names who answers, also with a code (RFC 9207)', async () => {
    const document = (await (
      await fetch(`${origin}/.well-known/oauth-authorization-server`)
    ).json()) as Record<string, unknown>;
    assert.equal(document['authorization_response_iss_parameter_supported'], true);
    const back = await new Browser().agree(authorizeUrl());
    assert.equal(back.searchParams.get('iss'), `${origin}/oauth`);
    assert.equal(back.searchParams.get('state'), 'xyz');
    const wrong = await new Browser().go(authorizeUrl({ response_type: 'token' }));
    assert.match(wrong.headers.get('location') ?? '', /iss=/);
  });

  it('sends the code to the very address that was published, but for the port on this machine', async () => {
    for (const redirect_uri of [
      `${REDIRECT}/`,
      REDIRECT.toUpperCase(),
      `${REDIRECT}#x`,
      `${REDIRECT}?`,
      'http://user@127.0.0.1:7999/callback',
      'http://127.0.0.1.evil.example:7999/callback',
      'http://localhost:7999/callback',
      'http://[::1]:7999/callback',
      'https://127.0.0.1:7999/callback',
      'https://client.example:444/callback',
      'https://client.example./callback',
      'https://client.example/callback%2f',
      'https://client.example/Callback',
    ]) {
      const answer = await new Browser().go(authorizeUrl({ redirect_uri }));
      assert.equal(answer.status, 400, redirect_uri);
      assert.equal(answer.headers.get('location'), null);
    }
  });

  it('cannot be framed, and what it asks is answered by nothing but the console', async () => {
    const browser = new Browser();
    const uid = await browser.ask(authorizeUrl());
    const at = `${origin}/oauth/interaction/${uid}`;
    const body = JSON.stringify(YES);
    const json = { 'content-type': 'application/json' };
    const own = { ...json, 'x-holdfast': '1' };
    for (const [init, status] of [
      [{ method: 'POST', headers: json, body }, 403],
      [{ method: 'POST', headers: { ...own, 'content-type': 'text/plain' }, body }, 400],
      [
        { method: 'POST', headers: { 'x-holdfast': '1' }, body: new URLSearchParams(YES as never) },
        400,
      ],
      [{ method: 'PUT', headers: own, body }, 400],
    ] as const)
      assert.equal((await browser.go(at, init)).status, status, JSON.stringify(init.headers));
    const page = await browser.consent(uid);
    assert.equal(page.status, 200, 'nothing of that decided');
    for (const answer of [
      page,
      await browser.go(authorizeUrl()),
      await fetch(`${origin}/oauth/auth`),
    ])
      assert.match(answer.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
  });

  it('is all there is: no registration, no other way to a token, nothing to ask about tokens', async () => {
    for (const path of [
      'reg',
      'register',
      'me',
      'userinfo',
      'introspect',
      'token/introspection',
      'request',
      'device/auth',
      'ciba',
      'session/end',
      'challenge',
    ])
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(`${origin}/oauth/${path}`, { method });
        assert.equal(answer.status, 404, `${method} ${path}`);
      }
  });

  it('brings its verifier, or the code is nobody’s', async () => {
    const before = kept.length;
    for (const verifier of ['', CHALLENGE, 'v'.repeat(42), 'v'.repeat(65)]) {
      const code = codeOf(await new Browser().agree(authorizeUrl()));
      assert.match(
        String(await errorOf(await token(code, { code_verifier: verifier }))),
        /^invalid_/,
      );
    }
    assert.equal(kept.length, before);
  });
});

describe('the document of a client', () => {
  const document = (more: object = {}): object => ({
    ...(documents.get(CLIENT) as object),
    ...more,
  });
  /** Another name each time: what was once read is known. */
  let number = 0;
  const status = async (
    answer: (id: string) => unknown,
    name = (at: string) => at,
  ): Promise<number> => {
    const id = name(`https://client-${number++}.example/app.json`);
    documents.set(id, answer(id));
    return (await new Browser().go(authorizeUrl({ client_id: id }))).status;
  };
  const answered =
    (body: unknown, init: ResponseInit = {}) =>
    () =>
      Response.json(body, init);

  it('is read as it was published, and believed of nobody else', async () => {
    assert.equal(await status((id) => document({ client_id: id })), 303);
    for (const wrong of [
      () => document(),
      (id: string) => document({ client_id: `${id}?x` }),
      (id: string) => document({ client_id: id, token_endpoint_auth_method: 'client_secret_post' }),
      (id: string) => document({ client_id: id, client_secret: 'x' }),
      (id: string) => document({ client_id: id, redirect_uris: [] }),
      (id: string) => document({ client_id: id, redirect_uris: ['javascript:alert(1)', REDIRECT] }),
      (id: string) =>
        document({ client_id: id, redirect_uris: ['http://client.example/', REDIRECT] }),
      (id: string) => [document({ client_id: id })],
      (id: string) => document({ client_id: id, client_name: 'x'.repeat(20_000) }),
    ])
      assert.equal(await status(wrong), 400, String(wrong));
  });

  it('is JSON that was answered there, and no page, error or way to another place', async () => {
    for (const wrong of [
      (id: string) => answered(document({ client_id: id }), { status: 404 }),
      (id: string) =>
        answered(document({ client_id: id }), { status: 302, headers: { location: CLIENT } }),
      (id: string) =>
        answered(document({ client_id: id }), { headers: { 'content-type': 'text/html' } }),
      () => () => new Response('{', { headers: { 'content-type': 'application/json' } }),
    ])
      assert.equal(await status(wrong), 400, String(wrong));
    const typed = { 'content-type': 'application/json; charset=utf-8' };
    assert.equal(
      await status((id) => answered(document({ client_id: id }), { headers: typed })),
      303,
    );
  });

  it('is at an address that can only mean one thing', async () => {
    for (const name of [
      (id: string) => id.replace('https:', 'http:'),
      (id: string) => id.replace('https://', 'https://user@'),
      (id: string) => id.replace('/app', '/x/../app'),
      (id: string) => id.replace('/app', '/x/%2e%2e/app'),
      (id: string) => `${id}#x`,
    ])
      assert.equal(
        await status((id) => document({ client_id: id }), name),
        400,
        name('https://x/app'),
      );
  });

  it('is asked for without anything of ours, followed nowhere, and not again for each request', async () => {
    const id = 'https://asked.example/app.json';
    documents.set(id, document({ client_id: id }));
    for (let i = 0; i < 3; i++)
      assert.equal((await new Browser().go(authorizeUrl({ client_id: id }))).status, 303);
    const to = fetched.filter(({ url }) => url === id);
    assert.equal(to.length, 1);
    assert.equal(to[0]?.init.redirect, 'manual');
    const headers = new Headers(to[0]?.init.headers);
    for (const name of ['cookie', 'authorization']) assert.equal(headers.get(name), null);
  });

  it('is not asked for without end by whoever makes up addresses', async () => {
    const before = fetched.length;
    const asks = Array.from({ length: 90 }, (_, i) =>
      new Browser().go(authorizeUrl({ client_id: `https://made-up-${i}.example/app.json` })),
    );
    for (const answer of await Promise.all(asks)) assert.equal(answer.status, 400);
    assert.ok(fetched.length - before <= 60, `${fetched.length - before} requests`);
    assert.equal(
      (await new Browser().go(authorizeUrl())).status,
      303,
      'whoever is known is served',
    );
  });
});
