import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Instant, instant, MICROS_PER_SECOND, shift } from '#base/time';
import { dueAt, duePlan, type RoundLimits, type RoundTarget } from './round.ts';

const start = instant('2026-03-01T12:00:00Z');
const after = (seconds: number): Instant => shift(start, seconds * MICROS_PER_SECOND);
const limits: RoundLimits = { atOnce: 8, startedAt: start, spreadSeconds: 60 };

function aTarget(id: number, more: Partial<RoundTarget> = {}): RoundTarget {
  return {
    id: `host:web-${id}`,
    staleAfterSeconds: 900,
    lookedAt: undefined,
    failures: 0,
    isRunning: false,
    ...more,
  };
}

const targets = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 0, max: 5_000 }),
    staleAfterSeconds: fc.integer({ min: 1, max: 100_000 }),
    lookedAt: fc.option(
      fc.integer({ min: 0, max: 50_000 }).map((seconds) => after(seconds)),
      { nil: undefined },
    ),
    failures: fc.nat({ max: 40 }),
    isRunning: fc.boolean(),
  }),
  { selector: ({ id }) => id, maxLength: 60 },
);

describe('a round', () => {
  it('never begins with more than there are places, nor with who is being looked at', () => {
    fc.assert(
      fc.property(
        targets,
        fc.integer({ min: 1, max: 10 }),
        fc.nat({ max: 200_000 }),
        (drawn, atOnce, at) => {
          const fleet = drawn.map(({ id, ...more }) => aTarget(id, more));
          const plan = duePlan(fleet, { ...limits, atOnce }, after(at));
          const running = fleet.filter((each) => each.isRunning);
          assert.ok(plan.begin.length <= Math.max(0, atOnce - running.length));
          assert.equal(new Set(plan.begin).size, plan.begin.length);
          for (const id of plan.begin) {
            const target = fleet.find((each) => each.id === id);
            assert.ok(target !== undefined && !target.isRunning);
            assert.ok(dueAt(target, limits) <= after(at));
          }
          assert.ok(plan.nextAt === undefined || plan.nextAt > after(at));
        },
      ),
    );
  });

  it('asks everyone who can be reached again before what is known of them is stale', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 90, max: 100_000 }),
        fc.nat({ max: 1 }),
        (id, staleAfterSeconds, failures) => {
          const due = dueAt(aTarget(id, { staleAfterSeconds, lookedAt: start, failures }), limits);
          assert.ok(due > start && due <= after(staleAfterSeconds / 3));
        },
      ),
    );
  });

  it('asks who cannot be reached more and more rarely, up to an hour', () => {
    const due = (failures: number): number =>
      (dueAt(aTarget(1, { lookedAt: start, failures }), limits) - start) / MICROS_PER_SECOND;
    const waits = [1, 2, 3, 4, 5, 6, 40].map(due);
    assert.deepEqual(
      waits,
      waits.toSorted((a, b) => a - b),
    );
    assert.ok((waits[1] ?? 0) > (waits[0] ?? 0) * 1.9);
    assert.ok((waits.at(-1) ?? Infinity) <= 3_600);
  });

  it('lets targets that cannot be reached hold a quarter of the places at most', () => {
    const dead = Array.from({ length: 50 }, (_, i) => aTarget(i, { failures: 3, lookedAt: start }));
    const live = Array.from({ length: 50 }, (_, i) => aTarget(100 + i, { lookedAt: after(9_000) }));
    const plan = duePlan([...dead, ...live], limits, after(20_000));
    assert.equal(plan.begin.filter((id) => dead.some((each) => each.id === id)).length, 2);
    assert.equal(plan.begin.length, 8);
  });

  it('spreads the first looks, and every fleet in the same way each time', () => {
    const fleet = Array.from({ length: 200 }, (_, i) => aTarget(i));
    const dues = fleet.map((each) => (dueAt(each, limits) - start) / MICROS_PER_SECOND);
    assert.ok(dues.every((at) => at >= 0 && at < 60));
    for (let from = 0; from < 60; from += 10)
      assert.ok(dues.filter((at) => at >= from && at < from + 10).length > 10);
    assert.deepEqual(
      dues,
      fleet.map((each) => (dueAt(each, limits) - start) / MICROS_PER_SECOND),
    );
  });

  it('goes through a whole fleet with few places, oldest first, without starving anyone', () => {
    let fleet = Array.from({ length: 40 }, (_, i) => aTarget(i));
    const looks = new Map<string, number>();
    let running: string[] = [];
    for (let at = 0; at < 3_600; at += 5) {
      const ended = new Set(running);
      fleet = fleet.map((each) => (ended.has(each.id) ? { ...each, isRunning: false } : each));
      const { begin } = duePlan(fleet, { ...limits, atOnce: 2 }, after(at));
      running = [...begin];
      for (const id of begin) looks.set(id, (looks.get(id) ?? 0) + 1);
      fleet = fleet.map((each) =>
        begin.includes(each.id) ? { ...each, isRunning: true, lookedAt: after(at) } : each,
      );
    }
    assert.equal(looks.size, 40);
    assert.ok(Math.min(...looks.values()) >= 9 && Math.max(...looks.values()) <= 14);
  });
});
