/** Signing in at the team's provider: whoever sends another's browser there and back gets nothing out of it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { aPage } from '#samples/signin';
import { openRig } from './samples.ts';
import type { OidcDoor } from './sign-in-routes.ts';

const BINDING = 'a'.repeat(43);

/** A provider that vouches for ada once, whoever went. */
function aDoor(): OidcDoor {
  let went: string | undefined;
  return {
    start: async (pageKey) => {
      went = pageKey;
      return { location: 'https://provider.example/authorize', binding: BINDING };
    },
    finish: async (query, binding) => {
      const pageKey = went;
      went = undefined;
      if (pageKey === undefined || query !== 'code=x&state=y' || binding !== BINDING)
        throw new Error('nobody went');
      return { operator: 'ada', groups: [], pageKey };
    },
  };
}

const PATH = '/api/v1/sign-in/oidc';

it('signs in the page that went to the provider, and no browser that only came back', async () => {
  await using rig = await openRig({ oidc: aDoor() });
  const page = aPage();
  const own = { origin: rig.origin, 'x-holdfast': '1', 'content-type': 'application/json' };
  const proof = (of = page, method = 'POST', path = `${PATH}/finish`) => ({
    'x-holdfast-proof': of.shows(rig.signIn.nonce(), method, path).proof,
  });
  const go = async (): Promise<string> => {
    const headers = { ...own, 'x-holdfast-page-key': page.key };
    const { status, headers: got } = await rig.ask('POST', `${PATH}/start`, { headers });
    assert.equal(status, 200);
    return String(got['set-cookie']).split(';', 1)[0] ?? '';
  };
  const finish = async (headers: Record<string, string>) => {
    const body = JSON.stringify({ query: 'code=x&state=y' });
    return rig.ask('POST', `${PATH}/finish`, { headers: { ...own, ...headers }, body });
  };
  const cookies = (from: { readonly headers: Readonly<Record<string, unknown>> }): string =>
    [from.headers['set-cookie']].flat().join('\n');

  // A page at another port went, with its own key, and put the cookie here.
  const planted = await go();
  const back = await rig.ask('GET', `${PATH}/callback?code=x&state=y`, {
    headers: {
      cookie: planted,
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    },
  });
  assert.equal(back.status, 303);
  assert.equal(back.headers.location, '/#oidc:code=x&state=y');
  assert.equal(back.headers['set-cookie'], undefined);
  const victim = await finish({ cookie: planted, ...proof(aPage()) });
  assert.doesNotMatch(cookies(victim), /^holdfast-\d+=/m);
  assert.match(cookies(victim), /^holdfast-refused-\d+=/m);

  const cookie = await go();
  const signedIn = await finish({ cookie, ...proof() });
  assert.equal(signedIn.status, 200);
  const session = /^holdfast-\d+=[^;]+/m.exec(cookies(signedIn))?.[0] ?? '';
  const headers = { ...own, cookie: session, ...proof(page, 'GET', '/api/v1/session') };
  assert.equal((await rig.ask('GET', '/api/v1/session', { headers })).status, 200);
  // What was finished is over, and another site finishes nothing.
  assert.doesNotMatch(cookies(await finish({ cookie, ...proof() })), /^holdfast-\d+=/m);
  const elsewhere = { cookie: await go(), ...proof(), origin: 'https://elsewhere.example' };
  assert.equal((await finish(elsewhere)).status, 403);
});
