import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { throwsFault } from '#test/throws-fault';
import {
  type BlessInput,
  baselineDigest,
  blessBaseline,
  declaredFacts,
  requireBaselineHolds,
} from './baseline.ts';
import { aCoverage, aFact, later, local, noon, rules, web } from './samples.ts';

const request = {
  id: 'baseline_1',
  name: 'good',
  scope: 'main/main',
  target: web,
  blessedAt: noon,
  knownAt: later,
  blessedBy: 'ada',
  reason: 'after the release',
};
const facts = [
  aFact('service:web-1/nginx', 'state', 'running'),
  aFact('service:web-1/nginx', 'load', 3),
  aFact('user:web-1/ada', 'uid', 1000),
  aFact('package:web-1/openssl', 'version', '3'),
  aFact('package:web-1/openssl', 'version', '1', { source: 'probe' }),
];
const input: BlessInput = {
  facts,
  coverage: [
    aCoverage('user'),
    aCoverage('service'),
    aCoverage('package', { status: 'partial', reason: 'no dpkg' }),
    aCoverage('package', { source: 'probe' }),
    aCoverage('service', { target: 'host:web-2', source: 'probe' }),
  ],
  isTrusted: (source) => source === local,
  rules,
};

describe('a blessed baseline', () => {
  it('declares what trusted sources knew completely, and says what it leaves out', () => {
    const baseline = blessBaseline(request, input);
    assert.deepEqual(baseline.kinds, ['service', 'user']);
    assert.deepEqual(baseline.leftOut, [
      { source: local, kind: 'package', status: 'partial', reason: 'no dpkg' },
    ]);
    assert.equal(baseline.facts, 2);
    assert.deepEqual(
      declaredFacts(facts, baseline, rules).map((fact) => fact.attribute),
      ['state', 'uid'],
    );
    assert.equal(baseline.signature, 'unsigned');
  });

  it('is refused when nothing was completely known, or nothing of a kind that was asked for', async () => {
    const partial = { ...input, coverage: [aCoverage('user', { status: 'partial' })] };
    await throwsFault(() => blessBaseline(request, partial), 'nothing-to-bless');
    const only = { ...request, kinds: ['user', 'sudo_rule'] };
    await throwsFault(() => blessBaseline(only, input), 'nothing-to-bless');
    assert.deepEqual(blessBaseline({ ...request, kinds: ['user'] }, input).kinds, ['user']);
  });

  it('needs a usable name and a reason', async () => {
    await throwsFault(() => blessBaseline({ ...request, name: 'a b' }, input), 'invalid-baseline');
    await throwsFault(() => blessBaseline({ ...request, reason: '' }, input), 'invalid-baseline');
  });

  it('holds when the registry learns that something moves by itself, or does not', () => {
    const baseline = blessBaseline(request, input);
    assert.deepEqual(baseline.passedOver, ['service load']);
    for (const isVolatile of [() => true, () => false])
      requireBaselineHolds(baseline, declaredFacts(facts, baseline, { isVolatile }));
  });

  it('is told from anything else the store may answer for its moment', async () => {
    const baseline = blessBaseline(request, input);
    const declared = declaredFacts(facts.toReversed(), baseline, rules);
    requireBaselineHolds(baseline, declared);
    const [first, ...rest] = declared;
    assert.ok(first !== undefined);
    const forged = [{ ...first, value: 'stopped' }, ...rest];
    await throwsFault(() => requireBaselineHolds(baseline, forged), 'baseline-mismatch');
    await throwsFault(() => requireBaselineHolds(baseline, rest), 'baseline-mismatch');
  });
});

describe('the digest of a baseline', () => {
  const fact = fc.record({
    source: fc.constantFrom(local, 'probe'),
    entity: fc.constantFrom('user:a', 'user:b'),
    attribute: fc.constantFrom('uid', 'shell'),
    value: fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value))),
  });

  it('does not depend on the order of the facts', () => {
    const some = fc.uniqueArray(fact, { selector: (f) => f.source + f.entity + f.attribute });
    fc.assert(
      fc.property(some, (list) => {
        fc.pre(list.every((f) => JSON.stringify(f).isWellFormed()));
        assert.equal(baselineDigest(list), baselineDigest(list.toReversed()));
      }),
      { numRuns: 200 },
    );
  });

  it('is pinned, and moves with any part of a fact', () => {
    const one = aFact('user:a', 'uid', 0);
    const digests = [
      one,
      { ...one, source: 'probe' },
      { ...one, entity: 'user:b' },
      { ...one, attribute: 'gid' },
      { ...one, value: '0' },
      { ...one, altered: true },
    ].map((each) => baselineDigest([each]));
    assert.equal(new Set(digests).size, digests.length);
    assert.equal(
      digests[0],
      'sha256:fca498cda94830d7d0a6a5e625e99885be5efb984c8c57ba1b23c0c3588fdcf2',
    );
  });
});
