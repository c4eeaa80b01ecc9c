import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '#base/time';
import type { PlanRollout, Target } from '#model';
import { aTarget } from '#samples/policy';
import { batchesOf } from './batches.ts';
import { nextStep, type RolloutEvent, type TargetResult } from './rollout.ts';

const at = (second: number): Instant => (second * 1_000_000) as Instant;

describe('the next step of a rollout', () => {
  const state = fc.constantFrom<TargetResult['state']>(
    'held',
    'held',
    'held',
    'failed',
    'ambiguous',
  );
  const act = fc.record({
    says: fc.constantFrom('go', 'go', 'go', 'pause', 'resume', 'resume-more', 'end', 'die'),
    seconds: fc.integer({ min: 0, max: 40 }),
    states: fc.array(state, { minLength: 4, maxLength: 4 }),
  });
  const rollouts = fc
    .record({
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
      waitSeconds: fc.integer({ min: 0, max: 60 }),
      maxFailures: fc.integer({ min: 0, max: 3 }),
    })
    .map(({ sizes, waitSeconds, maxFailures }): PlanRollout => {
      let n = 0;
      const batches = sizes.map((size) => Array.from({ length: size }, () => `host:${++n}`));
      return { batches, waitSeconds, maxFailures };
    });

  it('never goes over the threshold, never past a pause, never twice to one target', () => {
    let finished = 0;
    fc.assert(
      fc.property(rollouts, fc.array(act, { minLength: 5, maxLength: 60 }), (rollout, acts) => {
        const runBy = at(900);
        const story: RolloutEvent[] = [];
        const touched: string[] = [];
        let now = 0;
        let forgiven = 0;
        let most = rollout.maxFailures;
        let judgedAt = -Infinity;
        const failed = (): number =>
          story
            .slice(forgiven)
            .flatMap((each) => (each.did === 'judged' ? each.results : []))
            .filter((each) => each.state !== 'held').length;
        const unknown = (): boolean =>
          story
            .slice(forgiven)
            .some(
              (each) =>
                each.did === 'judged' && each.results.some((one) => one.state === 'ambiguous'),
            );
        let isPaused = false;
        for (const { says, seconds, states } of acts) {
          now += seconds;
          const add = (move: RolloutEvent): void => void story.push(move);
          if (says === 'pause') {
            add({ did: 'paused', by: 'ada', code: 'asked-to-pause', says: '', at: at(now) });
            isPaused = true;
          }
          if (says === 'resume' || says === 'resume-more') {
            const maxFailures = says === 'resume' ? null : 2;
            add({ did: 'resumed', by: 'ada', reason: '', maxFailures, at: at(now) });
            forgiven = story.length;
            most = maxFailures ?? rollout.maxFailures;
            isPaused = false;
          }
          if (says === 'end') add({ did: 'ended', by: 'ada', reason: '', at: at(now) });
          const step = nextStep(rollout, story, at(now), runBy);
          // Asked again, by whoever: the same.
          assert.deepEqual(nextStep(rollout, story, at(now), runBy), step);
          switch (step.do) {
            case 'begin': {
              assert.ok(!isPaused, 'begun while paused');
              assert.ok(failed() <= most && !unknown(), 'begun over the threshold');
              assert.ok(now >= judgedAt + rollout.waitSeconds, 'begun too early');
              assert.ok(at(now) <= runBy, 'begun too late');
              assert.ok(!story.some(({ did }) => did === 'ended'), 'begun after its end');
              const batch = rollout.batches[step.batch] ?? [];
              for (const target of batch) {
                assert.ok(!touched.includes(target), `${target} twice`);
                touched.push(target);
              }
              add({ did: 'began', batch: step.batch, left: [], at: at(now) });
              break;
            }
            case 'judge': {
              const results = (rollout.batches[step.batch] ?? []).map((target, i): TargetResult => {
                return { target, state: states[i] ?? 'held', code: null, says: '' };
              });
              add({ did: 'judged', batch: step.batch, results, at: at(now) });
              judgedAt = now;
              break;
            }
            case 'pause':
              add({ did: 'paused', by: 'service', code: step.code, says: '', at: at(now) });
              isPaused = true;
              break;
            case 'finish': {
              finished++;
              const everything = rollout.batches.flat();
              if (step.because === 'done')
                assert.deepEqual(touched.toSorted(), everything.toSorted());
              return;
            }
            case 'hold':
              assert.ok(isPaused);
              break;
            case 'wait':
              assert.ok(step.until > at(now));
          }
        }
      }),
      { numRuns: 400 },
    );
    assert.ok(finished > 40, `only ${finished} came to an end: this would pass on anything`);
  });

  it('lets nobody but a person, the end of its time or a stop end a pause', () => {
    const rollout = { batches: [['host:a'], ['host:b']], waitSeconds: 0, maxFailures: 0 };
    const story: RolloutEvent[] = [
      { did: 'paused', by: 'ada', code: 'asked-to-pause', says: '', at: at(1) },
    ];
    for (const now of [1, 10, 100]) {
      assert.deepEqual(nextStep(rollout, story, at(now), at(100)), { do: 'hold' });
    }
    assert.deepEqual(nextStep(rollout, story, at(101), at(100)), {
      do: 'finish',
      because: 'overdue',
    });
  });
});

