import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cpuMs } from '#test/cpu';
import type { Judgement } from './entry.ts';
import { aJudge } from './samples.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 1_000);

const judge = aJudge(`
  - program: see
    summary: Shows things
    aliases: [sea]
    style: getopt
    adds: [--plain]
    options:
      - { names: [--plain], means: no colours }
      - { names: [-q, --quiet], means: says less }
      - { names: [-v], many: true, means: says more }
      - { names: [-n, --lines], value: 'number:0:100', means: how many }
      - { names: [-c, --colour], value: 'enum:always,never?', means: colours }
      - { names: [-H, --host], value: word, class: deny, code: egress, means: another machine }
      - { names: [-o, --out], value: path, class: write, tier: T1, means: writes a file }
      - { names: [-x, --run], value: text, class: exec, means: runs something }
    forms:
      - verb: [list|ls]
        class: read
        means: what there is
        options: [{ names: [-a, --all], means: everything }]
        operands: [{ name: file, value: file, min: 0, max: 3, stdin: true }]
      - verb: [list, old]
        class: read
        means: what there was
      - verb: [drop]
        class: write
        tier: T3
        means: drops things
        operands: [{ name: thing, value: name }]
      - verb: [do]
        rest: exec
        means: does anything
      - class: read
        means: an overview
        requires: ['-q|-v']
        conflicts: [-n]
  - program: pick
    summary: Picks
    forms:
      - class: read
        means: by pattern
        options:
          - { names: [-NUM], value: 'number:0:50', digits: true, means: around }
          - { names: [-1], means: one }
          - { names: [-e], value: text, many: true, means: pattern }
        operands:
          - { name: pattern, value: text }
          - { name: file, value: file, min: 0, max: 5 }
      - class: write
        means: into a file
        options: [{ names: [-w], means: writes }]
        operands: [{ name: file, value: path, min: 1, max: 5 }]
  - program: way
    summary: Ways
    style: words
    globalFirst: true
    options:
      - { names: ['-4'], means: version 4 }
      - { names: ['-exec'], rest: true, class: exec, means: runs what follows }
    forms:
      - verb: [addr|address, show]
        class: read
        means: addresses
        options: [{ names: [dev], value: interface, means: of an interface }]
      - verb: [addr|address]
        class: read
        means: addresses
        operands: [{ name: label, value: name, min: 0, max: 1 }]
      - verb: [addr|address, add]
        class: write
        means: adds one
        operands: [{ name: address, value: word }]
  - program: within
    summary: Waits no longer than
    forms:
      - class: read
        wraps: true
        means: for so long
        options: [{ names: [-k], value: number, means: then kills }]
        operands: [{ name: seconds, value: number }]
  - program: open
    summary: Opens anything
    stop: true
    options: [{ names: [-s], means: short }]
    forms:
      - class: read
        means: any words
        operands: [{ name: word, value: text, min: 0, max: 9 }]
  - program: ask
    summary: Asks a host
    forms:
      - class: read
        means: asks
        operands: [{ name: host, value: host }]
      - rest: write
        means: sends
`);

const of = (line: string): Judgement => judge.judgeLine(line);
const normal = (line: string): string => {
  const { class: found, normalForm, because } = of(line);
  assert.equal(found, 'read', `${line}: ${because}`);
  return JSON.stringify(normalForm?.slice());
};
const code = (line: string): string | null => {
  const found = of(line);
  assert.notEqual(found.class, 'read', line);
  return found.code;
};

