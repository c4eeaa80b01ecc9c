import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { settled } from '#test/simulated-clock';
import { type Turn, Turns } from './turns.ts';

describe('turns', () => {
  it('go around: a busy target does not keep a quiet one waiting', async () => {
    const turns = new Turns(1);
    const order: string[] = [];
    const wants = (target: string) =>
      turns.take(target, 4).turn.then((turn) => {
        order.push(target);
        setImmediate(() => turn.end());
      });
    await Promise.all([
      ...Array.from({ length: 6 }, () => wants('busy')),
      wants('quiet'),
      wants('calm'),
    ]);
    assert.deepEqual(order.slice(0, 4).sort(), ['busy', 'busy', 'calm', 'quiet']);
  });

  it('are lent by who takes long, and then count for its own target alone', async () => {
    const turns = new Turns(2);
    const hung = await Promise.all([turns.take('hung', 2).turn, turns.take('hung', 2).turn]);
    let isServed = false;
    void turns.take('live', 2).turn.then(() => {
      isServed = true;
    });
    const third = turns.take('hung', 2);
    await settled();
    assert.equal(isServed, false);
    for (const turn of hung) turn.lend();
    await settled();
    assert.equal(isServed, true);
    assert.equal(turns.waiting('hung'), 1);
    hung[0]?.end();
    await third.turn;
  });

  it('are left by who waits no longer', async () => {
    const turns = new Turns(1);
    const first = await turns.take('a', 1).turn;
    const second = turns.take('a', 1);
    assert.equal(second.leave(), true);
    assert.equal(second.leave(), false);
    first.end();
    const third = turns.take('a', 1);
    await third.turn;
    assert.equal(third.leave(), false);
  });

  it('never go beyond either limit, starve nobody, and forget everything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
        async (most, each, targets, luck) => {
          const turns = new Turns(most);
          const running = new Map<number, number>();
          const open: { target: number; turn: Turn; isLent: boolean }[] = [];
          let served = 0;
          for (const target of targets) {
            void turns.take(String(target), each).turn.then((turn) => {
              served += 1;
              running.set(target, (running.get(target) ?? 0) + 1);
              open.push({ target, turn, isLent: false });
            });
          }
          for (let step = 0; served < targets.length || open.length > 0; step += 1) {
            assert.ok(step < 1_000, 'somebody waits for ever');
            for (let i = 0; i < 6; i += 1) await Promise.resolve();
            assert.ok(open.filter(({ isLent }) => !isLent).length <= most);
            for (const count of running.values()) assert.ok(count <= each);
            const [one] = open;
            if (one === undefined) continue;
            if (luck.next().value === 0 && !one.isLent) {
              one.turn.lend();
              one.isLent = true;
              continue;
            }
            open.shift();
            running.set(one.target, (running.get(one.target) ?? 0) - 1);
            one.turn.end();
            if (luck.next().value === 1) one.turn.end();
          }
          assert.equal(turns.waiting('0'), 0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