describe('batches', () => {
  const targets = fc
    .array(
      fc.record({
        criticality: fc.constantFrom('low', 'normal', 'high'),
        redundancySet: fc.option(fc.constantFrom('dns', 'db', 'web')),
        isBackup: fc.boolean(),
      }),
      { minLength: 1, maxLength: 24 },
    )
    .map((all) =>
      all.map(({ criticality, redundancySet, isBackup }, i): Target => {
        const tags = isBackup && i > 0 ? [`backup-of:host:n${i - 1}`] : [];
        return aTarget({ id: `host:n${i}`, criticality, redundancySet, tags } as Partial<Target>);
      }),
    );
  const asked = fc.record({
    batch: fc.integer({ min: 1, max: 6 }),
    waitSeconds: fc.constant(5),
    maxFailures: fc.constant(1),
    order: fc.constantFrom('as-asked' as const, 'by-criticality' as const),
  });

  it('hold every target once, no two that stand in for each other, the least critical first', () => {
    const rank = { low: 0, normal: 1, high: 2 };
    fc.assert(
      fc.property(targets, asked, (all, how) => {
        const { batches } = batchesOf(all, all, how);
        const ids = all.map(({ id }) => id);
        assert.deepEqual(batches.flat().toSorted(), ids.toSorted());
        const of = (id: string): Target => all.find((each) => each.id === id) as Target;
        let least = 0;
        for (const batch of batches) {
          assert.ok(batch.length > 0 && batch.length <= how.batch);
          const sets = batch.flatMap((id) => of(id).redundancySet ?? []);
          assert.equal(new Set(sets).size, sets.length);
          const backups = batch
            .flatMap((id) => of(id).tags)
            .map((tag) => tag.slice('backup-of:'.length));
          assert.ok(!backups.some((id) => batch.includes(id)));
          const ranks = batch.map((id) => rank[of(id).criticality]);
          if (how.order === 'by-criticality') assert.ok(ranks.every((each) => each >= least));
          least = Math.max(least, ...ranks);
        }
        if (how.order === 'as-asked') assert.deepEqual(batches.flat(), ids);
        assert.deepEqual(batchesOf(all, all, how).batches, batches);
      }),
      { numRuns: 300 },
    );
  });

  it('are full where nothing stands against it', () => {
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => aTarget({ id: `host:${name}` }));
    const how = { batch: 2, waitSeconds: 0, maxFailures: 0, order: 'by-criticality' } as const;
    assert.deepEqual(batchesOf(all, all, how).batches, [
      ['host:a', 'host:b'],
      ['host:c', 'host:d'],
      ['host:e'],
    ]);
  });
});
