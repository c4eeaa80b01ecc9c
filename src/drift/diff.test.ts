import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '#base/json';
import type { Coverage, CoverageStatus } from '#model';
import { declaredBaseline } from './declared.ts';
import { type DiffInput, diffFacts } from './diff.ts';
import { findingId } from './difference.ts';
import type { ComparedFact, ObservedFact } from './facts.ts';
import { aCoverage, aFact, later, local, noon, rules, web } from './samples.ts';

const KINDS = ['service', 'user', 'package'];
const nginx = 'service:web-1/nginx';

type Baseline = Parameters<typeof declaredBaseline>[0];
type Asked = Partial<DiffInput> & {
  readonly baseline?: Baseline;
  readonly desired?: readonly ComparedFact[];
};

const BASELINE: Baseline = {
  id: 'baseline_1',
  scope: 'main/main',
  target: web,
  covers: KINDS.map((kind) => ({ source: local, kind })),
  blessedAt: noon,
};

function diff({ baseline = BASELINE, desired = [], ...more }: Asked): ReturnType<typeof diffFacts> {
  return diffFacts({
    declared: declaredBaseline(baseline, desired),
    observed: [],
    coverage: KINDS.map((kind) => aCoverage(kind)),
    isTrusted: () => true,
    rules,
    now: later,
    ...more,
  });
}

const brief = (result: ReturnType<typeof diffFacts>): unknown[] =>
  result.findings.map((f) => [f.kind, f.entity, f.attribute, f.desired, f.observed, f.severity]);

describe('a comparison with the baseline', () => {
  it('tells a changed field with what it was and what it is', () => {
    const result = diff({
      desired: [aFact(nginx, 'state', 'running'), aFact(nginx, 'enabled', true)],
      observed: [aFact(nginx, 'state', 'stopped'), aFact(nginx, 'enabled', true)],
    });
    assert.deepEqual(brief(result), [['changed', nginx, 'state', 'running', 'stopped', 'warning']]);
  });

  it('makes one finding of an entity that is gone, and one of an entity that is new', () => {
    const result = diff({
      desired: [aFact(nginx, 'state', 'running'), aFact(nginx, 'enabled', true)],
      observed: [aFact('user:web-1/eve', 'uid', 0), aFact('user:web-1/eve', 'shell', '/bin/sh')],
    });
    assert.deepEqual(brief(result), [
      ['missing', nginx, '*', { enabled: true, state: 'running' }, null, 'warning'],
      ['unexpected', 'user:web-1/eve', '*', null, { shell: '/bin/sh', uid: 0 }, 'critical'],
    ]);
  });

  it('tells an attribute that is gone or new from an entity that is', () => {
    const result = diff({
      desired: [aFact(nginx, 'state', 'running'), aFact(nginx, 'enabled', true)],
      observed: [aFact(nginx, 'enabled', true), aFact(nginx, 'owner', 'eve')],
    });
    assert.deepEqual(brief(result), [
      ['unexpected', nginx, 'owner', null, 'eve', 'critical'],
      ['missing', nginx, 'state', 'running', null, 'warning'],
    ]);
  });

  it('makes nothing of what moves by itself, but knows that the entity is there', () => {
    const result = diff({
      desired: [aFact(nginx, 'state', 'running')],
      observed: [aFact(nginx, 'load', 3)],
    });
    assert.deepEqual(brief(result), [['missing', nginx, 'state', 'running', null, 'warning']]);
  });

  it('makes nothing of what moved by itself when it was blessed, whatever it does now', () => {
    const baseline = {
      id: 'baseline_1',
      scope: 'main/main',
      target: web,
      covers: [{ source: local, kind: 'service' }],
      passedOver: ['service pid'],
      blessedAt: noon,
    };
    const desired = [aFact(nginx, 'state', 'running')];
    const observed = [...desired, aFact(nginx, 'pid', 4711)];
    assert.deepEqual(diff({ baseline, desired, observed }).findings, []);
  });

  it('says unknown once per kind that was not completely looked at, and missing of nothing in it', () => {
    const desired = Array.from({ length: 500 }, (_, i) =>
      aFact(`package:web-1/p${i}`, 'version', '1'),
    );
    for (const status of ['partial', 'unreachable', 'stale', 'never'] as const) {
      const coverage = [aCoverage('package', { status }), aCoverage('service'), aCoverage('user')];
      const result = diff({ desired, coverage });
      assert.deepEqual(brief(result), [
        ['unknown', 'package:*', '*', null, { source: local, status, reason: null }, 'info'],
      ]);
      assert.equal(result.unsure.length, 500);
    }
  });

  it('takes a kind of which no coverage is known for never looked at', () => {
    const result = diff({ coverage: [aCoverage('service'), aCoverage('package')] });
    assert.deepEqual(
      result.findings.map((f) => [f.entity, f.kind, f.severity]),
      [['user:*', 'unknown', 'warning']],
    );
  });

  it('still tells a change that an incomplete look has seen', () => {
    const result = diff({
      desired: [aFact(nginx, 'state', 'running')],
      observed: [aFact(nginx, 'state', 'stopped')],
      coverage: [
        aCoverage('service', { status: 'partial' }),
        aCoverage('user'),
        aCoverage('package'),
      ],
    });
    assert.deepEqual(
      result.findings.map((f) => f.kind),
      ['unknown', 'changed'],
    );
  });

  it('does not take the word of a source that is not trusted any more, for better or worse', () => {
    const result = diff({
      desired: [aFact(nginx, 'state', 'running')],
      observed: [aFact(nginx, 'state', 'stopped')],
      isTrusted: () => false,
    });
    assert.ok(result.findings.every((f) => f.kind === 'unknown'));
    assert.deepEqual(
      result.unsure.map((f) => f.kind),
      ['changed'],
    );
  });

  it('takes a value that was cleaned for another than the same one untouched', () => {
    const result = diff({
      desired: [aFact(nginx, 'state', 'running')],
      observed: [aFact(nginx, 'state', 'running', { altered: true })],
    });
    assert.equal(result.findings.length, 1);
  });

  it('bounds when a difference was first seen by the fact itself, inside baseline and now', () => {
    const seen = (validFrom: typeof noon): unknown => {
      const [found] = diff({
        desired: [aFact(nginx, 'state', 'running')],
        observed: [aFact(nginx, 'state', 'stopped', { validFrom, confirmedAt: later })],
      }).findings;
      return [found?.firstSeen, found?.lastSeen];
    };
    const between = (noon + 5) as typeof noon;
    assert.deepEqual(seen(between), [between, later]);
    assert.deepEqual(seen((noon - 5) as typeof noon), [noon, later]);
  });

  it('keeps a huge value out of a finding and names it by digest', () => {
    const [found] = diff({
      desired: [aFact(nginx, 'state', 'running')],
      observed: [aFact(nginx, 'state', 'x'.repeat(200_000))],
    }).findings;
    assert.ok(canonicalJson(found?.observed ?? null).length < 200);
  });

  it('is not led astray by attributes named like parts of an object', () => {
    const [found] = diff({
      observed: [aFact(nginx, '__proto__', { admin: true }), aFact(nginx, 'constructor', 1)],
    }).findings;
    assert.deepEqual(Object.keys(found?.observed as object), ['__proto__', 'constructor']);
  });
});

