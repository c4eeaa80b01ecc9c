/**
 * The promise of an edit that nobody signed: whoever asks, it never gives what the signed file did not. Each right is asked
 * for by itself, as the listener, the sign-in and the filter of requests ask, and not by comparing the settings.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isInside, parseAddress, parseBlock } from '#base/address';
import { judge, parseAllow, parseAllowAmong, placeOf } from '#egress';
import { SEED } from '#test/seed';
import { type Bind, bindOf, isLoopback, isLoopbackName, LOOPBACK_NAMES } from './bind.ts';
import { narrowServer } from './narrow.ts';
import { readServer } from './read-settings.ts';
import { DEFAULT_SERVER, type ServerSettings } from './settings.ts';

const read = (text: string): ServerSettings => readServer(`version: 1\n${text}`, 'server.yaml');

const TEXTS = {
  url: [
    'http://localhost:7425',
    'http://localhost:9000',
    'https://localhost:7443',
    'https://a.example.org',
    'https://b.example.org:7443',
  ],
  listen: [
    '127.0.0.1:7425',
    'localhost:9000',
    '"[::1]:7443"',
    '0.0.0.0:7443',
    '0.0.0.0:8443',
    '"[::]:7443"',
    '10.1.2.3:7443',
    '10.1.2.4:7443',
    '"[fd00::1]:7443"',
  ],
  expose: ['true'],
  hosts: [
    '[a.example.org]',
    '[b.example.org]',
    '[a.example.org, b.example.org]',
    '[a.example.org, c.example.org]',
  ],
  tls: ['{certificate: tls/a.crt, key: tls/a.key}', '{certificate: tls/b.crt, key: tls/b.key}'],
  proxy: ['{from: [127.0.0.1]}', '{from: [10.0.0.0/8]}', '{from: [10.0.0.5, 10.1.0.0/16]}'],
  oidc: [
    '{issuer: https://id.example.org, clientId: x, groups: groups}',
    '{issuer: https://id.example.org, clientId: x, groups: groups, groupsHours: 2}',
    '{issuer: https://id.example.org, clientId: x}',
    '{issuer: https://id.example.org, clientId: y, groups: roles}',
    '{issuer: https://evil.example, clientId: x, groups: groups}',
    '{issuer: https://id.example.org, clientId: x, clientSecretFile: a/b, groups: groups}',
  ],
  oauth: [
    '{mode: embedded}',
    '{mode: off}',
    '{mode: external, issuer: https://id.example.org}',
    '{mode: external, issuer: https://id.example.org, tokens: jwt}',
    '{mode: external, issuer: https://id.example.org, tokens: jwt, audience: api://a}',
    '{mode: external, issuer: https://id.example.org, audience: api://a}',
    '{mode: external, issuer: https://evil.example, tokens: jwt}',
  ],
  egress: [
    '{allow: []}',
    '{allow: [10.0.0.0/8]}',
    '{allow: [10.1.0.0/16, "10.0.0.5:80"]}',
    '{allow: ["10.1.2.3:8080", 10.9.9.9]}',
    '{allow: [hooks.internal]}',
    '{allow: ["hooks.internal:8443", 127.0.0.1]}',
    '{allow: ["127.0.0.1:8200", 169.254.0.0/16]}',
    '{allow: [169.254.169.254]}',
  ],
} as const;

const servable = fc
  .record(
    Object.fromEntries(
      Object.entries(TEXTS).map(([key, values]) => [
        key,
        fc.option(fc.constantFrom(...values), { nil: null, freq: 4 }),
      ]),
    ),
  )
  .map((parts) =>
    Object.entries(parts)
      .flatMap(([key, value]) => (value === null ? [] : [`${key}: ${String(value)}\n`]))
      .join(''),
  );
const any = servable.map(read);
/** What is used at all: everything else does not start. */
const safe = any.filter((settings) => bound(settings) !== undefined);
const exposed = fc
  .tuple(
    fc.constantFrom('a', 'b'),
    fc.constantFrom(...TEXTS.listen),
    fc.constantFrom(...TEXTS.tls, null),
    fc.constantFrom(...TEXTS.proxy, null),
  )
  .map(([name, listen, tls, proxy]) =>
    read(
      `url: https://${name}.example.org\nlisten: ${listen}\nexpose: true\nhosts: [a.example.org, b.example.org]\n${tls === null ? '' : `tls: ${tls}\n`}${proxy === null ? '' : `proxy: ${proxy}\n`}`,
    ),
  )
  .filter((settings) => bound(settings) !== undefined);
const settings = fc.oneof(safe, exposed);

const binds = new WeakMap<ServerSettings, Bind | 'unsafe'>();

function bound(of: ServerSettings): Bind | undefined {
  let bind = binds.get(of);
  if (bind === undefined) {
    try {
      bind = bindOf(of);
    } catch {
      bind = 'unsafe';
    }
    binds.set(of, bind);
  }
  return bind === 'unsafe' ? undefined : bind;
}

