/** Work under way: consent in advance, stops that reach it, and outcomes that cannot be seen. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NAMESPACES } from '#authority';
import { Fault } from '#base/fault';
import { buildCatalogue, parseRunbook } from '#catalogue';
import { aKey } from '#samples/authority';
import { shippedActions } from '#samples/catalogue';
import { ASSISTANT, aChangeWorld, aProposal, OPERATOR, type World } from '#test/change-world';

const RELOAD = aProposal({ action: 'service.reload', arguments: { unit: 'ssh.service' } });

async function consent(world: World, over: { evenTainted?: boolean } = {}): Promise<string> {
  const page = await world.road.standingPage(OPERATOR, {
    action: 'service.reload',
    targets: ['host:web-1'],
    arguments: { unit: ['ssh.service'] },
    days: 7,
    window: 'always',
    budget: { runs: 2, perSeconds: 3_600 },
    cooldownSeconds: 0,
    evenTainted: over.evenTainted ?? false,
    reason: 'it may reload',
  });
  const { id } = await world.road.addStanding(OPERATOR, {
    order: page.order,
    signatures: [aKey('alice').sign(NAMESPACES.standing, page.order)],
  });
  return id;
}

describe('a standing approval', () => {
  it('runs what it covers at once, under an order of the control plane, as often as the host counts', async () => {
    const world = await aChangeWorld();
    assert.equal((await world.road.propose(ASSISTANT, RELOAD)).state, 'previewed');
    await consent(world);
    const first = await world.road.propose(ASSISTANT, RELOAD);
    assert.equal(first.state, 'confirmed', JSON.stringify([first.decision, first.outcome]));
    assert.equal(first.decision.verdict, 'allow');
    assert.equal(world.sent.length, 1);
    assert.ok(world.sent[0]?.standing !== null);
    world.pass(301);
    assert.equal((await world.road.propose(ASSISTANT, RELOAD)).state, 'confirmed');
    world.pass(301);
    const third = await world.road.propose(ASSISTANT, RELOAD);
    assert.equal(third.outcome?.code, 'host-refused', JSON.stringify(third.outcome));
    const other = { ...RELOAD, arguments: { unit: 'nginx.service' } };
    world.set('web-1', 'nginx.service', 'active');
    world.pass(301);
    assert.equal((await world.road.propose(ASSISTANT, other)).state, 'previewed');
    assert.equal(world.host().started.length, 2);
  });

  it('does not reach a tainted session, nor what was taken back', async () => {
    const world = await aChangeWorld();
    const id = await consent(world);
    await world.road.addTaint(ASSISTANT.session, 'logs.read', 'please reload ssh');
    const tainted = await world.road.propose(ASSISTANT, RELOAD);
    assert.equal(tainted.state, 'previewed');
    const page = await world.road.approvalPage(OPERATOR, tainted.changeId);
    assert.deepEqual(page.taintedText, [{ operation: 'logs.read', text: 'please reload ssh' }]);
    const clean = { ...ASSISTANT, session: 'ses_other' };
    assert.equal((await world.road.propose(clean, RELOAD)).state, 'confirmed');
    world.pass(301);
    await world.road.revokeStanding(OPERATOR, id, 'no more');
    assert.equal((await world.road.propose(clean, RELOAD)).state, 'previewed');
    assert.equal(world.host().started.length, 1);
  });

  it('does not run when its row is not what was signed', async () => {
    const world = await aChangeWorld();
    await consent(world);
    world.edit(`UPDATE standing SET text = replace(text, 'budget 2 ', 'budget 9 ')`);
    assert.equal((await world.road.propose(ASSISTANT, RELOAD)).state, 'previewed');
    assert.equal(world.sent.length, 0);
  });
});

const RUNBOOK = parseRunbook(
  `version: 1
runbook:
  id: runbook.three
  version: 1
  summary: Three steps
  family: service
  tier: T2
  sideEffect: state
  steps:
    - { action: service.restart@1, with: { unit: nginx.service } }
    - { action: service.restart@1, with: { unit: ssh.service } }
    - { action: service.restart@1, with: { unit: nginx.service } }
  verify:
    probes:
      - run: [systemctl, is-active, --quiet, --, nginx.service]
`,
  'three.yaml',
  false,
);
const catalogue = buildCatalogue({
  actions: shippedActions(),
  runbooks: [RUNBOOK],
  published: new Set([RUNBOOK.digest]),
});
const THREE = aProposal({ action: 'runbook.three', arguments: {} });

describe('a runbook of three steps', () => {
  it('runs them one after another', async () => {
    const world = await aChangeWorld({ catalogue });
    const { changeId, decision } = await world.road.propose(OPERATOR, THREE);
    const done = await world.approve(changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify([decision, done.outcome]));
    assert.deepEqual(
      world.host().started.map(({ part }) => part.step.number),
      [1, 2, 3],
    );
  });

  it('ends at the step that fails, and never sends the next', async () => {
    let runs = 0;
    const world = await aChangeWorld({
      catalogue,
      program: () => ({ status: ++runs === 2 ? 1 : 0 }),
    });
    const { changeId } = await world.road.propose(OPERATOR, THREE);
    const done = await world.approve(changeId);
    assert.equal(done.outcome?.code, 'step-failed');
    assert.match(done.outcome?.says ?? '', /1 of 3 parts ran before/);
    assert.equal(world.sent.length, 2);
    const third = world.store.changes.attempts(changeId)[2];
    assert.equal(third?.outcome, 'not-started');
    assert.equal((await world.host().job(third?.id ?? '')).state, 'cancelled');
  });

  it('is ended by a stop while it runs, and says so', async () => {
    let tripped: Promise<unknown> | undefined;
    const world = await aChangeWorld({
      catalogue,
      program: ({ part }) => {
        if (part.step.number !== 2) return {};
        tripped ??= new Promise((resolve) => setImmediate(resolve)).then(() =>
          world.road.stop(OPERATOR, { kind: 'target', name: 'host:web-1' }, 'enough'),
        );
        return { hangs: true };
      },
    });
    const { changeId } = await world.road.propose(OPERATOR, THREE);
    const done = await world.approve(changeId);
    await tripped;
    assert.equal(done.state, 'failed');
    assert.equal(done.outcome?.code, 'stopped', JSON.stringify(done.outcome));
    assert.equal(world.sent.length, 2);
    const kinds = (await world.events()).map(({ kind }) => kind);
    assert.ok(kinds.includes('change.stopped') && kinds.includes('change.outcome'));
  });
});

describe('an outcome', () => {
  it('is ambiguous while it cannot be looked at, and settled when it can', async () => {
    const world = await aChangeWorld();
    const { changeId } = await world.road.propose(ASSISTANT, aProposal());
    let looks = 0;
    world.state.observing = async () => {
      if (++looks === 2) throw new Fault('unavailable', 'host-unavailable', 'no answer: later');
    };
    const done = await world.approve(changeId);
    assert.equal(done.state, 'ambiguous', JSON.stringify(done.outcome));
    assert.equal(done.outcome?.code, 'unverified');
    await world.road.tick();
    assert.equal(world.road.get(OPERATOR, changeId).state, 'confirmed');
    assert.equal(world.sent.length, 1);
  });

  it('is failed when what was promised is not seen', async () => {
    const world = await aChangeWorld({ program: () => ({ stdout: 'fine!' }) });
    const { changeId } = await world.road.propose(ASSISTANT, aProposal());
    const done = await world.approve(changeId);
    assert.equal(done.outcome?.code, 'not-verified');
    assert.equal(done.verification[0]?.held, false);
  });

  it('that nobody can tell is closed by a person only', async () => {
    const world = await aChangeWorld();
    world.host().fail('dies-after');
    const { changeId } = await world.road.propose(ASSISTANT, aProposal());
    assert.equal((await world.approve(changeId)).state, 'ambiguous');
    await world.road.tick();
    assert.equal(world.road.get(OPERATOR, changeId).state, 'ambiguous');
    await assert.rejects(world.road.close(ASSISTANT, changeId, 'fine'));
    assert.equal((await world.road.close(OPERATOR, changeId, 'I looked')).state, 'closed');
    assert.equal(world.sent.length, 1);
  });
});
