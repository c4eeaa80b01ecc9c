import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TIERS } from '#model';
import { holding, narrow, narrowAll, type ReachPart, reaches, reachOf, within } from './reach.ts';
import { aPart, aReach, aTarget } from './samples.ts';
import { sees, sightOf } from './sight.ts';

const targets = fc.array(aTarget, { maxLength: 8 });
const tierOf = ({ ceiling }: ReachPart): number => TIERS.indexOf(ceiling);

describe('a reach', () => {
  it('that is narrowed reaches what both reach, and nothing else', () => {
    fc.assert(
      fc.property(aPart, aPart, aTarget, (a, b, target) => {
        const both = narrow(a, b);
        assert.equal(reaches(both, target), reaches(a, target) && reaches(b, target));
        assert.ok(tierOf(both) <= tierOf(a) && tierOf(both) <= tierOf(b));
        for (const each of both.capabilities)
          assert.ok(a.capabilities.includes(each) && b.capabilities.includes(each));
      }),
      { numRuns: 2_000 },
    );
  });

  it('that is narrowed many times stays within each of them', () => {
    fc.assert(
      fc.property(fc.array(aPart, { minLength: 1, maxLength: 5 }), aTarget, (parts, target) => {
        const [first, ...others] = parts as [ReachPart, ...ReachPart[]];
        const all = others.reduce(narrow, first);
        assert.equal(
          reaches(all, target),
          parts.every((part) => reaches(part, target)),
        );
      }),
    );
  });

  it('in parts, narrowed by one in parts, lets nobody ask for more of any target than some pair of them', () => {
    fc.assert(
      fc.property(aReach, aReach, targets, (a, b, all) => {
        for (const part of narrowAll(a, b)) {
          assert.ok(within(part, a, all));
          assert.ok(within(part, b, all));
        }
        for (const target of all) {
          const may = (reach: typeof a): Set<string> =>
            new Set(
              reach.filter((part) => reaches(part, target)).flatMap((part) => part.capabilities),
            );
          const both = may(b);
          assert.deepEqual(
            may(narrowAll(a, b)),
            new Set([...may(a)].filter((each) => both.has(each))),
          );
        }
      }),
    );
  });

  it('is within another only where some part of it holds each capability on each target, as high', () => {
    const [whole] = reachOf('operator') as [ReachPart];
    const dns = { ...whole, targets: { ids: [], tags: ['dns'] } };
    const web = {
      ...whole,
      capabilities: ['facts.read'] as const,
      targets: { ids: [], tags: ['web'] },
    };
    const fleet = [
      { id: 'host:dns-1', scope: 'a/b', tags: ['dns'] },
      { id: 'host:web-1', scope: 'a/b', tags: ['web'] },
    ];
    const both = { ...whole, capabilities: ['changes.propose'] as const };
    assert.equal(within(both, [dns, web], fleet), false);
    assert.equal(within({ ...both, capabilities: ['facts.read'] }, [dns, web], fleet), true);
    assert.equal(within({ ...dns, ceiling: 'T3' }, [{ ...dns, ceiling: 'T1' }], fleet), false);
  });

  it('of nothing named reaches nothing', () => {
    fc.assert(
      fc.property(aPart, aTarget, (part, target) => {
        assert.equal(reaches({ ...part, targets: { ids: [], tags: [] } }, target), false);
        assert.equal(reaches({ ...part, scopes: [] }, target), false);
      }),
    );
  });
});

describe('what may be seen', () => {
  it('is of the inventory exactly what some part reaches', () => {
    fc.assert(
      fc.property(aReach, targets, (reach, all) => {
        const scopes = [...new Set(all.map(({ scope }) => scope))];
        // An id is of one scope.
        const fleet = [...new Map(all.map((each) => [each.id, each])).values()];
        const sight = sightOf(reach, { scopes, targets: fleet });
        for (const target of fleet)
          assert.equal(
            sees(sight, target),
            reach.some((part) => reaches(part, target)),
          );
      }),
      { numRuns: 1_000 },
    );
  });

  it('of a capability comes from the parts that hold it', () => {
    const [whole] = reachOf('operator') as [ReachPart];
    const reading = { ...whole, capabilities: ['facts.read'] as const };
    const proposing = {
      ...whole,
      capabilities: ['changes.propose'] as const,
      targets: { ids: ['host:a'], tags: [] },
    };
    const fleet = {
      scopes: ['a/b'],
      targets: [
        { id: 'host:a', scope: 'a/b', tags: [] },
        { id: 'host:b', scope: 'a/b', tags: [] },
      ],
    };
    const sight = sightOf(holding([reading, proposing], 'changes.propose'), fleet);
    assert.deepEqual(sight, { scopes: [], targets: [{ id: 'host:a', scope: 'a/b' }] });
  });
});
