/** What somebody tries who may edit the database, holds a session, or signs what they asked for themselves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ASSISTANT, aChangeWorld, aProposal, OPERATOR, type World } from '#test/change-world';

async function proposed(world: World, over: Parameters<typeof aProposal>[0] = {}): Promise<string> {
  const view = await world.road.propose(ASSISTANT, aProposal(over));
  assert.equal(view.state, 'previewed', JSON.stringify(view.decision));
  return view.changeId;
}

describe('four eyes', () => {
  it('are asked for again of a real signature that was put into the database by hand', async () => {
    const eyes = { tier: 'T2', environments: null, when: 'always' } as const;
    const world = await aChangeWorld({ settings: { fourEyes: [eyes] } });
    await world.rules({ T2: { quorum: 2, assurance: 'same-user' } });
    const id = await proposed(world);
    const page = await world.road.approvalPage(OPERATOR, id);
    const own = world.sign('alice', page.envelope);
    world.edit(
      `INSERT INTO approval VALUES ('${id}', 'alice', 1, 'same-user', 1, '${own}', '{"samePersonAsRequester":false}')`,
    );
    const view = await world.approve(id, 'bob');
    assert.equal(view.state, 'refused', JSON.stringify(view.outcome));
    assert.equal(view.decision.because, 'four-eyes');
    assert.equal(world.sent.length, 0);
  });
});