function bindOfSafe(of: ServerSettings): Bind {
  return bound(of) ?? bindOf(of);
}

const ADDRESSES = ['127.0.0.1', '::1', '10.1.2.3', '10.1.2.4', 'fd00::1', '192.0.2.1'];
const PORTS = [7425, 7443, 8443, 9000];
const NAMES = ['a.example.org', 'b.example.org', 'c.example.org', ...LOOPBACK_NAMES];
const PEERS = ['127.0.0.1', '10.0.0.5', '10.1.0.1', '10.2.0.1', '192.0.2.9'];
const PLACES = [
  ['http://10.1.2.3:8080/', '10.1.2.3'],
  ['http://10.9.9.9/', '10.9.9.9'],
  ['http://10.0.0.5/', '10.0.0.5'],
  ['https://hooks.internal:8443/', '10.7.7.7'],
  ['https://hooks.internal/', '127.0.0.1'],
  ['http://127.0.0.1:8200/', '127.0.0.1'],
  ['http://169.254.169.254/', '169.254.169.254'],
  ['http://169.254.1.1/', '169.254.1.1'],
] as const;

/** Whoever comes to this address of the machine is answered. */
function listens(of: ServerSettings, address: string, port: number): boolean {
  const bind = bound(of);
  if (bind === undefined || bind.port !== port) return false;
  return bind.addresses.some(
    (each) => each === address || (each === '0.0.0.0' && !address.includes(':')) || each === '::',
  );
}

/** Whoever comes from elsewhere is believed when they say who they come for, or may come by themselves. */
function trusts(of: ServerSettings, peer: string): boolean {
  const bytes = parseAddress(peer);
  return (of.proxy?.from ?? []).some((each) => {
    const block = parseBlock(each);
    return block !== null && bytes !== null && isInside(bytes, block);
  });
}

function goes(of: ServerSettings, url: string, address: string): boolean {
  try {
    judge(placeOf(url), [address], parseAllowAmong(of.egress.allow, of.egress.among));
    return true;
  } catch {
    return false;
  }
}

/** Every right of both, each by its own question: `[question, what the signed file answers, what is in force answers]`. */
function* rights(
  signed: ServerSettings,
  now: ServerSettings,
): Generator<readonly [string, boolean, boolean]> {
  const isHere = bindOfSafe(now).addresses.every(isLoopback);
  for (const address of ADDRESSES)
    for (const port of PORTS)
      if (!isLoopback(address))
        yield [
          `others come to ${address}:${port}`,
          listens(signed, address, port),
          listens(now, address, port),
        ];
  const answers = (of: ServerSettings, name: string): boolean =>
    bindOfSafe(of).hosts.includes(name);
  // Of loopback its own names are answered to.
  for (const name of NAMES)
    if (!(isHere && LOOPBACK_NAMES.includes(name)))
      yield [`answers to ${name}`, answers(signed, name), answers(now, name)];
  for (const peer of PEERS) yield [`believes ${peer}`, trusts(signed, peer), trusts(now, peer)];
  const isPlain = (of: ServerSettings, name: string): boolean =>
    !bindOfSafe(of).isTls && answers(of, name);
  // Plain loopback at its own name is the least there is, where it was another name before.
  for (const name of NAMES)
    if (isLoopbackName(signed.url.host) || !LOOPBACK_NAMES.includes(name))
      yield [`answers to ${name} without TLS`, isPlain(signed, name), isPlain(now, name)];
  yield ['others come past the proxy', signed.proxy === null, now.proxy === null];
  if (now.tls !== null)
    yield [`serves as ${now.tls.certificate}`, signed.tls?.key === now.tls.key, true];
  if (!isHere) yield [`is ${now.url.origin}`, signed.url.origin === now.url.origin, true];
  if (now.oidc !== null) {
    const { issuer, clientId, clientSecretFile, groups, groupsHours } = now.oidc;
    yield [`believes ${issuer}`, signed.oidc?.issuer === issuer, true];
    yield [`is its client ${clientId}`, signed.oidc?.clientId === clientId, true];
    yield ['tells it the secret', signed.oidc?.clientSecretFile === clientSecretFile, true];
    yield ['keeps groups so long', (signed.oidc?.groupsHours ?? 0) >= groupsHours, true];
    if (groups !== null) yield [`takes groups of ${groups}`, signed.oidc?.groups === groups, true];
  }
  yield ['hands out tokens', signed.oauth.mode === 'embedded', now.oauth.mode === 'embedded'];
  for (const issuer of ['https://id.example.org', 'https://evil.example']) {
    const takes = ({ oauth }: ServerSettings): boolean =>
      oauth.mode === 'external' && oauth.issuer === issuer;
    yield [`takes tokens of ${issuer}`, takes(signed), takes(now)];
    const plain = (of: ServerSettings): boolean =>
      takes(of) && of.oauth.mode === 'external' && of.oauth.tokens === 'jwt';
    yield [`takes plain JWTs of ${issuer}`, plain(signed), plain(now)];
    for (const audience of ['api://a', null]) {
      const named = (of: ServerSettings): boolean =>
        takes(of) && of.oauth.mode === 'external' && of.oauth.audience === audience;
      yield [`takes tokens of ${issuer} for ${audience}`, named(signed), named(now)];
    }
  }
  for (const [url, address] of PLACES)
    yield [`asks ${url}`, goes(signed, url, address), goes(now, url, address)];
}

