/**
 * OAuth and OpenID through the whole program: a data directory in which an operator is in force, the real listener, the
 * official MCP client, and an identity provider on loopback.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthTokens,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose';
import type { Json } from '#base/json';
import type { Session } from '#identity';
import { nodeClock } from '#machine';
import { aCoseKey, aKey } from '#samples/authority';
import { aCeremony, aSoftPasskey, PAGE } from '#samples/signin';
import { aChangeHome, approve, ask, type ChangeHome, mustOpen, PERSON } from '#test/change-home';
import { CookieBrowser } from '#test/cookie-browser';
import { stopwatch } from '#test/cpu';
import { cookieName } from '#web';
import { type HttpService, serveHttp } from './http.ts';
import type { Service } from './service.ts';

const CLIENT = 'https://client.example/app.json';
const EMBEDDED = 'version: 1\noauth: {mode: embedded}\n';
const REDIRECT = 'http://127.0.0.1:7999/callback';
const YES = {
  decision: 'allow',
  profile: 'observer',
  scopes: null,
  targets: 'all',
  ceiling: 'T2',
  seconds: 600,
};

const catalogue = (scratch: string, account: string): string => `version: 1
actions:
  - id: own.touch
    version: 1
    summary: Make a file
    family: own
    tier: T2
    sideEffect: data
    steps:
      - run: [touch, ${scratch}/made]
        runAs: ${account}
        effect: Makes a file
        inverse: none
    verify:
      probes:
        - run: [test, -e, ${scratch}/made]
`;

const RUN = {
  name: 'run_action',
  arguments: { action: 'own.touch', targets: ['host:this'], reason: 'a test wants it' },
};

let home: ChangeHome;
let service: Service;
before(async () => {
  home = await aChangeHome({ catalogue, files: () => ({ 'server.yaml': EMBEDDED }) });
  service = await mustOpen(home.path);
  await withPasskey();
});
after(async () => {
  await service.close();
  home[Symbol.dispose]();
});

let counter = 0;
/** Ada has a passkey in force, as she would after an invitation. */
async function withPasskey(): Promise<void> {
  const { credentialId, line } = aSoftPasskey(PERSON, {
    origin: 'http://localhost',
    rpId: 'localhost',
  });
  service.identity.passkeys.add({
    credentialId,
    operator: PERSON,
    key: line,
    cose: Uint8Array.from(aCoseKey(PERSON)),
    rpId: 'localhost',
    counter: 0,
    transports: [],
    label: 'laptop',
    backedUp: false,
  });
  const request = {
    kind: 'add-operator',
    id: PERSON,
    name: 'Ada',
    key: line,
    accounts: ['ada@local'],
    origins: ['http://localhost:7425'],
  };
  const { order, namespace } = await ask<{ order: string; namespace: string }>(
    service,
    'config_page',
    { request },
  );
  const signatures = [aKey(PERSON).sign(namespace, order)];
  await ask(service, 'config_apply', { order, signatures });
}

async function signConfig(): Promise<void> {
  const page = await ask<{ order: string; namespace: string }>(service, 'config_page', {
    request: { kind: 'sign' },
  });
  const signatures = [aKey(PERSON).sign(page.namespace, page.order)];
  await ask(service, 'config_apply', { order: page.order, signatures });
}

/** A listener as `server.yaml` says, over the one data directory. */
async function listening(
  server: string,
  documents?: Readonly<Record<string, unknown>>,
): Promise<HttpService> {
  writeFileSync(join(home.path, 'server.yaml'), server);
  await signConfig();
  const published = async (input: string | URL | Request): Promise<Response> => {
    const found = documents?.[input instanceof Request ? input.url : input.toString()];
    return found === undefined ? new Response('', { status: 404 }) : Response.json(found);
  };
  return serveHttp(service, 0, documents === undefined ? undefined : published);
}

/** A browser in which the operator is signed in. */
function signedIn(origin: string): CookieBrowser & { readonly session: Session } {
  const { secret, session } = service.identity.sessions.open({
    operator: PERSON,
    method: 'passkey',
    credentialId: null,
    groups: [],
    pageKey: PAGE.key,
    userAgent: 'a test',
    address: '127.0.0.1',
  });
  const browser = new CookieBrowser();
  browser.keep(origin, cookieName(origin), secret);
  browser.page = (method, target) => ({
    'x-holdfast-proof': PAGE.shows(service.signIn.nonce(), method, target).proof,
  });
  return Object.assign(browser, { session });
}

