import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { parseBlock } from '#base/address';
import type { Session } from '#identity';
import { aPage, aSoftPasskey } from '#samples/signin';
import { cookieName } from './cookie.ts';
import {
  BEARER,
  METRICS_BEARER,
  nextCounter,
  openRig,
  pageHeaders,
  type Rig,
  type Told,
} from './samples.ts';
import type { StaticFile } from './static-files.ts';

const lease = { authorization: `Bearer ${BEARER}` };
const json = { 'content-type': 'application/json' };

const FILE: StaticFile = {
  type: 'text/html; charset=utf-8',
  etag: '"index"',
  isHashed: false,
  plain: Buffer.from('<!doctype html>the console'),
  br: null,
  gzip: null,
};
const FILES = new Map<string, StaticFile>([
  ['/index.html', FILE],
  [
    '/assets/index-B3xkQ1_z.js',
    {
      ...FILE,
      type: 'text/javascript',
      etag: '"script"',
      isHashed: true,
      plain: Buffer.from('plain'),
      br: Buffer.from('brotli'),
      gzip: Buffer.from('gzip'),
    },
  ],
]);

let rig: Rig;
let cookie = '';
/** What the console's own page sends with what changes something. */
let page: Record<string, string> = {};
before(async () => {
  rig = await openRig({ files: FILES });
  cookie = await rig.signedIn();
  page = { origin: rig.origin, 'x-holdfast': '1', 'sec-fetch-site': 'same-origin', ...json };
});
after(() => rig[Symbol.asyncDispose]());

const query = (
  headers: Record<string, string | string[]>,
  body = '{}',
  name = 'query_facts',
): Promise<Told> =>
  rig.ask('POST', `/api/v1/operations/${name}`, { headers: { ...json, ...headers }, body });

