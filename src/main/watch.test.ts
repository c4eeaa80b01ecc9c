/** The fleet is looked at again and again, each target by its own beat. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import { silentLog } from '#base/log';
import { SimulatedClock } from '#test/simulated-clock';
import { Wake, watchNotices, watchTargets } from './watch.ts';

const STALE_SECONDS = 900;

function aWatch(ids: readonly string[], look: (id: string) => Promise<string | null>) {
  const clock = new SimulatedClock();
  const over = new AbortController();
  const seen: string[] = [];
  const ended = { looks: false };
  const targets = [...ids];
  const watching = watchTargets(
    {
      targets: async () => targets.map((id) => ({ id, staleAfterSeconds: STALE_SECONDS })),
      look: (id) => {
        seen.push(id);
        return look(id);
      },
      end: () => {
        ended.looks = true;
      },
    },
    clock,
    silentLog,
    over.signal,
  );
  const times = (id: string): number => seen.filter((each) => each === id).length;
  return { clock, over, watching, times, ended, targets };
}

describe('the watch over a fleet', () => {
  it('looks at everybody before what is known is stale', async () => {
    const watch = aWatch(['host:a', 'host:b'], async () => null);
    await watch.clock.pass(3_600_000);
    for (const id of ['host:a', 'host:b']) assert.ok(watch.times(id) >= 4, `${watch.times(id)}`);
    watch.over.abort();
    await watch.watching;
  });

  it('goes on with the others while one hangs, fails or is out of reach, and asks that one more rarely', async () => {
    const never = new Promise<null>(() => {});
    const watch = aWatch(['host:hung', 'host:away', 'host:broken', 'host:well'], async (id) => {
      if (id === 'host:hung') return never;
      if (id === 'host:broken') throw new Error('no look');
      return id === 'host:away' ? 'timed-out' : null;
    });
    await watch.clock.pass(4 * 3_600_000);
    assert.equal(watch.times('host:hung'), 1);
    assert.ok(watch.times('host:well') >= 40, `${watch.times('host:well')}`);
    for (const id of ['host:away', 'host:broken'])
      assert.ok(watch.times(id) >= 3 && watch.times(id) < watch.times('host:well') / 2, id);
    watch.over.abort();
    await watch.clock.pass(1);
    assert.ok(watch.ended.looks, 'who hangs is told that it is over');
  });

  it('takes up who is new, and leaves who is gone', async () => {
    const watch = aWatch(['host:a'], async () => null);
    await watch.clock.pass(1_000_000);
    watch.targets.splice(0, 1, 'host:b');
    await watch.clock.pass(5_000);
    const before = watch.times('host:a');
    await watch.clock.pass(3_600_000);
    assert.equal(watch.times('host:a'), before);
    assert.ok(watch.times('host:b') >= 3);
    watch.over.abort();
    await watch.watching;
  });
});

describe('the watch over notices', () => {
  it('says once what is wrong for hours, again when it is another thing, and wakes when something changed', async () => {
    const clock = new SimulatedClock();
    const over = new AbortController();
    const changed = new Wake();
    const said: string[] = [];
    const state = { collected: 0, wrong: 'line 3' };
    const watching = watchNotices(
      {
        collect: async () => {
          state.collected += 1;
          throw new Fault('invalid', 'invalid-notices', state.wrong);
        },
        hear: async () => 0,
        send: async () => 0,
        runDue: async () => {},
      },
      clock,
      { ...silentLog, error: (what) => void said.push(what) },
      changed,
      over.signal,
    );
    await clock.pass(60_000);
    assert.ok(state.collected > 5, String(state.collected));
    assert.equal(said.length, 1);
    const before = state.collected;
    changed.call();
    await clock.pass(1);
    assert.equal(state.collected, before + 1);
    state.wrong = 'line 4';
    await clock.pass(30_000);
    assert.equal(said.length, 2);
    over.abort();
    await clock.pass(10_000);
    await watching;
  });
});