class Provider implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT;
  readonly clientMetadataUrl = CLIENT;
  readonly clientMetadata = { redirect_uris: [REDIRECT], client_name: 'test' };
  #information: OAuthClientInformationMixed | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = '';
  sentTo = '';

  get bearer(): string {
    return this.#tokens?.access_token ?? '';
  }
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
    this.sentTo = url.href;
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }
  codeVerifier() {
    return this.#verifier;
  }
}

/** From nothing to a client that works: as a person who answers `body` on the consent page. */
async function authorized(
  http: HttpService,
  body: Readonly<Record<string, unknown>> = YES,
  shown?: (url: string) => void,
): Promise<{ client: Client; provider: Provider }> {
  const provider = new Provider();
  const options = { authProvider: provider };
  const first = new StreamableHTTPClientTransport(new URL(http.url), options);
  const make = (): Client => {
    const client = new Client(
      { name: 'test', version: '1' },
      {
        capabilities: shown === undefined ? {} : { elicitation: { url: {} } },
        versionNegotiation: { mode: { pin: '2026-07-28' } },
      },
    );
    if (shown !== undefined)
      client.setRequestHandler('elicitation/create', ({ params }) => {
        shown((params as { url?: string }).url ?? '');
        return { action: 'accept' };
      });
    return client;
  };
  await assert.rejects(make().connect(first), { name: 'UnauthorizedError' });
  const browser = signedIn(http.origin);
  const { origin } = http;
  const asked = await browser.go(provider.sentTo);
  const uid = (asked.headers.get('location') ?? '').replace('/authorize/', '');
  const answering = (more: Readonly<Record<string, string>> = {}): Promise<Response> =>
    browser.go(`${origin}/oauth/interaction/${uid}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-holdfast': '1', origin, ...more },
      body: JSON.stringify(body),
    });
  const bare = (await (await answering()).json()) as { code: string };
  assert.equal(bare.code, 'passkey-needed');
  const input = { answer: body as Json, uid };
  const ceremony = await aCeremony(
    service.signIn.confirm,
    browser.session,
    { operation: 'oauth_consent', input },
    aSoftPasskey(PERSON, { origin, rpId: 'localhost' }),
    { counter: ++counter },
  );
  const answered = await answering({
    'x-holdfast-ceremony': Buffer.from(JSON.stringify(ceremony)).toString('base64url'),
  });
  assert.equal(answered.status, 200, await answered.clone().text());
  const { location } = (await answered.json()) as { location: string };
  const back = await browser.go(origin + location);
  await first.finishAuth(new URL(back.headers.get('location') ?? '').searchParams);
  const client = make();
  await client.connect(new StreamableHTTPClientTransport(new URL(http.url), options));
  return { client, provider };
}

const rpc = (url: string, bearer: string): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'test', version: '1' },
      },
    }),
  });

const callApi = (origin: string, bearer: string): Promise<Response> =>
  fetch(`${origin}/api/v1/operations/describe_system`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/json',
      'x-holdfast': '1',
    },
    body: '{}',
  });

describe('the embedded authorization server of the program', () => {
  let http: HttpService;
  before(async () => {
    http = await listening(EMBEDDED, {
      [CLIENT]: {
        client_id: CLIENT,
        client_name: 'An assistant',
        redirect_uris: [REDIRECT],
        token_endpoint_auth_method: 'none',
      },
    });
  });
  after(() => http[Symbol.asyncDispose]());

  it('gives the official client a lease of the person who said yes, on record, for MCP alone', async () => {
    const { client, provider } = await authorized(http);
    assert.ok((await client.listTools()).tools.some(({ name }) => name === 'run_action'));
    const { leases } = await ask<{ leases: Record<string, unknown>[] }>(service, 'lease_list');
    const [lease] = leases;
    assert.equal(lease?.['via'], CLIENT);
    assert.equal(lease['resource'], http.url);
    assert.equal(lease['issuedBy'], PERSON);
    assert.equal(lease['profile'], 'observer');
    assert.equal(lease['ceiling'], 'T2');
    assert.equal((await callApi(http.origin, provider.bearer)).status, 401);
    await client.close();
  });

  it('lends nothing that the person does not have', async () => {
    await assert.rejects(authorized(http, { ...YES, targets: { ids: ['host:none'], tags: [] } }));
    await assert.rejects(authorized(http, { ...YES, profile: 'operator' }));
  });

  it('sends the person to the change that waits, and answers what became of it', async () => {
    const shown: string[] = [];
    const { client } = await authorized(http, YES, (url) => {
      shown.push(url);
      const id = url.split('/').at(-1) ?? '';
      setTimeout(() => void approve(service, id), 100);
    });
    const { structuredContent } = await client.callTool(RUN);
    const told = structuredContent as { state: string; changeId: string; approvalUrl?: string };
    assert.deepEqual(shown, [`${http.origin}/changes/${told.changeId}`]);
    assert.ok(['approved', 'executing', 'confirmed'].includes(told.state), told.state);
    await client.close();
  });

  it('is dead a second after it was taken back, also in the middle of a call and of a stream', async () => {
    const isShown = Promise.withResolvers<void>();
    const { client, provider } = await authorized(http, YES, () => isShown.resolve());
    const { closed } = await client.listen({});
    const waiting = client.callTool({
      ...RUN,
      arguments: { ...RUN.arguments, reason: 'another test wants it' },
    });
    waiting.catch(() => {});
    await Promise.race([isShown.promise, waiting.then(() => assert.fail('nobody was asked'))]);
    await sleep(300);
    const { leases } = await ask<{ leases: { id: string; status: string }[] }>(
      service,
      'lease_list',
      { status: 'active' },
    );
    const since = stopwatch();
    await ask(service, 'lease_revoke', { leaseId: leases[0]?.id, reason: 'for this test' });
    await assert.rejects(waiting);
    await closed;
    const took = since();
    assert.ok(took < 1_000, `${Math.round(took)} ms`);
    assert.equal((await rpc(http.url, provider.bearer)).status, 401);
    await client.close().catch(() => {});
  });
});

describe('a client that names an address of ours', () => {
  it('is refused, and nobody is asked', async () => {
    await using http = await listening(EMBEDDED);
    let asked = 0;
    const inside = createTcp((socket) => {
      asked++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
    const { port } = inside.address() as AddressInfo;
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '169.254.169.254', '10.0.0.1']) {
      const params = new URLSearchParams({
        response_type: 'code',
        client_id: `https://${host}:${port}/app.json`,
        redirect_uri: REDIRECT,
        resource: http.url,
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
      });
      const answer = await fetch(`${http.origin}/oauth/auth?${params.toString()}`, {
        redirect: 'manual',
      });
      assert.equal(answer.status, 400, host);
      assert.doesNotMatch(await answer.text(), /refused|private|loopback/);
    }
    assert.equal(asked, 0);
    inside.close();
  });
});