describe('an operation over HTTP', () => {
  it('is asked for with a lease, as the assistant that the lease is', async () => {
    const { status, text, headers } = await query(lease, '{"say":"x"}');
    assert.deepEqual(
      [status, JSON.parse(text)],
      [200, { requestId: 'req_1', value: { said: 'query_facts' }, notices: [] }],
    );
    assert.equal(headers['cache-control'], 'no-store');
    const call = rig.calls.at(-1);
    assert.deepEqual(
      [call?.caller.surface, call?.caller.principal, call?.input],
      ['api', 'lease:observer', { say: 'x' }],
    );
  });

  it('is asked for by a page of the console, as the person who is signed in', async () => {
    const { status } = await query({ ...page, cookie });
    assert.equal(status, 200);
    const caller = rig.calls.at(-1)?.caller;
    assert.deepEqual(
      [caller?.surface, caller?.principal, caller?.onBehalfOf, caller?.profile],
      ['console', 'operator:ada@console', 'operator:ada@console', 'owner'],
    );
  });

  it('tells a fault as a problem with its code, and nothing that a terminal obeys', async () => {
    const { status, text, headers } = await query(lease, '{"say":"refuse"}');
    assert.equal(status, 403);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.deepEqual(JSON.parse(text), {
      type: 'urn:holdfast:fault:policy-denied',
      title: 'Not allowed',
      status: 403,
      code: 'policy-denied',
      kind: 'refused',
      detail: 'denied: ?[31mquery_facts',
      facts: { operation: 'query_facts' },
    });
  });

  it('carries the trace of whoever asks, and goes on with it', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const { headers } = await query({ ...lease, traceparent: `00-${trace}-00f067aa0ba902b7-01` });
    assert.equal(rig.calls.at(-1)?.traceId, trace);
    assert.match(String(headers['traceparent']), new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
    for (const bad of ['00-0-0-00', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, trace]) {
      assert.equal((await query({ ...lease, traceparent: bad })).headers['traceparent'], undefined);
      assert.equal(rig.calls.at(-1)?.traceId, undefined);
    }
  });

  const REFUSED: readonly (readonly [
    string,
    () => Record<string, string | string[]>,
    string,
    number,
  ])[] = [
    ['nobody', () => ({}), 'sign-in-needed', 401],
    [
      'a bearer that is not known',
      () => ({ authorization: `Bearer ${'x'.repeat(40)}` }),
      'bearer-refused',
      401,
    ],
    [
      'a bearer that is not known beside a good cookie',
      () => ({ ...page, cookie, authorization: 'Bearer no' }),
      'bearer-refused',
      401,
    ],
    [
      'another sort of authorization',
      () => ({ authorization: 'Basic YTpi' }),
      'bearer-refused',
      401,
    ],
    [
      'a bearer in the cookie',
      () => ({ ...page, cookie: `${cookieName(rig.origin)}=${BEARER}` }),
      'sign-in-needed',
      401,
    ],
    [
      'a cookie without x-holdfast',
      () => ({ ...page, cookie, 'x-holdfast': '' }),
      'header-needed',
      403,
    ],
    [
      'a cookie from another origin',
      () => ({ ...page, cookie, origin: 'http://evil.example' }),
      'origin-not-allowed',
      403,
    ],
    [
      'a cookie from the other loopback name',
      () => ({ ...page, cookie, origin: `http://127.0.0.1:${rig.port}` }),
      'origin-not-allowed',
      403,
    ],
    [
      'a cookie from another site',
      () => ({ ...page, cookie, 'sec-fetch-site': 'cross-site' }),
      'origin-not-allowed',
      403,
    ],
    [
      'a cookie from a page at another port',
      () => ({ ...page, cookie, 'sec-fetch-site': 'same-site' }),
      'origin-not-allowed',
      403,
    ],
    [
      'a cookie and nobody who says where it is from',
      () => ({ ...json, cookie, 'x-holdfast': '1' }),
      'origin-not-allowed',
      403,
    ],
    [
      'a lease from a page of others',
      () => ({ ...lease, origin: 'http://evil.example' }),
      'origin-not-allowed',
      403,
    ],
    [
      'a name that was rebound',
      () => ({ ...lease, host: 'rebind.example' }),
      'host-not-served',
      421,
    ],
    [
      'an overridden method',
      () => ({ ...lease, 'x-http-method-override': 'GET' }),
      'malformed-request',
      400,
    ],
    [
      'a form',
      () => ({ ...lease, 'content-type': 'application/x-www-form-urlencoded' }),
      'json-needed',
      415,
    ],
    ['plain text', () => ({ ...lease, 'content-type': 'text/plain' }), 'json-needed', 415],
    [
      'JSON of another charset',
      () => ({ ...lease, 'content-type': 'application/json; charset=utf-16' }),
      'json-needed',
      415,
    ],
    ['a packed body', () => ({ ...lease, 'content-encoding': 'gzip' }), 'json-needed', 415],
  ];
  for (const [what, headers, code, status] of REFUSED)
    it(`is refused to ${what}`, async () => {
      const before_ = rig.calls.length;
      const told = await query(headers());
      assert.deepEqual([told.status, told.code], [status, code], told.text);
      assert.equal(rig.calls.length, before_, 'it was asked for all the same');
      if (status === 401) assert.match(String(told.headers['www-authenticate']), /^Bearer/);
    });

  for (const body of ['{', '[1', '{"a":1,"a":2}', '\ufeff{}', '{"say":"\\ud800"}', 'nul'])
    it(`is refused with the body ${JSON.stringify(body)}`, async () => {
      assert.equal((await query(lease, body)).status, 400);
    });

  it('is refused with bytes that are not UTF-8', async () => {
    const told = await rig.ask('POST', '/api/v1/operations/query_facts', {
      headers: { ...json, ...lease },
      body: Buffer.from([0x22, 0xff, 0x22]),
    });
    assert.equal(told.code, 'invalid-input');
  });

  it('is told to nobody whose lease was taken back while it was asked', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let begun = 0;
    await using slow = await openRig({
      perform: async () => {
        begun++;
        await promise;
        return { requestId: 'req_2', value: { said: 'secret' }, notices: [] };
      },
    });
    const asked = slow.ask('POST', '/api/v1/operations/query_facts', {
      headers: { ...json, ...lease },
      body: '{}',
    });
    while (begun === 0) await sleep(10);
    slow.revoke();
    // It is held until after the answer: only the lease can have ended it.
    const { status, text } = await asked;
    assert.equal(status, 401);
    assert.ok(!text.includes('secret'));
    resolve();
  });
});

