import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { aTarget } from './samples.ts';
import { LEVELS, levelOf } from './selector.ts';
import { readDeclarationSettings } from './settings.ts';

const read = (text: string): ReturnType<typeof readDeclarationSettings> =>
  readDeclarationSettings(`version: 1\n${text}`, 'declarations.yaml');
const entry = (text: string): string => `declarations:\n  - ${text}\n`;

function refusal(text: string): string {
  try {
    read(text);
  } catch (thrown) {
    assert.ok(thrown instanceof Fault && thrown.code === 'invalid-declarations', String(thrown));
    return thrown.message;
  }
  assert.fail('nothing was refused');
}

describe('declarations.yaml', () => {
  it('names sources, each with its targets and its place', () => {
    const { entries } = read(
      entry(
        '{git: site, repository: /srv/a.git, branch: release/1, folder: x/y}\n  - {integrity: aide, for: {tags: [a]}}',
      ),
    );
    assert.deepEqual(entries, [
      {
        kind: 'git',
        name: 'site',
        repository: '/srv/a.git',
        branch: 'release/1',
        folder: 'x/y',
        for: 'all',
        at: 'declarations.yaml:3',
      },
      {
        kind: 'integrity',
        name: 'aide',
        for: { targets: [], tags: ['a'], hostTypes: [], environments: [] },
        at: 'declarations.yaml:4',
      },
    ]);
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['a version that is not known', 'declarations: []\nversion: 2', /duplicate key "version"/],
    [
      'two kinds in one entry',
      entry('{cis: a, integrity: b, for: all}'),
      /3:5: a declaration is of one kind/,
    ],
    ['no kind', entry('{for: all}'), /is of one kind/],
    ['no targets', entry('{cis: a}'), /for is missing/],
    ['targets that are nothing', entry('{cis: a, for: {}}'), /for names nothing/],
    ['an empty list', entry('{cis: a, for: {tags: []}}'), /tags is empty/],
    [
      'an environment that is none',
      entry('{cis: a, for: {environments: [prod]}}'),
      /environment "prod" is not known/,
    ],
    [
      'the same twice',
      entry('{cis: a, for: all}\n  - {cis: a, for: all}'),
      /4:5: cis "a" already stands in line 3/,
    ],
    [
      'a key of another kind',
      entry('{cis: a, for: all, branch: main}'),
      /branch does not belong to cis/,
    ],
    [
      'a repository that is no place',
      entry('{git: a, repository: "ext::sh -c x", branch: main}'),
      /is no absolute path/,
    ],
    ['a way up', entry('{git: a, repository: /srv/../etc, branch: main}'), /is no absolute path/],
    [
      'a branch that git could take for an option',
      entry('{git: a, repository: /srv/a, branch: --all}'),
      /branch "--all" is not in its form/,
    ],
    [
      'a branch that is an expression',
      entry('{git: a, repository: /srv/a, branch: "a..b"}'),
      /is no name of a branch/,
    ],
    [
      'a feed on the network',
      entry('{vulnerabilities: a, feed: "https://x/y", for: all}'),
      /is no path/,
    ],
    ['a rule that says nothing', 'findings: [{entity: "a:*"}]', /2:12: a rule says nothing/],
    [
      'a rule that ignores everything',
      'findings: [{ignore: no}, {entity: "*", ignore: x}]',
      /would ignore everything/,
    ],
    ['a severity that is none', 'findings: [{severity: high}]', /severity "high" is not known/],
  ];
  for (const [what, text, why] of wrong)
    it(`refuses ${what}`, () => assert.match(refusal(text), why));

  it('reads rules for findings, with what each is about', () => {
    const { findings } = read(
      'findings:\n  - {entity: "a:*", kinds: [missing], severity: info, debounce: {seconds: 60, looks: 2}}\n',
    );
    assert.deepEqual(findings, [
      {
        declaration: '*',
        target: '*',
        entity: 'a:*',
        attribute: '*',
        kinds: ['missing'],
        severity: 'info',
        owner: null,
        debounce: { seconds: 60, looks: 2 },
        ignore: null,
        at: 'declarations.yaml:3',
      },
    ]);
  });

  it('is settings or a fault with words, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const whole of [text, `findings: ${text}`, entry(text)]) {
          try {
            read(whole);
          } catch (thrown) {
            if (!(thrown instanceof Fault)) throw thrown;
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a selector', () => {
  it('is nearer the fewer it is for, and nothing where one of its lists does not fit', () => {
    const target = aTarget();
    const none = { targets: [], tags: [], hostTypes: [], environments: [] } as const;
    assert.equal(levelOf('all', target), LEVELS.all);
    assert.equal(levelOf({ ...none, tags: ['x', 'web'] }, target), LEVELS.group);
    assert.equal(levelOf({ ...none, targets: [target.id] }, target), LEVELS.target);
    assert.equal(levelOf({ ...none, targets: [target.id], tags: ['x'] }, target), LEVELS.none);
    assert.equal(
      levelOf({ ...none, hostTypes: ['debian'], environments: ['lab'] }, target),
      LEVELS.none,
    );
  });
});
