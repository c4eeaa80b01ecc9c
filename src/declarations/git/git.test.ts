import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import type { Declaration } from '#model';
import { throwsFault } from '#test/throws-fault';
import { aboutTarget, aTarget, contents, declaredBy } from '../samples.ts';
import { gitMaker } from './index.ts';

const ALL = 'for: all\n';

/** Each expectation in one line. */
function lines({ expectations }: Declaration): string[] {
  return expectations.map(({ entity, attribute, test, because }) => {
    const { op, ...rest } = test;
    return `${entity} ${attribute} ${op} ${JSON.stringify(Object.values(rest))} @${because.at}`;
  });
}

function refusal(files: Readonly<Record<string, string>>, target = aTarget()): string {
  try {
    declaredBy(files, target);
  } catch (thrown) {
    assert.ok(thrown instanceof Fault && thrown.code === 'invalid-declarations', String(thrown));
    return thrown.message;
  }
  assert.fail('nothing was refused');
}

describe('YAML baselines', () => {
  it('say what services, packages and settings should be, each with file and line', () => {
    const declared = declaredBy({
      'base.yaml': `${ALL}expect:
  - title: the web server serves
    severity: critical
    owner: web team
    rationale: nobody can buy without it
    remediation: systemctl start nginx
    service:
      nginx.service: { state.active: active, state.enabled: enabled }
  - package:
      telnetd: absent
      openssl: { version: { version-at-least: 3.0.11-1 } }
    kernel_parameter:
      net.ipv4.ip_forward: { value: "0" }
  - host: { cpu.count: { at-least: 2, at-most: 64 } }
`,
    });
    assert.deepEqual(lines(declared), [
      'service:web-1/nginx.service state.active equals ["active"] @base.yaml:10',
      'service:web-1/nginx.service state.enabled equals ["enabled"] @base.yaml:10',
      'package:web-1/telnetd * absent [] @base.yaml:12',
      'package:web-1/openssl version version-at-least ["3.0.11-1"] @base.yaml:13',
      'kernel_parameter:web-1/net.ipv4.ip_forward value equals ["0"] @base.yaml:15',
      'host:web-1 cpu.count at-least [2] @base.yaml:16',
      'host:web-1 cpu.count at-most [64] @base.yaml:16',
    ]);
    const [first] = declared.expectations;
    assert.equal(first?.severity, 'critical');
    assert.equal(first?.owner, 'web team');
    assert.deepEqual(first?.because, {
      id: null,
      title: 'the web server serves',
      rationale: 'nobody can buy without it',
      remediation: 'systemctl start nginx',
      reference: null,
      at: 'base.yaml:10',
    });
    assert.deepEqual(
      declared.needs.map(({ kind }) => kind),
      ['service', 'package', 'kernel_parameter', 'host'],
    );
  });

  it('say anything else as plain facts, with wildcards and conditions', () => {
    const declared = declaredBy({
      'f.yaml': `${ALL}expect:
  - where: { groups: { contains: sudo } }
    source: collector.ssh
    user: { "*": { shell: { one-of: [/bin/bash, /bin/sh] } } }
  - facts:
      - { kind: quota, name: home, attribute: bytes, is: { at-most: 5 } }
      - { entity: "cluster:lab", attribute: version, is: { like: "1.3*" } }
      - { entity: "printer:p1", is: absent }
`,
    });
    assert.deepEqual(lines(declared), [
      'user:web-1/* shell one-of [["/bin/bash","/bin/sh"]] @f.yaml:6',
      'quota:web-1/home bytes at-most [5] @f.yaml:8',
      'cluster:lab version like ["1.3*"] @f.yaml:9',
      'printer:p1 * absent [] @f.yaml:10',
    ]);
    const [first] = declared.expectations;
    assert.deepEqual(first?.where, [
      { attribute: 'groups', test: { op: 'contains', value: 'sudo' } },
    ]);
    assert.equal(first?.source, 'collector.ssh');
  });

  it('close kinds for what looks at the target, and refuse where nothing of ours does', () => {
    const files = { 'f.yaml': `${ALL}closed: [package, {kind: asset, source: cmdb}]\n` };
    assert.deepEqual(declaredBy(files).closed, [
      { kind: 'package', source: 'collector.ssh' },
      { kind: 'asset', source: 'cmdb' },
    ]);
    const none = aTarget({ transport: 'none' });
    assert.match(refusal(files, none), /f\.yaml:3:10: nothing of ours looks at host:web-1/);
  });

  it('do not speak of targets they are not for', () => {
    const files = {
      'web.yaml':
        'for: {tags: [web], environments: [production]}\nexpect: [{package: {nginx: present}}]\n',
      'lib.yaml': 'expect: [{package: {vim: present}}]\n',
    };
    assert.equal(declaredBy(files).expectations.length, 1);
    assert.equal(declaredBy(files, aTarget({ environment: 'lab' })).expectations.length, 0);
    assert.equal(declaredBy(files, aTarget({ tags: ['db'] })).expectations.length, 0);
  });
});

