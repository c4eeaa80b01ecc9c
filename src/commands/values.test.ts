import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '#base/address';
import { cpuMs } from '#test/cpu';
import { Reachable } from './address.ts';
import { Ere, EreError } from './ere.ts';
import { PathGuard } from './paths.ts';
import { someSurroundings } from './samples.ts';
import { judgeValue, parseValueType } from './values.ts';

const { paths, networks, hosts } = someSurroundings();
const place = { paths: new PathGuard(paths), reachable: new Reachable(networks, hosts) };

function takes(type: string, text: string): boolean {
  const kind = parseValueType(type);
  assert.ok(!('problem' in kind), type);
  return 'normal' in judgeValue(kind, text, place);
}

describe('a value', () => {
  it('is of its type, or refused', () => {
    const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
      [
        'number:1:100',
        ['1', '007', '100'],
        ['0', '101', '-1', '+1', '1.5', '', '1e2', '0x1', '1'.repeat(16), '１'],
      ],
      ['number', ['0', '999999999999999'], ['1000000000000000', 'a', ' 1']],
      ['signed:-5:5', ['-5', '+5', '0'], ['-6', '6', '--1', '']],
      ['decimal', ['1', '0.5'], ['.5', '1.', '1e3', '-1']],
      [
        'size',
        ['10', '10k', '+1G', '-100M', '1.5G', '10MiB', '1c'],
        ['k', '', '1x', '1'.repeat(33)],
      ],
      ['enum:a,b', ['a', 'b'], ['', 'c', 'a,b', 'A']],
      ['list:a,b', ['a', 'a,b'], ['', 'a,', 'c', 'a,,b']],
      ['word', ['a-b', 'a=b', 'x@y:1'], ['-a', '', 'a b', 'é', "a'"]],
      ['name', ['a.b', '_x'], ['.a', '-a', 'a/b', '']],
      [
        'unit',
        ['nginx.service', 'a@b.service', 'ssh*', 'dev-sda\\x2d1.device'],
        ['-a', 'a b', 'a/b', ''],
      ],
      ['interface', ['eth0', 'br-1', 'eth0.5'], ['-a', '', 'x'.repeat(33)]],
      ['pid', ['1', '4194304'], ['0', '4194305', '-1', '']],
      [
        'time',
        ['yesterday', '2026-01-01 10:00', '-1h', '+5 min', '@1700000000', '1 hour ago'],
        ['', '-f', '@x', 'a;b', '/etc'],
      ],
      [
        'domain',
        ['example.com', 'a.b.', '_dmarc.x.de', '1.2.3.4', '2001:db8::1'],
        [
          '',
          '.',
          'a..b',
          '-a.b',
          `${'a'.repeat(41)}.b`,
          'a.b.c.d.e.f.g.h.i',
          'a b',
          'a/b',
          '4d5a90000300000004000000ffff.evil.com',
        ],
      ],
      [
        'url',
        [
          'http://localhost',
          'https://10.1.2.3:8443/a?b=c',
          'http://[::1]:9/x',
          'http://web-1/~u',
          'http://localhost?a',
          'localhost',
          '10.1.2.3:8443/a?b=c',
        ],
        [
          'http://evil.com/',
          'ftp://localhost/',
          'file:///etc/shadow',
          'http://a@localhost/',
          'http://localhost:0/',
          'http://localhost:99999/',
          'http://localhost.evil.com',
          'http://localhost\\@evil.com',
          'http://169.254.169.254/',
          'http://2130706433/',
          'http://0x7f.1/',
          'http://127.1/',
          'HTTP://localhost/',
          'http://localhost@evil.com/',
          'http://[::1',
          'http://[::ffff:169.254.169.254]/',
          'http://localhost#@evil.com',
          'evil.com',
          'file:/etc/shadow',
          'localhost:80@evil.com',
          'http://localhost/{a,b}',
          'http://localhost/a b',
        ],
      ],
      ['athost', ['@10.0.0.1', '@localhost'], ['@8.8.8.8', '10.0.0.1', '@']],
      ['match:[a-c]+(-[0-9])?', ['abc', 'a-1'], ['', 'abd', 'a-', 'a-12', 'xabc']],
      ['sed', ['p', 's/a/b/w x'], ['r x']],
      ['awk', ['{print}'], ['BEGIN{while(1);}']],
      ['text', ['', '-x', 'é;$()'], ['x'.repeat(4_097)]],
    ];
    for (const [type, good, bad] of cases) {
      for (const text of good) assert.equal(takes(type, text), true, `${type} ${text}`);
      for (const text of bad) assert.equal(takes(type, text), false, `${type} ${text}`);
    }
  });

  it('is of a type that is known', () => {
    for (const type of [
      '',
      'numbr',
      'number:a',
      'number:5:1',
      'number:1:2:3',
      'enum',
      'enum:',
      'word:x',
      'match',
      'match:(',
      'match:a{2}',
      'match:\\d',
      'match:[[:alpha:]]',
      'match:a**',
      'match:a|',
      'match:^a$',
      'constructor',
      'match:[b-a]',
      'match:[a\\]]',
      'match:é',
    ])
      assert.ok('problem' in parseValueType(type), type);
  });
});