describe('an edit of server.yaml that nobody signed', () => {
  it('never gives what the signed file did not', () => {
    fc.assert(
      fc.property(settings, settings, (signed, edited) => {
        const now = narrowServer(signed, edited);
        for (const [question, had, has] of rights(signed, now))
          assert.ok(had || !has, `${question}: ${JSON.stringify({ signed, edited, now })}`);
      }),
      { numRuns: 200, seed: SEED },
    );
  });

  it('can be used where both can, and also where what was signed cannot', () => {
    fc.assert(
      fc.property(any, settings, (signed, edited) => {
        bindOf(narrowServer(signed, edited));
      }),
      { numRuns: 150, seed: SEED },
    );
  });

  it('takes away what it leaves out, at once', () => {
    fc.assert(
      fc.property(settings, settings, (signed, edited) => {
        const now = narrowServer(signed, edited);
        for (const [url, address] of PLACES)
          assert.ok(goes(edited, url, address) || !goes(now, url, address));
        if (edited.oidc === null) assert.equal(now.oidc, null);
        if (edited.oauth.mode === 'off') assert.equal(now.oauth.mode, 'off');
        if (edited.oauth.mode === 'external' && edited.oauth.tokens === 'rfc9068')
          assert.ok(
            now.oauth.mode !== 'external' ||
              now.oauth.tokens === 'rfc9068' ||
              now.oauth.issuer !== edited.oauth.issuer,
          );
        if (bindOfSafe(edited).addresses.every(isLoopback))
          assert.ok(bindOfSafe(now).addresses.every(isLoopback));
        for (const name of bindOfSafe(now).hosts)
          assert.ok(
            bindOfSafe(edited).hosts.includes(name) ||
              name === now.url.host ||
              LOOPBACK_NAMES.includes(name),
          );
      }),
      { numRuns: 150, seed: SEED },
    );
  });

  it('is the signed file where nothing was edited, and loopback where nothing was ever signed', () => {
    fc.assert(
      fc.property(settings, (signed) => {
        const now = narrowServer(signed, signed);
        assert.deepEqual(
          [bindOfSafe(now), now.url, now.oidc, now.oauth, now.egress.allow],
          [bindOf(signed), signed.url, signed.oidc, signed.oauth, signed.egress.allow],
        );
        const first = narrowServer(DEFAULT_SERVER, signed);
        assert.ok(bindOf(first).addresses.every(isLoopback));
        assert.deepEqual([first.oidc, first.oauth.mode, first.proxy], [null, 'off', null]);
        for (const [url, address] of PLACES) assert.equal(goes(first, url, address), false, url);
      }),
      { numRuns: 150, seed: SEED },
    );
  });

  const PUBLIC =
    'url: https://a.example.org\nlisten: 0.0.0.0:7443\nexpose: true\nhosts: [a.example.org]\ntls: {certificate: tls/a.crt, key: tls/a.key}\n';

  it('stays where it was signed to be when it names another place, and goes in when it names loopback', () => {
    const signed = read(PUBLIC);
    const elsewhere = narrowServer(signed, read(PUBLIC.replaceAll('a.example', 'b.example')));
    assert.deepEqual([elsewhere.url, elsewhere.hosts], [signed.url, ['a.example.org']]);
    const fewer = narrowServer(signed, read(PUBLIC.replace('0.0.0.0', '10.1.2.3')));
    assert.deepEqual(bindOf(fewer).addresses, ['10.1.2.3']);
    const inside = narrowServer(signed, read(PUBLIC.replace('0.0.0.0', '127.0.0.1')));
    assert.deepEqual([bindOf(inside).addresses, bindOf(inside).isTls], [['127.0.0.1'], true]);
    assert.deepEqual(bindOf(narrowServer(signed, DEFAULT_SERVER)), bindOf(DEFAULT_SERVER));
  });

  it('is asked as the filter asks: what both allow, however they spell it', () => {
    const both = parseAllowAmong(['10.0.0.0/8', 'x.lan'], ['10.1.0.0/16', 'x.lan:8443']);
    const asks = (url: string, address: string): boolean => {
      try {
        judge(placeOf(url), [address], both);
        return true;
      } catch {
        return false;
      }
    };
    assert.ok(asks('http://y.lan/', '10.1.9.9') && !asks('http://y.lan/', '10.2.9.9'));
    assert.ok(asks('https://x.lan:8443/', '192.168.0.1') && !asks('https://x.lan/', '192.168.0.1'));
    assert.deepEqual(parseAllowAmong(['x.lan'], undefined), parseAllow(['x.lan']));
  });
});
