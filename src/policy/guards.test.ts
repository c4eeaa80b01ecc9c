import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Instant, instant, shift } from '#base/time';
import { groupsOf } from './groups.ts';
import { type Attempt, type GuardRequest, isFlapping, judgeGuards } from './guards.ts';
import { aTarget } from './samples.ts';
import { DEFAULT_GUARDS, type GuardLimits } from './settings.ts';

const NOW = instant('2026-06-01T12:00:00Z');
const ago = (seconds: number): Instant => shift(NOW, -seconds * 1_000_000);
const FREE: GuardLimits = {
  cooldownSeconds: 0,
  budget: { perScopeHour: 1e6, perScopeDay: 1e6, perCallerHour: 1e6, perCallerDay: 1e6 },
  concurrency: { perTarget: 100, perCaller: 1e4 },
  breaker: { attempts: 1_000, withinSeconds: 600, openSeconds: 1_800 },
  flap: { times: 1_000, withinSeconds: 7_200 },
  blastRadius: {
    groups: { hour: { percent: 100, atLeast: 1 }, day: { percent: 100, atLeast: 1 } },
    redundancySets: { hour: { percent: 100, atLeast: 1 }, day: { percent: 100, atLeast: 1 } },
  },
};

function anAttempt(seconds: number, more: Partial<Attempt> = {}): Attempt {
  return {
    change: `change-${seconds}`,
    target: 'host:web-1',
    action: 'service.restart',
    caller: 'operator:ana',
    scope: 'main/main',
    groups: [],
    startedAt: ago(seconds),
    endedAt: ago(seconds),
    outcome: 'confirmed',
    ...more,
  };
}

function aRequest(more: Partial<GuardRequest> = {}): GuardRequest {
  return {
    change: 'change-new',
    action: 'service.restart',
    caller: 'operator:ana',
    targets: [{ id: 'host:web-1', scope: 'main/main', groups: [] }],
    flaps: new Map(),
    ...more,
  };
}

function refusal(
  history: readonly Attempt[],
  limits: Partial<GuardLimits>,
  request: Partial<GuardRequest> = {},
): string | undefined {
  return judgeGuards(history, aRequest(request), { ...FREE, ...limits }, NOW)?.refusal;
}