describe('limits', () => {
  it('end a body that is too long, whether it says so or not', async () => {
    await using small = await openRig({ limits: { bodyBytes: 1_000 } });
    const body = JSON.stringify({ say: 'x'.repeat(2_000) });
    const said = await small.ask('POST', '/api/v1/operations/query_facts', {
      headers: { ...json, ...lease, 'content-length': String(body.length) },
      body,
    });
    assert.deepEqual([said.status, said.code], [413, 'body-too-long']);
    assert.equal(said.headers['connection'], 'close');
    const status = await new Promise<number>((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port: small.port,
          method: 'POST',
          path: '/api/v1/operations/query_facts',
          headers: { host: `localhost:${small.port}`, ...json, ...lease },
        },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        },
      );
      asked.on('error', reject);
      asked.write(Buffer.alloc(5_000, 0x20));
    });
    assert.equal(status, 413);
    assert.deepEqual(small.calls, []);
  });

  it('end a body that does not come', async () => {
    await using slow = await openRig({ limits: { bodyMs: 100 } });
    const begun = performance.now();
    const told = await slow.raw(
      `POST /api/v1/operations/query_facts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${BEARER}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"say":`,
    );
    assert.ok(performance.now() - begun < 5_000, 'the connection was held');
    assert.match(told, /^HTTP\/1\.1 408 /);
    assert.deepEqual(slow.calls, []);
  });

  it('hold for one lease, for one address, and for attempts to sign in', async () => {
    await using few = await openRig({ limits: { requests: { burst: 2, perSecond: 0.1 } } });
    const ask = (headers: Record<string, string>): Promise<Told> =>
      few.ask('POST', '/api/v1/operations/query_facts', {
        headers: { ...json, ...headers },
        body: '{}',
      });
    assert.deepEqual([(await ask(lease)).status, (await ask(lease)).status], [200, 200]);
    const over = await ask(lease);
    assert.deepEqual(
      [over.status, over.code, over.headers['retry-after']],
      [429, 'too-many-requests', '10'],
    );
    assert.equal((await ask({ authorization: `Bearer ${METRICS_BEARER}` })).status, 200);

    await using narrow = await openRig({ limits: { byAddress: { burst: 2, perSecond: 0.1 } } });
    await narrow.ask('GET', '/healthz');
    await narrow.ask('GET', '/healthz');
    assert.equal((await narrow.ask('GET', '/healthz')).code, 'too-many-requests');

    await using guessed = await openRig({ limits: { attempts: { burst: 1, perSecond: 0.1 } } });
    const guess = (): Promise<Told> =>
      guessed.ask('POST', '/api/v1/sign-in/recovery', {
        headers: { ...json, origin: guessed.origin, 'x-holdfast': '1' },
        body: '{"operator":"ada","code":"no"}',
      });
    assert.notEqual((await guess()).status, 429);
    assert.equal((await guess()).status, 429);
  });

  it('hold for what one lease asks at the same time', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let begun = 0;
    await using busy = await openRig({
      limits: { working: 1 },
      perform: async () => {
        begun++;
        await promise;
        return { requestId: 'req_1', value: {}, notices: [] };
      },
    });
    const ask = (): Promise<Told> =>
      busy.ask('POST', '/api/v1/operations/query_facts', {
        headers: { ...json, ...lease },
        body: '{}',
      });
    const first = ask();
    while (begun === 0) await sleep(10);
    assert.equal((await ask()).status, 429);
    resolve();
    assert.equal((await first).status, 200);
    assert.equal((await ask()).status, 200);
  });
});

