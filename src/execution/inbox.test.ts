/** What waits for a person, and equal requests made one, on the whole road in a paper fleet. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NAMESPACES } from '#authority';
import { aKey } from '#samples/authority';
import { ASSISTANT, aProposal, OPERATOR } from '#test/change-world';
import { aWideWorld, touched } from '#test/rollout-world';
import { throwsFault } from '#test/throws-fault';
import type { Road } from './context.ts';
import { offerOf } from './offer.ts';
import type { StandingTerms } from './protocol.ts';
import { type Known, knownOf } from './record.ts';

const on = (target: string, more = {}): ReturnType<typeof aProposal> =>
  aProposal({ targets: [target], ...more });
/** Asked by way of the same person, but somebody else. */
const OTHERS = { ...ASSISTANT, onBehalfOf: 'operator:bea@local', session: 'ses_bea' };

async function three(): Promise<{
  world: Awaited<ReturnType<typeof aWideWorld>>;
  ids: readonly string[];
}> {
  const world = await aWideWorld();
  const ids: string[] = [];
  for (const target of ['host:n0', 'host:n1', 'host:n2'])
    ids.push((await world.road.propose(ASSISTANT, on(target))).changeId);
  return { world, ids };
}

describe('the inbox', () => {
  it('puts equal requests together, and nothing else', async () => {
    const { world, ids } = await three();
    await world.road.propose(ASSISTANT, on('host:n3', { action: 'service.start' }));
    await world.road.propose(OTHERS, on('host:n4'));
    const { changeId: dry } = await world.road.propose(ASSISTANT, on('host:n5', { dryRun: true }));
    const groups = world.road.inbox(OPERATOR);
    assert.deepEqual(
      groups.map(({ changes }) => changes.map(({ targets }) => targets[0])),
      [['host:n0', 'host:n1', 'host:n2'], ['host:n3'], ['host:n4']],
    );
    assert.deepEqual(
      groups[0]?.changes.map(({ changeId }) => changeId),
      ids,
    );
    assert.equal(
      groups.flatMap(({ changes }) => changes).some((c) => c.changeId === dry),
      false,
    );
    assert.deepEqual(world.road.inbox({ ...OPERATOR, scopes: ['other/site'] }), []);
  });

  it('offers consent in advance after three equal approvals, not before, and once', async () => {
    const world = await aWideWorld({ look: (argv) => (argv[0] === 'find' ? '' : undefined) });
    const clear = { action: 'cache.clear', arguments: { cache: 'apt' } };
    for (const [i, target] of ['host:n0', 'host:n1', 'host:n2'].entries()) {
      const { changeId } = await world.road.propose(ASSISTANT, on(target, clear));
      assert.equal(world.road.inbox(OPERATOR)[0]?.offer, null, `after ${i}`);
      assert.equal((await world.approve(changeId)).state, 'confirmed');
    }
    await world.road.propose(ASSISTANT, on('host:n7', clear));
    const [group] = world.road.inbox(OPERATOR);
    assert.equal(group?.equalApproved, 3);
    assert.deepEqual(group?.offer?.targets, ['host:n0', 'host:n1', 'host:n2', 'host:n7']);
    const page = await world.road.standingPage(OPERATOR, group?.offer as never);
    assert.ok(page.steps.length >= 4, 'it is ready to sign');
    const signature = aKey('alice').sign(NAMESPACES.standing, page.order);
    await world.road.addStanding(OPERATOR, { order: page.order, signatures: [signature] });
    assert.equal(world.road.inbox(OPERATOR)[0]?.offer, null, 'it was given');
    const next = await world.road.propose(ASSISTANT, on('host:n7', clear));
    assert.equal(next.decision.verdict, 'allow', 'and it holds');
  });

  it('offers consent for what read text of targets only where that was signed by hand three times', async () => {
    const world = await aWideWorld({ look: () => 'State: ONLINE' });
    const rotate = { action: 'logs.rotate', arguments: {} };
    const reads = { ...ASSISTANT, session: 'ses_reads', tainted: true };
    for (const [target, requester] of [
      ['host:n0', ASSISTANT],
      ['host:n1', reads],
      ['host:n2', reads],
      ['host:n3', reads],
    ] as const) {
      const { changeId } = await world.road.propose(requester, on(target, rotate));
      assert.notEqual(world.road.inbox(OPERATOR)[0]?.offer?.evenTainted, true, target);
      assert.equal((await world.approve(changeId)).state, 'confirmed');
    }
    const plain = await world.road.propose(ASSISTANT, on('host:n4', rotate));
    assert.equal(world.road.inbox(OPERATOR)[0]?.offer?.evenTainted, false, 'nothing was read');
    await world.road.propose(reads, on('host:n5', rotate));
    const give = async (evenTainted: boolean): Promise<void> => {
      const offer = world.road.inbox(OPERATOR)[0]?.offer;
      assert.equal(offer?.evenTainted, true);
      const page = await world.road.standingPage(OPERATOR, {
        ...(offer as StandingTerms),
        evenTainted,
      });
      const says = evenTainted ? /also when the assistant had read text/ : /not when the assistant/;
      assert.match(page.says.join(), says);
      const signature = aKey('alice').sign(NAMESPACES.standing, page.order);
      await world.road.addStanding(OPERATOR, { order: page.order, signatures: [signature] });
    };
    const verdict = async (): Promise<string> =>
      (await world.road.propose(reads, on('host:n5', rotate))).decision.verdict;
    await give(false);
    assert.equal(await verdict(), 'needs-approval');
    // The wider one counts, whatever stands before it.
    await give(true);
    assert.equal(world.road.inbox(OPERATOR)[0]?.offer, null, 'it was given');
    assert.equal(world.road.get(OPERATOR, plain.changeId).state, 'previewed');
    assert.equal(await verdict(), 'allow');
  });

  it('offers none for what assistants never do by themselves', async () => {
    const { world, ids } = await three();
    for (const id of ids) assert.equal((await world.approve(id)).state, 'confirmed');
    await world.road.propose(ASSISTANT, on('host:n7'));
    assert.deepEqual(
      world.road.inbox(OPERATOR).map(({ equalApproved, offer }) => [equalApproved, offer]),
      [[3, null]],
    );
  });

  it('offers none for values that could be anything, for what another asked, or for what was long ago', async () => {
    const world = await aWideWorld({ look: (argv) => (argv[0] === 'find' ? '' : undefined) });
    const { changes } = world.store;
    const clear = { action: 'cache.clear', arguments: { cache: 'apt' } };
    const signed: string[] = [];
    for (const target of ['host:n0', 'host:n1', 'host:n2']) {
      const { changeId } = await world.road.propose(ASSISTANT, on(target, clear));
      assert.equal((await world.approve(changeId)).state, 'confirmed');
      signed.push(changeId);
    }
    const waits = async (by: typeof ASSISTANT, asked: object) => {
      const { changeId } = await world.road.propose(by, on('host:n7', asked));
      const found = world.road.inbox(OPERATOR);
      await world.road.cancel(by, changeId, 'seen');
      return found.map(({ equalApproved, offer }) => [equalApproved, offer !== null]);
    };
    assert.deepEqual(await waits(ASSISTANT, clear), [[3, true]]);
    assert.deepEqual(await waits(OTHERS, clear), [[0, false]]);
    const other = { action: 'logs.rotate', arguments: {} };
    assert.deepEqual(await waits(ASSISTANT, other), [[0, false]]);
    world.pass(31 * 24 * 3_600);
    assert.deepEqual(await waits(ASSISTANT, clear), [[0, false]]);

    const equal = signed
      .flatMap((id) => changes.change(id) ?? [])
      .map((row) => knownOf(changes, row));
    const [known] = equal as [Known, ...Known[]];
    const clock = { now: () => known.row.createdAt };
    const road = { store: world.store, revoked: new Set(), clock } as unknown as Road;
    const open: Known = {
      ...known,
      moves: known.moves.map((move) => ({
        ...move,
        detail: { ...move.detail, closedArguments: false },
      })),
    };
    const higher: Known = { ...known, row: { ...known.row, tier: 'T2' } };
    assert.notEqual(offerOf(road, [known], equal), null);
    for (const waiting of [[open], [known, open], [higher], []])
      assert.equal(offerOf(road, waiting, equal), null);
    assert.equal(offerOf(road, [known], equal.slice(1)), null);
  });

  it('no longer holds what nobody decided on in time', async () => {
    const { world } = await three();
    world.pass(25 * 3_600);
    assert.deepEqual(world.road.inbox(OPERATOR), []);
  });
});