describe('an argv', () => {
  it('names its program bare or in a known directory, and what runs is the bare name', () => {
    for (const name of [
      'see',
      'sea',
      '/bin/see',
      '/usr/bin/see',
      '/sbin/see',
      '/usr/sbin/sea',
      '/usr/local/bin/see',
      '/usr/local/sbin/see',
    ])
      assert.equal(normal(`${name} ls`), '["see","list","--plain"]');
    for (const name of [
      './see',
      'bin/see',
      '/tmp/see',
      '/usr/bin/../../tmp/see',
      '/usr/bin//see',
      'SEE',
      'see2',
      '/opt/see',
      'constructor',
      '__proto__',
    ])
      assert.equal(code(`${name} ls`), 'unknown-program', name);
    assert.equal(judge.judge(['sее', 'ls']).code, 'look-alike');
  });

  it('has its verb by the longest match, in any of its spellings', () => {
    assert.equal(normal('see list old'), '["see","list","old","--plain"]');
    assert.equal(normal('see -q ls /tmp/a'), '["see","list","--plain","-q","/tmp/a"]');
    assert.equal(code('see li'), 'missing');
    assert.equal(code('way ad'), 'unknown-form');
    assert.equal(of('way addr add x').class, 'write');
    assert.equal(normal('way addr show'), '["way","addr","show"]');
  });

  it('never takes the next word of a longer verb for an operand', () => {
    assert.equal(code('see list --all old'), 'unknown-form');
    assert.equal(normal('see list --all ./old'), '["see","list","--plain","--all","/old"]');
  });

  it('knows options by their exact names, glued, apart and in clusters', () => {
    const wanted = '["see","list","--plain","-a","-q","-n","5"]';
    for (const line of [
      'see list -aqn5',
      'see list -aqn 5',
      'see list -a -q -n 5',
      'see list -a -qn5',
    ])
      assert.equal(normal(line), wanted, line);
    for (const line of ['see list --lines=5', 'see list --lines 5'])
      assert.equal(normal(line), '["see","list","--plain","--lines=5"]');
    for (const line of [
      'see list --lin=5',
      'see list --al',
      'see list -z',
      'see list -az',
      'see list ---',
      'see list --all2',
      'see list --ALL',
      'see list -é',
    ])
      assert.equal(
        code(line) === 'look-alike' ? 'unknown-option' : code(line),
        'unknown-option',
        line,
      );
  });

  it('takes an optional value only glued', () => {
    assert.equal(normal('see list -calways'), '["see","list","--plain","-calways"]');
    assert.equal(
      normal('see list --colour=never x'),
      '["see","list","--plain","--colour=never","/x"]',
    );
    assert.equal(normal('see list --colour never'), '["see","list","--plain","--colour","/never"]');
    assert.equal(code('see list -cq'), 'bad-value');
  });

  it('has each option once, unless it may come often', () => {
    assert.equal(code('see list -q --quiet'), 'too-many');
    assert.equal(code('see -q list -q'), 'too-many');
    assert.equal(normal('see list -vv'), '["see","list","--plain","-v","-v"]');
  });

  it('puts options before operands, and "--" where an operand would look like one', () => {
    assert.equal(normal('see list a -a'), '["see","list","--plain","-a","/a"]');
    assert.equal(normal('pick -- -x /tmp/f'), '["pick","--","-x","/tmp/f"]');
    assert.equal(normal('pick x -- f'), '["pick","x","/f"]');
    assert.equal(code('see list -- -a'), 'bad-value');
    assert.equal(normal('open -s a -s'), '["open","-s","--","a","-s"]');
  });

  it('takes -NUM whole, and a digit that is an option as that', () => {
    assert.equal(normal('pick -5 x'), '["pick","-5","x"]');
    assert.equal(normal('pick -1 x'), '["pick","-1","x"]');
    assert.equal(code('pick -51 x'), 'bad-value');
    assert.equal(code('pick -5e x'), 'unknown-option');
  });

  it('fills operands from left to right, and counts them', () => {
    assert.equal(code('pick'), 'missing');
    assert.equal(code('pick a 1 2 3 4 5 6'), 'too-many');
    assert.equal(code('see list a b c d'), 'too-many');
    assert.equal(normal('see list -'), '["see","list","--plain","-"]');
  });

  it('has what is required, and nothing that conflicts', () => {
    assert.equal(normal('see -q'), '["see","--plain","-q"]');
    assert.equal(code('see'), 'missing');
    assert.equal(code('see -q -n 5'), 'unknown-form');
  });

  it('has the greatest class that is present, and its tier', () => {
    const cases = [
      ['see list', 'read', 'T0'],
      ['see list -o /tmp/x', 'write', 'T1'],
      ['see list -o /tmp/x -x id', 'exec', 'T3'],
      ['see list -x id -H evil', 'deny', 'deny'],
      ['see drop a', 'write', 'T3'],
      ['see drop -o /tmp/x a', 'write', 'T3'],
      ['see do what -ever --you want', 'exec', 'T3'],
      ['pick -w f', 'write', 'T2'],
    ] as const;
    for (const [line, wanted, tier] of cases) {
      const found = of(line);
      assert.deepEqual([found.class, found.tier], [wanted, tier], line);
      assert.equal(found.class === 'deny' || found.normalForm !== null, true, line);
    }
    assert.equal(of('see list -H evil').code, 'egress');
    assert.deepEqual(of('see do -a b').normalForm, ['see', 'do', '-a', 'b']);
    assert.equal(of('see -Hevil list').code, 'egress');
  });

  it('is told the refusal that stays, and a wider form does not soften it', () => {
    assert.equal(code('see list /etc/shadow'), 'secret');
    assert.equal(code('see list /dev/sda'), 'device');
    assert.equal(of('ask 8.8.8.8').class, 'deny');
    assert.equal(of('ask 8.8.8.8').code, 'egress');
    assert.equal(of('ask localhost --now').class, 'write');
  });

  it('tells the class of an option although the rest does not fit', () => {
    const found = of('see list -x id /etc/a /b /c /d');
    assert.deepEqual([found.class, found.normalForm], ['exec', null]);
  });

  it('in style words keeps its order, and has no clusters and no abbreviations', () => {
    assert.equal(normal('way -4 address show dev eth0'), '["way","-4","addr","show","dev","eth0"]');
    assert.equal(code('way addr show -4'), 'unknown-option');
    assert.equal(code('way addr show de eth0'), 'too-many');
    assert.equal(code('way addr show dev'), 'missing');
    assert.equal(of('way -exec rm -rf /').class, 'exec');
    assert.equal(of('way -exec rm -rf /').normalForm, null);
  });

  it('is judged by what it wraps, once', () => {
    assert.equal(normal('within 5 sea ls -q'), '["within","5","see","list","--plain","-q"]');
    assert.equal(
      normal('within -k 1 5 /bin/see ls'),
      '["within","-k","1","5","see","list","--plain"]',
    );
    assert.deepEqual(of('within 5 see drop a').normalForm, ['within', '5', 'see', 'drop', 'a']);
    assert.equal(of('within 5 see drop a').tier, 'T3');
    assert.equal(code('within 5 within 5 see ls'), 'launches');
    assert.equal(code('within 5 bash -c id'), 'unknown-program');
    assert.equal(code('within 5'), 'malformed');
    assert.equal(code('within'), 'missing');
  });

  it('holds no control characters, nothing invisible, and no dash that is none', () => {
    const words = (word: string): string | null => judge.judge(['open', word]).code;
    for (const word of ['a\nb', 'a\u0000', '\u001b[m', '\u009b', '\ud800'])
      assert.equal(words(word), 'malformed');
    for (const word of ['a\u00a0b', '\u202ea', 'a\u200bb', '–exec', '−a', '\u{e0041}'])
      assert.equal(words(word), 'look-alike', word);
    for (const word of ['é', 'naïve', '日本', 'a–b']) assert.equal(words(word), null, word);
    assert.equal(judge.judge([]).code, 'malformed');
    assert.equal(judge.judge(['open', ...Array<string>(256).fill('a')]).code, 'malformed');
    assert.equal(judge.judge(['open', 'a'.repeat(70_000)]).code, 'malformed');
  });
});

