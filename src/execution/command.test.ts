/** One command: what only reads runs at once, what does more waits for a person, and nobody runs the rest. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommandAnswer, Requester } from '#execution';
import { ASSISTANT, aChangeWorld, FLEET, OPERATOR, type World } from '#test/change-world';
import { throwsFault } from '#test/throws-fault';

const ask = (
  world: World,
  argv: readonly [string, ...string[]],
  { by = ASSISTANT, target = 'host:web-1' }: { by?: Requester; target?: string } = {},
): Promise<CommandAnswer> =>
  world.road.command(by, { target, argv, reason: 'to see', idempotencyKey: null });

describe('a command', () => {
  it('that only reads runs in its normal form, and its words come back clean', async () => {
    const world = await aChangeWorld({
      look: () => 'up\u001b[31m 3 days\npassword=hunter2hunter2\n',
    });
    const answer = await ask(world, ['/usr/bin/systemctl', 'status', 'nginx.service']);
    assert.ok(answer.kind === 'ran');
    assert.deepEqual(answer.argv, ['systemctl', 'status', '--no-pager', 'nginx.service']);
    assert.ok(!answer.stdout.includes('\u001b'));
    assert.doesNotMatch(answer.stdout, /hunter2/);
    assert.match(answer.stdout, /3 days/);
    assert.equal(world.sent.length, 0, 'nothing was sent to a runner');
  });

  it('that changes something becomes a change of its tier, with exactly those words', async () => {
    const world = await aChangeWorld();
    const answer = await ask(world, ['systemctl', 'restart', 'nginx.service']);
    assert.ok(answer.kind === 'change');
    const { view } = answer;
    assert.equal(view.state, 'previewed', view.decision.says);
    assert.deepEqual([view.tier, view.action], ['T2', 'command.run@1']);
    assert.deepEqual(
      view.plan.steps.map(({ argv }) => argv),
      [['systemctl', 'restart', 'nginx.service']],
    );
    assert.equal(view.plan.inverse, null);
    assert.equal(world.sent.length, 0);
    await world.approve(view.changeId);
    assert.deepEqual(
      world.host().started.map(({ argv, part }) => [argv, part.runAs]),
      [[['systemctl', 'restart', 'nginx.service'], 'root']],
    );
  });

  it('that nobody knows is refused an assistant, and T3 by an operator’s own hand', async () => {
    const world = await aChangeWorld();
    const unknown = ['frobnicate', '--now'] as const;
    await throwsFault(() => ask(world, unknown), 'command-refused');
    const answer = await ask(world, unknown, { by: OPERATOR });
    assert.ok(answer.kind === 'change' && answer.view.tier === 'T3');
    for (const by of [ASSISTANT, OPERATOR])
      await throwsFault(() => ask(world, ['cat', '/etc/shadow'], { by }), 'command-refused');
  });

  it('is for hosts of its kind, whatever the caller says', async () => {
    const world = await aChangeWorld({ fleet: FLEET.replaceAll('debian', 'talos') });
    await throwsFault(() => ask(world, ['uptime']), 'wrong-host-type');
    const answer = await ask(world, ['systemctl', 'restart', 'nginx.service']);
    assert.ok(answer.kind === 'change');
    assert.equal(answer.view.decision.because, 'wrong-host-type');
  });

  it('does not run under a stop, and not for whoever may not look', async () => {
    const world = await aChangeWorld();
    const less = { ...ASSISTANT, capabilities: [] };
    await throwsFault(() => ask(world, ['uptime'], { by: less }), 'policy-denied');
    await world.road.stop(OPERATOR, { kind: 'target', name: 'host:web-1' }, 'enough');
    await throwsFault(() => ask(world, ['uptime']), 'stopped');
    assert.equal((await ask(world, ['uptime'], { target: 'host:web-2' })).kind, 'ran');
  });

  it('has no consent in advance', async () => {
    const world = await aChangeWorld();
    const terms = {
      action: 'command.run',
      targets: ['host:web-1'],
      arguments: { argv: ['["systemctl","restart","nginx.service"]'] },
      days: 1,
      window: 'always',
      budget: { runs: 1, perSeconds: 3_600 },
      cooldownSeconds: 0,
      evenTainted: false,
      reason: 'no',
    };
    await throwsFault(() => world.road.standingPage(OPERATOR, terms), 'untyped-value');
  });
});
