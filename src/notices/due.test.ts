/** Schedules: every slot once, spread over the fleet, within their window. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Instant, parseInstant, shift } from '#base/time';
import { isDue, targetsOf } from './due.ts';
import type { Schedule } from './settings.ts';

const NIGHTLY: Schedule = {
  name: 'nightly',
  job: 'scan',
  targets: null,
  tags: null,
  scopes: null,
  kinds: [],
  everySeconds: 3_600,
  jitterSeconds: 1_800,
  window: null,
};
const START = parseInstant('2026-03-01T00:00:00Z');
const MINUTE = 60_000_000;

/** Minutes at which it runs, within two days. */
function runs(schedule: Schedule, target: string, minutes = 2_880): number[] {
  const at: number[] = [];
  let last: Instant | undefined = START;
  for (let i = 1; i <= minutes; i++) {
    const now = shift(START, i * MINUTE);
    if (!isDue(schedule, target, last, now)) continue;
    at.push(i);
    last = now;
  }
  return at;
}

describe('a schedule', () => {
  it('runs once in each slot, each target at a moment of its own', () => {
    const offsets = new Set<number>();
    for (let i = 0; i < 40; i++) {
      const at = runs(NIGHTLY, `host:web-${i}`, 600);
      const gaps = at.slice(1).map((each, k) => each - (at[k] ?? 0));
      assert.ok(
        gaps.every((gap) => gap === 60),
        String(gaps),
      );
      assert.ok(at.length === 10 || at.length === 9, String(at.length));
      offsets.add((at[0] ?? 0) % 60);
    }
    assert.ok(offsets.size > 10, 'all at once is no jitter');
  });

  it('begins at once where it never ran, and once after a gap, not once for each slot that was missed', () => {
    assert.equal(isDue(NIGHTLY, 'host:a', undefined, START), true);
    const late = shift(START, 100 * 60 * MINUTE);
    assert.equal(isDue(NIGHTLY, 'host:a', START, late), true);
    assert.equal(isDue(NIGHTLY, 'host:a', late, shift(late, 1)), false);
  });

  it('waits for its window, also over midnight, and for a clock that was set back it does not wait', () => {
    const night: Schedule = { ...NIGHTLY, window: { from: 23 * 60, to: 2 * 60 } };
    const hours = new Set(runs(night, 'host:a').map((minute) => Math.floor((minute % 1_440) / 60)));
    assert.deepEqual(
      [...hours].toSorted((a, b) => a - b),
      [0, 1, 23],
    );
    assert.equal(isDue(NIGHTLY, 'host:a', shift(START, 1e12), START), true);
  });

  it('is for the targets that fit all it says', () => {
    const all = [
      { id: 'host:a', scope: 'main/main', tags: ['web'] },
      { id: 'host:b', scope: 'acme/one', tags: ['web'] },
      { id: 'host:c', scope: 'main/main', tags: [] },
    ];
    const of = (over: Partial<Schedule>): string[] =>
      targetsOf({ ...NIGHTLY, ...over }, all).map(({ id }) => id);
    assert.deepEqual(of({}), ['host:a', 'host:b', 'host:c']);
    assert.deepEqual(of({ tags: ['web'], scopes: ['main/main'] }), ['host:a']);
    assert.deepEqual(of({ targets: ['host:c'] }), ['host:c']);
  });
});
