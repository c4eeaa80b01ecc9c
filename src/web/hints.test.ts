/** What a stream that is open tells follows the files in force, not the moment when it was opened. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Reach, reachOf } from '#access';
import { LATEST } from '#base/time';
import { SimulatedClock, settled } from '#test/simulated-clock';
import type { Asker } from './asker.ts';
import { Hints } from './hints.ts';
import { WEB_LIMITS } from './limits.ts';

function opened(person: boolean) {
  const clock = new SimulatedClock();
  const hints = new Hints(clock, WEB_LIMITS);
  const now: { reach: Reach | undefined | 'unreadable' } = { reach: reachOf('observer') };
  const asker = {
    caller: { session: 'ses_1', reach: reachOf('observer') },
    person: person ? {} : null,
    endsAt: LATEST,
    reachNow: async () => {
      if (now.reach === 'unreadable') throw new Error('nobody can tell');
      return now.reach;
    },
  } as unknown as Asker;
  const told = { text: '', ended: false };
  void (async () => {
    const stream = hints.follow(asker, new AbortController().signal);
    for await (const chunk of stream) told.text += Buffer.from(chunk).toString();
    told.ended = true;
  })();
  return { clock, hints, now, told };
}

describe('a stream of hints', () => {
  for (const person of [true, false]) {
    for (const reach of [undefined, 'unreadable'] as const) {
      it(`of ${person ? 'a person' : 'a lease'} tells nothing and ends within a second once its reach is ${reach ?? 'gone'}, though nobody said so`, async () => {
        const { clock, hints, now, told } = opened(person);
        await clock.pass(600);
        now.reach = reach;
        hints.publish('changes');
        await clock.pass(999);
        assert.deepEqual(told, { text: 'retry: 2000\n\n', ended: true });
        assert.equal(hints.open, 0);
      });
    }

    it(`of ${person ? 'a person' : 'a lease'} tells what is heard with the reach of that moment`, async () => {
      const { clock, hints, now, told } = opened(person);
      const [part] = reachOf('observer');
      assert.ok(part !== undefined);
      for (const capabilities of [part.capabilities, ['facts.read'], []] as const) {
        now.reach = [{ ...part, capabilities }];
        for (const topic of ['facts', 'changes', 'sessions'] as const) hints.publish(topic);
        await clock.pass(200);
      }
      await settled();
      const sessions = person ? ['sessions'] : [];
      assert.deepEqual(
        [...told.text.matchAll(/"topic":"([a-z]+)"/g)].map(([, topic]) => topic),
        ['facts', 'changes', ...sessions, 'facts', ...sessions, ...sessions],
      );
      assert.equal(told.ended, false);
    });
  }
});
