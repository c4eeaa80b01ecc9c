import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Block, parseBlock } from '#base/address';
import { Fault } from '#base/fault';
import { throwsFault } from '#test/throws-fault';
import { type Head, mustBeOurs, mustBeOwnPage, type RawHead, readHead, type Site } from './head.ts';

const LOCAL: Site = {
  origin: 'http://localhost:7425',
  origins: ['http://localhost:7425', 'http://127.0.0.1:7425'],
  hosts: ['localhost', '127.0.0.1', '[::1]'],
  proxies: null,
};
const PROXIED: Site = {
  origin: 'https://holdfast.example.org',
  origins: ['https://holdfast.example.org'],
  hosts: ['holdfast.example.org', 'localhost', '127.0.0.1'],
  proxies: ['10.0.0.5', '10.0.1.0/24', '127.0.0.1'].map((text) => parseBlock(text) as Block),
};

function head(
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  more: Partial<RawHead> = {},
  site = LOCAL,
): Head {
  const all = { host: 'localhost:7425', ...headers };
  return readHead(
    {
      method: 'GET',
      target: '/',
      peer: '127.0.0.1',
      rawHeaders: Object.entries(all).flatMap(([name, value]) =>
        (typeof value === 'string' ? [value] : value).flatMap((each) => [name, each]),
      ),
      ...more,
    },
    site,
  );
}

async function refuses(act: () => unknown, code: string): Promise<void> {
  await throwsFault(act, code);
}

describe('the head of a request', () => {
  it('is taken as a browser sends it', () => {
    const { method, path, query, host, address, isLocal } = head(
      { Accept: 'text/html', accept: 'text/plain' },
      { target: '/targets/host%3Aweb-1?at=now&x=[1]' },
    );
    assert.deepEqual(
      { method, path, query, host, address, isLocal },
      {
        method: 'GET',
        path: '/targets/host%3Aweb-1',
        query: 'at=now&x=[1]',
        host: 'localhost',
        address: '127.0.0.1',
        isLocal: true,
      },
    );
  });

  const TARGETS = [
    'http://localhost:7425/',
    '//evil.example/',
    '*',
    '',
    'api/v1',
    '/a/../b',
    '/a/./b',
    '/a/%2e%2e/b',
    '/a/%2E./b',
    '/a%2fb',
    '/a%5cb',
    '/a\\b',
    '/a//b',
    '/a%00',
    '/a%0d%0aset-cookie:x',
    '/a%',
    '/a%zz',
    '/a%ff',
    '/ä',
    '/a b',
    '/a#b',
    '/<script>',
    `/${'a'.repeat(4_096)}`,
  ];
  for (const target of TARGETS)
    it(`is refused with the target ${JSON.stringify(target.slice(0, 30))}`, () =>
      refuses(() => head({}, { target }), 'malformed-request'));

  for (const method of ['TRACE', 'CONNECT', 'PUT', 'PATCH', 'get', 'PROPFIND', ''])
    it(`is refused with the method ${method || 'nothing'}`, () =>
      refuses(() => head({}, { method }), 'method-not-allowed'));

  for (const name of ['x-http-method-override', 'X-Method-Override', 'x-http-method'])
    it(`is refused when it overrides the method with ${name}`, () =>
      refuses(() => head({ [name]: 'DELETE' }), 'malformed-request'));

  for (const name of [
    'host',
    'origin',
    'authorization',
    'cookie',
    'content-type',
    'content-length',
    'x-holdfast',
    'sec-fetch-site',
    'x-forwarded-proto',
    'anything-else',
  ])
    it(`is refused with two of ${name}`, () =>
      refuses(() => head({ [name]: ['localhost', 'localhost'] }), 'malformed-request'));

  for (const host of [
    '',
    'a b',
    'a,b',
    'user@localhost',
    'localhost:99999999',
    '[::1',
    '::1',
    'a/b',
  ])
    it(`is refused with the Host ${JSON.stringify(host)}`, () =>
      refuses(() => head({ host }), 'malformed-request'));

  it('always ends in a head or a refusal, whatever comes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '/',
        '..',
        '%2e',
        '%2f',
        '%5c',
        '\\',
        '?',
        '#',
        '@',
        ':',
        '//',
        'http:',
        '\0',
        '\r\n',
        'api',
        'v1',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const target = pieces.join('');
        let read: Head;
        try {
          read = head({}, { target });
        } catch (thrown) {
          assert.ok(thrown instanceof Fault && thrown.code === 'malformed-request', String(thrown));
          return;
        }
        const url = new URL(read.path, 'http://localhost:7425');
        assert.equal(url.host, 'localhost:7425');
        assert.equal(url.pathname, read.path, 'another program would read another path');
        assert.ok(!decodeURIComponent(read.path).split('/').includes('..'));
      }),
      { numRuns: 500 },
    );
  });
});

