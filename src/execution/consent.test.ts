/** Consent in advance, asked for and given: what it is never for, and what is looked at before it counts. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { NAMESPACES } from '#authority';
import { type Instant, shift } from '#base/time';
import { aKey, NOON } from '#samples/authority';
import { ASSISTANT, aChangeWorld, aProposal, OPERATOR, type World } from '#test/change-world';
import { throwsFault } from '#test/throws-fault';
import type { StandingPage, StandingTerms, StandingView } from './protocol.ts';
import { settleAfterRestore } from './restored.ts';
import { openChangeRoad } from './road.ts';

const TERMS: StandingTerms = {
  action: 'service.reload',
  targets: ['host:web-1'],
  arguments: { unit: ['ssh.service'] },
  days: 1,
  window: 'always',
  budget: { runs: 2, perSeconds: 3_600 },
  cooldownSeconds: 0,
  evenTainted: false,
  reason: 'it may reload',
};
const RELOAD = aProposal({ action: 'service.reload', arguments: { unit: 'ssh.service' } });

const ask = (world: World, over: Partial<StandingTerms>): Promise<StandingPage> =>
  world.road.standingPage(OPERATOR, { ...TERMS, ...over });

const add = (
  world: World,
  order: string,
  signature = aKey('alice').sign(NAMESPACES.standing, order),
): Promise<StandingView> => world.road.addStanding(OPERATOR, { order, signatures: [signature] });

describe('consent in advance', () => {
  let world: World;
  before(async () => {
    world = await aChangeWorld();
  });

  it('is not for T3, free text, what keeps something of its own, or more steps than anybody reads', async () => {
    const refuses = async (
      code: string,
      action: string,
      given: StandingTerms['arguments'],
      says: RegExp,
    ): Promise<void> => {
      const fault = await throwsFault(() => ask(world, { action, arguments: given }), code);
      assert.match(fault.message, says);
    };
    await refuses('policy-denied', 'host.reboot', {}, /is for T1 and T2/);
    await refuses('untyped-value', 'package.upgrade', { package: ['bash'] }, /is free text/);
    const days = Array.from({ length: 600 }, (_, n) => n);
    const dirs = { root: ['/tmp', '/var/tmp'] };
    await refuses('policy-denied', 'tmp.clean', { root: ['/tmp'], days: [3] }, /no two runs/);
    await refuses('invalid-arguments', 'tmp.clean', { ...dirs, days }, /512 combinations/);
    // Taking it back is not consented to with it.
    const { steps } = await ask(world, { action: 'service.stop' });
    assert.deepEqual(
      steps.map(({ argv }) => argv[1]),
      ['stop'],
    );
  });

  it('counts as it was prepared and signed here, of this organisation, and while it holds', async () => {
    const { order } = await ask(world, {});
    const refused = async (code: string, ...given: [order: string, signature?: string]) =>
      await throwsFault(() => add(world, ...given), code);
    const foreign = order.replace(/^organisation .*$/m, 'organisation other');
    assert.notEqual(foreign, order);
    await refused('bad-signature', foreign);
    await refused('not-prepared', order.replace(/^budget 2 /m, 'budget 9 '));
    await refused('bad-signature', order, aKey('alice').sign(NAMESPACES.change, order));
    await refused('unknown-signer', order, aKey('mallory').sign(NAMESPACES.standing, order));
    await throwsFault(
      () => world.road.revokeStanding(OPERATOR, 'std_none', 'no'),
      'unknown-standing',
    );
    world.pass(86_400);
    await refused('expired', order);
    assert.deepEqual(world.road.standings(OPERATOR), []);
    await add(world, (await ask(world, {})).order);
    // Once a backup is put back it is over: its hosts are enrolled anew.
    const put = { clock: world.clock, store: world.store, events: world.log };
    const { revoked } = await settleAfterRestore(put, 'yesterday');
    assert.equal(revoked.length, 1);
    assert.equal(world.road.standings(OPERATOR)[0]?.state, 'revoked');
    assert.equal((await world.road.propose(ASSISTANT, RELOAD)).state, 'previewed');
  });

  it('sends nothing to a host when its row is of another organisation, in form and signed', async () => {
    const world = await aChangeWorld();
    await add(world, (await ask(world, {})).order);
    const [row] = world.store.changes.standings();
    const other = (row?.text ?? '').replace(/^organisation .*$/m, 'organisation other');
    const signed = JSON.stringify([aKey('alice').sign(NAMESPACES.standing, other)]);
    world.edit(`UPDATE standing SET text = '${other}', signatures = '${signed}'`);
    assert.equal((await world.road.propose(ASSISTANT, RELOAD)).state, 'previewed');
    assert.equal(world.sent.length, 0);
  });

  it('runs nothing any more when the window closed between the decision and the run', async () => {
    const where = { environments: null, tags: null, targets: null };
    const from = (NOON * 1_000_000) as Instant;
    const span = { kind: 'once', from, to: shift(from, 60_000_000) } as const;
    const settings = { windows: [{ name: 'noon', where, span }] };
    const world = await aChangeWorld({ settings });
    const stop = { action: 'service.stop', arguments: { unit: 'ssh.service' } };
    await add(world, (await ask(world, { action: stop.action })).order);
    const road = openChangeRoad({
      ...world.ports(world.begin().life),
      at: async (point) => {
        if (point === 'approval-recorded') world.pass(61);
      },
    });
    const { state, decision } = await road.propose(OPERATOR, aProposal(stop));
    assert.deepEqual([state, decision.because], ['refused', 'policy-denied']);
    assert.equal(world.sent.length, 0);
  });
});