describe('a request that is not plain', () => {
  const line = (text: string): Promise<string> => rig.raw(text.replaceAll('\n', '\r\n'));
  const CASES: readonly (readonly [string, string, number])[] = [
    ['two Hosts', 'GET /healthz HTTP/1.1\nHost: localhost\nHost: localhost\n\n', 400],
    ['no Host', 'GET /healthz HTTP/1.1\nConnection: close\n\n', 400],
    [
      'an absolute target',
      'GET http://localhost/healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n',
      400,
    ],
    [
      'a target of another name',
      'GET http://evil.example/ HTTP/1.1\nHost: localhost\nConnection: close\n\n',
      400,
    ],
    ['TRACE', 'TRACE / HTTP/1.1\nHost: localhost\nConnection: close\n\n', 405],
    ['OPTIONS', 'OPTIONS /api/v1/session HTTP/1.1\nHost: localhost\nConnection: close\n\n', 405],
    [
      'a way around',
      'GET /assets/../../package.json HTTP/1.1\nHost: localhost\nConnection: close\n\n',
      400,
    ],
    [
      'a hidden way around',
      'GET /assets/%2e%2e/%2e%2e/package.json HTTP/1.1\nHost: localhost\nConnection: close\n\n',
      400,
    ],
    [
      'a header that is too long',
      `GET / HTTP/1.1\nHost: localhost\nX-A: ${'a'.repeat(20_000)}\n\n`,
      431,
    ],
    [
      'both lengths',
      'POST /api/v1/session HTTP/1.1\nHost: localhost\nContent-Length: 1\nTransfer-Encoding: chunked\n\n0\n\n',
      400,
    ],
    [
      'two lengths',
      'POST /api/v1/session HTTP/1.1\nHost: localhost\nContent-Length: 1\nContent-Length: 2\n\n',
      400,
    ],
    ['a folded header', 'GET / HTTP/1.1\nHost: localhost\nX-A: a\n b\n\n', 400],
    ['no HTTP at all', 'hello\n\n', 400],
  ];
  for (const [what, text, status] of CASES)
    it(`is refused: ${what}`, async () => {
      const told = await line(text);
      assert.match(told, new RegExp(`^HTTP/1\\.1 ${status} `), told.slice(0, 200));
      assert.ok(!told.includes('holdfast"'), 'a file was answered');
    });

  it('never brings the listener down, and never answers 500', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'GET ',
        'POST ',
        '/',
        '/api/v1/operations/',
        'query_facts',
        '/mcp',
        ' HTTP/1.1',
        '\r\n',
        'Host: localhost',
        'Host: evil',
        'Cookie: holdfast=x',
        `Authorization: Bearer ${BEARER}`,
        'Content-Type: application/json',
        'Content-Length: 2',
        '{}',
        'Transfer-Encoding: chunked',
        '%2e%2e',
        ':',
        'Origin: null',
      ),
      fc.string({ maxLength: 5 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
        const told = await rig.raw(`${pieces.join('')}\r\nConnection: close\r\n\r\n\r\n`);
        for (const [, status] of told.matchAll(/^HTTP\/1\.1 (\d+)/gm))
          assert.notEqual(status, '500', told);
      }),
      { numRuns: 25, interruptAfterTimeLimit: 1_500, markInterruptAsFailure: false },
    );
    assert.equal((await rig.ask('GET', '/healthz')).status, 200);
  });
});

