import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { partDocument } from '#authority';
import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Plan } from '#model';
import { throwsFault } from '#test/throws-fault';
import { blastRadius } from './blast-radius.ts';
import { differences } from './differences.ts';
import { partOf, planDigest, planFor } from './plan.ts';
import { quoteWords } from './quote.ts';
import { renderPlan } from './render.ts';
import { ARGUMENTS, aPlan, aTarget, CATALOGUE, expandOn, OLD_CONTENT } from './samples.ts';

const NONCE = '0123456789abcdef0123456789abcdef';

describe('a plan', () => {
  it('is known by the hash of its canonical form', () => {
    const plan = aPlan();
    assert.equal(planDigest(plan), sha256(canonicalJson(plan as unknown as Json)));
  });

  it('takes as many targets as the action, and one for what cannot be taken back', async () => {
    const on = [aTarget(), aTarget({ id: 'host:web-2' })];
    const plan = aPlan('service.restart', { on });
    assert.deepEqual(
      plan.steps.map(({ target, step, of }) => [target, step, of]),
      [
        ['host:web-1', 1, 1],
        ['host:web-2', 1, 1],
      ],
    );
    await throwsFault(() => aPlan('host.reboot', { on }), 'one-target-only');
    await throwsFault(() => aPlan('service.restart', { on: [] }), 'one-target-only');
  });

  it('has no more parts than an order may list', async () => {
    const input = expandOn('file.write');
    const many = { ...input, steps: Array.from({ length: 513 }, () => input.steps[0]) };
    const [target] = aPlan().targets;
    assert.ok(target);
    await throwsFault(
      () => aPlan('file.write', { targets: [{ target, expansion: many as typeof input }] }),
      'one-target-only',
    );
  });

  it('gives parts that the host contract accepts', () => {
    for (const name of Object.keys(ARGUMENTS)) {
      const plan = aPlan(name);
      for (const step of plan.steps) {
        const part = partOf(plan, step, NONCE);
        assert.deepEqual(partDocument.parse(partDocument.format(part)), part);
      }
    }
  });

  it('gives parts in which input is a hash', () => {
    const plan = aPlan('file.write');
    const step = plan.steps.find(({ stdin }) => stdin !== null);
    assert.ok(step?.stdin);
    assert.equal(partOf(plan, step, NONCE).stdin, sha256(step.stdin));
  });
});

describe('the differences of two plans', () => {
  const plan = aPlan('file.write');
  const [first] = plan.steps;
  const [target] = plan.targets;
  assert.ok(first && target);

  it('are none exactly when the digests are equal', () => {
    assert.deepEqual(differences(plan, aPlan('file.write')), []);
  });

  const moved = aPlan('service.stop');
  const changes: readonly (readonly [string, Plan, Plan, RegExp])[] = [
    [
      'an argument',
      plan,
      { ...plan, arguments: { ...plan.arguments, mode: '0600' } },
      /^argument mode$/,
    ],
    [
      'a precondition fact',
      moved,
      {
        ...moved,
        preconditions: moved.preconditions.map((each) => ({ ...each, value: 'failed' })),
      },
      /^fact service:web-1\/nginx\.service state\.current on host:web-1$/,
    ],
    ['a fact that is gone', moved, { ...moved, preconditions: [] }, /^fact .*state\.current/],
    [
      'the policy',
      plan,
      { ...plan, inForce: { ...plan.inForce, policy: 'sha256:x' } },
      /^policy in force$/,
    ],
    [
      'the catalogue',
      plan,
      { ...plan, inForce: { ...plan.inForce, catalogue: 'sha256:x' } },
      /^catalogue in force$/,
    ],
    [
      'the inventory profile',
      plan,
      { ...plan, targets: [{ ...target, profile: 'b'.repeat(64) }] },
      /^inventory profile of host:web-1$/,
    ],
    [
      'the enrolment',
      plan,
      { ...plan, targets: [{ ...target, epoch: 2 }] },
      /^enrolment of host:web-1$/,
    ],
    ['the deadline', plan, { ...plan, decideBy: (plan.decideBy + 1) as Instant }, /^deadline$/],
    [
      'a word',
      plan,
      { ...plan, steps: [{ ...first, argv: ['true'] }, ...plan.steps.slice(1)] },
      /^step 1 forward on host:web-1: program$/,
    ],
    [
      'who runs it',
      plan,
      { ...plan, steps: [{ ...first, runAs: 'daemon' }, ...plan.steps.slice(1)] },
      /settings$/,
    ],
    [
      'the content of a program',
      { ...plan, steps: [{ ...first, files: [{ path: '/x', sha256: OLD_CONTENT }] }] },
      { ...plan, steps: [{ ...first, files: [{ path: '/x', sha256: '2'.repeat(64) }] }] },
      /content of \/x$/,
    ],
    ['the order of steps', plan, { ...plan, steps: plan.steps.toReversed() }, /^order or form$/],
    ['the reason', plan, { ...plan, reason: 'x' }, /^reason$/],
    ['the taint', plan, { ...plan, tainted: true }, /^derives from/],
  ];
  for (const [what, before, after, words] of changes) {
    it(`name ${what}`, () => {
      const [difference, ...more] = differences(before, after);
      assert.match(difference?.what ?? '', words);
      assert.deepEqual(more, []);
      assert.notEqual(difference?.before, difference?.after);
    });
  }

  it('name every part of a plan that can change', () => {
    const unknown = (value: unknown): unknown =>
      typeof value === 'number'
        ? value + 1
        : typeof value === 'string'
          ? `${value}x`
          : { other: 1 };
    for (const key of Object.keys(plan).filter((each) => each !== 'v')) {
      const value = (plan as unknown as Record<string, unknown>)[key];
      if (typeof value === 'object' && value !== null) continue;
      const other = { ...plan, [key]: typeof value === 'boolean' ? !value : unknown(value) };
      assert.equal(differences(plan, other as Plan).length, 1, key);
    }
  });
});

