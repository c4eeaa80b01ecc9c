import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { hostNameProblem, readAutomation } from './read-settings.ts';

const GOOD = `version: 1
ansible:
  - name: site
    root: /srv/ansible
    inventory: hosts.yml
    playbooks: [site.yml, plays/web.yml]
    targets: { "host:web-1": web-1.example, 'host:db-1': db }
stacks:
  - target: stack:edge
    root: /srv/tofu/edge
    program: terraform
talos:
  - target: host:cp-1
    config: /etc/holdfast/talosconfig
`;

function problems(text: string): string {
  try {
    readAutomation(text, 'automation.yaml');
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, 'invalid-automation');
    return error.message;
  }
  return 'none';
}

describe('automation.yaml', () => {
  it('is read whole, with where each part stands', () => {
    const settings = readAutomation(GOOD, 'automation.yaml');
    assert.deepEqual(settings.ansible, [
      {
        name: 'site',
        root: '/srv/ansible',
        inventory: 'hosts.yml',
        playbooks: ['site.yml', 'plays/web.yml'],
        targets: new Map([
          ['host:web-1', 'web-1.example'],
          ['host:db-1', 'db'],
        ]),
        at: 'automation.yaml:3',
      },
    ]);
    assert.deepEqual(settings.stacks, [
      {
        target: 'stack:edge',
        root: '/srv/tofu/edge',
        program: 'terraform',
        at: 'automation.yaml:9',
      },
    ]);
    assert.deepEqual(settings.talos, [
      { target: 'host:cp-1', config: '/etc/holdfast/talosconfig', at: 'automation.yaml:13' },
    ]);
    assert.deepEqual(readAutomation('version: 1\n', 'a'), { ansible: [], stacks: [], talos: [] });
  });

  it('is told every mistake with its place and what to do', () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['version: 1\n', '', /version is missing in automation.yaml/],
      ['version: 1', 'version: 2', /automation\.yaml:1:10: version must be/],
      ['version: 1', 'version: 0', /version must be 1/],
      ['stacks:', 'stack:', /8:1: unknown key "stack" in automation.yaml: did you mean "stacks"/],
      ['name: site', 'name: ../site', /name "\.\.\/site" is not in its form/],
      ['root: /srv/ansible', 'root: srv', /4:11: root "srv" is no absolute path/],
      ['root: /srv/ansible', 'root: /srv/../etc', /no absolute path in its plain form/],
      ['root: /srv/ansible', 'root: /', /no absolute path in its plain form/],
      ['root: /srv/ansible', 'root: /srv//a', /no absolute path in its plain form/],
      ['inventory: hosts.yml', 'inventory: ../hosts', /5:16: inventory/],
      ['inventory: hosts.yml', 'inventory: /etc/hosts', /inventory "\/etc\/hosts"/],
      ['inventory: hosts.yml', 'inventory: -i', /inventory/],
      ['inventory: hosts.yml', 'inventory: "a,b"', /inventory/],
      ['[site.yml, plays/web.yml]', '[]', /playbooks is empty/],
      ['[site.yml, plays/web.yml]', '[site.yml, site.yml]', /stands twice/],
      ['[site.yml, plays/web.yml]', '[../site.yml]', /a playbook "\.\.\/site\.yml"/],
      ['[site.yml, plays/web.yml]', '[--check]', /a playbook "--check"/],
      ['web-1.example', 'all', /7:30: inventory name "all" means a group/],
      ['web-1.example', '"web-1,db-1"', /is no plain host name/],
      ['web-1.example', '"web*"', /is no plain host name/],
      ['web-1.example', 'localhost', /means a group, or the machine/],
      ['web-1.example', 'db', /already stands for another target/],
      ['"host:web-1"', 'web-1', /target "web-1" must be kind:key/],
      ['"host:web-1"', '"stack:web-1"', /is not of kind host/],
      ["'host:db-1'", "'host:web-1'", /duplicate key "host:web-1"/],
      ['stack:edge', 'host:edge', /is not of kind stack/],
      ['program: terraform', 'program: sh', /program "sh" is not known/],
      ['    program: terraform\n', '', /program is missing in a stack/],
      ['config: /etc', 'config: etc', /config .* is no absolute path/],
      ['host:cp-1', 'stack:edge', /is not of kind host/],
    ];
    for (const [from, to, wanted] of cases) {
      const text = GOOD.replace(from, to);
      assert.notEqual(text, GOOD, from);
      assert.match(problems(text), wanted, to);
    }
  });

  it('names each root and each target once', () => {
    const root = GOOD.slice(GOOD.indexOf('  - name'), GOOD.indexOf('stacks:'));
    assert.match(
      problems(GOOD.replace('stacks:', `${root}stacks:`)),
      /ansible root site already stands in line 3/,
    );
    const stack = '  - { target: stack:edge, root: /srv/b, program: tofu }\n';
    assert.match(
      problems(GOOD.replace('talos:', `${stack}talos:`)),
      /target stack:edge already stands in line 9/,
    );
  });

  it('is read or refused in our words, whatever it holds', () => {
    fc.assert(
      fc.property(fc.nat(GOOD.length), fc.nat(12), fc.string({ maxLength: 8 }), (at, cut, put) => {
        problems(GOOD.slice(0, at) + put + GOOD.slice(at + cut));
      }),
      { numRuns: 400 },
    );
  });
});

describe('the name of a host in an inventory', () => {
  it('is never a pattern, a list, a group of every inventory or this machine', () => {
    for (const name of ['web-1', 'web_1.example.org', '10.0.0.1', 'A'])
      assert.equal(hostNameProblem(name), undefined, name);
    const patterns = [
      '',
      '-i',
      '--limit',
      'a,b',
      'a:b',
      '!a',
      '&a',
      '~web',
      'web*',
      'web[1]',
      '@f',
    ];
    const groups = ['all', 'ALL', 'ungrouped', 'localhost', 'localhost.localdomain', '127.0.0.1'];
    const texts = [
      '::1',
      '*',
      'a b',
      'a\nb',
      '{{ x }}',
      '/etc',
      'a/b',
      'a;b',
      `a${'b'.repeat(300)}`,
    ];
    for (const name of [...patterns, ...groups, ...texts])
      assert.notEqual(hostNameProblem(name), undefined, name);
  });
});
