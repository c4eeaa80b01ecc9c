import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { throwsFault } from '#test/throws-fault';
import { OWN_KEYS, parseTransportSettings } from './settings.ts';

const GOOD = `version: 1
keys:
  reader:
    vault:
      address: https://vault.example:8200
      caFile: /etc/holdfast/vault.pem
      namespace: team/a
      auth:
        appRole: {roleId: r-1, secretIdFile: /etc/holdfast/secret-id}
      ssh:
        mount: ssh-clients
        role: holdfast
        principals: [holdfast-reader]
        ttlSeconds: 600
  runner:
    vault:
      address: http://127.0.0.1:8200
      auth:
        tokenFile: /run/vault/token
      kv:
        mount: secret
        path: hosts/runner
        field: private_key
        version: 3
`;

describe('the settings of transport', () => {
  it('are read as they are written, and mean our own keys where nothing is said', () => {
    const { reader, runner } = parseTransportSettings(GOOD);
    assert.deepEqual(reader, {
      kind: 'vault',
      address: 'https://vault.example:8200',
      caFile: '/etc/holdfast/vault.pem',
      namespace: 'team/a',
      auth: {
        kind: 'approle',
        mount: 'approle',
        roleId: 'r-1',
        secretIdFile: '/etc/holdfast/secret-id',
      },
      secret: {
        kind: 'ssh',
        mount: 'ssh-clients',
        role: 'holdfast',
        principals: ['holdfast-reader'],
        ttlSeconds: 600,
        authority: null,
      },
    });
    assert.deepEqual(runner.kind === 'vault' && runner.secret, {
      kind: 'kv',
      mount: 'secret',
      path: 'hosts/runner',
      field: 'private_key',
      version: 3,
    });
    assert.deepEqual(parseTransportSettings('version: 1\nkeys: {}\n'), OWN_KEYS);
    assert.deepEqual(
      parseTransportSettings(
        'version: 1\nkeys: {reader: {file: /k/r}, runner: {agent: {socket: /run/a}}}\n',
      ),
      {
        reader: { kind: 'file', file: '/k/r' },
        runner: { kind: 'agent', socket: '/run/a', publicKeyFile: null },
      },
    );
  });

  it('name the line of everything that they do not understand', async () => {
    for (const [from, to, line] of [
      ['version: 1', 'version: 2', 1],
      ['  reader:', '  raeder:', 3],
      ['    vault:', '    valut:', 4],
      ['https://vault.example:8200', 'https://user:word@vault.example', 5],
      ['https://vault.example:8200', 'https://vault.example/path', 5],
      ['https://vault.example:8200', 'http://vault.example:8200', 5],
      ['      caFile: /etc/holdfast/vault.pem\n', '', 5],
      ['caFile: /etc/holdfast/vault.pem', 'caFile: etc/vault.pem', 6],
      ['caFile: /etc/holdfast/vault.pem', 'caFile: *anchor', 6],
      ['namespace: team/a', 'namespace: ../a', 7],
      ['secretIdFile: /etc', 'secretId: /etc', 9],
      ['      ssh:', '      kv: {mount: a, path: b, field: c}\n      ssh:', 4],
      ['mount: ssh-clients', 'mount: a/../b', 11],
      ['role: holdfast', 'role: a/b', 12],
      ['[holdfast-reader]', '[]', 13],
      ['[holdfast-reader]', "['a,b']", 13],
      ['[holdfast-reader]', '!x [a]', 13],
      ['ttlSeconds: 600', 'ttlSeconds: 90000', 14],
      ['ttlSeconds: 600', "ttlSeconds: '600'", 14],
      ['http://127.0.0.1:8200', 'http://127.0.0.1.example', 17],
      ['http://127.0.0.1:8200', 'http://localhost:8200', 17],
      ['tokenFile: /run/vault/token', 'tokenFile: /run/../token', 19],
      ['tokenFile: /run/vault/token', 'token: hvs.x', 19],
      ['path: hosts/runner', 'path: hosts//runner', 22],
      ['path: hosts/runner', 'path: hosts/runner?version=1', 22],
      ['version: 3', 'version: 3\n        version: 4', 25],
    ] as const) {
      assert.ok(GOOD.includes(from), from);
      const bad = GOOD.replace(from, to);
      const fault = await throwsFault(
        () => parseTransportSettings(bad, 't.yaml'),
        'invalid-transport-settings',
      );
      assert.ok(fault.message.includes(`t.yaml:${line}:`), `${to}: ${fault.message}`);
    }
    for (const text of [
      '',
      '- 1',
      'version: 1',
      'keys: {}',
      'x'.repeat(70_000),
      '%YAML 1.2\n---\n',
    ])
      await throwsFault(() => parseTransportSettings(text), 'invalid-transport-settings');
  });

  it('let nobody who has the one key in by the other', async () => {
    const ssh = (principal: string): string =>
      `{vault: {address: 'http://[::1]:1', auth: {tokenFile: /t}, ssh: {mount: m, role: r, principals: [${principal}]}}}`;
    for (const [reader, runner] of [
      ['{file: /k}', '{file: /k}'],
      ['{agent: {socket: /a, publicKeyFile: /p}}', '{agent: {socket: /b, publicKeyFile: /p}}'],
      [ssh('a, b'), ssh('b')],
    ]) {
      const text = `version: 1\nkeys:\n  reader: ${reader}\n  runner: ${runner}\n`;
      const fault = await throwsFault(
        () => parseTransportSettings(text, 't'),
        'invalid-transport-settings',
      );
      assert.ok(fault.message.includes('t:4: reader and runner'), fault.message);
    }
    parseTransportSettings(`version: 1\nkeys: {reader: ${ssh('a')}, runner: ${ssh('b')}}\n`);
  });

  it('repeat no value, which may be a secret in the wrong place', async () => {
    const fault = await throwsFault(
      () =>
        parseTransportSettings(
          GOOD.replace('r-1', '"s.Secret\\u0007"').replace('/run/vault/token', 'hvs.Secret'),
        ),
      'invalid-transport-settings',
    );
    assert.ok(!JSON.stringify([fault.message, fault.facts]).includes('Secret'), fault.message);
  });

  it('are settings or a fault, whatever the file holds', () => {
    const any = (text: string): void => {
      try {
        parseTransportSettings(text);
      } catch (thrown) {
        assert.ok(thrown instanceof Fault && thrown.code === 'invalid-transport-settings');
      }
    };
    const lines = GOOD.split('\n');
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...lines), fc.string()), { maxLength: 40 }),
        (some) => any(some.join('\n')),
      ),
      { numRuns: 300 },
    );
  });
});