describe('a rendered plan', () => {
  it('shows two lists of words alike only when they are the same list', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'a',
        'a b',
        'b',
        '',
        '"',
        '\\',
        '"a"',
        "'a'",
        ' ',
        'a"',
        '\\u{41}',
        'A',
        '\u202e',
        '\n',
      ),
      fc.string({ maxLength: 4 }),
    );
    const words = fc.array(word, { maxLength: 3 });
    fc.assert(
      fc.property(words, words, (one, other) => {
        assert.equal(
          quoteWords(one) === quoteWords(other),
          JSON.stringify(one) === JSON.stringify(other),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps its lines, without a control or bidirectional character, whatever was put into the plan', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '\u001b[2J',
        '\u202eevil',
        '\u200b',
        'a\nwhat will run:\n',
        '\r',
        '\u2028',
        '\ud800',
      ),
    );
    fc.assert(
      fc.property(any, any, any, any, (reason, name, stdin, effect) => {
        const base = aPlan('file.write');
        const plan: Plan = {
          ...base,
          reason,
          requestedBy: { principal: name, onBehalfOf: stdin },
          arguments: { content: stdin, other: [name] },
          steps: base.steps.map((step) => ({ ...step, stdin, effect, argv: [...step.argv, name] })),
          preconditions: [
            {
              target: name,
              entity: name,
              attribute: effect,
              value: stdin,
              absent: false,
              why: effect,
            },
          ],
        };
        if (
          !JSON.stringify(plan).isWellFormed() ||
          [reason, name, stdin, effect].some((each) => !each.isWellFormed())
        )
          return;
        const lines = renderPlan(plan);
        for (const line of lines) assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}]/u);
        assert.equal(lines.filter((line) => line === 'what will run:').length, 1);
      }),
      { numRuns: 300 },
    );
  });

  it('shows every word, file, condition and line of input', () => {
    const text = renderPlan(aPlan('file.write')).join('\n');
    assert.match(
      text,
      /\$ dd of=\/etc\/nginx\/nginx\.conf\.holdfast-chg_0011223344556677 oflag=nofollow/,
    );
    assert.match(text, /\| worker_processes 1;/);
    assert.match(text, new RegExp(`only while /etc/nginx/nginx.conf is ${OLD_CONTENT}`));
    assert.match(text, /how it is taken back:/);
    assert.ok(text.includes(planDigest(aPlan('file.write'))));
  });

  it('says what runs somewhere else than on its target', () => {
    const plan = aPlan();
    const carried: Plan = {
      ...plan,
      targets: plan.targets.map((each) => ({
        ...each,
        carrier: { id: 'host:control', scope: each.scope },
      })),
    };
    assert.match(
      renderPlan(carried).join('\n'),
      /^nothing of it runs on host:web-1 itself: it runs on host:control, the machine Holdfast runs on$/m,
    );
    assert.doesNotMatch(renderPlan(plan).join('\n'), /machine Holdfast runs on/);
  });

  it('says when there is no way back', () => {
    assert.match(
      renderPlan(aPlan('host.reboot')).join('\n'),
      /it cannot be taken back: Whatever runs/,
    );
  });
});