describe('inheritance', () => {
  const shell = (value: string): string => `expect: [{user: {root: {shell: ${value}}}}]\n`;
  const all = { 'all.yaml': `${ALL}${shell('/bin/sh')}` };
  const web = { 'web.yaml': `for: {tags: [web]}\n${shell('/bin/bash')}` };
  const one = { 'one.yaml': `for: {targets: ["host:web-1"]}\n${shell('/bin/zsh')}` };

  it('lets the nearest win: target before tag before all', () => {
    assert.match(lines(declaredBy(all)).join(), /\/bin\/sh/);
    assert.match(lines(declaredBy({ ...all, ...web })).join(), /\/bin\/bash"\] @web.yaml:3$/);
    assert.match(
      lines(declaredBy({ ...one, ...web, ...all })).join(),
      /\/bin\/zsh"\] @one.yaml:3$/,
    );
  });

  it('takes back what a farther file says with any, and replaces what should be absent', () => {
    const general = { 'all.yaml': `${ALL}expect: [{package: {telnet: absent, vim: present}}]\n` };
    const taken = 'for: {tags: [web]}\nexpect: [{package: {vim: any, telnet: {version: "1"}}}]\n';
    assert.deepEqual(lines(declaredBy({ ...general, 'web.yaml': taken })), [
      'package:web-1/telnet version equals ["1"] @web.yaml:3',
    ]);
    const back = 'for: {tags: [web]}\nexpect: [{user: {root: {shell: {any: true}}}}]\n';
    assert.deepEqual(lines(declaredBy({ ...all, 'web.yaml': back })), []);
  });

  it('refuses two that are equally near and differ, with both places', () => {
    const other = { 'prod.yaml': `for: {environments: [production]}\n${shell('/bin/dash')}` };
    const said = refusal({ ...all, ...web, ...other });
    assert.match(said, /web\.yaml:3:\d+: user "root" shell is said otherwise at prod\.yaml:3/);
    // The same, said twice, is no trouble.
    const same = { 'prod.yaml': `for: {environments: [production]}\n${shell('/bin/bash')}` };
    assert.equal(declaredBy({ ...all, ...web, ...same }).expectations.length, 1);
    // A nearer word settles it.
    assert.equal(declaredBy({ ...all, ...web, ...other, ...one }).expectations.length, 1);
  });

  it('puts what a file extends behind the file itself', () => {
    const files = {
      'base.yaml': shell('/bin/sh'),
      'mid.yaml': 'extends: [base.yaml]\nexpect: [{package: {curl: present}}]\n',
      'web.yaml': `for: {tags: [web]}\nextends: [mid.yaml]\n${shell('/bin/bash')}`,
    };
    assert.deepEqual(lines(declaredBy(files)), [
      'user:web-1/root shell equals ["/bin/bash"] @web.yaml:4',
      'package:web-1/curl * present [] @mid.yaml:3',
    ]);
  });

  it('refuses circles, unknown files and chains without end', () => {
    const circle = {
      'a.yaml': `${ALL}extends: [b.yaml]\n`,
      'b.yaml': 'extends: [a.yaml]\n',
    };
    assert.match(refusal(circle), /b\.yaml:2:11: extends goes round in a circle/);
    assert.match(refusal({ 'a.yaml': 'extends: [a.yaml]\n' }), /circle/);
    assert.match(
      refusal({ 'base.yaml': ALL, 'a.yaml': 'extends: [bsae.yaml]\n' }),
      /a\.yaml:2:11: there is no file "bsae\.yaml" to extend: did you mean "base\.yaml"\?/,
    );
    const chain = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [
        `f${i}.yaml`,
        i < 11 ? `extends: [f${i + 1}.yaml]\n` : ALL,
      ]),
    );
    assert.match(refusal(chain), /more than 8 files deep/);
  });
});

