/** Taking back what somebody else touched since: compared three ways, refused, or narrowed to the rest. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import { ASSISTANT, aChangeWorld, aProposal, OPERATOR, type World } from '#test/change-world';
import { atRest, aWideWorld, TEN, touched } from '#test/rollout-world';
import { throwsFault } from '#test/throws-fault';

const STOP = { action: 'service.stop', arguments: { unit: 'nginx.service' } };

/** They stand in for each other. */
const ONE_SET = {
  head: 'redundancySets:\n  web: [host:n0, host:n1]\n',
  profile: () => '    redundancySet: web\n',
};

async function stopped(
  world: World,
  targets: readonly string[],
  rollout?: boolean,
): Promise<string> {
  for (const id of targets) world.set(id.slice('host:'.length), 'nginx.service', 'active');
  await world.record();
  const { changeId, decision } = await world.road.propose(
    ASSISTANT,
    aProposal({
      ...STOP,
      targets,
      ...(rollout === true
        ? { rollout: { batch: 2, waitSeconds: 0, maxFailures: 0, order: 'as-asked' as const } }
        : {}),
    }),
  );
  assert.equal(decision.verdict, 'needs-approval', JSON.stringify(decision));
  await world.approve(changeId);
  const done = await atRest(world, changeId);
  assert.equal(done.state, 'confirmed', JSON.stringify([done.outcome, done.rollout]));
  return changeId;
}

describe('taking back what somebody else touched since', () => {
  it('shows what was before, what the change made, and what is now, and refuses', async () => {
    const world = await aWideWorld();
    const some = TEN.slice(0, 3);
    const id = await stopped(world, some);
    world.set('n1', 'nginx.service', 'failed');
    const fault = await throwsFault(() => world.road.undo(OPERATOR, id, 'back'), 'world-moved');
    assert.match(
      fault.message,
      /state\.current on host:n1 was "active", the change made it "inactive", is "failed"/,
    );
    assert.deepEqual(fault.facts['moved'], ['host:n1']);
    assert.deepEqual(fault.facts['unmoved'], ['host:n0', 'host:n2']);
    const look = await world.road.undoLook(OPERATOR, id);
    assert.deepEqual(look.moved, ['host:n1']);
    const current = look.compared.filter(({ what }) => what.endsWith('state.current'));
    assert.deepEqual(
      current.map(({ target, before, made, now, moved }) => [target, before, made, now, moved]),
      [
        ['host:n0', '"active"', '"inactive"', '"inactive"', false],
        ['host:n1', '"active"', '"inactive"', '"failed"', true],
        ['host:n2', '"active"', '"inactive"', '"inactive"', false],
      ],
    );
    for (const target of some) assert.equal(world.host(target).started.length, 1);
  });

  it('is narrowed to what did not move, by a signature over exactly that', async () => {
    const world = await aWideWorld();
    const some = TEN.slice(0, 3);
    const id = await stopped(world, some);
    world.set('n1', 'nginx.service', 'failed');
    await throwsFault(() => world.road.undo(OPERATOR, id, 'back', ['host:n1']), 'world-moved');
    await throwsFault(() => world.road.undo(OPERATOR, id, 'back', ['host:n9']), 'unknown-target');
    await throwsFault(() => world.road.undo(OPERATOR, id, 'back', []), 'unknown-target');
    const only = await world.road.undo(OPERATOR, id, 'back', ['host:n0', 'n2']);
    assert.equal(only.state, 'previewed', JSON.stringify(only.decision));
    assert.deepEqual(only.targets, ['host:n0', 'host:n2']);
    const page = await world.road.approvalPage(OPERATOR, only.changeId);
    assert.deepEqual([...new Set(page.plan.steps.map(({ target }) => target))], only.targets);
    assert.equal(world.host('host:n0').started.length, 1);
    await throwsFault(() => world.road.undo(OPERATOR, id, 'twice', ['host:n0']), 'nothing-to-undo');
    const done = await world.approve(only.changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify([done.decision, done.outcome]));
    assert.deepEqual(
      some.map((target) => world.host(target).started.length),
      [2, 1, 2],
    );
    // What was left out may follow, once it is as it was.
    world.set('n1', 'nginx.service', 'inactive');
    const rest = await world.road.undo(OPERATOR, id, 'and that', ['host:n1']);
    assert.equal((await world.approve(rest.changeId)).state, 'confirmed');
  });

  it('compares the files that the way back rests on', async () => {
    const world = await aChangeWorld();
    world.state.files.set('/etc/motd', sha256('old'));
    const { changeId, decision } = await world.road.propose(
      ASSISTANT,
      aProposal({
        action: 'file.write',
        arguments: { path: '/etc/motd', content: 'new', validate: 'none' },
      }),
    );
    assert.equal(decision.verdict, 'needs-approval', JSON.stringify(decision));
    const done = await world.approve(changeId);
    assert.ok(['confirmed', 'failed'].includes(done.state), JSON.stringify(done.outcome));
    world.state.files.set('/etc/motd', sha256('somebody else'));
    const fault = await throwsFault(
      () => world.road.undo(OPERATOR, changeId, 'back'),
      'world-moved',
    );
    const [line = ''] = fault.facts['differences'] as readonly string[];
    for (const text of ['old', 'new', 'somebody else'])
      assert.ok(line.includes(sha256(text)), line);
    world.state.files.set('/etc/motd', sha256('new'));
    assert.deepEqual((await world.road.undoLook(OPERATOR, changeId)).moved, []);
  });

  it('goes back the way it came, also over a redundancy set', async () => {
    const hosts = TEN.slice(0, 4);
    const world = await aWideWorld({ hosts, ...ONE_SET });
    const id = await stopped(world, hosts, true);
    const { rollout } = world.road.get(OPERATOR, id);
    assert.equal(rollout?.batches.length, 4);
    const before = world.sent.length;
    const undone = await world.road.undo(OPERATOR, id, 'back');
    assert.equal(undone.state, 'rolled-back', JSON.stringify([undone.decision, undone.outcome]));
    const order = world.sent.slice(before).map(({ part }) => /^target (.*)$/m.exec(part)?.[1]);
    assert.deepEqual(
      order,
      hosts.toReversed().map((each) => sha256(each).slice(0, 32)),
    );
  });

  it('is a rollout of its own, last batch first, when it is late', async () => {
    const hosts = TEN.slice(0, 4);
    const world = await aWideWorld({ hosts, ...ONE_SET });
    const id = await stopped(world, hosts, true);
    world.pass(90_000);
    const mine = await world.road.undo(OPERATOR, id, 'back');
    assert.equal(mine.state, 'previewed', JSON.stringify(mine.decision));
    assert.deepEqual(
      mine.rollout?.batches.map(({ targets }) => targets.map(({ target }) => target)),
      hosts.toReversed().map((each) => [each]),
    );
    await world.approve(mine.changeId);
    assert.equal((await atRest(world, mine.changeId)).state, 'confirmed');
    assert.deepEqual(touched(world), hosts);
  });
});
