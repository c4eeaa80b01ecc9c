import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Declaration, Expectation, ValueTest } from '#model';
import { declaredOf } from './declared.ts';
import { type DiffInput, diffFacts } from './diff.ts';
import type { ObservedFact } from './facts.ts';
import { aCoverage, aFact, later, local, rules, web } from './samples.ts';

const nginx = 'service:web-1/nginx';
const ssh = 'sshd_setting:web-1/permitrootlogin';

function because(id: string): Expectation['because'] {
  return { id, title: id, rationale: null, remediation: null, reference: null, at: 'web.yaml:7' };
}

function expect(
  entity: string,
  attribute: string,
  test: ValueTest,
  more: Partial<Expectation> = {},
): Expectation {
  return {
    entity,
    attribute,
    test,
    where: [],
    source: null,
    severity: null,
    because: because('rule'),
    ...more,
  };
}

function aDeclaration(
  expectations: readonly Expectation[],
  more: Partial<Declaration> = {},
): Declaration {
  return {
    id: 'git:site/web',
    kind: 'git',
    name: 'site/web',
    scope: 'main/main',
    target: web,
    expectations,
    closed: [],
    needs: [],
    since: null,
    digest: 'sha256:0',
    ...more,
  };
}

function compare(
  expectations: readonly Expectation[],
  observed: readonly ObservedFact[],
  more: Partial<DiffInput> & { readonly declaration?: Partial<Declaration> } = {},
): ReturnType<typeof diffFacts> {
  const { declaration, ...input } = more;
  return diffFacts({
    declared: declaredOf(aDeclaration(expectations, declaration)),
    observed,
    coverage: ['service', 'user', 'package', 'sshd_setting'].map((kind) => aCoverage(kind)),
    isTrusted: () => true,
    rules,
    now: later,
    ...input,
  });
}

const brief = (result: ReturnType<typeof diffFacts>): unknown[] =>
  result.findings.map((f) => [f.kind, f.entity, f.attribute, f.desired, f.observed]);

describe('a test of a value', () => {
  const cases: readonly [ValueTest, passes: ObservedFact['value'], fails: ObservedFact['value']][] =
    [
      [{ op: 'equals', value: 'a' }, 'a', 'b'],
      [{ op: 'differs', value: 'a' }, 'b', 'a'],
      [{ op: 'one-of', values: ['a', 'b'] }, 'b', 'c'],
      [{ op: 'at-least', value: 3 }, '3', 'x'],
      [{ op: 'at-most', value: 3 }, 3, 3.5],
      [{ op: 'version-at-least', version: '1.2-3' }, '1.10-1', '1.2~rc1-9'],
      [{ op: 'version-at-least', version: '1.2-3' }, '2:0.1', null],
      [{ op: 'like', pattern: '/usr/*bin/*' }, '/usr/sbin/x', '/opt/bin/x'],
      [{ op: 'contains', value: 'adm' }, ['adm', 'sudo'], ['sudo']],
      [{ op: 'lacks', value: 'sudo' }, ['adm'], ['sudo']],
      [{ op: 'lacks', value: 'sudo' }, [], 'sudo'],
    ];
  for (const [test, passes, fails] of cases) {
    it(`${JSON.stringify(test)} holds of ${JSON.stringify(passes)}, not of ${JSON.stringify(fails)}`, () => {
      const expectation = expect(nginx, 'x', test);
      assert.deepEqual(compare([expectation], [aFact(nginx, 'x', passes)]).findings, []);
      const [finding] = compare([expectation], [aFact(nginx, 'x', fails)]).findings;
      assert.deepEqual(
        [finding?.kind, finding?.observed, finding?.declared, finding?.because?.id],
        ['changed', fails, 'git', 'rule'],
      );
      assert.deepEqual(compare([expectation], [aFact(nginx, 'y', 1)]).findings[0]?.kind, 'missing');
    });
  }

  it('of what must not be there makes it unexpected, and of what must be there missing', () => {
    const absent = expect(nginx, 'x', { op: 'absent' });
    assert.deepEqual(brief(compare([absent], [aFact(nginx, 'x', 1)])), [
      ['unexpected', nginx, 'x', null, 1],
    ]);
    assert.deepEqual(compare([absent], []).findings, []);
    const whole = expect(nginx, '*', { op: 'present' });
    assert.deepEqual(brief(compare([whole], [])), [
      ['missing', nginx, '*', { present: true }, null],
    ]);
  });
});