describe('a plan in batches', () => {
  const on = [1, 2, 3].map((n) => aTarget({ id: `host:web-${n}` }));
  const rollout = {
    batches: [['host:web-1', 'host:web-2'], ['host:web-3']],
    waitSeconds: 60,
    maxFailures: 1,
  };
  // Parts of each are told apart by their targets; what they rest on is not asked of the fixture's one host.
  const plan: Plan = { ...aPlan(), targets: on as never, rollout };

  it('is another plan than without, and with other batches another again', () => {
    const { rollout: _left, ...plain } = plan;
    assert.notEqual(planDigest(plan), planDigest(plain));
    const other = { ...plan, rollout: { ...rollout, maxFailures: 2 } };
    assert.deepEqual(
      differences(plan, other).map(({ what }) => what),
      ['batches'],
    );
    assert.deepEqual(
      differences(plan, plain).map(({ what }) => what),
      ['batches'],
    );
  });

  it('says its batches, the wait and the threshold in words', () => {
    const text = renderPlan(plan).join('\n');
    assert.match(text, /in 2 batches, each verified before the next begins 60 seconds later:/);
    assert.match(text, /^  batch 1: host:web-1 host:web-2$/m);
    assert.match(text, /^  batch 2: host:web-3$/m);
    assert.match(text, /it pauses when more than 1 target fails, until a person decides/);
    assert.doesNotMatch(renderPlan(aPlan()).join('\n'), /batch/);
  });

  it('holds as many targets in a batch as its action takes at once, and more in all', () => {
    const { maxTargets } = CATALOGUE.find('service.restart');
    const many = Array.from({ length: maxTargets + 1 }, () => aTarget());
    const batchesOf = (size: number) => ({
      ...rollout,
      batches: [Array.from({ length: size }, () => 'host:web-1')],
    });
    assert.throws(() => aPlan('service.restart', { on: many }), /number of targets/);
    assert.throws(
      () => aPlan('service.restart', { on: many, rollout: batchesOf(maxTargets + 1) }),
      /number of targets/,
    );
    const fits = aPlan('service.restart', { on: many, rollout: batchesOf(maxTargets) });
    assert.equal(fits.targets.length, maxTargets + 1);
  });

  it('is held to what it says of some of its targets', () => {
    const some = planFor(plan, new Set(['host:web-3']));
    assert.deepEqual(
      some.targets.map(({ id }) => id),
      ['host:web-3'],
    );
    assert.deepEqual([some.steps, some.preconditions, some.verification], [[], [], []]);
    const own = planFor(aPlan(), new Set(['host:web-1']));
    assert.equal(planDigest(own), planDigest(aPlan()));
  });
});

describe('the blast radius', () => {
  it('counts what is touched of each group', () => {
    const on = [aTarget({ tags: ['web'], owner: 'ops', criticality: 'high' })];
    const rest = [
      aTarget({ id: 'host:web-2', tags: ['web'], environment: 'staging' }),
      aTarget({ id: 'host:db-1', owner: 'data' }),
    ];
    assert.deepEqual(
      blastRadius(aPlan('service.restart', { on }), {
        targets: [...on, ...rest],
        redundancySets: [
          { name: 'front', members: ['host:web-1', 'host:web-2'] },
          { name: 'data', members: ['host:db-1'] },
        ],
      }),
      [
        '1 of 3 targets',
        '1 of 2 members of redundancy set front, 1 left untouched',
        '1 of 2 of environment production',
        'all 1 of owner ops',
        '1 of 2 of tag web',
        '1 of high criticality',
      ],
    );
  });
});
