import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { bindOf, isLoopback } from './bind.ts';
import { readServer } from './read-settings.ts';
import { DEFAULT_SERVER } from './settings.ts';

const read = (text: string) => readServer(`version: 1\n${text}`, 'server.yaml');

const PUBLIC = `url: https://holdfast.example.org
listen: 0.0.0.0:7443
expose: true
hosts: [holdfast.example.org]
tls: {certificate: tls/console.crt, key: tls/console.key}
`;

describe('server.yaml', () => {
  it('is loopback, without sign-in from outside and without requests to private places, when it says nothing', () => {
    assert.deepEqual(read(''), DEFAULT_SERVER);
  });

  it('is read as it is documented', () => {
    const settings = read(`${PUBLIC}proxy: {from: [10.0.0.5, 10.1.0.0/16]}
oidc: {issuer: https://id.example.org, clientId: holdfast, clientSecretFile: secrets/oidc, groups: groups}
oauth: {mode: external, issuer: https://id.example.org}
egress: {allow: [10.0.0.0/8, hooks.internal:8443, fd00::1]}
`);
    assert.deepEqual(settings.url, {
      origin: 'https://holdfast.example.org',
      host: 'holdfast.example.org',
      port: 443,
      isSecure: true,
    });
    assert.deepEqual(settings.listen, { host: '0.0.0.0', port: 7443 });
    assert.deepEqual(settings.egress.allow, ['10.0.0.0/8', 'hooks.internal:8443', 'fd00::1']);
    assert.deepEqual(settings.oauth, {
      mode: 'external',
      issuer: 'https://id.example.org',
      tokens: 'rfc9068',
      audience: null,
    });
    const plain =
      'oauth: {mode: external, issuer: https://a.example, tokens: jwt, audience: api://a}';
    assert.deepEqual(read(plain).oauth, {
      mode: 'external',
      issuer: 'https://a.example',
      tokens: 'jwt',
      audience: 'api://a',
    });
    assert.equal(settings.oidc?.clientSecretFile, 'secrets/oidc');
    assert.equal(settings.oidc?.groupsHours, 24);
    for (const hours of [0, 8, 24]) {
      const oidc = `oidc: {issuer: https://id.example.org, clientId: x, groupsHours: ${hours}}\n`;
      assert.equal(read(oidc).oidc?.groupsHours, hours);
    }
  });

  const MISTAKES: readonly (readonly [string, RegExp])[] = [
    ['url: https://holdfast.example.org/console', /server\.yaml:2:6: url .* without a path/],
    ['url: http://127.0.0.1:7425', /server\.yaml:2:6: .*no passkey is bound to an address/],
    ['url: https://user@holdfast.example.org', /server\.yaml:2:6: url/],
    ['url: https://Holdfast.example.org', /lower case/],
    [
      'oidc: {issuer: https://id.example.org, clientId: x, groupsHours: 25}',
      /groupsHours must be a whole number from 0 to 24/,
    ],
    ['url: https://a.example.org:70000', /port above/],
    ['listen: 7425', /server\.yaml:2:9: listen/],
    ['listen: holdfast.example.org:7425', /no address with a port/],
    ['listen: 127.0.0.1:0', /no address with a port/],
    ['expose: yes', /true or false/],
    ['hosts: [https://a.example.org]', /is no host name/],
    ['hosts: ["*.example.org"]', /is no host name/],
    ['tls: {certificate: a}', /key is missing in tls/],
    ['tls: {certificate: a, key: ../k}', /not in its form/],
    ['proxy: {from: []}', /from is empty/],
    ['proxy: {from: [everywhere]}', /neither an address nor a block/],
    ['oidc: {issuer: http://id.example.org, clientId: x}', /is no issuer/],
    ['oauth: {mode: on}', /accepted are embedded, external, off/],
    ['oauth: {mode: external}', /issuer is missing/],
    ['oauth: {mode: off, issuer: https://id.example.org}', /has no meaning/],
    ['egress: {allow: [10.0.0.0/40]}', /server\.yaml:2:18: .*no block of addresses/],
    ['oauth: {mode: embedded, tokens: jwt}', /server\.yaml:2:33: tokens has no meaning/],
    ['oauth: {mode: off, audience: a}', /audience has no meaning/],
    ['oauth: {mode: external, issuer: https://id.example.org, tokens: any}', /tokens/],
    ['oauth: {mode: external, issuer: https://id.example.org, audience: a b}', /audience/],
    [
      'oidc: {issuer: https://id.example.org, clientId: x}\noauth: {mode: external, issuer: https://id.example.org, audience: x}',
      /server\.yaml:3:67: audience is the clientId of oidc: "x"/,
    ],
    ['egress: {allow: [10.0.0.256]}', /is no host/],
    ['egress: {allow: [0.0.0.0/0]}', /too wide/],
    ['egress: {allow: [[a]]}', /server\.yaml:2:18/],
    ['lisen: 127.0.0.1:1', /did you mean "listen"/],
  ];
  for (const [text, why] of MISTAKES)
    it(`refuses with its place: ${text}`, async () => {
      const fault = await throwsFault(() => read(text), 'invalid-server');
      assert.match(fault.message, why);
    });
});