describe('tokens of the team’s identity provider', () => {
  let idp: Server;
  let issuer = '';
  let keys: GenerateKeyPairResult;
  let http: HttpService;

  before(async () => {
    keys = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
    idp = createServer(({ url }, outgoing) => {
      const document = url?.includes('well-known')
        ? {
            issuer,
            jwks_uri: `${issuer}/keys`,
            authorization_endpoint: `${issuer}/authorize`,
            token_endpoint: `${issuer}/token`,
          }
        : { keys: [jwk] };
      outgoing.setHeader('content-type', 'application/json');
      outgoing.end(JSON.stringify(document));
    });
    await new Promise<void>((resolve) => idp.listen(0, '127.0.0.1', resolve));
    const { port } = idp.address() as AddressInfo;
    issuer = `http://127.0.0.1:${port}`;
    http = await listening(`version: 1
oauth: {mode: external, issuer: '${issuer}'}
oidc: {issuer: '${issuer}', clientId: holdfast}
egress: {allow: ['127.0.0.1:${port}']}
`);
    const { order, namespace } = await ask<{ order: string; namespace: string }>(
      service,
      'config_page',
      {
        request: {
          kind: 'add-operator',
          id: PERSON,
          name: 'Ada',
          key: aKey('ada-again').line,
          accounts: [`oidc:${issuer}#ada-1`],
        },
      },
    );
    await ask(service, 'config_apply', {
      order,
      signatures: [aKey(PERSON).sign(namespace, order)],
    });
  });
  after(async () => {
    await http[Symbol.asyncDispose]();
    idp.closeAllConnections();
    idp.close();
  });

  let number = 0;
  const token = (more: Record<string, unknown> = {}): Promise<string> => {
    const now = Math.floor(nodeClock().now() / 1_000_000);
    return new SignJWT({
      iss: issuer,
      aud: http.url,
      sub: 'ada-1',
      client_id: 'agent-7',
      jti: `token-${number++}`,
      scope: 'holdfast:observer',
      iat: now,
      exp: now + 300,
      ...more,
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
      .sign(keys.privateKey);
  };

  it('are good for the person that the operators signed for, at the door that they name', async () => {
    assert.equal((await rpc(http.url, await token())).status, 200);
    const api = `${http.origin}/api/v1`;
    assert.equal((await callApi(http.origin, await token({ aud: api }))).status, 200);
    assert.equal((await callApi(http.origin, await token())).status, 401);
    assert.equal((await rpc(http.url, await token({ aud: api }))).status, 401);
    assert.equal((await rpc(http.url, await token({ sub: 'ada-2' }))).status, 401);
    assert.equal((await rpc(http.url, await token({ scope: 'holdfast:owner' }))).status, 403);
  });

  it('are listed, and dead within a second after they were taken back, also in the middle of a stream', async () => {
    const api = `${http.origin}/api/v1`;
    const taken = await token({ aud: api, jti: 'taken' });
    const kept = await token({ aud: api });
    const stream = async (bearer: string): Promise<Response> =>
      fetch(`${api}/events`, { headers: { authorization: `Bearer ${bearer}` } });
    const client = new Client({ name: 'test', version: '1' });
    const mcpToken = await token({ jti: 'mcp' });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(http.url), {
        requestInit: { headers: { authorization: `Bearer ${mcpToken}` } },
      }),
    );
    const first = await stream(taken);
    const second = await stream(kept);
    assert.equal((await callApi(http.origin, taken)).status, 200);
    const { leases } = await ask<{ leases: Record<string, unknown>[] }>(service, 'lease_list', {
      status: 'active',
      issuedBy: PERSON,
    });
    const one = leases.find(({ via }) => via === 'agent-7');
    assert.deepEqual(one?.['token'], { issuer, subject: 'ada-1', client: 'agent-7' });
    assert.ok(Number(one['uses']) > 0 && one['lastUsedAt'] !== null);
    const sinceTaken = stopwatch();
    await ask(service, 'token_revoke', { jti: 'taken', reason: 'for this test' });
    await first.text();
    assert.ok(sinceTaken() < 1_000);
    assert.equal((await callApi(http.origin, taken)).status, 401);
    assert.equal((await callApi(http.origin, kept)).status, 200, 'another token of theirs');
    await client.listTools();
    const sinceAgain = stopwatch();
    await ask(service, 'lease_revoke', { leaseId: one['id'], reason: 'for this test' });
    await second.text();
    assert.ok(sinceAgain() < 1_000);
    assert.equal((await callApi(http.origin, kept)).status, 401);
    await assert.rejects(client.listTools());
    assert.equal((await rpc(http.url, await token())).status, 401, 'a new token of theirs');
    await ask(service, 'lease_readmit', { leaseId: one['id'], reason: 'for this test' });
    const later = await token();
    assert.equal((await rpc(http.url, later)).status, 200);
    await ask(service, 'token_revoke', { everything: true, reason: 'for this test' });
    assert.equal((await rpc(http.url, later)).status, 401);
    await client.close().catch(() => {});
  });

  it('are asked for where the metadata of each door says', async () => {
    for (const [path, resource] of [
      ['mcp', http.url],
      ['api/v1', `${http.origin}/api/v1`],
    ] as const) {
      const at = `${new URL(resource).origin}/.well-known/oauth-protected-resource/${path}`;
      const document = (await (await fetch(at)).json()) as Record<string, unknown>;
      assert.equal(document['resource'], resource);
      assert.deepEqual(document['authorization_servers'], [issuer]);
    }
    assert.equal((await fetch(`${http.origin}/oauth/auth`)).status, 404);
  });

  it('stand beside signing in with it', async () => {
    const begun = await fetch(`${http.origin}/api/v1/sign-in/oidc/start`, {
      method: 'POST',
      headers: { 'x-holdfast': '1', origin: http.origin, 'x-holdfast-page-key': PAGE.key },
    });
    const told = (await begun.json()) as { location: string };
    assert.equal(begun.status, 200);
    const to = new URL(told.location);
    assert.equal(to.origin + to.pathname, `${issuer}/authorize`);
    assert.equal(
      to.searchParams.get('redirect_uri'),
      `${http.origin}/api/v1/sign-in/oidc/callback`,
    );
  });
});