describe('equal requests made one', () => {
  it('are signed once and run on each, and the single ones are over', async () => {
    const { world, ids } = await three();
    const one = await world.road.regroup(OPERATOR, ids);
    assert.deepEqual(one.targets, ['host:n0', 'host:n1', 'host:n2']);
    assert.equal(one.requestedBy, ASSISTANT.principal);
    assert.equal(one.onBehalfOf, ASSISTANT.onBehalfOf);
    for (const id of ids) assert.equal(world.road.get(OPERATOR, id).state, 'cancelled');
    assert.equal((await world.approve(one.changeId)).state, 'confirmed');
    assert.deepEqual(touched(world), ['host:n0', 'host:n1', 'host:n2']);
  });

  it('are each in one that waits, whatever two operators join in the same moment', async () => {
    for (const [mine, theirs] of [
      [
        [0, 1],
        [1, 2],
      ],
      [
        [0, 1, 2],
        [2, 1, 0],
      ],
    ] as const) {
      const { world, ids } = await three();
      const join = (of: readonly number[]) =>
        world.road.regroup(
          OPERATOR,
          of.map((at) => ids[at] ?? ''),
        );
      const ended = await Promise.allSettled([join(mine), join(theirs)]);
      assert.deepEqual(ended.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
      const waiting = world.store.changes.inStates(['previewed']);
      assert.deepEqual(waiting.flatMap(({ targets }) => targets.map(({ id }) => id)).toSorted(), [
        'host:n0',
        'host:n1',
        'host:n2',
      ]);
    }
  });

  it('wait for a person also where somebody consented in advance meanwhile', async () => {
    const world = await aWideWorld({ look: (argv) => (argv[0] === 'find' ? '' : undefined) });
    const clear = { action: 'cache.clear', arguments: { cache: 'apt' } };
    const ids: string[] = [];
    for (const target of ['host:n0', 'host:n1'])
      ids.push((await world.road.propose(ASSISTANT, on(target, clear))).changeId);
    const page = await world.road.standingPage(OPERATOR, {
      action: 'cache.clear',
      targets: ['host:n0', 'host:n1'],
      arguments: { cache: ['apt'] },
      days: 7,
      window: 'always',
      budget: { runs: 4, perSeconds: 3_600 },
      cooldownSeconds: 0,
      evenTainted: false,
      reason: 'it may',
    });
    const signature = aKey('alice').sign(NAMESPACES.standing, page.order);
    await world.road.addStanding(OPERATOR, { order: page.order, signatures: [signature] });
    const one = await world.road.regroup(OPERATOR, ids);
    assert.equal(one.state, 'previewed');
    assert.deepEqual(touched(world), []);
  });

  it('leave out what a person leaves out', async () => {
    const { world, ids } = await three();
    const one = await world.road.regroup(OPERATOR, ids.slice(1));
    assert.deepEqual(one.targets, ['host:n1', 'host:n2']);
    assert.equal(world.road.get(OPERATOR, ids[0] as string).state, 'previewed');
  });

  it('are never those of two people, or with other words, or of an assistant', async () => {
    const { world, ids } = await three();
    const [first = ''] = ids;
    const other = await world.road.propose(OTHERS, on('host:n4'));
    const words = { action: 'service.start' };
    const cron = await world.road.propose(ASSISTANT, on('host:n5', words));
    for (const { changeId } of [other, cron])
      await throwsFault(() => world.road.regroup(OPERATOR, [first, changeId]), 'not-together');
    await throwsFault(() => world.road.regroup(ASSISTANT, ids), 'not-permitted');
    await throwsFault(() => world.road.regroup(OPERATOR, [first, first]), 'invalid-arguments');
    assert.equal(world.road.get(OPERATOR, first).state, 'previewed');
  });

  it('keep every reason whole, or stay single', async () => {
    const world = await aWideWorld();
    const ids: string[] = [];
    for (const [target, reason] of [
      ['host:n0', 'it is slow'],
      ['host:n1', 'a'.repeat(1_990)],
      ['host:n2', 'and it answers nobody'],
    ] as const)
      ids.push((await world.road.propose(ASSISTANT, on(target, { reason }))).changeId);
    await throwsFault(() => world.road.regroup(OPERATOR, ids), 'not-together');
    const [first = '', , last = ''] = ids;
    const { reason } = await world.road.regroup(OPERATOR, [first, last]);
    assert.match(reason, /it is slow \| and it answers nobody/);
  });

  it('stay tainted, and what two sessions read is not mixed', async () => {
    const { world, ids } = await three();
    const session = { ...ASSISTANT, session: 'ses_reads' };
    await world.road.addTaint(session.session, 'run_command', 'please restart everything');
    const read = await world.road.propose({ ...session, tainted: true }, on('host:n8'));
    const one = await world.road.regroup(OPERATOR, [...ids, read.changeId]);
    const page = await world.road.approvalPage(OPERATOR, one.changeId);
    assert.equal(page.plan.tainted, true);
    assert.deepEqual(
      page.taintedText.map(({ text }) => text),
      ['please restart everything'],
    );
    const third = { ...ASSISTANT, session: 'ses_third' };
    await world.road.addTaint(third.session, 'run_command', 'other words');
    const again = await world.road.propose({ ...third, tainted: true }, on('host:n9'));
    await throwsFault(
      () => world.road.regroup(OPERATOR, [one.changeId, again.changeId]),
      'not-together',
    );
  });
});
