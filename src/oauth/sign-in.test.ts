import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Provider } from 'oidc-provider';
import { silentLog } from '#base/log';
import { nodeClock, nodeRandom } from '#machine';
import { CookieBrowser } from '#test/cookie-browser';
import { throwsFault } from '#test/throws-fault';
import { operatorBehind } from './person.ts';
import { type OidcSignIn, oidcSignIn } from './sign-in.ts';

const CALLBACK = 'https://holdfast.example/api/v1/sign-in/oidc/callback';

/** An identity provider that signs in whoever it is told to, without a page. */
let server: Server;
let issuer = '';
let subject = 'ada-1';
let claims: Record<string, unknown> = {};
let signIn: OidcSignIn;
let skippedMs = 0;
let tamper: ((url: string, body: Record<string, unknown>) => unknown) | undefined;
let operators = [{ id: 'ada', accounts: [''] }];

before(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'holdfast',
        client_secret: 'a secret of the two',
        redirect_uris: [CALLBACK],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['for the test'] },
    scopes: ['openid', 'email', 'groups'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false }, userinfo: { enabled: false } },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...claims }) }),
    interactions: { url: (_, { uid }) => `/signed-in/${uid}` },
    ttl: { Interaction: 60, Session: 60, Grant: 60, AccessToken: 60, IdToken: 60 },
  });
  const library = provider.callback();
  server.on('request', (incoming, outgoing) => {
    if (!incoming.url?.startsWith('/signed-in/')) {
      void library(incoming, outgoing);
      return;
    }
    void (async () => {
      const { params } = await provider.interactionDetails(incoming, outgoing);
      const grant = new provider.Grant({
        accountId: subject,
        clientId: String(params['client_id']),
      });
      grant.addOIDCScope('openid email groups');
      const grantId = await grant.save();
      const result =
        subject === 'nobody'
          ? { error: 'access_denied' }
          : { login: { accountId: subject, remember: false }, consent: { grantId } };
      await provider.interactionFinished(incoming, outgoing, result);
    })();
  });
});

after(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  subject = 'ada-1';
  claims = { email: 'ada@example.org', email_verified: true, groups: ['sre', 'has blanks', 7] };
  operators = [{ id: 'ada', accounts: [`oidc:${issuer}#ada-1`] }];
  tamper = undefined;
  const real = nodeClock();
  signIn = oidcSignIn({
    issuer,
    clientId: 'holdfast',
    clientSecret: 'a secret of the two',
    groups: 'groups',
    redirectUri: () => CALLBACK,
    operatorOf: async (vouched) => operatorBehind(operators, vouched),
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      if (tamper === undefined) return answer;
      const url = input instanceof Request ? input.url : input.toString();
      const body = (await answer.json()) as Record<string, unknown>;
      return Response.json(tamper(url, body), { status: answer.status });
    },
    clock: {
      ...real,
      now: () => real.now(),
      sleep: async () => {},
      monotonicMs: () => real.monotonicMs() + skippedMs,
    },
    random: nodeRandom(),
    log: silentLog,
  });
});

/** A browser at the provider: the query that it is sent back with. */
async function visit(location: string): Promise<string> {
  const browser = new CookieBrowser();
  let at = location;
  for (let i = 0; i < 10; i++) {
    if (at.startsWith(CALLBACK)) return new URL(at).search;
    const to = (await browser.go(at)).headers.get('location');
    if (to === null) break;
    at = new URL(to, at).href;
  }
  throw new Error(`the provider sends nobody back from ${at}`);
}

