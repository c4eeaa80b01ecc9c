/** What `reach-matrix.test.ts` cannot show in a paper world: limited callers on the change road, from asking to running. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leaseReach, type Reach, type ReachPart, reachOf } from '#access';
import { NAMESPACES } from '#authority';
import type { Json } from '#base/json';
import { aKey } from '#samples/authority';
import { aChangeKernel } from '#test/change-kernel';
import { aChangeWorld, OPERATOR as ON_THE_ROAD } from '#test/change-world';
import { throwsFault } from '#test/throws-fault';
import { OPERATOR as AT_THE_TERMINAL, aWorld } from '#test/world';
import type { Caller } from './operation.ts';

const [WHOLE] = reachOf('operator') as [ReachPart];
const on = (...ids: string[]): Pick<ReachPart, 'targets'> => ({ targets: { ids, tags: [] } });

const caller = (reach: Reach, more: Partial<Caller> = {}): Caller => ({
  principal: 'operator:eve@console',
  onBehalfOf: 'operator:eve@console',
  surface: 'console',
  profile: 'roles',
  session: 'session:eve',
  reach,
  ...more,
});

const restart = (...targets: string[]): Json => ({
  action: 'service.restart',
  targets,
  args: { unit: 'nginx.service' },
  reason: 'it is down',
});

const TERMS = {
  action: 'service.restart',
  targets: ['host:web-2'],
  arguments: { unit: ['nginx.service'] },
  days: 1,
  window: 'always',
  budget: { runs: 1, perSeconds: 3_600 },
  cooldownSeconds: 0,
  evenTainted: false,
  reason: 'nights',
};

// oxlint-disable-next-line typescript/explicit-module-boundary-types -- read off what it answers
async function aRoad() {
  const world = await aChangeWorld();
  const { kernel } = aChangeKernel(world);
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are JSON, and the assertions check them
  const ask = async (operation: string, input: Json, as: Caller): Promise<any> =>
    (await kernel.perform({ operation, input, caller: as })).value;
  return { world, ask };
}

describe('a lease for one host', () => {
  const lease = { ...WHOLE, ...on('host:web-1'), profile: 'observer' };
  const assistant = caller(leaseReach(lease, reachOf('operator')), {
    principal: 'lease:lease_1',
    surface: 'mcp-http',
    profile: 'observer',
    session: 'lease:lease_1',
  });

  it('proposes there, a person signs, and it runs', async () => {
    const { world, ask } = await aRoad();
    const { changeId, state } = await ask('run_action', restart('host:web-1'), assistant);
    assert.equal(state, 'previewed');
    const kept = JSON.stringify(world.store.changes.change(changeId)?.body);
    assert.ok(!kept.includes('web-2') && !kept.includes('parts'));
    assert.equal((await world.approve(changeId)).state, 'confirmed');
    assert.equal((await ask('get_change', { changeId }, assistant)).state, 'confirmed');
  });

  it('does not propose elsewhere, nor for both, nor by an undo of what was done elsewhere', async () => {
    const { world, ask } = await aRoad();
    for (const targets of [['host:web-2'], ['host:web-1', 'host:web-2'], ['web-2']])
      await throwsFault(() => ask('run_action', restart(...targets), assistant), 'unknown-target');
    const line = { target: 'host:web-2', argv: ['uptime'] };
    await throwsFault(() => ask('run_command', line, assistant), 'unknown-target');
    const both = await ask('run_action', restart('host:web-1', 'host:web-2'), caller([WHOLE]));
    const { changeId } = both;
    await throwsFault(() => ask('get_change', { changeId }, assistant), 'unknown-change');
    assert.equal(world.store.changes.list({ scopes: ['main/main'] }, 9).changes.length, 1);
  });

  it('stops its own host and session, and nothing else', async () => {
    const { ask } = await aRoad();
    const stop = (subject: string, name?: string): Promise<unknown> =>
      ask(
        'emergency_stop',
        { subject, ...(name === undefined ? {} : { name }), reason: 'for now' },
        assistant,
      );
    for (const [subject, name] of [
      ['fleet', undefined],
      ['scope', 'main/main'],
      ['target', 'host:web-2'],
      ['action', 'service.restart'],
      ['session', 'session:other'],
    ] as const)
      await throwsFault(() => stop(subject, name), 'not-permitted');
    await stop('target', 'host:web-1');
    await stop('session');
  });
});

describe('a person with two roles', () => {
  const low = { ...WHOLE, ...on('host:web-1'), ceiling: 'T0' as const };
  const high = { ...WHOLE, ...on('host:web-2') };
  const blind = { ...high, capabilities: ['changes.propose', 'changes.read'] as const };

  it('goes on each target as high as the role for it, and no higher', async () => {
    const { ask } = await aRoad();
    const eve = caller([low, high]);
    const refused = await ask('run_action', restart('host:web-1'), eve);
    assert.deepEqual([refused.state, refused.decision.because], ['refused', 'above-ceiling']);
    assert.equal((await ask('run_action', restart('host:web-2'), eve)).state, 'previewed');
  });

  it('asks with the capabilities of that role alone', async () => {
    const { ask } = await aRoad();
    const eve = caller([{ ...WHOLE, ...on('host:web-1') }, blind]);
    const refused = await ask('run_action', restart('host:web-2'), eve);
    assert.deepEqual([refused.state, refused.decision.because], ['refused', 'not-permitted']);
  });

  it('needs one role that covers a change whole', async () => {
    const { ask } = await aRoad();
    const both = restart('host:web-1', 'host:web-2');
    await throwsFault(() => ask('run_action', both, caller([low, high])), 'not-permitted');
    const wide = caller([low, high, { ...WHOLE, ...on('host:web-1', 'host:web-2') }]);
    assert.equal((await ask('run_action', both, wide)).state, 'previewed');
  });

  it('decides only where the role that decides reaches', async () => {
    const { world, ask } = await aRoad();
    const { changeId } = await ask('run_action', restart('host:web-1'), caller([WHOLE]));
    const eve = caller([
      { ...WHOLE, capabilities: ['facts.read', 'changes.read', 'changes.propose'] },
      { ...WHOLE, ...on('host:web-2') },
    ]);
    await throwsFault(() => ask('approval_page', { changeId }, eve), 'unknown-change');
    const reject = { changeId, reason: 'not now' };
    await throwsFault(() => ask('change_reject', reject, eve), 'unknown-change');
    assert.equal((await ask('get_change', { changeId }, eve)).state, 'previewed');
    assert.equal(world.store.changes.change(changeId)?.state, 'previewed');
  });
});

describe('a person of limited reach', () => {
  it('stops no more than their own', async () => {
    const { ask } = await aRoad();
    const eve = caller([{ ...WHOLE, ...on('host:web-1') }]);
    const stop = { subject: 'fleet', reason: 'all of it' };
    await throwsFault(() => ask('emergency_stop', stop, eve), 'not-permitted');
    await ask(
      'emergency_stop',
      { subject: 'target', name: 'host:web-2', reason: 'theirs' },
      caller([WHOLE]),
    );
    assert.deepEqual((await ask('stops_list', {}, eve)).stops, []);
    const own = caller([{ ...WHOLE, ...on('host:web-2') }]);
    assert.equal((await ask('stops_list', {}, own)).stops.length, 1);
  });

  it('sees consent in advance only where it is of their own targets', async () => {
    const { world, ask } = await aRoad();
    const page = await world.road.standingPage(ON_THE_ROAD, TERMS);
    const signature = aKey('alice').sign(NAMESPACES.standing, page.order);
    const order = { order: page.order, signatures: [signature] };
    const elsewhere = caller([{ ...WHOLE, ...on('host:web-1') }]);
    await throwsFault(() => ask('standing_add', order, elsewhere), 'unknown-standing');
    await throwsFault(() => ask('standing_page', TERMS, elsewhere), 'unknown-target');
    const { id } = await ask('standing_add', order, caller([{ ...WHOLE, ...on('host:web-2') }]));
    const revoke = { standingId: id, reason: 'not any more' };
    await throwsFault(() => ask('standing_revoke', revoke, elsewhere), 'unknown-standing');
    const listed = async (reach: Reach): Promise<number> =>
      (await ask('standing_list', {}, caller(reach))).standings.length;
    assert.equal(await listed([{ ...WHOLE, ...on('host:web-1') }]), 0);
    assert.equal(await listed([{ ...WHOLE, ...on('host:web-2') }]), 1);
    assert.equal(await listed([WHOLE]), 1);
  });

  it('is asked to sign for their own targets, alone or as one', async () => {
    const { ask } = await aRoad();
    const ids: string[] = [];
    for (const target of ['host:web-1', 'host:web-2'])
      ids.push((await ask('run_action', restart(target), caller([WHOLE]))).changeId);
    const eve = caller([{ ...WHOLE, ...on('host:web-2') }]);
    const waiting = async (as: Caller): Promise<string[]> =>
      (await ask('approvals_inbox', {}, as)).groups.flatMap(
        ({ changes }: { changes: { changeId: string }[] }) =>
          changes.map(({ changeId }) => changeId),
      );
    assert.deepEqual(await waiting(eve), [ids[1]]);
    assert.deepEqual((await waiting(caller([WHOLE]))).toSorted(), ids.toSorted());
    await throwsFault(() => ask('changes_regroup', { changeIds: ids }, eve), 'unknown-change');
  });

  it('lifts no stop of others', async () => {
    const { ask } = await aRoad();
    const stop = async (input: Json): Promise<string> =>
      (await ask('emergency_stop', input, caller([WHOLE]))).stop.id;
    const theirs = await stop({ subject: 'target', name: 'host:web-2', reason: 'theirs' });
    const all = await stop({ subject: 'fleet', reason: 'everything' });
    const own = await stop({ subject: 'target', name: 'host:web-1', reason: 'own' });
    const eve = caller([{ ...WHOLE, ...on('host:web-1') }]);
    const page = (stopId: string): Promise<unknown> => ask('stop_lift_page', { stopId }, eve);
    await throwsFault(() => page(theirs), 'unknown-stop');
    await throwsFault(() => page(all), 'beyond-reach');
    const forged = { stopId: theirs, order: 'x', signature: 'x' };
    await throwsFault(() => ask('stop_lift', forged, eve), 'unknown-stop');
    await page(own);
  });

  it('loses a target at the next call once its tag is taken away', async () => {
    const world = await aWorld();
    const fleet = (tags: string): void =>
      world.fleet(
        `version: 1\ntargets:\n  host:a: {hostType: debian, tags: [${tags}]}\n  host:b: {hostType: debian}\n`,
      );
    fleet('dns');
    const eve = { ...AT_THE_TERMINAL, reach: [{ ...WHOLE, targets: { ids: [], tags: ['dns'] } }] };
    const seen = async (): Promise<string[]> =>
      (await world.value('target_list', {}, { caller: eve })).targets.map(
        ({ id }: { id: string }) => id,
      );
    assert.deepEqual(await seen(), ['host:a']);
    fleet('');
    assert.deepEqual(await seen(), []);
    await throwsFault(
      () => world.ask('target_show', { target: 'host:a' }, { caller: eve }),
      'unknown-target',
    );
  });

  it('sees nothing while the inventory cannot be read', async () => {
    const world = await aWorld();
    const eve = { ...AT_THE_TERMINAL, reach: [{ ...WHOLE, ...on('host:web-1') }] };
    world.fleet('version: 9\n');
    await assert.rejects(() => world.ask('query_facts', {}, { caller: eve }));
    await assert.rejects(() => world.ask('target_list', {}, { caller: eve }));
  });
});

describe('a look that was brought', () => {
  it('is taken from the command line only: what it says is recorded as if we had looked', async () => {
    const world = await aWorld();
    const asked = { target: 'host:web-1', snapshot: Buffer.from('x').toString('base64') };
    for (const surface of ['api', 'console'] as const)
      await throwsFault(
        () => world.ask('observe', asked, { caller: { ...AT_THE_TERMINAL, surface } }),
        'not-offered',
      );
  });
});