describe('variables', () => {
  const using = (value: string): string =>
    `${ALL}expect: [{sshd_setting: {port: {value: ${value}}}}]\n`;

  it('have types, and the nearest value: of a target, of a tag, of all', () => {
    const vars = `variables:
  port: {type: text, value: "22", tags: {web: "2222"}, targets: {"host:web-2": "2022"}}
`;
    const read = (target = aTarget()): unknown =>
      declaredBy({ 'v.yaml': `${using(`"\${port}"`)}${vars}` }, target).expectations[0]?.test;
    assert.deepEqual(read(), { op: 'equals', value: '2222' });
    assert.deepEqual(read(aTarget({ tags: [] })), { op: 'equals', value: '22' });
    assert.deepEqual(read(aTarget({ id: 'host:web-2' })), { op: 'equals', value: '2022' });
  });

  it('keep their type where they stand alone, and are text inside a text', () => {
    const declared = declaredBy({
      'v.yaml': `${ALL}variables: {n: 3, site: "s\${n}", names: [a, b]}
expect:
  - host: { cpu.count: "\${n}", hostname: "\${target.name}.\${site}.$\${x}", architecture: {one-of: "\${names}"} }
`,
    });
    assert.deepEqual(
      declared.expectations.map(({ test }) => test),
      [
        { op: 'equals', value: 3 },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what it is about
        { op: 'equals', value: 'web-1.s3.${x}' },
        { op: 'one-of', values: ['a', 'b'] },
      ],
    );
  });

  it('refuses what is unknown, cyclic, of another type or said twice, with its place', () => {
    assert.match(
      refusal({ 'v.yaml': using(`"\${prot}"`) }),
      /v\.yaml:3:\d+: no file defines a variable "prot"/,
    );
    const elsewhere = { 'v.yaml': using(`"\${p}"`), 'w.yaml': 'variables: {p: "1"}\n' };
    assert.match(refusal(elsewhere), /v\.yaml:3:\d+: no variable "p" applies to host:web-1/);
    const circle = `${using(`"\${a}"`)}variables: {a: "\${b}", b: "\${a}"}\n`;
    assert.match(
      refusal({ 'v.yaml': circle }),
      /v\.yaml:4:\d+: variables go round in a circle: a → b → a/,
    );
    const types = {
      'v.yaml': using(`"\${p}"`),
      'w.yaml': `${ALL}variables: {p: 1}\n`,
      'x.yaml': `${ALL}variables: {p: "1"}\n`,
    };
    assert.match(
      refusal(types),
      /x\.yaml:3:\d+: variable "p" is a text here and a number at w\.yaml:3/,
    );
    const twice = {
      'v.yaml': using(`"\${p}"`),
      'w.yaml': `${ALL}variables: {p: "2"}\n`,
      'x.yaml': `${ALL}variables: {p: "1"}\n`,
    };
    assert.match(refusal(twice), /x\.yaml:3:\d+: variable "p" has another value at w\.yaml:3/);
    assert.match(
      refusal({ 'v.yaml': using(`"\${no end"`) }),
      /v\.yaml:3:\d+: value has "\$\{no end" without an end/,
    );
    const wrong = `${ALL}variables: {p: text}\nexpect: [{host: {cpu.count: "\${p}"}}]\n`;
    assert.match(refusal({ 'v.yaml': wrong }), /v\.yaml:4:\d+: cpu\.count can never be/);
  });

  it('stand in values and nowhere else', () => {
    const said = lines(
      declaredBy({
        'v.yaml': `${ALL}variables: {a: b}\nexpect: [{package: {"\${a}": present}}]\n`,
      }),
    );
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what it is about
    assert.deepEqual(said, ['package:web-1/${a} * present [] @v.yaml:4']);
  });
});