describe('a session', () => {
  it('says who is signed in, and how far they reach', async () => {
    const { text } = await rig.ask('GET', '/api/v1/session', { headers: { cookie } });
    const told = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(
      [told['operator'], told['name'], told['holds'], told['origin'], told['rpId']],
      ['ada', 'ADA', 'owner', rig.origin, 'localhost'],
    );
    assert.ok((told['capabilities'] as string[]).includes('changes.decide'));
    assert.equal((told['keys'] as unknown[]).length, 1);
    assert.ok(!text.includes(cookie.slice(cookie.indexOf('=') + 1)));
  });

  it('is not a lease, and not what a link of another site may read', async () => {
    assert.equal((await rig.ask('GET', '/api/v1/session', { headers: lease })).status, 401);
    const told = await rig.ask('GET', '/api/v1/session', {
      headers: {
        cookie,
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
    });
    assert.equal(told.code, 'origin-not-allowed');
  });

  const signIn = async (headers: Record<string, string> = {}): Promise<Told> => {
    const options = await rig.ask('POST', '/api/v1/sign-in/passkey/options', {
      headers: page,
      body: '{}',
    });
    const passkey = aSoftPasskey('bea', { origin: rig.origin, rpId: 'localhost' });
    const answer = passkey.answer(JSON.parse(options.text) as never, {
      counter: nextCounter(),
    });
    return rig.ask('POST', '/api/v1/sign-in/passkey/verify', {
      headers: { ...page, ...headers },
      body: JSON.stringify(answer),
    });
  };

  it('begins with a passkey, in a cookie that no script and no other site gets', async () => {
    const { status, headers, text } = await signIn();
    assert.equal(status, 200, text);
    const [set = ''] = headers['set-cookie'] ?? [];
    assert.match(set, /^holdfast-\d+=[A-Za-z0-9_-]{20,}; Path=\/; HttpOnly; SameSite=Strict$/);
    assert.ok(!text.includes(set.split(/[=;]/)[1] ?? '?'), 'the secret stands in the body');
  });

  it('is a new one each time, and the one before is over: none can be fixed in advance', async () => {
    const chosen = `${cookieName(rig.origin)}=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`;
    const first =
      ((await signIn({ cookie: chosen })).headers['set-cookie'] ?? [''])[0]?.split(';')[0] ?? '';
    assert.notEqual(first, chosen);
    assert.equal(
      (await rig.ask('GET', '/api/v1/session', { headers: { cookie: chosen } })).status,
      401,
    );
    const second =
      ((await signIn({ cookie: first })).headers['set-cookie'] ?? [''])[0]?.split(';')[0] ?? '';
    assert.notEqual(second, first);
    assert.equal(
      (await rig.ask('GET', '/api/v1/session', { headers: { cookie: first } })).status,
      401,
    );
    assert.equal(
      (await rig.ask('GET', '/api/v1/session', { headers: { cookie: second } })).status,
      200,
    );
  });

  it('is shown anew with each request: one that was seen is of no use here or elsewhere', async () => {
    const path = '/api/v1/operations/query_facts';
    const seen = { ...page, cookie, ...pageHeaders(rig, 'POST', path) };
    const ask = (at: string, headers: Record<string, string>): Promise<Told> =>
      rig.ask('POST', at, { headers, body: '{}' });
    assert.equal((await ask(path, seen)).status, 200);
    const count = rig.calls.length;
    const again = await ask(path, seen);
    assert.deepEqual([again.status, again.code], [409, 'proof-spent']);
    const unspent = { ...seen, ...pageHeaders(rig, 'POST', path) };
    const elsewhere = await ask('/api/v1/operations/access_show', unspent);
    assert.deepEqual([elsewhere.status, elsewhere.code], [401, 'proof-needed']);
    assert.equal((await ask(`${path}?x`, unspent)).code, 'proof-needed');
    assert.equal(rig.calls.length, count);
    assert.equal((await ask(path, unspent)).status, 200);
    // Many at once, each with its own.
    const many = await Promise.all(Array.from({ length: 8 }, () => query({ ...page, cookie })));
    assert.deepEqual(new Set(many.map(({ status }) => status)), new Set([200]));
  });

  it('is told with each answer, good or not, what the next proof is made with', async () => {
    const nonce = rig.signIn.nonce();
    const told = await Promise.all([
      rig.ask('GET', '/api/v1/sign-in'),
      rig.ask('GET', '/api/v1/session', { headers: { cookie } }),
      rig.ask('GET', '/api/v1/session', { headers: { cookie, 'x-holdfast-proof': 'x' } }),
      query({ ...page, cookie, 'x-holdfast-proof': 'x' }),
    ]);
    assert.deepEqual(
      told.map(({ status, headers }) => [status, headers['x-holdfast-nonce']]),
      [200, 200, 401, 401].map((status) => [status, nonce]),
    );
    assert.equal((await rig.ask('GET', '/healthz')).headers['x-holdfast-nonce'], undefined);
  });

  it('is found beside cookies of its name that another port put there', async () => {
    const name = cookieName(rig.origin);
    const [, bea = ''] = (await rig.signedIn('bea')).split('=');
    const planted = aPage();
    const { secret } = rig.identity.sessions.open({
      ...(rig.identity.sessions.list('bea')[0] as Session),
      pageKey: planted.key,
    });
    const ask = (header: string): Promise<Told> =>
      rig.ask('GET', '/api/v1/session', { headers: { cookie: header } });
    for (const beside of [`${name}=x`, `${name}=${'A'.repeat(43)}`, `${name}=${secret}`])
      for (const header of [`${beside}; ${cookie}`, `${cookie}; ${beside}`]) {
        const { status, text } = await ask(header);
        const { operator } = JSON.parse(text) as { readonly operator: string };
        assert.deepEqual([status, operator], [200, 'ada'], header);
      }
    assert.equal((await ask(`${name}=${secret}`)).code, 'proof-needed');
    // A console at another port signs nobody out here.
    const elsewhere = cookieName('http://localhost:1');
    assert.equal((await ask(`${elsewhere}=${bea}; ${cookie}`)).status, 200);
    assert.equal((await ask(`${elsewhere}=${bea}`)).code, 'sign-in-needed');
    assert.equal((await ask(`${`${name}=${'A'.repeat(43)}; `.repeat(4)}${cookie}`)).status, 401);
  });

  it('cannot be begun from another site, nor without our header', async () => {
    for (const more of [
      { origin: 'http://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'x-holdfast': '0' },
    ])
      assert.equal((await signIn(more)).status, 403);
  });

  it('ends with signing out, and its cookie with it', async () => {
    const mine = await rig.signedIn('bea');
    const { status, headers } = await rig.ask('DELETE', '/api/v1/session', {
      headers: { ...page, cookie: mine },
    });
    assert.equal(status, 204);
    assert.match(
      String(headers['set-cookie']),
      /^holdfast-\d+=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0$/,
    );
    assert.equal(
      (await rig.ask('GET', '/api/v1/session', { headers: { cookie: mine } })).status,
      401,
    );
  });

  it('with TLS has the cookie that belongs to one origin alone', async () => {
    await using secure = await openRig({
      site: (at) => ({
        ...at,
        origin: at.origin.replace('http:', 'https:'),
        origins: [at.origin.replace('http:', 'https:')],
      }),
    });
    const own = await secure.signedIn();
    assert.match(own, /^__Host-holdfast-\d+=/);
    const mine = own.replace('__Host-', '');
    const { headers } = await secure.ask('GET', '/api/v1/session', { headers: { cookie: mine } });
    assert.equal(
      (await secure.ask('GET', '/api/v1/session', { headers: { cookie: mine } })).status,
      401,
    );
    assert.equal(headers['strict-transport-security'], 'max-age=31536000');
    assert.equal(
      (await secure.ask('GET', '/api/v1/session', { headers: { cookie: own } })).status,
      200,
    );
    const out = await secure.ask('DELETE', '/api/v1/session', {
      headers: { ...page, origin: secure.origin.replace('http:', 'https:'), cookie: own },
    });
    assert.match(
      String(out.headers['set-cookie']),
      /^__Host-holdfast-\d+=; Path=\/; HttpOnly; SameSite=Strict; Secure/,
    );
  });
});

/** The stream so far, until it ends. */
async function stream(
  at: Rig,
  headers: Record<string, string>,
): Promise<{ text: () => string; ended: Promise<void> }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    text: () => string;
    ended: Promise<void>;
  }>();
  const asked = request(
    {
      host: '127.0.0.1',
      port: at.port,
      path: '/api/v1/events',
      headers: {
        host: `localhost:${at.port}`,
        ...pageHeaders(at, 'GET', '/api/v1/events'),
        ...headers,
      },
    },
    (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      const ended = new Promise<void>((done) => answer.on('close', () => done()));
      if (answer.statusCode === 200) resolve({ text: () => text, ended });
      else reject(new Error(String(answer.statusCode)));
    },
  );
  asked.on('error', () => {});
  asked.end();
  return promise;
}

