/**
 * A rollout over ten real hosts, one of which fails: it stops at the threshold, the rest is untouched on the hosts
 * themselves, a service that is killed meanwhile begins nothing by itself, and it goes on when a person says so.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeView } from '#execution';
import { anEnrolledFleet, type EnrolledFleet } from './support/enrolled-fleet.ts';
import { fleetUnavailable } from './support/fleet.ts';

const skip = await fleetUnavailable();
const HOSTS = 10;
const UNIT = 'unbound.service';
const NAMES = Array.from({ length: HOSTS }, (_, i) => `web-${i + 1}`);
const BROKEN = 'web-5';

describe('a rollout over ten real hosts', { skip, timeout: 1_200_000 }, () => {
  let one: EnrolledFleet;
  before(
    async () => {
      one = await anEnrolledFleet({ hosts: HOSTS });
    },
    { timeout: 600_000 },
  );
  after(() => one?.[Symbol.asyncDispose]());

  const get = (changeId: string): Promise<ChangeView> => one.ask('get_change', { changeId });
  const atRest = async (changeId: string): Promise<ChangeView> => {
    for (let tries = 0; tries < 2_000; tries++) {
      const view = await get(changeId);
      if (view.state !== 'executing' || view.rollout?.paused != null) return view;
      await sleep(200);
    }
    throw new Error(`it goes on and on: ${JSON.stringify(await get(changeId))}`);
  };
  /** A host that is slow to answer may not have told of its services yet. */
  const propose = async (): Promise<ChangeView> => {
    for (let tries = 1; ; tries++) {
      const view = await one.ask<ChangeView>('run_action', {
        action: 'service.restart',
        targets: NAMES,
        args: { unit: UNIT },
        reason: 'new anchors',
        rollout: { batch: 3 },
      });
      if (view.decision.because !== 'untyped-value' || tries >= 12) return view;
    }
  };
  /** By name: how often each host itself ran something. */
  const ran = async (): Promise<Readonly<Record<string, number>>> =>
    Object.fromEntries(
      await Promise.all(NAMES.map(async (name) => [name, (await one.receipts(name)).length])),
    );

  it('stops at the threshold, stays so over a restart, and goes on when a person decides', async (t) => {
    const began = performance.now();
    const since = (): string => `${Math.round((performance.now() - began) / 100) / 10} s`;
    const proposed = await propose();
    assert.equal(proposed.state, 'previewed', JSON.stringify(proposed.decision));
    // Its running daemon does not know yet: only the restart will fail.
    await one.host(BROKEN).must(['sh', '-c', 'echo nonsense: [ >> /etc/unbound/unbound.conf']);
    await one.approve(proposed.changeId);
    const paused = await atRest(proposed.changeId);
    t.diagnostic(`paused after ${since()}`);
    assert.equal(paused.rollout?.paused?.code, 'too-many-failures', JSON.stringify(paused));
    assert.deepEqual(
      paused.rollout?.batches.map(({ state }) => state),
      ['held', 'failed', 'waiting', 'waiting'],
    );
    const touched = Object.fromEntries(NAMES.map((name, i) => [name, i < 6 ? 1 : 0]));
    assert.deepEqual(await ran(), touched);

    await one.killAndStartAgain();
    const still = await get(proposed.changeId);
    assert.deepEqual(still.rollout?.paused, paused.rollout?.paused);
    assert.deepEqual(await ran(), touched);

    const argv = ['rollout', 'resume', proposed.changeId, '--reason', `only ${BROKEN} is odd`];
    await one.must(...argv);
    const done = await atRest(proposed.changeId);
    t.diagnostic(`over after ${since()}`);
    assert.equal(done.state, 'failed');
    assert.equal(done.outcome?.code, 'some-failed', JSON.stringify(done.outcome));
    assert.match(done.outcome?.says ?? '', /9 of 10 targets are as promised; failed: host:web-5/);
    assert.deepEqual(await ran(), Object.fromEntries(NAMES.map((name) => [name, 1])));
    await one.assertSame(proposed.changeId, undefined).catch((thrown: unknown) => {
      // Its bundle is given out when nothing of it may run any more.
      assert.match(String(thrown), /not-over|not over/);
    });
    for (const name of NAMES) {
      const { exit } = await one.host(name).exec(['systemctl', 'is-active', '--quiet', UNIT]);
      assert.equal(exit === 0, name !== BROKEN, name);
    }
    await one.must('verify');
  });
});