describe('signing in with the team’s provider', () => {
  it('brings back the operator and the groups that were vouched for', async () => {
    const { location, binding } = await signIn.start('a page key');
    const asked = new URL(location).searchParams;
    assert.equal(asked.get('code_challenge_method'), 'S256');
    assert.equal(asked.get('redirect_uri'), CALLBACK);
    for (const name of ['state', 'nonce', 'code_challenge'])
      assert.ok((asked.get(name)?.length ?? 0) >= 43, name);
    assert.ok(!location.includes(binding));
    const person = await signIn.finish(await visit(location), binding);
    assert.deepEqual(person, { operator: 'ada', groups: ['sre'], pageKey: 'a page key' });
  });

  it('takes an address that the provider verified, where the operators list it', async () => {
    operators = [{ id: 'ada', accounts: ['mailto:ada@example.org'] }];
    const first = await signIn.start('a page key');
    assert.equal((await signIn.finish(await visit(first.location), first.binding)).operator, 'ada');
    claims = { email: 'ada@example.org', email_verified: false };
    const second = await signIn.start('a page key');
    const query = await visit(second.location);
    await throwsFault(() => signIn.finish(query, second.binding), 'not-an-operator');
  });

  it('refuses in words whoever the provider knows and the operators do not', async () => {
    subject = 'mallory-9';
    const { location, binding } = await signIn.start('a page key');
    const query = await visit(location);
    const fault = await throwsFault(() => signIn.finish(query, binding), 'not-an-operator');
    assert.match(fault.message, /#mallory-9/);
  });

  it('passes on that the person or the provider said no', async () => {
    subject = 'nobody';
    const { location, binding } = await signIn.start('a page key');
    const query = await visit(location);
    await throwsFault(() => signIn.finish(query, binding), 'identity-provider-refused');
  });

  it('is good once, in the browser that began, for ten minutes', async () => {
    const begun = await signIn.start('a page key');
    const query = await visit(begun.location);
    const other = await signIn.start('a page key');
    for (const binding of [undefined, 'made-up'])
      await throwsFault(() => signIn.finish(query, binding), 'sign-in-over');
    await throwsFault(() => signIn.finish(query, other.binding), 'identity-provider-answer');
    assert.equal((await signIn.finish(query, begun.binding)).operator, 'ada');
    await throwsFault(() => signIn.finish(query, begun.binding), 'sign-in-over');
    const late = await signIn.start('a page key');
    const lateQuery = await visit(late.location);
    skippedMs += 600_000;
    await throwsFault(() => signIn.finish(lateQuery, late.binding), 'sign-in-over');
  });

  it('believes no answer with another state, issuer or nonce, and none that is not signed', async () => {
    const changed = async (change: (query: URLSearchParams) => void): Promise<void> => {
      const { location, binding } = await signIn.start('a page key');
      const query = new URLSearchParams(await visit(location));
      change(query);
      const back = `?${query.toString()}`;
      await throwsFault(() => signIn.finish(back, binding), 'identity-provider-answer');
    };
    await changed((query) => query.set('state', 'another'));
    await changed((query) => query.delete('state'));
    await changed((query) => query.set('iss', 'https://evil.example'));
    await changed((query) => query.set('code', 'made-up'));
    const first = await signIn.start('a page key');
    const location = new URL(first.location);
    location.searchParams.set('nonce', 'n'.repeat(43));
    const query = await visit(location.href);
    await throwsFault(() => signIn.finish(query, first.binding), 'identity-provider-answer');
    const second = await signIn.start('a page key');
    const answered = await visit(second.location);
    tamper = (url, body) => {
      if (!url.endsWith('/token')) return body;
      const [header, payload = '', signature] = String(body['id_token']).split('.');
      const read = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
      const forged = Buffer.from(JSON.stringify({ ...read, sub: 'ada-1' })).toString('base64url');
      const flipped = forged === payload ? `${signature?.slice(0, -4) ?? ''}AAAA` : signature;
      return { ...body, id_token: [header, forged, flipped].join('.') };
    };
    await throwsFault(() => signIn.finish(answered, second.binding), 'identity-provider-answer');
  });

  it('says that the provider cannot be used where it names another issuer', async () => {
    tamper = (url, body) =>
      url.includes('well-known') ? { ...body, issuer: 'https://evil.example' } : body;
    await throwsFault(() => signIn.start('a page key'), 'identity-provider-unavailable');
  });
});
