/** No spelling of a private address passes, and only what is allowed by name or by block does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { throwsFault } from '#test/throws-fault';
import { ALLOW_NOTHING, type Allow, parseAllow } from './allow.ts';
import { type AddressClass, classify } from './classify.ts';
import { judge } from './judge.ts';
import { placeOf } from './place.ts';

const CLASSES: Readonly<Record<AddressClass, readonly string[]>> = {
  public: ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1'],
  private: ['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fec0::1'],
  loopback: ['127.0.0.1', '127.255.0.3', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  shared: ['100.64.0.1', '100.127.255.255'],
  'unique-local': ['fc00::1', 'fdff::1'],
  'link-local': ['169.254.0.1', 'fe80::1', 'febf::1'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.9', '2001:db8::1', '3fff::1'],
  benchmarking: ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  reserved: ['192.0.0.8', '240.0.0.1', '255.0.0.0', '100::1', '4000::1', '5f00::1', '2001:20::1'],
  nat64: ['64:ff9b::1.1.1.1', '64:ff9b::a00:1'],
  metadata: ['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', '::ffff:a9fe:a9fe'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0'],
  multicast: ['224.0.0.1', '239.255.255.250', 'ff02::1', '255.255.255.255'],
  embedded: [
    '::7f00:1',
    '2002:7f00:1::',
    '2001::1',
    '::ffff:0:7f00:1',
    '64:ff9b:1::a00:1',
    '192.88.99.1',
    '2606:4700::5efe:a00:1',
    '2606:4700::200:5efe:7f00:1',
  ],
};

/** Whether a request goes there when its host has these addresses. */
function goes(
  url: string,
  addresses: readonly string[] | null,
  allow: Allow = ALLOW_NOTHING,
): boolean {
  try {
    const place = placeOf(url);
    judge(place, addresses ?? (place.address === null ? ['1.1.1.1'] : [place.host]), allow);
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault && /^(url|egress)-refused$/.test(thrown.code)) return false;
    throw thrown;
  }
}

function fault(url: string, addresses: readonly string[], allow: Allow = ALLOW_NOTHING): Fault {
  try {
    judge(placeOf(url), addresses, allow);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
  }
  throw new Error('it went through');
}

const byte = fc.nat(255);
const inside = fc.oneof(
  fc.tuple(fc.constant(10), byte, byte, byte),
  fc.tuple(fc.constant(127), byte, byte, byte),
  fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
  fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
  fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
  fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
  fc.tuple(fc.constant(0), byte, byte, byte),
);
type Four = readonly [number, number, number, number];
const bases = [10, 16, 8] as const;
const written = (value: number, base: 8 | 10 | 16, zeros: number): string =>
  base === 10
    ? String(value)
    : `${base === 16 ? '0x' : '0'}${'0'.repeat(zeros)}${value.toString(base)}`;
/** One number to four, each in a base of its own. */
const spelling = fc.record({
  parts: fc.integer({ min: 1, max: 4 }),
  base: fc.tuple(...([0, 1, 2, 3] as const).map(() => fc.constantFrom(...bases))),
  zeros: fc.nat(3),
  dot: fc.boolean(),
  upper: fc.boolean(),
});

function spell(
  four: Four,
  { parts, base, zeros, dot, upper }: typeof spelling extends fc.Arbitrary<infer T> ? T : never,
): string {
  const head = four.slice(0, parts - 1);
  const tail = four.slice(parts - 1).reduce((sum, each) => sum * 256 + each, 0);
  const text = [...head, tail].map((value, at) => written(value, base[at] ?? 10, zeros)).join('.');
  return `${upper ? text.toUpperCase() : text}${dot ? '.' : ''}`;
}