describe('a bind', () => {
  it('is both loopbacks where nothing is said, and may move to another port', () => {
    assert.deepEqual(bindOf(DEFAULT_SERVER), {
      addresses: ['127.0.0.1', '::1'],
      port: 7425,
      mayMove: true,
      isTls: false,
      hosts: ['localhost', '127.0.0.1', '[::1]'],
    });
  });

  it('stays where a url or listen put it', () => {
    assert.deepEqual(bindOf(read('url: http://localhost:9000')).port, 9000);
    assert.equal(bindOf(read('url: http://localhost:9000')).mayMove, false);
    assert.deepEqual(bindOf(read('listen: 127.0.0.1:8000')).addresses, ['127.0.0.1']);
  });

  it('is given to others with the switch, the names and TLS together', () => {
    assert.deepEqual(bindOf(read(PUBLIC)), {
      addresses: ['0.0.0.0'],
      port: 7443,
      mayMove: false,
      isTls: true,
      hosts: ['holdfast.example.org'],
    });
  });

  it('is given to a proxy of this machine, which is loopback for itself only', () => {
    const bind = bindOf(
      read(
        'url: https://a.example.org\nexpose: true\nhosts: [a.example.org]\nproxy: {from: [127.0.0.1]}\n',
      ),
    );
    assert.deepEqual([bind.addresses, bind.port], [['127.0.0.1', '::1'], 7425]);
    assert.ok(bind.hosts.includes('127.0.0.1') && bind.hosts.includes('a.example.org'));
  });

  /** Every combination of what protects a bind that others reach: only the whole of it is served. */
  const parts = {
    url: 'url: https://holdfast.example.org',
    expose: 'expose: true',
    hosts: 'hosts: [holdfast.example.org]',
    end: 'tls: {certificate: c, key: k}',
  };
  const names = Object.keys(parts) as (keyof typeof parts)[];
  for (const listen of ['0.0.0.0:7443', '"[::]:7443"', '10.1.2.3:7443'])
    for (let set = 0; set < 2 ** names.length; set++) {
      const given = names.filter((_, i) => (set & (1 << i)) !== 0);
      const text = [`listen: ${listen}`, ...given.map((name) => parts[name])].join('\n');
      const isWhole = given.length === names.length;
      it(`${isWhole ? 'serves' : 'refuses'} ${listen} with ${given.join(', ') || 'nothing'}`, async () => {
        if (isWhole) assert.equal(bindOf(read(text)).isTls, true);
        else {
          const fault = await throwsFault(() => bindOf(read(text)), 'unsafe-bind');
          assert.equal((fault.facts['missing'] as string[]).length >= 1, true);
        }
      });
    }

  const UNSAFE: readonly (readonly [string, string, RegExp])[] = [
    ['a public name without TLS', PUBLIC.replace('https:', 'http:'), /write url with https:/],
    [
      'a name that it would not answer to',
      PUBLIC.replace('hosts: [holdfast', 'hosts: [other'),
      /add holdfast\.example\.org to hosts/,
    ],
    [
      'a public name on loopback without the switch',
      'url: https://a.example.org\nproxy: {from: [127.0.0.1]}\nhosts: [a.example.org]',
      /expose: true/,
    ],
    [
      'https on loopback without a certificate',
      'url: https://localhost:7425',
      /name the certificate/,
    ],
    ['TLS for others on loopback', PUBLIC.replace(/listen.*\n/, ''), /add listen/],
  ];
  for (const [what, text, why] of UNSAFE)
    it(`refuses ${what}`, async () => {
      const fault = await throwsFault(() => bindOf(read(text)), 'unsafe-bind');
      assert.match(fault.message, why);
    });

  it('knows loopback in every spelling that it reads, and nothing else', () => {
    for (const local of ['127.0.0.1', '127.8.9.1', '::1', 'localhost', '::ffff:127.0.0.1'])
      assert.equal(isLoopback(local), true, local);
    for (const other of ['0.0.0.0', '::', '128.0.0.1', '10.0.0.1', 'localhost.example.org', '1'])
      assert.equal(isLoopback(other), false, other);
  });
});
