import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { cpuMs } from '#test/cpu';
import { throwsFault } from '#test/throws-fault';
import { parseInventory } from './parse.ts';

const fleet = `version: 1
scope: acme/berlin
scopes: [acme/paris]
defaults: { staleAfter: 30m, environment: staging, owner: ada }
redundancySets:
  dns: [host:ns-1]
targets:
  host:web-1:
    hostType: debian
    environment: production
    transport: ssh
    address: 10.0.0.5
    criticality: high
    owner: grace
    tags: [web, edge]
    staleAfter: 90s
    sources:
      - name: probe
        kinds: [service]
        trusted: true
      - name: assistant
  host:ns-1:
  host:ns-2: { redundancySet: dns, scope: acme/paris }
drift:
  ignore:
    - entity: package:*/tzdata
      reason: >
        moves by itself
`;

/** The problems of a file, without the file's name. */
async function problems(text: string): Promise<readonly string[]> {
  const fault = await throwsFault(() => parseInventory(text), 'invalid-inventory');
  const told = fault.facts['problems'] as readonly string[];
  for (const each of told) assert.ok(fault.message.includes(each));
  return told.map((each) => each.replace('fleet.yaml:', ''));
}

/** One target with `body`, one line from line 4 on, at column 5. */
const withTarget = (body: string): string =>
  `version: 1\ntargets:\n  host:a:\n${body
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}\n`;

describe('an inventory', () => {
  it('says what each target is', () => {
    const inventory = parseInventory(fleet);
    assert.deepEqual(inventory.byId.get('host:web-1'), {
      id: 'host:web-1',
      scope: 'acme/berlin',
      hostType: 'debian',
      environment: 'production',
      transport: 'ssh',
      address: '10.0.0.5',
      via: [],
      hostKey: null,
      criticality: 'high',
      owner: 'grace',
      tags: ['web', 'edge'],
      redundancySet: null,
      staleAfterSeconds: 90,
      sources: [
        { name: 'probe', kinds: ['service'], trusted: true },
        { name: 'assistant', kinds: ['*'], trusted: false },
      ],
    });
    assert.deepEqual(inventory.scopes, ['acme/berlin', 'acme/paris']);
    assert.deepEqual(inventory.redundancySets, [
      { name: 'dns', members: ['host:ns-1', 'host:ns-2'] },
    ]);
    assert.equal(inventory.byId.get('host:ns-1')?.redundancySet, 'dns');
    assert.equal(inventory.byId.get('host:ns-1')?.staleAfterSeconds, 1_800);
    assert.equal(inventory.byId.get('host:ns-1')?.environment, 'staging');
    assert.equal(inventory.byId.get('host:ns-2')?.scope, 'acme/paris');
    assert.deepEqual(inventory.ignore, [
      { target: '*', entity: 'package:*/tzdata', attribute: '*', reason: 'moves by itself' },
    ]);
  });

  it('takes the most careful value for what nobody said', () => {
    const [target] = parseInventory('version: 1\ntargets:\n  host:a:\n').targets;
    assert.equal(target?.environment, 'production');
    assert.equal(target?.transport, 'none');
    assert.deepEqual(target?.sources, []);
  });

  it('has a digest of its bytes', () => {
    const digest = parseInventory('version: 1\n').digest;
    // printf 'version: 1\n' | sha256sum
    assert.equal(digest, 'sha256:09bfcc6a14b83e2192b8673677725c84883ee9cd0c70e45c9ec09daa8f2b2847');
    assert.notEqual(parseInventory('version: 1 \n').digest, digest);
  });
});

