import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { instant } from '#base/time';
import { throwsFault } from '#test/throws-fault';
import { compileProfile, controlStates } from './compile-profile.ts';
import type { ProfileFile } from './profile.ts';
import { readProfileFile } from './read-profile.ts';
import { resolveProfile } from './resolve-profile.ts';
import { aboutOf, objections, type SampleFact } from './samples.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 150);
const control = (id: string, more: string, desired: string): string => `
  - id: ${id}
    title: A title of ${id}
    scope: node
    level: 1
    scored: true
${more === '' ? '' : `    ${more}\n`}    desired:
      - ${desired}
    rationale: Because of it
    remediation: Do it
    reference: Somewhere`;
const ROOT_LOGIN = control(
  'ssh.root-login',
  'when: [{ entity: "component:sshd", attribute: present, equals: true }]',
  '{ entity: "sshd_setting:permitrootlogin", attribute: value, equals: "no" }',
);
const ONE_ROOT = control(
  'accounts.one-root',
  'severity: critical',
  '{ entity: "user:*", attribute: uid, differs: 0, except: [root] }',
);
const profile = (head: string, ...controls: string[]): ProfileFile =>
  readProfileFile(`version: 1\n${head}\ncontrols:${controls.join('')}\n`, 'own.yaml');
const BASE = profile('profile: base', ROOT_LOGIN, ONE_ROOT);
const compiled = (files: readonly ProfileFile[], name: string, facts: readonly SampleFact[] = []) =>
  compileProfile(resolveProfile(name, files), name, aboutOf(facts));

async function refused(act: () => unknown, why: RegExp): Promise<void> {
  assert.match((await throwsFault(act, 'invalid-declarations')).message, why);
}

describe('a profile', () => {
  it('becomes expectations about the target, with the words of the control and its place', () => {
    const { expectations, needs, id, closed } = compiled([BASE], 'base', [
      ['user:web-1/root', 'uid', 0],
      ['user:web-1/toor', 'uid', 0],
    ]);
    assert.equal(id, 'cis:base');
    assert.deepEqual(closed, []);
    assert.deepEqual(
      needs.map(({ kind }) => kind),
      ['component', 'sshd_setting', 'user'],
    );
    assert.deepEqual(
      expectations.map(({ entity, attribute, severity }) => `${entity} ${attribute} ${severity}`),
      ['sshd_setting:web-1/permitrootlogin value warning', 'user:web-1/toor uid critical'],
    );
    assert.deepEqual(expectations[0]?.because, {
      id: 'cis:base:ssh.root-login',
      title: 'A title of ssh.root-login',
      rationale: 'Because of it',
      remediation: 'Do it',
      reference: 'Somewhere',
      at: 'own.yaml:4',
    });
  });

  it('never passes what nobody looked at: it expects it, and needs the look', () => {
    const nothing = compiled([BASE], 'base');
    assert.deepEqual(objections(nothing, []), [
      'ssh.root-login sshd_setting:web-1/permitrootlogin *',
    ]);
    assert.deepEqual(objections(nothing, [], ['user']), [
      'ssh.root-login sshd_setting:web-1/permitrootlogin *',
      'unknown user:*',
    ]);
  });

  it('leaves out a control only where it is known not to apply', () => {
    const known = compiled([BASE], 'base', [['component:web-1/sshd', 'present', false]]);
    assert.deepEqual(known.expectations, []);
    const other = compiled([BASE], 'base', [['component:web-1/sudo', 'present', false]]);
    assert.equal(other.expectations.length, 1);
  });

  it('leaves out higher levels unless they are asked for', () => {
    const second = ROOT_LOGIN.replace('level: 1', 'level: 2');
    const base = profile('profile: base', second);
    assert.deepEqual(compiled([base], 'base').expectations, []);
    const both = readProfileFile(
      '{ version: 1, profile: both, extends: base, level: 2 }',
      'b.yaml',
    );
    assert.equal(compiled([base, both], 'both').expectations.length, 1);
  });

  it('has the same digest as long as it says the same', () => {
    const one = compiled([BASE], 'base').digest;
    assert.equal(compiled([BASE], 'base', [['user:web-1/root', 'uid', 0]]).digest, one);
    assert.notEqual(compiled([BASE], 'base', [['user:web-1/x', 'uid', 0]]).digest, one);
    const edited = profile('profile: base', ROOT_LOGIN.replace('Do it', 'Do that'), ONE_ROOT);
    assert.notEqual(compiled([edited], 'base').digest, one);
  });

  it('takes an entity from elsewhere where it stands there', () => {
    const pty = control(
      'sudo.pty',
      '',
      '{ entity: "sudo_rule:/etc/sudoers/Defaults use_pty", attribute: type, equals: defaults, anywhere: "sudo_rule:*/Defaults use_pty" }',
    );
    const base = profile('profile: base', pty);
    const facts: SampleFact[] = [
      ['sudo_rule:web-1//etc/sudoers.d/own/Defaults use_pty', 'type', 'defaults'],
    ];
    assert.deepEqual(objections(compiled([base], 'base', facts), facts), []);
    assert.deepEqual(objections(compiled([base], 'base'), []), [
      'sudo.pty sudo_rule:web-1//etc/sudoers/Defaults use_pty *',
    ]);
  });
});