describe('where a request comes from', () => {
  it('is a name that is served, whatever the port', () => {
    mustBeOurs(head({ host: 'LOCALHOST:1' }), LOCAL);
    mustBeOurs(head({ host: '[::1]:7425' }), LOCAL);
  });

  for (const host of [
    'rebind.example',
    'localhost.evil.example',
    '127.0.0.2',
    '0.0.0.0',
    '2130706433',
    'localhost.',
  ])
    it(`is refused for the name ${host}`, () =>
      refuses(() => mustBeOurs(head({ host }), LOCAL), 'host-not-served'));

  for (const origin of [
    'null',
    'http://localhost:7426',
    'https://localhost:7425',
    'http://evil.example',
    'http://localhost:7425.evil.example',
    'http://LOCALHOST:7425',
    'file://',
  ])
    it(`is refused for a page of ${origin}`, () =>
      refuses(() => mustBeOurs(head({ origin }), LOCAL), 'origin-not-allowed'));

  it('is another site only for a page that is opened, never framed and never asked for data', async () => {
    const opened = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    mustBeOurs(head(opened, { target: '/changes/chg_1' }), LOCAL);
    for (const [more, target, method] of [
      [{ 'sec-fetch-dest': 'iframe' }, '/', 'GET'],
      [{ 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }, '/assets/x.js', 'GET'],
      [{}, '/api/v1/session', 'GET'],
      [{}, '/%61pi/v1/session', 'GET'],
      [{}, '/ap%69/v1/sign-in/oidc/start', 'GET'],
      [{}, '/', 'POST'],
      [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, '/', 'GET'],
    ] as const)
      await throwsFault(
        () => mustBeOurs(head({ ...opened, ...more }, { target, method }), LOCAL),
        'origin-not-allowed',
      );
  });

  const own = {
    origin: 'http://localhost:7425',
    'sec-fetch-site': 'same-origin',
    'x-holdfast': '1',
  };
  it('is a page of ours for what a cookie speaks for', () => {
    mustBeOwnPage(head(own, { method: 'POST' }), LOCAL);
    mustBeOwnPage(head({ origin: own.origin, 'x-holdfast': '1' }, { method: 'POST' }), LOCAL);
    mustBeOwnPage(head({ 'sec-fetch-site': 'same-origin' }), LOCAL);
  });

  const FOREIGN: readonly (readonly [string, Record<string, string>, string])[] = [
    ['without the header', { origin: own.origin }, 'header-needed'],
    ['with another value of the header', { ...own, 'x-holdfast': 'true' }, 'header-needed'],
    ['of which no browser says where it is from', { 'x-holdfast': '1' }, 'origin-not-allowed'],
    ['of a page at another port', { ...own, 'sec-fetch-site': 'same-site' }, 'origin-not-allowed'],
    ['of another site', { ...own, 'sec-fetch-site': 'cross-site' }, 'origin-not-allowed'],
    ['typed by nobody', { ...own, 'sec-fetch-site': 'none' }, 'origin-not-allowed'],
    [
      'of the other loopback name',
      { ...own, origin: 'http://127.0.0.1:7425' },
      'origin-not-allowed',
    ],
  ];
  for (const [what, headers, code] of FOREIGN)
    it(`is refused for a POST ${what}`, () =>
      refuses(() => mustBeOwnPage(head(headers, { method: 'POST' }), LOCAL), code));
});

describe('behind a proxy', () => {
  const through = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' };
  const at = (headers: Record<string, string>, peer: string): Head =>
    head({ host: 'holdfast.example.org', ...headers }, { peer }, PROXIED);

  it('whoever asks is who the proxy says, from its near end', () => {
    assert.equal(at(through, '10.0.0.5').address, '192.0.2.7');
    assert.equal(
      at({ ...through, 'x-forwarded-for': '198.51.100.1, 192.0.2.9, 10.0.1.7' }, '10.0.0.5')
        .address,
      '192.0.2.9',
    );
    assert.equal(at(through, '10.0.0.5').isLocal, false);
  });

  it('a program of the same machine may come by itself', () => {
    const { address, isLocal } = at({ host: '127.0.0.1' }, '127.0.0.1');
    assert.deepEqual([address, isLocal], ['127.0.0.1', true]);
  });

  const REFUSED: readonly (readonly [string, Record<string, string>, string])[] = [
    ['an end that is no proxy speaks for others', through, '192.0.2.7'],
    ['somebody comes past the proxy', {}, '192.0.2.7'],
    ['the proxy says nothing', {}, '10.0.0.5'],
    ['the proxy was asked without TLS', { ...through, 'x-forwarded-proto': 'http' }, '10.0.0.5'],
    ['the proxy does not say who', { 'x-forwarded-proto': 'https' }, '10.0.0.5'],
    ['what it says is no address', { ...through, 'x-forwarded-for': 'unknown' }, '10.0.0.5'],
    ['it names only itself', { ...through, 'x-forwarded-for': '10.0.1.7' }, '10.0.0.5'],
    ['a local program speaks to the public name', {}, '127.0.0.1'],
  ];
  for (const [what, headers, peer] of REFUSED)
    it(`is refused when ${what}`, () => refuses(() => at(headers, peer), 'proxy-not-trusted'));

  it('without one configured, nobody speaks for others', () =>
    refuses(() => head({ 'x-forwarded-for': '1.2.3.4' }), 'proxy-not-trusted'));
});
