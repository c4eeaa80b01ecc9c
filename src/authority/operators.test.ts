import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { formatOperators, parseOperators, samePerson } from './operators.ts';

const two = [
  {
    id: 'alice',
    name: 'Alice Öz',
    accounts: ['root@local', 'alice@local'],
    since: '2026-03-01T12:00:00Z',
  },
  { id: 'bob', name: 'Bob', accounts: [], since: '2026-03-02T12:00:00Z' },
];

describe('the registry of operators', () => {
  it('is read back equal', () => {
    assert.deepEqual(parseOperators(formatOperators(two)), two);
    assert.deepEqual(parseOperators(formatOperators([])), []);
  });

  it('knows the person behind a request', () => {
    assert.equal(samePerson(two, 'alice', 'root@local'), 'same');
    assert.equal(samePerson(two, 'alice', 'alice'), 'same');
    assert.equal(samePerson(two, 'bob', 'root@local'), 'different');
  });

  it('says when it does not know one of the two', () => {
    assert.equal(samePerson(two, 'bob', 'carol@local'), 'unknown');
    assert.equal(samePerson(two, 'carol', 'root@local'), 'unknown');
    assert.equal(samePerson([], 'alice', 'alice'), 'unknown');
  });

  const good = formatOperators(two);
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'a key that is not known',
      good.replace('name: Bob', 'name: Bob\n    admin: true'),
      '"admin" is not known',
    ],
    [
      'a key twice',
      good.replace('name: Bob', 'name: Bob\n    name: Bob'),
      'Map keys must be unique',
    ],
    ['a person without a name', good.replace('    name: Bob\n', ''), 'name is missing'],
    ['an id twice', good.replace('id: bob', 'id: alice'), 'stands twice'],
    [
      'an account of two people',
      good.replace('accounts: []', 'accounts: [root@local]'),
      'stands twice',
    ],
    ['recovery as a person', good.replace('id: bob', 'id: recovery'), 'not the recovery key'],
    ['a pattern as an id', good.replace('id: bob', 'id: "*"'), 'must be an operator id'],
    ['a time that is none', good.replace('2026-03-02T12:00:00Z', 'yesterday'), 'since must be'],
    [
      'accounts that are no list',
      good.replace('accounts: []', 'accounts: root@local'),
      'accounts must be',
    ],
    ['another version', good.replace('version: 1', 'version: 2'), 'version must be 1'],
    ['no list', 'version: 1\noperators: nobody\n', 'must be a list'],
    ['nothing', '', 'here must stand a map'],
    ['no YAML', 'version: [', 'operators.yaml:1'],
    ['an alias', 'version: 1\noperators: &a []\nmore: *a\n', '"more" is not known'],
  ];
  for (const [what, text, says] of cases) {
    it(`is refused with ${what}, and says where`, async () => {
      const fault = await throwsFault(() => parseOperators(text), 'invalid-operators');
      const problems = fault.facts.problems as readonly string[];
      assert.ok(
        problems.some((each) => each.includes(says)),
        problems.join('\n'),
      );
      for (const each of problems) assert.match(each, /^operators\.yaml:\d+:\d+: /);
    });
  }
});