describe('hints', () => {
  it('are topics, one for each burst, and never data', async () => {
    await using at = await openRig({ limits: { gatherMs: 20 } });
    const { text } = await stream(at, { cookie: await at.signedIn() });
    for (let i = 0; i < 50; i++) at.web.publish('changes');
    at.web.publish('stops');
    for (let i = 0; i < 500 && !text().includes('stops'); i++) await sleep(20);
    assert.equal(text(), 'retry: 2000\n\ndata: {"topic":"changes"}\n\ndata: {"topic":"stops"}\n\n');
  });

  it('tell no lease of what it may not ask about', async () => {
    await using at = await openRig({ limits: { gatherMs: 20 } });
    const assistant = await stream(at, lease);
    const scraper = await stream(at, { authorization: `Bearer ${METRICS_BEARER}` });
    for (const topic of ['sessions', 'leases', 'log', 'changes'] as const) at.web.publish(topic);
    for (let i = 0; i < 500 && !assistant.text().includes('changes'); i++) await sleep(20);
    await sleep(100);
    assert.equal(assistant.text(), 'retry: 2000\n\ndata: {"topic":"changes"}\n\n');
    assert.equal(scraper.text(), 'retry: 2000\n\n');
  });

  it('end within a second with the session, and with the lease, that opened them', async () => {
    await using at = await openRig();
    const mine = await at.signedIn();
    const person = await stream(at, { cookie: mine });
    const assistant = await stream(at, lease);
    const begun = performance.now();
    const [session] = at.identity.sessions.list('ada');
    at.identity.sessions.end(session?.id ?? '');
    at.revoke();
    await Promise.all([person.ended, assistant.ended]);
    assert.ok(performance.now() - begun < 5_000);
    await assert.rejects(stream(at, { cookie: mine }), /401/);
  });

  it('are bounded for one session, and free again when the page is gone', async () => {
    await using at = await openRig({ limits: { streams: 1, heartbeatMs: 10 } });
    const mine = await at.signedIn();
    await stream(at, { cookie: mine });
    await assert.rejects(stream(at, { cookie: mine }), /429/);
    await stream(at, { cookie: await at.signedIn('bea') });
  });

  it('beat, so that a line that died is noticed', async () => {
    await using at = await openRig({ limits: { heartbeatMs: 20 } });
    const { text } = await stream(at, lease);
    for (let i = 0; i < 500 && !/\n:\n\n:\n\n/.test(text()); i++) await sleep(20);
    assert.match(text(), /\n:\n\n:\n\n/);
  });

  it('are told to nobody who is nobody', () => assert.rejects(stream(rig, {}), /401/));
});

