/** A rule that changes while a change waits: it goes on waiting, for what is needed now and never for less than before. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ASSISTANT, aChangeWorld, aProposal, OPERATOR, type World } from '#test/change-world';
import { SEED } from '#test/seed';
import { throwsFault } from '#test/throws-fault';

const rule = (quorum: number) => ({ T2: { quorum, assurance: 'same-user' } }) as const;

async function proposed(world: World): Promise<string> {
  const view = await world.road.propose(ASSISTANT, aProposal());
  assert.equal(view.state, 'previewed', JSON.stringify(view.decision));
  return view.changeId;
}

const needed = async (world: World, id: string): Promise<number> =>
  (await world.road.approvalPage(OPERATOR, id)).quorum.needed;

describe('a change that waits', () => {
  it('goes on waiting where the rule is raised, for one more over the same bytes', async () => {
    const world = await aChangeWorld();
    await world.rules(rule(2));
    const id = await proposed(world);
    assert.equal((await world.approve(id, 'alice')).state, 'previewed');
    const before = await world.road.approvalPage(OPERATOR, id);
    await world.rules(rule(3));
    const after = await world.road.approvalPage(OPERATOR, id);
    assert.deepEqual(
      [after.envelope, after.quorum],
      [before.envelope, { needed: 3, have: ['alice'] }],
    );
    assert.equal((await world.approve(id, 'bob')).state, 'previewed');
    assert.deepEqual([await needed(world, id), world.sent.length], [3, 0]);
    // Told to the second: what they signed for stays what is needed.
    await world.rules(rule(1));
    assert.equal(await needed(world, id), 3);
    assert.equal(world.road.get(OPERATOR, id).state, 'previewed');
  });

  it('runs once enough have signed after a raise, and the page that nobody signed binds the new number', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    const shown = await world.road.approvalPage(OPERATOR, id);
    await world.rules(rule(2));
    assert.match(shown.envelope, /\nquorum 1\n/);
    assert.match((await world.road.approvalPage(OPERATOR, id)).envelope, /\nquorum 2\n/);
    await throwsFault(
      () =>
        world.road.approve(OPERATOR, {
          changeId: id,
          signature: world.sign('alice', shown.envelope),
          typedTarget: null,
          reason: null,
        }),
      'bad-signature',
    );
    assert.equal((await world.approve(id, 'alice')).state, 'previewed');
    const view = await world.approve(id, 'bob');
    assert.equal(view.state, 'confirmed', JSON.stringify(view.outcome));
  });

  it('needs what it needed where the rule is lowered, whether anybody looked at it or not', async () => {
    const world = await aChangeWorld();
    await world.rules(rule(2));
    const id = await proposed(world);
    await world.rules(rule(1));
    assert.equal(await needed(world, id), 2);
    assert.equal((await world.approve(id, 'alice')).state, 'previewed');
    assert.equal((await world.approve(id, 'bob')).state, 'confirmed');
  });

  it('is signed anew where a signature does not count any more, and is not over by that', async () => {
    for (const lapse of ['revoked', 'weak'] as const) {
      const world = await aChangeWorld();
      await world.rules(rule(2));
      const id = await proposed(world);
      await world.approve(id, 'alice');
      const shown = await world.road.approvalPage(OPERATOR, id);
      if (lapse === 'revoked') await world.revoke('alice');
      else await world.rules({ T2: { quorum: 2, assurance: 'touch' } });
      if (lapse === 'revoked')
        await throwsFault(
          () =>
            world.road.approve(OPERATOR, {
              changeId: id,
              signature: world.sign('bob', shown.envelope),
              typedTarget: null,
              reason: null,
            }),
          'expired',
        );
      const again = await world.road.approvalPage(OPERATOR, id);
      assert.notEqual(again.envelope, shown.envelope);
      assert.deepEqual([again.quorum.have, again.change.state], [[], 'previewed']);
      assert.equal(world.sent.length, 0);
    }
  });

  it('waits again where a signature is missing in the moment before it is sent, and runs once it is there', async () => {
    const moments = [
      { act: (world: World) => world.rules(rule(2)), have: ['alice'], signs: ['bob'] },
      { act: (world: World) => world.revoke('alice'), have: [], signs: ['bob'] },
      {
        act: (world: World) => world.rules({ T2: { quorum: 1, assurance: 'touch' } }),
        have: [],
        signs: [],
      },
    ];
    for (const { act, have, signs } of moments) {
      const world = await aChangeWorld();
      const id = await proposed(world);
      const { road, life } = world.begin();
      life.at = async (point) => {
        if (point === 'approval-recorded') await act(world);
      };
      const nonce = (): string =>
        /nonce ([0-9a-f]{32})/.exec(world.store.changes.orders(id)[0]?.parts[0] ?? '')?.[1] ?? '';
      const view = await world.approve(id, 'alice', road);
      assert.deepEqual([view.state, view.decision.verdict], ['previewed', 'needs-approval']);
      assert.match(view.decision.says, /waits for the signatures that are missing/);
      assert.deepEqual([world.sent.length, world.host().started.length], [0, 0]);
      // What more may sign stays to be run; what nobody signs any more is spent.
      const { state } = await world.host().job(nonce());
      assert.equal(state, have.length > 0 ? 'unspent' : 'cancelled');
      const page = await world.road.approvalPage(OPERATOR, id);
      assert.deepEqual(page.quorum.have, have);
      assert.equal(world.road.inbox(OPERATOR)[0]?.changes[0]?.changeId, id);
      for (const operator of signs) await world.approve(id, operator);
      const is = world.road.get(OPERATOR, id).state;
      assert.equal(is, signs.length > 0 ? 'confirmed' : 'previewed');
      assert.equal(world.sent.length, signs.length);
    }
  });

  it('is signed again only once what was signed before is spent, and then runs', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    const { road, life } = world.begin();
    life.at = async (point) => {
      if (point !== 'approval-recorded') return;
      life.at = async () => {};
      await world.revoke('alice');
    };
    const spending = Promise.withResolvers<void>();
    const slow = Promise.withResolvers<void>();
    const host = world.host();
    const cancel = host.cancel.bind(host);
    host.cancel = async (nonces) => {
      spending.resolve();
      await slow.promise;
      return cancel(nonces);
    };
    const first = world.approve(id, 'alice', road);
    await spending.promise;
    await throwsFault(() => world.approve(id, 'bob', road), 'already-approved');
    slow.resolve();
    assert.equal((await first).state, 'previewed');
    await world.approve(id, 'bob', road);
    assert.equal(road.get(OPERATOR, id).state, 'confirmed');
  });

  it('never runs with fewer than are needed now, were when it was proposed, or were told to a signer', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('rule' as const), quorum: fc.integer({ min: 1, max: 3 }) }),
      fc.record({
        do: fc.constant('sign' as const),
        by: fc.constantFrom('alice' as const, 'bob' as const),
      }),
      fc.record({ do: fc.constant('look' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 }),
        fc.array(step, { minLength: 2, maxLength: 8 }),
        async (first, steps) => {
          const world = await aChangeWorld();
          await world.rules(rule(first));
          const id = await proposed(world);
          let least = first;
          let now = first;
          const signed = new Set<string>();
          for (const each of steps) {
            if (each.do === 'rule') {
              now = each.quorum;
              await world.rules(rule(now));
              continue;
            }
            // Whoever is shown a number is told no lower one later.
            least = Math.max(least, now);
            assert.equal(await needed(world, id), least);
            if (each.do === 'look' || signed.has(each.by)) continue;
            signed.add(each.by);
            const { state } = await world.approve(id, each.by);
            assert.equal(state, signed.size >= least ? 'confirmed' : 'previewed');
            if (signed.size >= least) return;
            assert.equal(world.sent.length, 0);
          }
        },
      ),
      { numRuns: 8, seed: SEED },
    );
  });
});
