import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '#base/json';
import { formOf, isSecurity } from '#model';
import { isPassing } from './normal.ts';
import { sameValue } from './value-test.ts';
import { compareVersions } from './version-order.ts';

const RULES = { formOf, isSecurity };
const same = (entity: string, attribute: string, a: Json, b: Json): boolean =>
  sameValue(entity, attribute, a, b, RULES);

describe('two ways to write one value', () => {
  const equal: readonly [string, string, Json, Json][] = [
    ['user:w/a', 'groups', ['adm', 'sudo'], ['sudo', 'adm']],
    ['mount:w//', 'options', ['rw', 'relatime'], ['relatime', 'rw']],
    ['file:w//x', 'mode', '0644', '644'],
    ['file:w//x', 'mode', 644, '0644'],
    ['file:w//x', 'sha256', 'AB12', 'ab12'],
    ['sshd_setting:w/x11forwarding', 'value', 'No', false],
    ['sshd_setting:w/permitrootlogin', 'value', 'without-password', 'prohibit-password'],
    ['sshd_setting:w/logingracetime', 'value', '2m', '120'],
    ['sshd_setting:w/allowusers', 'value', ['a', 'b'], ['b', 'a']],
    ['kernel_parameter:w/x', 'value', '32768\t60999', '32768 60999 '],
    ['kernel_parameter:w/x', 'value', true, '1'],
    ['kernel_parameter:w/x', 'value', 1, '1'],
    ['host:w', 'memory.totalBytes', '512 MiB', 536_870_912],
    ['host:w', 'kernel.version', '#1 SMP ', '#1 SMP'],
    ['component:w/x', 'present', 'yes', true],
    ['certificate:w/x', 'notAfter', '2027-01-01T01:00:00+01:00', '2027-01-01T00:00:00Z'],
  ];
  const different: readonly [string, string, Json, Json][] = [
    ['sshd_setting:w/permitrootlogin', 'value', 'yes', 'prohibit-password'],
    ['sshd_setting:w/maxauthtries', 'value', '1', 'yes'],
    ['sshd_setting:w/authenticationmethods', 'value', ['a', 'b'], ['b', 'a']],
    ['sshd_setting:w/ciphers', 'value', 'a,b', 'b,a'],
    ['file:w//x', 'mode', '0644', '4644'],
    ['user:w/a', 'groups', ['adm', 'adm'], ['adm']],
    ['user:w/a', 'shell', '/bin/sh', '/bin/sh '],
    ['user:w/a', 'shell', '/bin/sh', '/bin/SH'],
    ['package:w/x', 'version', '1.0', '1.00'],
    ['sudo_rule:w/x', 'rule', 'a ALL', 'a  ALL'],
    ['kernel_parameter:w/x', 'value', '0', '1'],
    ['host:w', 'memory.totalBytes', '512 MB', '512 MiB'],
    ['thing:w', 'list', ['a', 'b'], ['b', 'a']],
  ];
  for (const [entity, attribute, a, b] of equal)
    it(`${attribute} of ${entity}: ${JSON.stringify(a)} is ${JSON.stringify(b)}`, () => {
      assert.ok(same(entity, attribute, a, b));
      assert.ok(same(entity, attribute, b, a));
    });
  for (const [entity, attribute, a, b] of different)
    it(`${attribute} of ${entity}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`, () => {
      assert.ok(!same(entity, attribute, a, b));
    });

  it('are one for every value with itself', () => {
    const entity = fc.constantFrom('file:w//x', 'sshd_setting:w/port', 'user:w/a', 'host:w', 'x:y');
    const attribute = fc.constantFrom('mode', 'value', 'groups', 'memory.totalBytes', 'sha256');
    fc.assert(
      fc.property(entity, attribute, fc.jsonValue(), (of, what, value) => {
        assert.ok(same(of, what, value as Json, structuredClone(value) as Json));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a state', () => {
  it('between two others tells nothing yet', () => {
    assert.ok(isPassing('service:w/x', 'state.active', 'activating'));
    assert.ok(!isPassing('service:w/x', 'state.active', 'failed'));
    assert.ok(!isPassing('port:w/x', 'state.active', 'activating'));
  });
});

describe('the order of versions', () => {
  it('is that of Debian Policy 5.6.12', () => {
    const rising = [
      '1.0~~',
      '1.0~',
      '1.0~rc1',
      '1.0',
      '1.0-0a',
      '1.0-1',
      '1.0a',
      '1.0+b',
      '1.2',
      '1.10',
      '1:0.1',
    ];
    for (const [i, a] of rising.entries())
      for (const [j, b] of rising.entries())
        assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
    assert.equal(compareVersions('0:1.0-0', '1.0'), 0);
    assert.equal(compareVersions('1.0010', '1.10'), 0);
  });

  const dpkg = spawnSync('dpkg', ['--version']).status === 0;
  it('is that of dpkg', { skip: dpkg ? false : 'needs dpkg' }, () => {
    const piece = fc.string({
      unit: fc.constantFrom(...'0123456789aZ.+~'.split('')),
      maxLength: 5,
    });
    const version = fc
      .tuple(fc.constantFrom('', '1:', '0:'), piece, fc.constantFrom('', '-1', '-0', '-1~b', '-a'))
      .map(([epoch, upstream, revision]) => `${epoch}0${upstream}${revision}`);
    fc.assert(
      fc.property(version, version, (a, b) => {
        const is = (op: string): boolean =>
          spawnSync('dpkg', ['--compare-versions', a, op, b], { stdio: 'ignore' }).status === 0;
        const order = compareVersions(a, b);
        assert.deepEqual([order < 0, order === 0], [is('lt'), is('eq')], `${a} ${b}`);
      }),
      { numRuns: 25 },
    );
  });
});