describe('a guard', () => {
  it('lets a first attempt pass with the shipped limits', () => {
    assert.equal(judgeGuards([], aRequest(), DEFAULT_GUARDS, NOW), undefined);
  });

  it('cools down one action on one target, to the microsecond', () => {
    const limits = { cooldownSeconds: 300 };
    assert.equal(refusal([anAttempt(299.999999)], limits), 'cooldown');
    assert.equal(refusal([anAttempt(300)], limits), undefined);
    assert.equal(refusal([anAttempt(400, { endedAt: ago(200) })], limits), 'cooldown');
    assert.equal(refusal([anAttempt(10, { target: 'host:web-2' })], limits), undefined);
    assert.equal(refusal([anAttempt(10, { action: 'service.reload' })], limits), undefined);
    assert.equal(refusal([anAttempt(400)], limits, { cooldownSeconds: 500 }), 'cooldown');
    assert.equal(refusal([anAttempt(200)], limits, { cooldownSeconds: 100 }), 'cooldown');
    assert.equal(
      judgeGuards([anAttempt(100)], aRequest(), { ...FREE, ...limits }, NOW)?.until,
      ago(-200),
    );
  });

  it('counts budgets by scope and by caller, in an hour and in a day', () => {
    const budget = { ...FREE.budget, perScopeHour: 2 };
    const history = [anAttempt(3_599.999999, { caller: 'x' }), anAttempt(10, { caller: 'y' })];
    assert.equal(refusal(history, { budget }), 'over-budget');
    assert.equal(refusal([anAttempt(3_600), anAttempt(10)], { budget }), undefined);
    assert.equal(refusal(history, { budget: { ...FREE.budget, perCallerHour: 2 } }), undefined);
    const own = [anAttempt(86_399, { scope: 'main/other' }), anAttempt(9)];
    assert.equal(refusal(own, { budget: { ...FREE.budget, perCallerDay: 2 } }), 'over-budget');
    assert.equal(refusal(own, { budget: { ...FREE.budget, perScopeDay: 2 } }), undefined);
    const two = ['host:a', 'host:b'].map((id) => ({ id, scope: 'main/main', groups: [] }));
    assert.equal(
      refusal([anAttempt(10)], { budget }, { targets: two }),
      'over-budget',
      'each target of one change is an attempt',
    );
    assert.equal(
      judgeGuards(history, aRequest(), { ...FREE, budget }, NOW)?.until,
      shift(history[0]?.startedAt ?? NOW, 3_600_000_000),
    );
  });

  it('limits what runs or is not settled, for a target and for a caller', () => {
    const limits = { concurrency: { perTarget: 1, perCaller: 2 } };
    const running = { endedAt: null, outcome: 'running' } as const;
    assert.equal(refusal([anAttempt(1, running)], limits), 'too-many-at-once');
    assert.equal(
      refusal([anAttempt(90_000, { outcome: 'ambiguous' })], limits),
      'too-many-at-once',
    );
    assert.equal(refusal([anAttempt(1)], limits), undefined);
    const elsewhere = ['host:a', 'host:b'].map((target, i) => anAttempt(i, { ...running, target }));
    assert.equal(refusal(elsewhere, limits), 'too-many-at-once');
    assert.equal(refusal(elsewhere, limits, { caller: 'operator:ben' }), undefined);
    const oneChange = elsewhere.map((each) => ({ ...each, change: 'one' }));
    assert.equal(refusal(oneChange, limits), undefined, 'two targets of one change are one');
    assert.equal(
      refusal(oneChange, limits, { concurrency: { perTarget: 1, perCaller: 1 } }),
      'too-many-at-once',
    );
  });

  it('breaks after failures on a target, or of an action in a scope, and closes again by itself', () => {
    const breaker = { attempts: 3, withinSeconds: 600, openSeconds: 1_800 };
    const failed = (seconds: number, more: Partial<Attempt> = {}): Attempt =>
      anAttempt(seconds, { outcome: 'failed', ...more });
    const three = [failed(1_799), failed(1_900), failed(2_398)];
    assert.equal(refusal(three, { breaker }), 'breaker-open');
    assert.equal(refusal([failed(1_800), failed(1_900), failed(2_398)], { breaker }), undefined);
    assert.equal(refusal([failed(1_700), failed(1_900), failed(2_300)], { breaker }), undefined);
    assert.equal(refusal([failed(1), failed(2), anAttempt(3)], { breaker }), undefined);
    assert.equal(
      refusal([failed(1), failed(2), failed(3, { action: 'x', outcome: 'ambiguous' })], {
        breaker,
      }),
      'breaker-open',
    );
    const everywhere = ['a', 'b', 'c'].map((target, i) => failed(i, { target }));
    assert.equal(refusal(everywhere, { breaker }), 'breaker-open');
    assert.equal(refusal(everywhere, { breaker }, { action: 'service.reload' }), undefined);
  });

  it('takes the same again and again for flapping, until a person clears it', () => {
    const flap = { times: 3, withinSeconds: 7_200 };
    const three = [anAttempt(10), anAttempt(4_000), anAttempt(7_209.999999)];
    const flaps = (marked: boolean, clearedAt: Instant | null): Partial<GuardRequest> => ({
      flaps: new Map([['host:web-1', { marked, clearedAt }]]),
    });
    assert.equal(refusal(three, { flap }), 'flapping');
    assert.equal(refusal([anAttempt(10), anAttempt(4_000), anAttempt(7_210)], { flap }), undefined);
    assert.equal(
      refusal(
        three.map((each) => ({ ...each, startedAt: shift(each.startedAt, -4e10) })),
        { flap },
      ),
      'flapping',
      'it does not pass with time',
    );
    assert.equal(refusal(three, { flap }, flaps(false, ago(10))), undefined);
    assert.equal(refusal(three, { flap }, flaps(false, ago(5_000))), undefined);
    assert.equal(refusal([], { flap }, flaps(true, ago(20))), 'flapping', 'also without a history');
    assert.equal(isFlapping(three, 'service.restart', 'host:web-1', null, flap), true);
    assert.equal(isFlapping(three, 'service.restart', 'host:web-1', ago(10), flap), false);
    const since = [anAttempt(1), anAttempt(2), anAttempt(3)];
    assert.equal(isFlapping(since, 'service.restart', 'host:web-1', ago(3), flap), false);
    assert.equal(isFlapping(since, 'service.restart', 'host:web-1', ago(3.000001), flap), true);
  });
});