const pieces = [
  'list',
  'ls',
  'old',
  'drop',
  'do',
  'addr',
  'address',
  'show',
  'add',
  'dev',
  'eth0',
  '-4',
  '-exec',
  '-q',
  '--quiet',
  '-v',
  '-vv',
  '-aq',
  '-n',
  '5',
  '-n5',
  '--lines=5',
  '--lines',
  '-c',
  '-cnever',
  '--colour=always',
  '--plain',
  '-a',
  '--all',
  '-o',
  '/tmp/x',
  '-x',
  '-H',
  '-',
  '--',
  '-5',
  '-1',
  '-e',
  '-w',
  '-k',
  'see',
  'pick',
  'within',
  '../etc/shadow',
  '/etc/./passwd',
  'a',
  '-z',
  '--zzz',
  '-s',
  'é',
  '',
  'localhost',
  '10.1.2.3',
  '8.8.8.8',
];
const argvs = fc.tuple(
  fc.constantFrom('see', 'sea', '/bin/pick', 'pick', 'way', 'within', 'open', 'ask'),
  fc.array(fc.constantFrom(...pieces), { maxLength: 7 }),
);

describe('every argv', () => {
  it('has a normal form that is judged the same, and is its own normal form', () => {
    let reads = 0;
    fc.assert(
      fc.property(argvs, ([program, words]) => {
        const once = judge.judge([program, ...words]);
        if (once.normalForm === null) return;
        const twice = judge.judge(once.normalForm);
        assert.deepEqual(twice.normalForm, once.normalForm);
        assert.deepEqual([twice.class, twice.tier, twice.code], [once.class, once.tier, once.code]);
        if (once.class === 'read') reads += 1;
      }),
      { numRuns: RUNS * 3 },
    );
    assert.ok(reads > RUNS / 20, `only ${reads} reads were tried`);
  });

  it('is never read with an option that nobody knows', () => {
    const unknown = fc.constantFrom('-Z', '--unknown', '--list', '-qZ', '--outp=/tmp/x', '--');
    fc.assert(
      fc.property(
        fc.constantFrom('see list', 'pick', 'way addr show', 'within 5 see list'),
        fc.array(fc.constantFrom('-q', '-a', 'x'), { maxLength: 3 }),
        unknown,
        (start, words, option) => {
          if (option === '--') return;
          assert.notEqual(judge.judge([...start.split(' '), option, ...words]).class, 'read');
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('is judged quickly, also when it is hostile', () => {
    const hostile = hostileArgvs();
    for (const argv of [...hostile, ...hostile]) {
      const from = cpuMs();
      judge.judge(argv);
      assert.ok(cpuMs() - from < 100, argv.join(' ').slice(0, 40));
    }
  });
});

function hostileArgvs(): readonly (readonly string[])[] {
  const long = 'a/'.repeat(500);
  return [
    ['see', 'list', ...Array<string>(250).fill('-v')],
    ['see', 'list', `-${'v'.repeat(60_000)}`],
    ['open', ...Array<string>(255).fill('x'.repeat(250))],
    ['see', 'list', long, long, long],
    ['pick', 'x', ...Array<string>(5).fill('/*secret/'.repeat(110))],
    ['see', 'list', '../'.repeat(300)],
    Array<string>(256).fill('within'),
  ];
}