describe('an address', () => {
  it('is loopback or of the networks, and never where credentials are handed out', () => {
    for (const host of [
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      'localhost',
      'LOCALHOST',
      'web-1',
      'WEB-1',
      '10.255.0.1',
      'fd12:1::1',
      '::ffff:10.0.0.1',
      '0:0:0:0:0:0:0:1',
    ])
      assert.equal(place.reachable.allows(host), true, host);
    for (const host of [
      '8.8.8.8',
      '11.0.0.1',
      '169.254.169.254',
      'fe80::1',
      'fe80::1%eth0',
      '010.0.0.1',
      '10.0.0',
      '0x7f000001',
      '2130706433',
      '127.1',
      'web-2',
      'localhost.',
      '::ffff:8.8.8.8',
      '::',
      '0.0.0.0',
      '',
      '1.2.3.4.5',
      ':::1',
      '1::2::3',
      'fd13::1',
      '256.0.0.1',
      '::ffff:a9fe:a9fe',
    ])
      assert.equal(place.reachable.allows(host), false, host);
    const wide = new Reachable(['0.0.0.0/0', '::/0'], ['169.254.169.254']);
    for (const host of [
      '169.254.169.254',
      'fe80::1',
      '::ffff:169.254.1.1',
      '100.100.100.200',
      '168.63.129.16',
      'fd00:ec2::254',
    ])
      assert.equal(wide.allows(host), false, host);
    assert.equal(wide.allows('8.8.8.8'), true);
  });

  it('is read the same in every spelling of IPv6', () => {
    assert.deepEqual(parseAddress('2001:db8::1'), parseAddress('2001:0DB8:0:0:0:0:0:1'));
    assert.deepEqual(parseAddress('1:2:3:4:5:6:7::'), parseAddress('1:2:3:4:5:6:7:0'));
    assert.equal(parseAddress('1:2:3:4:5:6:7:8::'), null);
    assert.equal(parseAddress('1:2:3:4:5:6:7'), null);
    assert.equal(parseAddress('12345::'), null);
  });
});

describe('a pattern', () => {
  it('matches whole texts as the engine of the language would', () => {
    const atoms = fc.constantFrom('a', 'b', '[ab]', '.', '(a|bb)', '[^a]', '\\.');
    const patterns = fc
      .array(fc.tuple(atoms, fc.constantFrom('', '*', '+', '?')), { minLength: 1, maxLength: 5 })
      .map((parts) => parts.flat().join(''));
    const texts = fc.array(fc.constantFrom('a', 'b', '.'), { maxLength: 8 }).map((c) => c.join(''));
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        assert.equal(
          new Ere(pattern).matches(text),
          new RegExp(`^(?:${pattern})$`, 's').test(text),
        );
      }),
    );
  });

  it('never hangs', () => {
    const from = cpuMs();
    assert.equal(new Ere('(a*)*b').matches('a'.repeat(4_096)), false);
    assert.equal(new Ere('((a|a)+)+').matches(`${'a'.repeat(4_095)}b`), false);
    assert.ok(cpuMs() - from < 500);
    assert.throws(() => new Ere('('.repeat(400)), EreError);
  });
});