describe('an exclusion', () => {
  const own = (rest: string): ProfileFile =>
    readProfileFile(`version: 1\nprofile: own\nextends: base\n${rest}\n`, 'own.yaml');
  const WAIVED = own(
    'waived: [{ control: ssh.root-login, reason: bastion, owner: ops, expires: "2026-03-01" }]',
  );
  const states = (file: ProfileFile, now?: string) =>
    controlStates(
      resolveProfile('own', [BASE, file]),
      aboutOf([], 'host:web-1', ...(now === undefined ? [] : [instant(now)])),
    ).map(({ control: { id }, state, reason }) => `${id} ${state} ${reason}`);

  it('of the platform is told with its reason, and asks nothing', () => {
    const file = own('platform: [{ control: ssh.root-login, reason: there is no sshd }]');
    assert.deepEqual(states(file), [
      'ssh.root-login platform there is no sshd',
      'accounts.one-root asked null',
    ]);
    assert.deepEqual(compiled([BASE, file], 'own').expectations, []);
  });

  it('of an operator ends with its day', () => {
    assert.equal(states(WAIVED)[0], 'ssh.root-login waived bastion');
    assert.equal(states(WAIVED, '2026-03-01T23:59:59Z')[0], 'ssh.root-login waived bastion');
    assert.equal(states(WAIVED, '2026-03-02T00:00:00Z')[0], 'ssh.root-login lapsed bastion');
  });

  it('of a control that is not there is refused with its place', async () => {
    const file = own('platform: [{ control: ssh.root-logins, reason: x }]');
    await refused(() => resolveProfile('own', [BASE, file]), /own\.yaml:4/);
  });
});

describe('a profile file that does not hold', () => {
  const bad: readonly (readonly [string, string, RegExp])[] = [
    [
      'a test too many',
      ROOT_LOGIN.replace('equals: "no"', 'equals: "no", absent: true'),
      /exactly one test/,
    ],
    ['no test', ROOT_LOGIN.replace(', equals: "no"', ''), /exactly one test/],
    ['an unknown key', ROOT_LOGIN.replace('rationale', 'rationales'), /unknown key/],
    ['no reason', ROOT_LOGIN.replace(/ {4}rationale.*\n/, ''), /rationale is missing/],
    ['a level that is none', ROOT_LOGIN.replace('level: 1', 'level: 3'), /level must be 1 or 2/],
    ['a scope that is none', ROOT_LOGIN.replace('scope: node', 'scope: nodes'), /scope "nodes"/],
    ['the same control twice', ROOT_LOGIN + ROOT_LOGIN, /give it once/],
    ['an entity without a kind', ROOT_LOGIN.replace('sshd_setting:', ''), /kind:key/],
    [
      'a pattern that must be there',
      ONE_ROOT.replace('attribute: uid, differs: 0', 'present: true'),
      /says nothing/,
    ],
    ['nothing desired', ROOT_LOGIN.replace(/desired:\n.*\n/, 'desired: []\n'), /1 to 60/],
  ];
  for (const [what, text, why] of bad) {
    it(`is refused with its line: ${what}`, async () => {
      await refused(() => profile('profile: base', text), why);
      await refused(() => profile('profile: base', text), /own\.yaml:\d+:\d+: /);
    });
  }

  it('is read or refused, whatever stands in it', () => {
    const text = `version: 1\nprofile: base\ncontrols:${ROOT_LOGIN}${ONE_ROOT}\n`;
    const mark = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '*',
      '&',
      '!',
      '-',
      ' ',
      '\n',
      '|',
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(text.length - 1), mark), { minLength: 1, maxLength: 4 }),
        (edits) => {
          const edited = text.split('');
          for (const [at, put] of edits) edited[at] = put;
          try {
            const file = readProfileFile(edited.join(''), 'own.yaml');
            compiled([file], file.name);
          } catch (thrown) {
            assert.ok(thrown instanceof Fault && thrown.code === 'invalid-declarations');
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('is refused when it extends what is not there, or itself', async () => {
    const file = readProfileFile('{ version: 1, profile: a, extends: b }', 'a.yaml');
    await refused(() => resolveProfile('a', [file]), /"b" is not there/);
    const back = readProfileFile('{ version: 1, profile: b, extends: a }', 'b.yaml');
    await refused(() => resolveProfile('a', [file, back]), /extends itself/);
  });
});
