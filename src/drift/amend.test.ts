/** Accepting one field moves that field and nothing else, and the digest binds it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Baseline } from '#model';
import { amend, declaredNow, type FactsAt } from './amend.ts';
import { blessBaseline } from './baseline.ts';
import type { ComparedFact } from './facts.ts';
import { aCoverage, aFact, later, local, noon, rules, web } from './samples.ts';

const BEFORE = [
  aFact('user:web-1/ada', 'shell', '/bin/sh'),
  aFact('user:web-1/ada', 'uid', 1000),
  aFact('user:web-1/bob', 'uid', 1001),
];
const NOW = [
  aFact('user:web-1/ada', 'shell', '/bin/zsh'),
  aFact('user:web-1/ada', 'uid', 7),
  aFact('user:web-1/eve', 'uid', 1002),
];
const factsAt: FactsAt = ({ at }, entity) =>
  (at === noon ? BEFORE : NOW).filter((fact) => entity === null || fact.entity === entity);

const BLESSED: Baseline = blessBaseline(
  {
    id: 'baseline_1',
    name: 'good',
    scope: 'main/main',
    target: web,
    blessedAt: noon,
    knownAt: noon,
    blessedBy: 'ada',
    reason: 'fresh',
  },
  { facts: BEFORE, coverage: [aCoverage('user')], isTrusted: () => true, rules },
);

function accept(baseline: Baseline, entity: string, attribute: string): Baseline {
  const amendment = { entity, attribute, at: later, knownAt: later, by: 'ada', reason: 'right' };
  return amend(baseline, amendment, factsAt, rules);
}
const brief = (baseline: Baseline): unknown =>
  declaredNow(baseline, factsAt, rules).map(({ entity, attribute, value }) => [
    entity.slice('user:web-1/'.length),
    attribute,
    value,
  ]);

describe('accepting', () => {
  it('takes over the field as it was seen, and leaves its neighbours as they were blessed', () => {
    assert.deepEqual(brief(accept(BLESSED, 'user:web-1/ada', 'shell')), [
      ['ada', 'shell', '/bin/zsh'],
      ['ada', 'uid', 1000],
      ['bob', 'uid', 1001],
    ]);
  });

  it('takes over a whole entity: one that came, and one that went', () => {
    const came = accept(BLESSED, 'user:web-1/eve', '*');
    const both = accept(came, 'user:web-1/bob', '*');
    assert.deepEqual(brief(both), [
      ['ada', 'shell', '/bin/sh'],
      ['ada', 'uid', 1000],
      ['eve', 'uid', 1002],
    ]);
    assert.equal(both.facts, 3);
    assert.equal(new Set([BLESSED.digest, came.digest, both.digest]).size, 3);
  });

  it('is refused where it changes nothing', () => {
    const once = accept(BLESSED, 'user:web-1/ada', 'shell');
    assert.throws(() => accept(once, 'user:web-1/ada', 'shell'), { code: 'nothing-to-bless' });
    assert.throws(() => accept(BLESSED, 'user:web-1/nobody', '*'), { code: 'nothing-to-bless' });
  });

  it('changes no other field, whatever was seen', () => {
    const fact = fc.record({
      entity: fc.constantFrom('user:web-1/a', 'user:web-1/b', 'user:web-1/c'),
      attribute: fc.constantFrom('x', 'y'),
      value: fc.nat(2),
    });
    const seen = fc.uniqueArray(fact, {
      selector: ({ entity, attribute }) => `${entity} ${attribute}`,
    });
    fc.assert(
      fc.property(seen, seen, fact, fc.boolean(), (was, is, about, whole) => {
        const at: FactsAt = (moment, entity) =>
          (moment.at === noon ? was : is)
            .filter((each) => entity === null || each.entity === entity)
            .map((each): ComparedFact => ({ source: local, ...each }));
        const amendment = { ...about, attribute: whole ? '*' : about.attribute };
        const declared = declaredNow(
          {
            ...BLESSED,
            passedOver: [],
            amended: [{ ...amendment, at: later, knownAt: later, by: 'a', reason: 'b' }],
          },
          at,
          rules,
        );
        const expected = ({
          entity,
          attribute,
        }: {
          entity: string;
          attribute: string;
        }): unknown => {
          const accepted = entity === about.entity && (whole || attribute === about.attribute);
          return (accepted ? is : was).find(
            (each) => each.entity === entity && each.attribute === attribute,
          )?.value;
        };
        for (const entity of ['user:web-1/a', 'user:web-1/b', 'user:web-1/c'])
          for (const attribute of ['x', 'y'])
            assert.equal(
              declared.find((each) => each.entity === entity && each.attribute === attribute)
                ?.value,
              expected({ entity, attribute }),
            );
      }),
      { numRuns: 300 },
    );
  });
});