describe('what is refused', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      'a misspelt attribute',
      'expect: [{service: {a.service: {state.actve: x}}}]',
      /3:\d+: service has no attribute "state\.actve": did you mean "state\.active"/,
    ],
    [
      'what moves by itself',
      'expect: [{service: {a.service: {state.sub: running}}}]',
      /moves by itself and is never compared/,
    ],
    ['a value that can never be', 'expect: [{user: {root: {uid: zero}}}]', /uid can never be/],
    [
      'a kind that is not known',
      'expect: [{servce: {}}]',
      /unknown key "servce".*did you mean "service"/,
    ],
    ['a block that expects nothing', 'expect: [{title: x}]', /expects nothing/],
    ['any and more', 'expect: [{host: {hostname: {any: true, like: x}}}]', /say one of them/],
    [
      'absent as a flag',
      'expect: [{host: {hostname: {absent: false}}}]',
      /is said as absent: true/,
    ],
    ['an alias', 'expect: [{host: {hostname: &a x, architecture: *a}}]', /is an alias/],
    ['a way out of the tree', 'extends: [../x.yaml]', /is not in its form/],
    ['a mapping that is no word', 'expect: [{host: {hostname: {x: 1}}}]', /unknown key "x"/],
    [
      'the same thing twice',
      'expect: [{package: {a: present}}, {package: {a: absent}}]',
      /is said otherwise at f\.yaml:3/,
    ],
    [
      'a fact about nothing',
      'expect: [{facts: [{is: present}]}]',
      /about an entity, or about a kind and a name/,
    ],
  ];
  for (const [what, text, why] of cases)
    it(`is ${what}`, () => assert.match(refusal({ 'f.yaml': `${ALL}${text}\n` }), why));

  it('tells the mistakes of all files at once', () => {
    const said = refusal({ 'a.yaml': 'oops: 1\n', 'b.yaml': 'oops: 2\n' });
    assert.match(said, /2 problems/);
    assert.match(said, /a\.yaml:2:1.*\nb\.yaml:2:1/);
  });

  it('refuses more files than anybody could read', async () => {
    const many = contents(
      Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`f${i}.yaml`, ''])),
    );
    await throwsFault(() => gitMaker.read(many), 'invalid-declarations');
  });
});

describe('whatever lies in a repository', () => {
  const pieces = fc.constantFrom(
    'version: 1\n',
    'for: all\n',
    'for: {tags: [web]}\n',
    'extends: [a.yaml]\n',
    'extends: [b.yaml]\n',
    'variables: {a: 1, b: "${a}"}\n',
    'variables: {a: "${b}", b: "${a}"}\n',
    'expect:\n',
    '  - service: {x: {state.active: "${a}"}}\n',
    '  - facts: [{entity: "a:b", is: present}]\n',
    '  - host: {hostname: {like: "*"}}\n',
    '  - {title: "${"}\n',
    'closed: [package]\n',
    'closed: [{kind: a, source: b}]\n',
    '&a [*a]\n',
    '!!js/function x\n',
    '"__proto__": {constructor: 1}\n',
    '  - package: {"__proto__": present, "*": absent}\n',
    '\t',
    '- ',
    '? ',
    '{',
    '[',
    '\u0000',
    '\u202e',
    '---\n',
    '%YAML 9\n',
  );
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 8 }).map((parts) => `version: 1\n${parts.join('')}`),
    fc.string({ unit: 'binary', maxLength: 80 }),
  );

  it('is a declaration or a fault with words, and nothing else', () => {
    const runs = Number(process.env['FUZZ_RUNS'] ?? 400);
    let held = 0;
    fc.assert(
      fc.property(text, fc.oneof(text, fc.constant('version: 1\n')), (a, b) => {
        try {
          const read = gitMaker.read(contents({ 'a.yaml': a, 'b.yaml': b }));
          const made = gitMaker.compile(read, { name: 's', at: 'd.yaml:1' }, aboutTarget());
          held += 1;
          for (const { because } of made.expectations)
            assert.match(because.at ?? '', /^[ab]\.yaml:\d+$/);
        } catch (thrown) {
          if (!(thrown instanceof Fault) || thrown.code !== 'invalid-declarations') throw thrown;
        }
      }),
      { numRuns: runs },
    );
    assert.ok(held > 0, 'no run held: this would pass on a parser that refuses everything');
  });
});
