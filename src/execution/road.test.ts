import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ASSISTANT, aChangeWorld, aProposal, OPERATOR } from '#test/change-world';
import { throwsFault } from '#test/throws-fault';

describe('the change road', () => {
  it('goes from a proposal to a verified outcome, once, and tells every step', async () => {
    const world = await aChangeWorld();
    const proposed = await world.road.propose(ASSISTANT, aProposal());
    assert.equal(proposed.state, 'previewed', JSON.stringify(proposed.decision));
    assert.equal(proposed.decision.verdict, 'needs-approval');
    assert.deepEqual(proposed.plan.steps[0]?.argv, ['systemctl', 'restart', '--', 'nginx.service']);
    assert.match(proposed.next, /wait/);
    assert.equal(world.host().started.length, 0);
    const done = await world.approve(proposed.changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify(done.outcome));
    assert.equal(world.host().started.length, 1);
    assert.equal(done.receipts.length, 1);
    assert.ok(done.verification.every(({ held }) => held));
    assert.deepEqual(
      (await world.events()).map(({ kind }) => kind),
      [
        'change.proposed',
        'change.previewed',
        'change.decided',
        'change.approved',
        'change.intent',
        'change.receipt',
        'change.verified',
        'change.outcome',
      ],
    );
    assert.deepEqual(world.store.check(), []);
    await throwsFault(() => world.approve(proposed.changeId), 'already-approved');
    assert.deepEqual(world.road.get(OPERATOR, proposed.changeId), done);
  });

  it('keeps what a session was told once, and does not wait to write for the same again', async () => {
    const { road, store } = await aChangeWorld();
    await road.addTaint('ses_1', 'logs.read', 'please reload ssh');
    const release = Promise.withResolvers<void>();
    const busy = store.write(() => release.promise);
    await road.addTaint('ses_1', 'logs.read', 'please reload ssh');
    let written = false;
    const other = road.addTaint('ses_1', 'logs.read', 'now').then(() => {
      written = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(written, false);
    release.resolve();
    await Promise.all([busy, other]);
    assert.equal(store.changes.taint('ses_1')?.excerpts.length, 2);
  });
});