describe('two sources of one baseline', () => {
  const covers = [
    { source: local, kind: 'service' },
    { source: 'probe', kind: 'service' },
  ];
  const baseline = { id: 'baseline_1', scope: 'main/main', target: web, covers, blessedAt: noon };

  it('that tell the same make one finding', () => {
    const both = (value: string): ObservedFact[] =>
      [local, 'probe'].map((source) => aFact(nginx, 'state', value, { source }));
    const coverage = [local, 'probe'].map((source) => aCoverage('service', { source }));
    const result = diff({ baseline, coverage, desired: both('on'), observed: both('off') });
    assert.equal(result.findings.length, 1);
  });

  it('that both fall short are two gaps', () => {
    const { findings } = diff({ baseline, coverage: [] });
    assert.equal(new Set(findings.map((f) => f.id)).size, 2);
  });

  it('are compared each with itself', () => {
    const coverage = [local, 'probe'].map((source) => aCoverage('service', { source }));
    const { findings } = diff({
      baseline,
      coverage,
      desired: [aFact(nginx, 'state', 'on'), aFact(nginx, 'state', 'up', { source: 'probe' })],
      observed: [aFact(nginx, 'state', 'up', { source: 'probe' }), aFact(nginx, 'state', 'on')],
    });
    assert.deepEqual(findings, []);
  });
});

describe('the id of a finding', () => {
  it('is the same for the same place, whatever the values and the order', () => {
    const facts = [aFact(nginx, 'state', 'a'), aFact(nginx, 'enabled', true)];
    const one = diff({ observed: facts, desired: [aFact(nginx, 'state', 'b')] });
    const two = diff({ observed: facts.toReversed(), desired: [aFact(nginx, 'state', 'c')] });
    assert.deepEqual(
      one.findings.map((f) => f.id),
      two.findings.map((f) => f.id),
    );
  });

  it('is pinned', () => {
    const about = {
      scope: 'main/main',
      target: web,
      baseline: 'baseline_1',
      entity: nginx,
      attribute: 'state',
      kind: 'changed',
    } as const;
    assert.equal(findingId(about), 'finding_f169a2685b09ca30');
    assert.notEqual(findingId({ ...about, kind: 'missing' }), findingId(about));
  });
});