describe('an address', () => {
  it('is of the class the registries give it', () => {
    for (const [kind, addresses] of Object.entries(CLASSES))
      for (const each of addresses) assert.equal(classify(each), kind, each);
    for (const each of ['', 'x', '1.2.3', '01.2.3.4', 'fe80::1%eth0', '1.2.3.4/32', '::g'])
      assert.equal(classify(each), null, each);
  });

  it('is refused in every spelling when it is not public', () => {
    fc.assert(
      fc.property(inside, spelling, fc.constantFrom('http', 'https'), (four, how, scheme) => {
        assert.equal(goes(`${scheme}://${spell(four, how)}/`, null), false, spell(four, how));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is refused inside another one', () => {
    const hex = (one: number, other: number): string => ((one << 8) | other).toString(16);
    fc.assert(
      fc.property(inside, ([a, b, c, d]) => {
        const [high, low] = [hex(a, b), hex(c, d)];
        for (const host of [
          `[::ffff:${a}.${b}.${c}.${d}]`,
          `[::FFFF:${high}:${low}]`,
          `[0:0:0:0:0:ffff:${high}:${low}]`,
          `[::${high}:${low}]`,
          `[64:ff9b::${high}:${low}]`,
          `[2002:${high}:${low}::1]`,
          `[2606:4700::5efe:${high}:${low}]`,
        ])
          assert.equal(goes(`http://${host}/`, null), false, host);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused as it stands in a name that only looks like one', () => {
    for (const host of [
      '①②⑦.⓪.⓪.①',
      '127。0。0。1',
      '%31%32%37.0.0.1',
      '１２７.0.0.1',
      '127.0.0.1.',
      '0x7f000001',
      '017700000001',
      '127.1',
    ])
      assert.equal(goes(`http://${host}/`, null), false, host);
    for (const host of [
      'a..b',
      '-a.b',
      'a b',
      'x.0x7g'.replace('g', ''),
      'foo.1',
      '[fe80::1%25eth0]',
    ])
      assert.equal(goes(`http://${host}/`, null), false, host);
  });

  it('that nobody ever saw goes only where a name or a block allows it', () => {
    fc.assert(
      fc.property(fc.array(byte, { minLength: 16, maxLength: 16 }), (bytes) => {
        const text = Array.from({ length: 8 }, (_, at) =>
          (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
        ).join(':');
        const kind = classify(text);
        assert.equal(goes(`http://[${text}]/`, null), kind === 'public', `${text} ${kind}`);
      }),
    );
  });
});

describe('a URL', () => {
  it('has no user, no password, and is of the web', async () => {
    for (const url of [
      'ftp://x/',
      'file:///etc/passwd',
      'gopher://x/',
      'x',
      'http://u@x/',
      'http://:p@x/',
      'http://1.1.1.1:0/',
      'http://a\u0000b/',
    ])
      await throwsFault(() => placeOf(url), 'url-refused');
    assert.equal(goes('https://example.org:65535/', ['1.1.1.1']), true);
    assert.equal(goes('http://EXAMPLE.org./', ['1.1.1.1']), true);
  });
});

describe('a name', () => {
  it('with one address inside is refused, whatever the others are', () => {
    assert.equal(goes('https://example.org/', ['1.1.1.1', '2606:4700::1']), true);
    for (const bad of ['10.0.0.1', '::1', 'fe80::1%eth0', 'nonsense', '0.0.0.0'])
      assert.equal(goes('https://example.org/', ['1.1.1.1', bad]), false, bad);
    assert.equal(goes('https://example.org/', []), false);
  });

  it('that leads inside says which line would let it, and that line does', () => {
    const cases = [
      ['https://hooks.internal:8443/x', '10.1.2.3', 'hooks.internal:8443'],
      ['http://127.0.0.1:8200/', '127.0.0.1', '127.0.0.1:8200'],
      ['http://[::1]:8200/', '::1', '[::1]:8200'],
      ['https://vault.lan/', 'fd00::5', 'vault.lan:443'],
      ['http://printer.lan/', 'fe80::1', '[fe80::1]:80'],
      ['http://cloud.lan/', '169.254.169.254', '169.254.169.254:80'],
      ['http://six.lan/', '64:ff9b::101:101', '64:ff9b::/96'],
    ] as const;
    for (const [url, address, entry] of cases) {
      const { message, facts, code, kind } = fault(url, [address]);
      assert.deepEqual([code, kind, facts['allow']], ['egress-refused', 'refused', entry]);
      const line = /add to server\.yaml and sign: egress: \{allow: \[(.*)\]\}$/.exec(message)?.[1];
      judge(placeOf(url), [address], parseAllow([JSON.parse(line ?? '') as string]));
    }
    for (const never of ['0.0.0.0', '224.0.0.1', '2002:a00:1::', '::7f00:1', '64:ff9b::a00:1'])
      assert.match(fault('http://x.lan/', [never]).message, /No setting allows that/);
  });
});

describe('an allowance', () => {
  it('is for what it says and for nothing beside it', () => {
    const allow = parseAllow([
      '10.1.0.0/16',
      'hooks.lan:8443',
      '192.168.1.5:80',
      'fd00:1::/32',
      '[::1]',
      'vault.lan',
    ]);
    const at = (url: string, address: string): boolean => goes(url, [address], allow);
    assert.ok(at('http://any.lan:99/', '10.1.255.1') && !at('http://any.lan/', '10.2.0.1'));
    assert.ok(
      at('https://hooks.lan:8443/', '172.16.0.1') && !at('https://hooks.lan/', '172.16.0.1'),
    );
    assert.ok(
      at('https://HOOKS.lan.:8443/', '127.0.0.1') && !at('https://x.hooks.lan:8443/', '127.0.0.1'),
    );
    assert.ok(at('http://a.lan/', '192.168.1.5') && !at('http://a.lan:81/', '192.168.1.5'));
    assert.ok(at('http://[fd00:1::9]/', 'fd00:1::9') && !at('http://[fd00:2::9]/', 'fd00:2::9'));
    assert.ok(at('http://localhost:1/', '::1') && !at('http://localhost:1/', '127.0.0.1'));
    assert.ok(at('http://vault.lan:8200/', '100.64.0.1'));
    for (const address of [
      '169.254.0.1',
      '169.254.169.254',
      '0.0.0.0',
      '224.0.0.1',
      '2002::1',
      '192.0.2.1',
    ])
      assert.ok(!at('http://vault.lan/', address), address);
  });

  it('never is a cloud’s metadata service by a block, nor what has no machine behind it', () => {
    const allow = parseAllow([
      '169.254.0.0/16',
      '100.64.0.0/10',
      'fd00::/8',
      '224.0.0.0/8',
      '64:ff9b::/96',
    ]);
    assert.ok(goes('http://169.254.0.9/', null, allow));
    assert.ok(goes('http://[64:ff9b::101:101]/', null, allow));
    for (const host of [
      '169.254.169.254',
      '100.100.100.200',
      '[fd00:ec2::254]',
      '224.0.0.1',
      '[64:ff9b::a9fe:a9fe]',
    ])
      assert.ok(!goes(`http://${host}/`, null, allow), host);
    assert.ok(goes('http://169.254.169.254/', null, parseAllow(['169.254.169.254'])));
  });

  it('of IPv6 is never one of IPv4, and none is as wide as the world', async () => {
    for (const each of [
      '0.0.0.0/0',
      '0.0.0.0/7',
      '::/0',
      '2000::/3',
      '::ffff:0:0/96',
      '10.0.0.0/33',
      '10.0.0/8',
      'a/8',
      '',
      'a b',
      'http://x',
      'x:0',
      'x:65536',
      '127.1',
      '0x7f.1',
      '*.lan',
      '[x]',
      'fe80::1%eth0',
    ])
      await throwsFault(() => parseAllow([each]), 'invalid-egress');
    assert.ok(!goes('http://10.0.0.1/', null, parseAllow(['::/8'])));
    await throwsFault(
      () => parseAllow(Array.from({ length: 257 }, () => '10.0.0.0/8')),
      'invalid-egress',
    );
  });
});