describe('a mistake in the inventory', () => {
  it('is told with its place, all of them together, from top to bottom', async () => {
    const told = await problems(`version: 2
targets:
  host:a:
    enviroment: lab
    hostType: debain
  host:a:
  host:b:
    HostType: debian
    redundancySet: dns
`);
    assert.deepEqual(told, [
      '1:10: version 2 is not known: accepted is 1',
      '4:5: unknown key "enviroment": did you mean "environment"?',
      '5:15: hostType "debain" is not known: did you mean "debian"? accepted are debian, ubuntu, linux, talos, windows, stack, other',
      '6:3: duplicate target "host:a": first given on line 3',
      '8:5: unknown key "HostType": did you mean "hostType"?',
      '9:20: redundancySet "dns" is not declared: declare it under redundancySets',
    ]);
  });

  it('of any sort is refused where it stands', async () => {
    const cases: readonly [body: string, place: string, words: RegExp][] = [
      ['owner: a\nowner: b', '5:5', /duplicate key "owner": first given on line 4/],
      ['tags: [1]', '4:12', /must be text, is a number: put it in quotes/],
      ['tags: web', '4:11', /must be a list, is text/],
      ['tags: [a, a]', '4:15', /listed twice/],
      ['owner:', '4:5', /is empty/],
      ['owner: "a\\u202eb"', '4:12', /invisible/],
      ['address: -oProxyCommand=x', '4:14', /host name or an IP address/],
      ['transport: ssh', '3:3', /no address/],
      ['staleAfter: 0s', '4:17', /between 1s and 366d/],
      ['staleAfter: 15', '4:17', /must be text/],
      ['scope: acme/rome', '4:12', /not declared/],
      ['sources: [{name: collector.local}]', '4:22', /reserved/],
      ['sources: [{name: holdfast}]', '4:22', /reserved/],
      ['sources: [{kinds: [user]}]', '4:15', /no name/],
      ['sources: [{name: p, kinds: [User]}]', '4:33', /lower-case word/],
      ['sources: [{name: p, kinds: ["*", user]}]', '4:32', /keep one/],
      ['sources: [{name: p, trusted: yes}]', '4:34', /true or false/],
      ['sources: [{name: p}, {name: p}]', '4:33', /listed twice/],
      ['sources: [{name: p, kinds: [*]}]', '4:33', /"\*" in quotes/],
      ['owner: &o ada\ncriticality: *o', '5:18', /aliases are not accepted/],
      ['owner: !!str ada', '4:18', /tags are not accepted/],
      ['owner: !foo ada', '4:12', /tags are not accepted/],
      ['__proto__: {owner: eve}', '4:5', /unknown key "__proto__"/],
      ['constructor: 1', '4:5', /unknown key "constructor"/],
      ['<<: {owner: eve}', '4:5', /unknown key "<<"/],
      ['? [a]\n: b', '4:7', /must be text/],
    ];
    for (const [body, place, words] of cases) {
      const told = await problems(withTarget(body));
      assert.ok(
        told.some((each) => each.startsWith(`${place}: `) && words.test(each)),
        `${body} → ${told.join(' | ')}`,
      );
    }
  });

  it('about sets and rules is refused too', async () => {
    const set = (sets: string): string =>
      `version: 1\nredundancySets: ${sets}\ntargets: {host:a: {}, host:b: {redundancySet: x}}\n`;
    assert.match(
      (await problems(set('{x: [host:c]}'))).join(),
      /2:22: member "host:c" is not a target/,
    );
    assert.match((await problems(set('{x: [], y: [host:b]}'))).join(), /contradicts the set "y"/);
    assert.match(
      (await problems(set('{x: [host:a], y: [host:a]}'))).join(),
      /already in the redundancy set "x"/,
    );
    const rule = (each: string): string => `version: 1\ndrift: {ignore: [${each}]}\n`;
    assert.match((await problems(rule('{entity: "user:*"}'))).join(), /no reason/);
    assert.match((await problems(rule('{reason: why}'))).join(), /ignore everything/);
    assert.match(
      (await problems(rule('{target: "*", reason: why, attrs: x}'))).join(),
      /unknown key "attrs"/,
    );
  });

  it('in the YAML itself is refused', async () => {
    assert.match((await problems('')).join(), /version is missing/);
    assert.match((await problems('- 1')).join(), /must be a mapping/);
    assert.match(
      (await problems('version: 1\n---\nversion: 1\n')).join(),
      /2:1: a second document/,
    );
    assert.match((await problems('%YAML 1.1\n---\nversion: 1\n')).join(), /directives/);
    assert.match((await problems('version: 1\ntargets:\n\thost:a:\n')).join(), /3:1: not YAML/);
    assert.match((await problems('version: 1\nscope: "a')).join(), /not YAML/);
    assert.match((await problems('['.repeat(50_000))).join(), /nested too deeply|not YAML/);
    assert.match((await problems(`#${'x'.repeat(5_000_000)}`)).join(), /larger than/);
  });

  it('does not bring its own escape sequences to the terminal', async () => {
    const told = await problems('version: 1\n"\\e[31mred\\u202e": 1\n');
    assert.ok(/^[ -~]*$/.test(told.join()), told.join());
  });

  it('that stands a thousand times is told in part, and counted', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `  host:h${i}: {tag: 1}\n`).join('');
    const fault = await throwsFault(
      () => parseInventory(`version: 1\ntargets:\n${many}`),
      'invalid-inventory',
    );
    assert.match(fault.message, /1000 problems/);
    assert.match(fault.message, /950 more/);
  });
});

describe('a bomb', () => {
  it('of aliases goes off nowhere', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `a${i}: &a${i} [${Array(10)
          .fill(i === 0 ? 'x' : `*a${i - 1}`)
          .join(', ')}]`,
    ).join('\n');
    const begin = cpuMs();
    await problems(`version: 1\n${levels}\n`);
    assert.ok(cpuMs() - begin < 1_000);
  });
});

describe('anything at all', () => {
  it('is read or refused, and nothing else happens', () => {
    const pieces = fc.constantFrom(
      'version: 1',
      'targets:',
      'host:a:',
      '  ',
      '\n',
      '\n    ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '*a',
      '&a',
      '!x',
      '"',
      "'",
      '|\n',
      ': ',
      '#',
      '? ',
      ',',
      'hostType: debian',
      'sources:',
      'name: p',
      '\t',
      '\u0000',
      '---',
      '__proto__: ',
      '<<: ',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
        try {
          parseInventory(parts.join(''));
        } catch (thrown) {
          assert.ok(thrown instanceof Fault && thrown.code === 'invalid-inventory', String(thrown));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('networks of the inventory', () => {
  it('are blocks of addresses, and nothing else', () => {
    const read = (networks: string): readonly string[] =>
      parseInventory(`version: 1\nnetworks: ${networks}\ntargets: {}\n`).networks;
    assert.deepEqual(read('[10.0.0.0/8, "fd00::/8"]'), ['10.0.0.0/8', 'fd00::/8']);
    assert.deepEqual(parseInventory('version: 1\ntargets: {}\n').networks, []);
    for (const wrong of [
      '10.0.0.0',
      '0.0.0.0/0',
      '10.0.0.0/33',
      'example.org/8',
      '10/8',
      '1.2.3.4/08',
    ])
      assert.throws(() => read(`["${wrong}"]`), /fleet.yaml:2:12: .*block of addresses/, wrong);
  });
});