describe('an expectation with a pattern', () => {
  const noRoot = expect(
    'user:*',
    '*',
    { op: 'absent' },
    {
      where: [
        { attribute: 'uid', test: { op: 'equals', value: 0 } },
        { attribute: 'name', test: { op: 'differs', value: 'root' } },
      ],
    },
  );
  const user = (key: string, uid: number, name: string): ObservedFact[] => [
    aFact(`user:web-1/${key}`, 'uid', uid),
    aFact(`user:web-1/${key}`, 'name', name),
  ];

  it('is about every entity that fits and of which all conditions hold', () => {
    const observed = [...user('root', 0, 'root'), ...user('eve', 0, 'eve'), ...user('ada', 1, 'a')];
    assert.deepEqual(brief(compare([noRoot], observed)), [
      ['unexpected', 'user:web-1/eve', '*', null, { uid: 0, name: 'eve' }],
    ]);
  });

  it('that fits nothing is no finding', () => {
    assert.deepEqual(compare([expect('user:*', 'x', { op: 'present' })], []).findings, []);
  });
});

describe('a declaration', () => {
  it('that closes a kind makes what it does not name unexpected, and no attribute of what it names', () => {
    const declaration = { closed: [{ kind: 'user', source: local }] };
    const result = compare(
      [expect('user:web-1/ada', 'uid', { op: 'equals', value: 1 })],
      [
        aFact('user:web-1/ada', 'uid', 1),
        aFact('user:web-1/ada', 'shell', '/bin/sh'),
        aFact('user:web-1/eve', 'uid', 2),
      ],
      { declaration },
    );
    assert.deepEqual(brief(result), [['unexpected', 'user:web-1/eve', '*', null, { uid: 2 }]]);
  });

  it('of something nobody looked at says unknown, whether it asked for a look or not', () => {
    const result = compare(
      [expect('file:web-1//etc/x', 'mode', { op: 'equals', value: '0644' })],
      [],
    );
    assert.deepEqual(
      result.findings.map((f) => [f.kind, f.entity]),
      [['unknown', 'file:*']],
    );
    assert.equal(result.unsure.length, 1);
    const absent = compare([expect('file:web-1//etc/x', '*', { op: 'absent' })], []);
    assert.deepEqual(
      absent.findings.map((f) => f.kind),
      ['unknown'],
    );
  });

  it('listens to every trusted source, and to no other', () => {
    const expectation = expect(ssh, 'value', { op: 'equals', value: 'no' });
    const observed = [aFact(ssh, 'value', 'no'), aFact(ssh, 'value', 'yes', { source: 'probe' })];
    const isTrusted = (source: string): boolean => source === local;
    assert.deepEqual(compare([expectation], observed, { isTrusted }).findings, []);
    assert.deepEqual(brief(compare([expectation], observed)), [
      ['changed', ssh, 'value', 'no', 'yes'],
    ]);
  });

  it('tells each reason apart for an entity that is gone, and the worse one for one place', () => {
    const two = [
      expect(nginx, 'a', { op: 'equals', value: 1 }, { because: because('one') }),
      expect(nginx, 'b', { op: 'equals', value: 2 }, { because: because('two') }),
    ];
    assert.deepEqual(
      compare(two, []).findings.map((f) => [f.attribute, f.because?.id]),
      [
        ['a', 'one'],
        ['b', 'two'],
      ],
    );
    const same = [
      expect(nginx, 'a', { op: 'at-least', value: 3 }, { severity: 'info' }),
      expect(
        nginx,
        'a',
        { op: 'at-least', value: 5 },
        { severity: 'critical', because: because('worse') },
      ),
    ];
    const found = compare(same, [aFact(nginx, 'a', 1)]).findings;
    assert.deepEqual(
      found.map((f) => [f.severity, f.because?.id]),
      [['critical', 'worse']],
    );
  });

  it('says the same by exact values as by tests, in whatever order', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const fact = fc.record({ entity: name, attribute: name, value: fc.constantFrom('x', 'y') });
    const facts = fc.uniqueArray(fact, { selector: (f) => `${f.entity} ${f.attribute}` });
    const places = (result: ReturnType<typeof diffFacts>): unknown =>
      result.findings.map((f) => [f.id, f.observed, f.desired]);
    fc.assert(
      fc.property(facts, facts, fc.nat(), (declared, seen, turn) => {
        const make = (source: string | null): Expectation[] =>
          declared.map((f) =>
            expect(
              `service:web-1/${f.entity}`,
              f.attribute,
              { op: 'equals', value: f.value },
              { source },
            ),
          );
        const observed = seen.map((f) => aFact(`service:web-1/${f.entity}`, f.attribute, f.value));
        const turned = [...observed.slice(turn % 5), ...observed.slice(0, turn % 5)];
        const exact = compare(make(local), observed);
        assert.deepEqual(places(exact), places(compare(make(null), turned)));
        assert.deepEqual(exact.weights, compare(make(null).toReversed(), turned).weights);
        for (const finding of exact.findings)
          assert.notDeepEqual(finding.observed, finding.desired);
      }),
      { numRuns: 300 },
    );
  });
});