describe('groups', () => {
  const fleet = [
    aTarget({ id: 'host:a', redundancySet: 'web', owner: 'shop', tags: ['eu'] }),
    aTarget({ id: 'host:b', redundancySet: 'web', owner: 'shop' }),
    aTarget({ id: 'host:c', environment: 'test', tags: ['eu', 'backup-of:host:a'] }),
    aTarget({ id: 'host:d', scope: 'main/other', owner: 'shop' }),
  ];
  const [a, b, c] = fleet as [(typeof fleet)[0], (typeof fleet)[0], (typeof fleet)[0]];

  it('come from the inventory alone, within a scope', () => {
    assert.deepEqual(groupsOf(a, fleet), [
      { kind: 'redundancy', name: 'redundancy:web', members: ['host:a', 'host:b'] },
      {
        kind: 'environment',
        name: 'environment:main/main/production',
        members: ['host:a', 'host:b'],
      },
      { kind: 'owner', name: 'owner:main/main/shop', members: ['host:a', 'host:b'] },
      { kind: 'tag', name: 'tag:main/main/eu', members: ['host:a', 'host:c'] },
      { kind: 'backup', name: 'backup:host:a', members: ['host:a', 'host:c'] },
    ]);
    assert.ok(groupsOf(c, fleet).some(({ name }) => name === 'backup:host:a'));
    assert.ok(!groupsOf(b, fleet).some(({ kind }) => kind === 'backup'));
  });

  const asked = (...targets: (typeof fleet)[number][]): Partial<GuardRequest> => ({
    targets: targets.map((each) => ({
      id: each.id,
      scope: each.scope,
      groups: groupsOf(each, fleet),
    })),
  });

  it('of redundancy are never touched twice at once', () => {
    assert.equal(refusal([], {}, asked(a, b)), 'redundancy');
    for (const [outcome, expected] of [
      ['running', 'redundancy'],
      ['ambiguous', 'redundancy'],
      ['failed', undefined],
      ['confirmed', undefined],
    ] as const)
      assert.equal(
        refusal([anAttempt(90_000, { target: 'host:b', outcome })], {}, asked(a)),
        expected,
      );
    const gone = anAttempt(1, {
      target: 'host:gone',
      groups: ['redundancy:web'],
      outcome: 'running',
    });
    assert.equal(refusal([gone], {}, asked(a)), 'redundancy', 'it left the inventory meanwhile');
  });

  it('of data and backup are never touched at once', () => {
    assert.equal(refusal([], {}, asked(a, c)), 'data-and-backup');
    const running = anAttempt(1, { target: 'host:a', outcome: 'running' });
    assert.equal(refusal([running], {}, asked(c)), 'data-and-backup');
    assert.equal(refusal([running], {}, asked(b)), 'redundancy');
  });

  it('are touched by a share only, with a floor for the small ones', () => {
    const share = { percent: 50, atLeast: 1 };
    const blastRadius = {
      groups: { hour: share, day: { percent: 75, atLeast: 1 } },
      redundancySets: FREE.blastRadius.redundancySets,
    };
    const ten = Array.from({ length: 10 }, (_, i) => aTarget({ id: `host:${i}` }));
    const request = (...ids: number[]): Partial<GuardRequest> => ({
      targets: ids.map((i) => ({
        id: `host:${i}`,
        scope: 'main/main',
        groups: groupsOf(ten[i] ?? aTarget(), ten),
      })),
    });
    const touched = (count: number, seconds: number): Attempt[] =>
      Array.from({ length: count }, (_, i) => anAttempt(seconds, { target: `host:${i}` }));
    const limits = { blastRadius };
    assert.equal(refusal(touched(4, 10), limits, request(9)), undefined);
    assert.equal(refusal(touched(5, 10), limits, request(9)), 'blast-radius');
    assert.equal(refusal(touched(5, 10), limits, request(4)), undefined, 'it was touched already');
    assert.equal(refusal(touched(5, 3_600), limits, request(9)), undefined);
    assert.equal(refusal(touched(7, 3_600), limits, request(9)), 'blast-radius');
    assert.equal(refusal(touched(7, 86_400), limits, request(9)), undefined);
    assert.equal(refusal([], limits, request(0, 1, 2, 3, 4, 5)), 'blast-radius');
    assert.equal(
      refusal([], limits, {
        targets: [
          { id: 'host:0', scope: 'main/main', groups: groupsOf(ten[0] ?? a, ten.slice(0, 1)) },
        ],
      }),
      undefined,
    );
  });
});