describe('the console’s files', () => {
  it('are answered for every view, and only by their names', async () => {
    for (const view of ['/', '/approvals', '/targets/host%3Aweb-1', '/api', '/index.html/x'])
      assert.match((await rig.ask('GET', view)).text, /the console/, view);
    for (const path of [
      '/assets/none.js',
      '/assets/',
      '/api/v1/none',
      '/package.json',
      '/index.html',
      '/.inputs',
      '/oauth/x',
      '/.well-known/x',
    ])
      assert.equal((await rig.ask('GET', path)).status, 404, path);
  });

  it('are kept by the browser when their name tells their content, packed as it can read them', async () => {
    const path = '/assets/index-B3xkQ1_z.js';
    const plain = await rig.ask('GET', path);
    assert.deepEqual(
      [
        plain.text,
        plain.headers['cache-control'],
        plain.headers['etag'],
        plain.headers['content-encoding'],
      ],
      ['plain', 'public, max-age=31536000, immutable', '"script"', undefined],
    );
    const packed = async (accept: string): Promise<string> =>
      (await rig.ask('GET', path, { headers: { 'accept-encoding': accept } })).text;
    assert.deepEqual(
      [
        await packed('gzip, br'),
        await packed('gzip'),
        await packed('br;q=0, gzip'),
        await packed('zstd'),
      ],
      ['brotli', 'gzip', 'gzip', 'plain'],
    );
    const known = await rig.ask('GET', path, { headers: { 'if-none-match': '"script"' } });
    assert.deepEqual([known.status, known.text], [304, '']);
    const view = await rig.ask('GET', '/fleet');
    assert.equal(view.headers['cache-control'], 'no-cache');
    assert.equal((await rig.ask('HEAD', '/fleet')).text, '');
  });

  it('lead from another name of ours to the one that passkeys belong to, and nowhere else', async () => {
    const told = await rig.ask('GET', '/changes/chg_1?x=1', {
      headers: { host: `127.0.0.1:${rig.port}` },
    });
    assert.deepEqual(
      [told.status, told.headers['location']],
      [302, `${rig.origin}/changes/chg_1?x=1`],
    );
  });

  it('say what to do where there are none', async () => {
    await using none = await openRig();
    const { status, text } = await none.ask('GET', '/');
    assert.equal(status, 503);
    assert.match(text, /bin\/build-console/);
  });

  it('are not changed by anything', async () => {
    for (const method of ['POST', 'DELETE'])
      assert.equal((await rig.ask(method, '/approvals')).status, 405);
  });
});

describe('every answer', () => {
  const LOCKED = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-frame-options': 'DENY',
  };
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/healthz'],
    ['GET', '/api/v1/session'],
    ['GET', '/nothing.js'],
    ['POST', '/api/v1/operations/x'],
    ['PUT', '/'],
  ] as const)
    it(`is locked down: ${method} ${path}`, async () => {
      const { headers } = await rig.ask(method, path);
      for (const [name, value] of Object.entries(LOCKED)) assert.equal(headers[name], value, name);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /^default-src 'none'; /);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.ok(!/unsafe|https?:|\*/.test(policy), policy);
      assert.equal(headers['access-control-allow-origin'], undefined);
      assert.equal(headers['x-powered-by'], undefined);
    });
});

