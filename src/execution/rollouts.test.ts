/** Rollouts on the whole road, in a paper fleet. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeDocument } from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { ASSISTANT, aProposal, OPERATOR } from '#test/change-world';
import { aRollout, atRest, aWideWorld, TEN, touched } from '#test/rollout-world';
import { throwsFault } from '#test/throws-fault';
import { settleAfterRestore } from './restored.ts';

describe('a rollout', () => {
  it('goes batch by batch over all its targets, under one signature, and is verified', async () => {
    const world = await aWideWorld();
    const { changeId, decision, rollout } = await world.road.propose(ASSISTANT, aRollout());
    assert.equal(decision.verdict, 'needs-approval', JSON.stringify(decision));
    assert.deepEqual(
      rollout?.batches.map(({ state, targets }) => [state, targets.length]),
      [
        ['waiting', 3],
        ['waiting', 3],
        ['waiting', 3],
        ['waiting', 1],
      ],
    );
    const page = await world.road.approvalPage(OPERATOR, changeId);
    assert.equal(changeDocument.parse(page.envelope).parts.length, page.plan.steps.length);
    const first = await world.approve(changeId);
    assert.equal(first.rollout?.batches[0]?.state, 'held', JSON.stringify(first.outcome));
    const done = await atRest(world, changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify([done.outcome, done.rollout]));
    assert.deepEqual(touched(world), TEN);
    assert.equal(done.receipts.length, 10);
    assert.equal(done.verification.length > 9 && done.verification.every(({ held }) => held), true);
    const kinds = (await world.events()).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'change.intent').length, 4);
    assert.equal(kinds.at(-1), 'change.outcome');
    assert.deepEqual(world.store.check(), []);
    assert.equal(new Set(world.sent.map(({ order }) => sha256(order))).size, 1);
  });

  it('pauses at the threshold, leaves the rest untouched, and goes on when a person says so', async () => {
    const broken = 'host:n4';
    const world = await aWideWorld({
      program: ({ part }) =>
        part.target === sha256(broken).slice(0, 32) ? { status: 1 } : (undefined as never),
    });
    const { changeId } = await world.road.propose(ASSISTANT, aRollout());
    await world.approve(changeId);
    const paused = await atRest(world, changeId);
    assert.equal(paused.state, 'executing');
    assert.equal(paused.rollout?.paused?.code, 'too-many-failures');
    assert.equal(paused.rollout?.paused?.by, 'service:holdfast');
    assert.match(paused.next, /paused/);
    const waiting = (): string[] =>
      world.road.list(OPERATOR, { pending: true }, 10).changes.map((change) => change.changeId);
    assert.deepEqual(waiting(), [changeId], 'a person has to decide');
    assert.deepEqual(touched(world), TEN.slice(0, 6));
    assert.deepEqual(
      paused.rollout?.batches.map(({ state }) => state),
      ['held', 'failed', 'waiting', 'waiting'],
    );
    // Its mates in the batch ran to their end.
    assert.equal(
      paused.rollout?.batches[1]?.targets.filter(({ state }) => state === 'held').length,
      2,
    );
    for (let n = 0; n < 3; n++) {
      world.pass(60);
      await world.road.tick();
    }
    assert.deepEqual(touched(world), TEN.slice(0, 6));
    await throwsFault(() => world.road.resumeRollout(ASSISTANT, changeId, 'go'), 'not-permitted');
    const resumed = await world.road.resumeRollout(OPERATOR, changeId, 'it is only that one');
    assert.equal(resumed.rollout?.paused, null);
    assert.deepEqual(waiting(), []);
    const done = await atRest(world, changeId);
    assert.equal(done.state, 'failed');
    assert.equal(done.outcome?.code, 'some-failed');
    assert.match(done.outcome?.says ?? '', /9 of 10 targets are as promised; failed: host:n4/);
    assert.deepEqual(touched(world), TEN);
    for (const host of world.hosts.values()) assert.equal(host.started.length, 1);
    assert.deepEqual(world.store.check(), []);
  });

  it('is ended by a person, who is told what ran where; only that is taken back, last batch first', async () => {
    const world = await aWideWorld();
    const { changeId } = await world.road.propose(
      ASSISTANT,
      aRollout(
        { waitSeconds: 600 },
        { action: 'service.stop', arguments: { unit: 'nginx.service' } },
      ),
    );
    for (const id of TEN) world.set(id.slice(5), 'nginx.service', 'active');
    const fresh = await world.road.propose(
      ASSISTANT,
      aRollout(
        { waitSeconds: 600 },
        { action: 'service.stop', arguments: { unit: 'nginx.service' } },
      ),
    );
    await world.road.cancel(ASSISTANT, changeId, 'again').catch(() => {});
    await world.approve(fresh.changeId);
    await world.road.pauseRollout(OPERATOR, fresh.changeId, 'lunch');
    await throwsFault(
      () => world.road.pauseRollout(OPERATOR, fresh.changeId, 'again'),
      'not-pending',
    );
    const paused = await atRest(world, fresh.changeId);
    assert.equal(paused.rollout?.paused?.by, OPERATOR.principal);
    assert.equal(paused.rollout?.paused?.code, 'asked-to-pause');
    const ran = touched(world);
    const ended = await world.road.endRollout(OPERATOR, fresh.changeId, 'enough');
    assert.equal(ended.state, 'failed');
    assert.equal(ended.outcome?.code, 'rollout-ended');
    assert.match(ended.outcome?.says ?? '', /untouched: host:n/);
    assert.deepEqual(touched(world), ran);
    assert.equal(ended.rollout?.batches.at(-1)?.state, 'untouched');
    const before = world.sent.length;
    const undone = await world.road.undo(OPERATOR, fresh.changeId, 'not after all');
    assert.equal(undone.state, 'rolled-back', JSON.stringify([undone.decision, undone.outcome]));
    assert.equal(world.sent.length - before, ran.length);
    for (const [id, host] of world.hosts)
      assert.equal(host.started.length, ran.includes(id) ? 2 : 0, id);
  });

  it('never goes on by itself after a restart', async () => {
    const world = await aWideWorld();
    const { changeId } = await world.road.propose(ASSISTANT, aRollout({ waitSeconds: 60 }));
    await world.approve(changeId);
    await world.road.pauseRollout(OPERATOR, changeId, 'lunch');
    await atRest(world, changeId);
    const ran = touched(world);
    const { road } = world.begin();
    await road.resume();
    world.pass(600);
    await road.tick();
    assert.deepEqual(touched(world), ran);
    assert.equal(road.get(OPERATOR, changeId).rollout?.paused?.code, 'asked-to-pause');
    await road.resumeRollout(OPERATOR, changeId, 'back');
    assert.equal((await atRest(world, changeId, road)).state, 'confirmed');
    for (const host of world.hosts.values()) assert.equal(host.started.length, 1);
  });

  it('spends what was signed and did not run in its time', async () => {
    const world = await aWideWorld();
    const { changeId } = await world.road.propose(ASSISTANT, aRollout({ waitSeconds: 3_600 }));
    await world.approve(changeId);
    await world.road.pauseRollout(OPERATOR, changeId, 'lunch');
    await atRest(world, changeId);
    world.pass(100_000);
    await world.road.tick();
    const over = world.road.get(OPERATOR, changeId);
    assert.equal(over.outcome?.code, 'expired', JSON.stringify(over.outcome));
    await throwsFault(() => world.road.resumeRollout(OPERATOR, changeId, 'go'), 'not-pending');
  });

  it('is ended by an emergency stop, also while it is paused', async () => {
    const world = await aWideWorld();
    const { changeId } = await world.road.propose(ASSISTANT, aRollout({ waitSeconds: 600 }));
    await world.approve(changeId);
    await world.road.pauseRollout(OPERATOR, changeId, 'lunch');
    await atRest(world, changeId);
    await world.road.stop(OPERATOR, { kind: 'fleet' }, 'enough');
    await throwsFault(() => world.road.resumeRollout(OPERATOR, changeId, 'go'), 'stopped');
    await world.road.tick();
    assert.equal(world.road.get(OPERATOR, changeId).outcome?.code, 'stopped');
  });

  it('pauses where a host of the next batch is out of reach or has moved, and begins none of that batch', async () => {
    const world = await aWideWorld();
    const { changeId } = await world.road.propose(ASSISTANT, aRollout());
    world.set('n5', 'nginx.service', 'active');
    await world.approve(changeId);
    const paused = await atRest(world, changeId);
    assert.equal(paused.rollout?.paused?.code, 'state-moved');
    assert.match(paused.rollout?.paused?.why ?? '', /host:n5/);
    assert.deepEqual(touched(world), TEN.slice(0, 3));
    await world.road.resumeRollout(OPERATOR, changeId, 'leave it out', 1);
    const done = await atRest(world, changeId);
    assert.equal(done.outcome?.code, 'some-failed', JSON.stringify(done));
    assert.deepEqual(
      touched(world),
      TEN.filter((id) => id !== 'host:n5'),
    );
  });

  it('pauses when nobody knows whether it took effect on one, whatever may fail', async () => {
    const world = await aWideWorld();
    world.host('host:n1').fail('dies-after');
    const { changeId } = await world.road.propose(ASSISTANT, aRollout({ maxFailures: 5 }));
    await world.approve(changeId);
    const paused = await atRest(world, changeId);
    assert.equal(paused.rollout?.paused?.code, 'unknown-effect', JSON.stringify(paused.rollout));
    assert.deepEqual(touched(world), TEN.slice(0, 3));
  });

  it('is nobody knows how far after a backup was put back, until a person looked', async () => {
    const world = await aWideWorld();
    const { changeId } = await world.road.propose(ASSISTANT, aRollout({ waitSeconds: 600 }));
    await world.approve(changeId);
    await world.road.pauseRollout(OPERATOR, changeId, 'lunch');
    await atRest(world, changeId);
    const { clock, store, log } = world;
    await settleAfterRestore({ clock, store, events: log }, 'yesterday');
    for (let n = 0; n < 3; n++) await world.road.tick();
    const after = world.road.get(OPERATOR, changeId);
    assert.deepEqual([after.state, after.outcome?.code], ['ambiguous', 'restored']);
    await throwsFault(() => world.road.resumeRollout(OPERATOR, changeId, 'go'), 'not-pending');
    assert.equal((await world.road.close(OPERATOR, changeId, 'looked')).state, 'closed');
  });

  it('tells once what a host answers later, and nothing while it does not', async () => {
    const world = await aWideWorld();
    const { changeId } = await world.road.propose(ASSISTANT, aRollout());
    let isAway = false;
    world.state.observing = async (targets) => {
      const away =
        isAway && world.host('host:n1').started.length > 0 && targets.includes('host:n1');
      if (away) throw new Fault('unavailable', 'host-unavailable', 'host does not answer: n1');
    };
    isAway = true;
    await world.approve(changeId);
    const paused = await atRest(world, changeId);
    assert.equal(
      paused.rollout?.batches[0]?.targets[1]?.code,
      'unverified',
      JSON.stringify(paused),
    );
    const told = async (): Promise<number> =>
      (await world.events()).filter(({ kind }) => kind === 'change.verified').length;
    const before = await told();
    for (let n = 0; n < 3; n++) await world.road.tick();
    assert.equal(await told(), before);
    isAway = false;
    for (let n = 0; n < 3; n++) await world.road.tick();
    assert.equal(await told(), before + 1);
    const known = world.road.get(OPERATOR, changeId);
    assert.equal(known.rollout?.batches[0]?.state, 'held');
    assert.ok(known.rollout?.paused !== null);
  });

  it('never goes on to one that stands in for a target of which nobody knows', async () => {
    const hosts = TEN.slice(0, 3);
    const world = await aWideWorld({
      hosts,
      head: 'redundancySets:\n  dns: [host:n0, host:n1]\n',
      profile: (id) => (id === 'host:n2' ? '' : '    redundancySet: dns\n'),
    });
    world.host('host:n0').fail('dies-after');
    const { changeId, rollout } = await world.road.propose(
      ASSISTANT,
      aRollout({ batch: 1, maxFailures: 1 }, { targets: hosts }),
    );
    assert.equal(rollout?.batches.length, 3);
    await world.approve(changeId);
    assert.equal((await atRest(world, changeId)).rollout?.paused?.code, 'unknown-effect');
    await world.road.resumeRollout(OPERATOR, changeId, 'go on');
    assert.equal((await atRest(world, changeId)).rollout?.paused?.code, 'redundancy');
    assert.deepEqual(touched(world), ['host:n0']);
  });

  it('counts what it did so far against the share of a group', async () => {
    const few = { hour: { percent: 50, atLeast: 1 }, day: { percent: 100, atLeast: 9 } };
    const { settings } = (await aWideWorld()).state;
    const guards = { ...settings.guards, blastRadius: { groups: few, redundancySets: few } };
    const world = await aWideWorld({ settings: { guards } });
    const { changeId } = await world.road.propose(ASSISTANT, aRollout({ batch: 5 }));
    await world.approve(changeId);
    const paused = await atRest(world, changeId);
    assert.equal(paused.rollout?.paused?.code, 'blast-radius', JSON.stringify(paused.outcome));
    assert.deepEqual(touched(world), TEN.slice(0, 5));
  });

  it('is for more targets than its action takes at once, never for T3, and always of the same plan', async () => {
    const world = await aWideWorld();
    await throwsFault(
      () => world.road.propose(OPERATOR, aRollout({ batch: 0 })),
      'invalid-arguments',
    );
    await throwsFault(
      () => world.road.propose(OPERATOR, aRollout({}, { action: 'service.status' })),
      'invalid-arguments',
    );
    const plain = await world.road.propose(OPERATOR, aProposal({ targets: TEN.slice(0, 2) }));
    const page = await world.road.approvalPage(OPERATOR, plain.changeId);
    assert.ok(!('rollout' in page.plan));
    assert.equal(plain.rollout, null);
    await throwsFault(
      () => world.road.pauseRollout(OPERATOR, plain.changeId, 'no'),
      'not-a-rollout',
    );
  });
});