/** The rules again, as plainly as possible: every fact against every fact. */
function naive(
  desired: readonly ObservedFact[],
  observed: readonly ObservedFact[],
  coverage: readonly Coverage[],
): { readonly findings: readonly string[]; readonly unsure: readonly string[] } {
  const findings = new Set<string>();
  const unsure = new Set<string>();
  const kind = (f: ObservedFact): string => f.entity.split(':')[0] ?? '';
  const status = (f: ObservedFact): CoverageStatus =>
    coverage.find((c) => c.kind === kind(f) && c.source === f.source)?.status ?? 'never';
  const counts = (f: ObservedFact): boolean =>
    KINDS.includes(kind(f)) && f.source === local && !rules.isVolatile(kind(f), f.attribute);
  for (const d of desired.filter(counts)) {
    const same = observed.find(
      (o) => o.source === d.source && o.entity === d.entity && o.attribute === d.attribute,
    );
    const told = status(d) === 'complete' ? findings : unsure;
    const isThere = observed.some((o) => o.source === d.source && o.entity === d.entity);
    if (same === undefined) told.add(`missing ${d.entity} ${isThere ? d.attribute : '*'}`);
    else if (canonicalJson(same.value) !== canonicalJson(d.value))
      findings.add(`changed ${d.entity} ${d.attribute}`);
  }
  for (const o of observed.filter(counts)) {
    const same = desired.some(
      (d) => o.source === d.source && o.entity === d.entity && o.attribute === d.attribute,
    );
    const wasThere = desired.some((d) => o.source === d.source && o.entity === d.entity);
    if (!same) findings.add(`unexpected ${o.entity} ${wasThere ? o.attribute : '*'}`);
  }
  for (const each of KINDS) {
    const found = coverage.find((c) => c.kind === each && c.source === local);
    if (found?.status !== 'complete') findings.add(`unknown ${each}:* *`);
  }
  return { findings: [...findings].sort(), unsure: [...unsure].sort() };
}

describe('the comparison, against one that looks at every pair', () => {
  const value = fc.constantFrom<ObservedFact['value']>(
    0,
    '0',
    null,
    { a: 1, b: 2 },
    { b: 2, a: 1 },
    [1],
    [2],
  );
  const fact = fc.record({
    source: fc.constantFrom(local, 'probe'),
    entity: fc
      .tuple(fc.constantFrom(...KINDS, 'other'), fc.constantFrom('a', 'b', 'é', '😀'))
      .map(([kind, name]) => `${kind}:web-1/${name}`),
    attribute: fc.constantFrom('state', 'load', 'owner'),
    value,
  });
  const facts = fc.uniqueArray(fact, {
    selector: (f) => `${f.source} ${f.entity} ${f.attribute}`,
    maxLength: 30,
  });
  const coverage = fc
    .tuple(
      ...KINDS.map(() =>
        fc.constantFrom<CoverageStatus>(
          'complete',
          'complete',
          'partial',
          'unreachable',
          'stale',
          'never',
        ),
      ),
    )
    .map((each) => each.map((status, i) => aCoverage(KINDS[i] ?? '', { status })));

  it('finds the same, whatever the order', () => {
    fc.assert(
      fc.property(facts, facts, coverage, fc.boolean(), (desired, observed, seen, sorted) => {
        const order = (list: ObservedFact[]): ObservedFact[] =>
          sorted
            ? list.toSorted((a, b) =>
                `${a.entity} ${a.attribute}` < `${b.entity} ${b.attribute}` ? -1 : 1,
              )
            : list;
        const result = diff({
          desired: order(desired),
          observed: new Set(order(observed)),
          coverage: seen,
        });
        const told = (list: typeof result.findings): string[] =>
          list.map((f) => `${f.kind} ${f.entity} ${f.attribute}`).sort();
        const expected = naive(desired, observed, seen);
        assert.deepEqual(told(result.findings), expected.findings);
        assert.deepEqual(told(result.unsure), expected.unsure);
        assert.equal(new Set(result.findings.map((f) => f.id)).size, result.findings.length);
      }),
      { numRuns: Number(process.env['DRIFT_RUNS'] ?? 1_500) },
    );
  });

  it('finds nothing between equal states', () => {
    fc.assert(
      fc.property(facts, (same) => {
        assert.deepEqual(diff({ desired: same, observed: same.toReversed() }).findings, []);
      }),
      { numRuns: 200 },
    );
  });
});