describe('health and metrics', () => {
  it('tell whether it lives, and which part cannot work', async () => {
    assert.equal((await rig.ask('GET', '/healthz')).status, 200);
    const { status, text } = await rig.ask('GET', '/readyz');
    assert.equal(status, 503);
    assert.deepEqual(JSON.parse(text), {
      status: 'not-ready',
      checks: [
        { name: 'store', status: 'ready' },
        { name: 'log', status: 'not-ready', code: 'log-unwritable' },
      ],
    });
  });

  it('are counted as Prometheus reads them', async () => {
    await rig.ask('GET', '/metrics');
    await query(lease);
    await query(lease, '{}', 'made_up_by_somebody');
    await rig.ask('GET', '/healthz', { headers: { host: 'evil.example' } });
    const { text, headers } = await rig.ask('GET', '/metrics');
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    assert.match(
      text,
      /^holdfast_calls_total\{operation="query_facts",surface="api",outcome="done"\} \d+$/m,
    );
    assert.match(
      text,
      /^holdfast_calls_total\{operation="unknown",surface="api",outcome="done"\} \d+$/m,
    );
    assert.match(text, /^holdfast_requests_refused_total\{code="host-not-served"\} \d+$/m);
    assert.match(
      text,
      /^holdfast_call_duration_seconds_bucket\{operation="query_facts",surface="api",le="0\.5"\} \d+$/m,
    );
    for (const line of [
      'sessions_open 1',
      'leases_active 2',
      'changes{state="proposed"} 3',
      'approvals_pending 4',
      'log_events 5',
      'log_writable 1',
      'findings_open{severity="critical"} 6',
      'targets{freshness="fresh"} 7',
    ])
      assert.ok(text.includes(`\nholdfast_${line}\n`), line);
    assert.ok(!text.includes('made_up_by_somebody'));
  });

  it('take a lease of theirs wherever somebody stands between', async () => {
    await using behind = await openRig({
      site: (at) => ({ ...at, proxies: [parseBlock('127.0.0.1')].flatMap((each) => each ?? []) }),
    });
    const metrics = (headers: Record<string, string>): Promise<Told> =>
      behind.ask('GET', '/metrics', { headers: { host: '127.0.0.1', ...headers } });
    assert.equal((await metrics({})).status, 401);
    assert.equal((await metrics(lease)).code, 'not-permitted');
    assert.equal((await metrics({ authorization: `Bearer ${METRICS_BEARER}` })).status, 200);
  });
});

describe('what is mounted', () => {
  it('is judged as it says, and answers for itself', async () => {
    await using mounted = await openRig({
      mounts: [
        {
          owns: (path) =>
            path === '/mcp'
              ? 'itself'
              : path === '/oauth/token'
                ? 'public'
                : path === '/oauth/page'
                  ? 'console'
                  : undefined,
          handle: async (_incoming, outgoing) => {
            outgoing.setHeader('content-security-policy', 'mine');
            outgoing.end('mounted');
          },
        },
      ],
    });
    const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      (await mounted.ask('POST', path, { headers })).status;
    const foreign = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
    assert.equal(await status('/mcp', { ...foreign, host: 'evil.example' }), 200);
    assert.equal(await status('/oauth/token', foreign), 200);
    assert.equal(await status('/oauth/token', { host: 'evil.example' }), 421);
    assert.equal(await status('/oauth/page', foreign), 403);
    // A name of somebody else that leads here: its own pages are of one origin with it.
    const rebound = { host: 'evil.example', 'sec-fetch-site': 'same-origin', 'x-holdfast': '1' };
    assert.equal(await status('/oauth/page', rebound), 421);
    assert.equal(await status('/oauth/page', { origin: mounted.origin }), 403);
    assert.equal(await status('/oauth/page', { origin: mounted.origin, 'x-holdfast': '1' }), 200);
    const { headers } = await mounted.ask('POST', '/oauth/token');
    assert.deepEqual(
      [headers['content-security-policy'], headers['x-frame-options']],
      ['mine', 'DENY'],
    );
    assert.match(
      await mounted.raw('POST //mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
      /^HTTP\/1\.1 400/,
    );
  });
});
