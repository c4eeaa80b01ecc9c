/** What a tool does to a target from the machine we run on: that machine checks, runs and signs it, and the target is what it is about. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NAMESPACES } from '#authority';
import { buildCatalogue, parseActions } from '#catalogue';
import { aKey } from '#samples/authority';
import { shippedActions } from '#samples/catalogue';
import { aChangeWorld, aProposal, FLEET, OPERATOR, type World } from '#test/change-world';

const ACTION = `version: 1
actions:
  - id: edge.apply
    version: 1
    summary: Apply what was planned
    family: edge
    tier: T2
    sideEffect: state
    hostTypes: [stack]
    carrier: controller
    irreversible: the way back is another plan
    requires:
      - { fact: "stack:{@host}", attribute: pending, equals: 1, why: something is to be done }
    steps:
      - run: [edge-tool, apply, "{@host}"]
        effect: Applies it
        inverse: none
    verify:
      facts:
        - { fact: "stack:{@host}", attribute: pending, equals: 0 }
`;

const STACKS = `${FLEET}  stack:edge:
    hostType: stack
    environment: test
    transport: tofu
`;

async function aStackWorld(fleet = STACKS): Promise<World> {
  const catalogue = buildCatalogue({
    actions: [...shippedActions(), ...parseActions(ACTION, 'edge.yaml', true)],
    runbooks: [],
  });
  const world = await aChangeWorld({
    fleet,
    catalogue,
    program: ({ argv }) => {
      if (argv[0] === 'edge-tool') world.facts.set('stack:edge stack:edge pending', 0);
      return { stdout: 'applied\n' };
    },
  });
  world.facts.set('stack:edge stack:edge pending', 1);
  await world.record();
  return world;
}

const APPLY = aProposal({ action: 'edge.apply', targets: ['stack:edge'], arguments: {} });

async function approved(world: World): ReturnType<World['road']['approve']> {
  const { changeId, ...told } = await world.road.propose(OPERATOR, APPLY);
  assert.equal(told.state, 'previewed', JSON.stringify(told.decision));
  const page = await world.road.approvalPage(OPERATOR, changeId);
  return world.road.approve(OPERATOR, {
    changeId,
    signature: aKey('alice').sign(NAMESPACES.change, page.envelope),
    typedTarget: null,
    reason: null,
  });
}

describe('an action that the controller carries', () => {
  it('runs on the machine we run on, under its own identity, and is verified on the target', async () => {
    const world = await aStackWorld();
    const done = await approved(world);
    assert.equal(done.state, 'confirmed', JSON.stringify(done.outcome));
    assert.equal(world.host('host:web-1').started.length, 1);
    assert.deepEqual(done.targets, ['stack:edge']);
    assert.equal(done.receipts[0]?.target, 'stack:edge');
  });

  it('is stopped with its target, and with the machine that carries it', async () => {
    for (const name of ['stack:edge', 'host:web-1']) {
      const world = await aStackWorld();
      const { changeId } = await world.road.propose(OPERATOR, APPLY);
      const page = await world.road.approvalPage(OPERATOR, changeId);
      await world.road.stop(OPERATOR, { kind: 'target', name }, 'not now');
      const told = await world.road.approve(OPERATOR, {
        changeId,
        signature: aKey('alice').sign(NAMESPACES.change, page.envelope),
        typedTarget: null,
        reason: null,
      });
      assert.equal(told.state, 'refused', name);
      assert.equal(told.decision.because, 'stopped', name);
      assert.equal(world.host('host:web-1').started.length, 0);
    }
  });

  it('is refused where nothing of ours could carry it, and on hosts of another type', async () => {
    const nowhere = STACKS.replace('transport: local', 'transport: none');
    const refused = await (await aStackWorld(nowhere)).road.propose(OPERATOR, APPLY);
    assert.equal(refused.decision.because, 'no-adapter', JSON.stringify(refused.decision));
    const world = await aStackWorld();
    const other = await world.road.propose(OPERATOR, { ...APPLY, targets: ['host:web-2'] });
    assert.equal(other.decision.because, 'wrong-host-type');
  });
});
