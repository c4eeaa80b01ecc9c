import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Gather } from './gather.ts';

/** A clock of its own, and answers that take as long as is said. */
function aPage(answersMs = 0, chance = 0) {
  let now = 0;
  let due: { at: number; run: () => void }[] = [];
  const after = (ms: number, run: () => void) => {
    const one = { at: now + ms, run };
    due.push(one);
    return () => {
      due = due.filter((each) => each !== one);
    };
  };
  const asked: [at: number, topics: readonly string[]][] = [];
  const gather = new Gather<string>(
    { now: () => now, after, chance: () => chance },
    (topics) =>
      new Promise((resolve) => {
        asked.push([now, topics]);
        after(answersMs, resolve);
      }),
  );
  const until = async (end: number): Promise<void> => {
    for (;;) {
      for (let turns = 0; turns < 10; turns += 1) await Promise.resolve();
      const next = due.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      due = due.filter((each) => each !== next);
      now = next.at;
      next.run();
    }
    now = end;
  };
  return { gather, asked, until };
}

describe('hints', () => {
  it('of a burst become one question, not in the same moment in every tab', async () => {
    for (const chance of [0, 1]) {
      const { gather, asked, until } = aPage(10, chance);
      gather.hint(['facts']);
      gather.hint(['facts', 'log']);
      await until(5_000);
      assert.deepEqual(asked, [[250 + 500 * chance, ['facts', 'log']]]);
    }
  });

  it('that go on are asked about the less often the slower the service answers', async () => {
    for (const [answersMs, most] of [
      [10, 40],
      [500, 5],
      [60_000, 1],
    ] as const) {
      const { gather, asked, until } = aPage(answersMs);
      for (let ms = 0; ms < 10_000; ms += 50) {
        gather.hint(['facts']);
        await until(ms);
      }
      assert.ok(asked.length >= 1 && asked.length <= most, `${answersMs}: ${asked.length}`);
      if (answersMs === 500) assert.ok(asked.length > 2, 'and are asked about all the same');
    }
  });

  it('while a page is not seen wait until it is', async () => {
    const { gather, asked, until } = aPage();
    gather.hint(['facts']);
    gather.show(false);
    gather.hint(['changes']);
    await until(60_000);
    assert.deepEqual(asked, []);
    gather.show(true);
    await until(61_000);
    assert.deepEqual(asked, [[60_250, ['facts', 'changes']]]);
  });

  it('are forgotten by a page that is left', async () => {
    const { gather, asked, until } = aPage();
    gather.hint(['facts']);
    gather.stop();
    await until(5_000);
    assert.deepEqual(asked, []);
  });
});