describe('more history', () => {
  const fleet = [
    aTarget({ id: 'host:0', redundancySet: 'web' }),
    aTarget({ id: 'host:1', redundancySet: 'web' }),
    aTarget({ id: 'host:2', tags: ['backup-of:host:0'] }),
    aTarget({ id: 'host:3' }),
  ];
  const target = fc.constantFrom(...fleet.map(({ id }) => id));
  const attempt: fc.Arbitrary<Attempt> = fc
    .record({
      target,
      action: fc.constantFrom('x', 'y'),
      caller: fc.constantFrom('ana', 'ben'),
      started: fc.integer({ min: -10, max: 100 }),
      took: fc.integer({ min: 0, max: 20 }),
      outcome: fc.constantFrom<Attempt['outcome']>('running', 'confirmed', 'failed', 'ambiguous'),
      change: fc.constantFrom('1', '2', '3', '4'),
    })
    .map(({ started, took, ...more }) => ({
      ...more,
      scope: 'main/main',
      groups: [],
      startedAt: ago(started * 60),
      endedAt: more.outcome === 'running' ? null : ago(Math.min(started, took) * 60),
    }));
  const limits: GuardLimits = {
    cooldownSeconds: 300,
    budget: { perScopeHour: 6, perScopeDay: 8, perCallerHour: 4, perCallerDay: 6 },
    concurrency: { perTarget: 2, perCaller: 2 },
    breaker: { attempts: 2, withinSeconds: 600, openSeconds: 1_800 },
    flap: { times: 3, withinSeconds: 7_200 },
    blastRadius: {
      groups: { hour: { percent: 50, atLeast: 1 }, day: { percent: 75, atLeast: 1 } },
      redundancySets: { hour: { percent: 50, atLeast: 1 }, day: { percent: 100, atLeast: 1 } },
    },
  };

  it('never turns a refusal into a pass', () => {
    let refused = 0;
    let passed = 0;
    fc.assert(
      fc.property(
        fc.array(attempt, { maxLength: 6 }),
        fc.array(attempt, { maxLength: 4 }),
        fc.nat(),
        fc.uniqueArray(target, { minLength: 1, maxLength: 2 }),
        (history, more, at, ids) => {
          const request = aRequest({
            action: 'x',
            caller: 'ana',
            targets: ids.map((id) => ({
              id,
              scope: 'main/main',
              groups: groupsOf(fleet.find((each) => each.id === id) ?? aTarget(), fleet),
            })),
          });
          if (judgeGuards(history, request, limits, NOW) === undefined) {
            passed++;
            return;
          }
          refused++;
          const longer = history.toSpliced(at % (history.length + 1), 0, ...more);
          assert.notEqual(judgeGuards(longer, request, limits, NOW), undefined);
        },
      ),
      { numRuns: 1_000 },
    );
    assert.ok(refused > 100 && passed > 50, `${refused} refused, ${passed} passed`);
  });

  it('does not hang on the order in which it is given', () => {
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 8 }), (history) => {
        const request = aRequest({ action: 'x', caller: 'ana' });
        assert.deepEqual(
          judgeGuards(history, request, limits, NOW)?.refusal,
          judgeGuards(history.toReversed(), request, limits, NOW)?.refusal,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('passes at the moment that was named, when nothing else happens', () => {
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 5 }), (history) => {
        const request = aRequest({ action: 'x', caller: 'ana' });
        const found = judgeGuards(history, request, limits, NOW);
        if (found?.until == null) return;
        const early = judgeGuards(history, request, limits, shift(found.until, -1));
        assert.notEqual(early, undefined);
        const then = judgeGuards(history, request, limits, found.until);
        assert.ok(
          then?.refusal !== found.refusal || then.until === null || then.until > found.until,
        );
      }),
      { numRuns: 300 },
    );
  });
});
