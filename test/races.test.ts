/**
 * Many callers, several services over one store: budgets, cooldowns and redundancy sets hold, also
 * across a restart. Consent counts on the host, guards in the store; each is tried without the other.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NAMESPACES } from '#authority';
import type { ChangeView } from '#execution';
import { DEFAULT_SETTINGS, type Settings } from '#policy';
import { aKey } from '#samples/authority';
import {
  ASSISTANT,
  aChangeWorld,
  aProposal,
  FLEET,
  OPERATOR,
  type World,
} from '#test/change-world';

const CALLERS = 50;
/** Over three services: enough to meet, where fifty would wait behind one another. */
const FEWER = 24;
const RELOAD = aProposal({ action: 'service.reload', arguments: { unit: 'ssh.service' } });

async function consent(world: World, runs: number, cooldownSeconds: number): Promise<void> {
  const page = await world.road.standingPage(OPERATOR, {
    action: RELOAD.action,
    targets: RELOAD.targets,
    arguments: { unit: ['ssh.service'] },
    days: 7,
    window: 'always',
    budget: { runs, perSeconds: 3_600 },
    cooldownSeconds,
    evenTainted: false,
    reason: 'it may reload',
  });
  await world.road.addStanding(OPERATOR, {
    order: page.order,
    signatures: [aKey('alice').sign(NAMESPACES.standing, page.order)],
  });
}

/** Everyone asks at once, each in a session of their own, over three services. */
async function everyoneAsks(world: World, callers: number): Promise<readonly ChangeView[]> {
  const roads = [world.road, world.begin().road, world.begin().road];
  await Promise.all(roads.map((road) => road.resume()));
  const all = await Promise.allSettled(
    Array.from({ length: callers }, (_, n) =>
      (roads[n % roads.length] ?? world.road).propose(
        { ...ASSISTANT, session: `ses_${n}`, principal: `assistant:${n}` },
        { ...RELOAD, idempotencyKey: `k${n}` },
      ),
    ),
  );
  return all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

const guards = (over: Partial<Settings['guards']>): Partial<Settings> => ({
  guards: {
    ...DEFAULT_SETTINGS.guards,
    cooldownSeconds: 0,
    concurrency: { perTarget: 100, perCaller: 100 },
    breaker: { attempts: 1_000, withinSeconds: 1, openSeconds: 1 },
    flap: { times: 1_000, withinSeconds: 1 },
    ...over,
  },
});

describe('many callers at once', () => {
  it('get one run out of a consent to one, counted on the host', async () => {
    const world = await aChangeWorld({ settings: guards({}) });
    await consent(world, 1, 0);
    const views = await everyoneAsks(world, CALLERS);
    assert.equal(world.host().started.length, 1);
    assert.equal(views.filter(({ state }) => state === 'confirmed').length, 1);
    // Also after a restart, and when it is asked again.
    const { road } = world.begin();
    await road.resume();
    world.pass(400);
    const again = await road.propose(ASSISTANT, RELOAD);
    assert.notEqual(again.state, 'confirmed');
    assert.equal(world.host().started.length, 1);
    assert.deepEqual(world.store.check(), []);
  });

  it('get one run out of a cooldown, counted in the store', async () => {
    const world = await aChangeWorld({ settings: guards({ cooldownSeconds: 300 }) });
    await consent(world, 1_000, 0);
    const views = await everyoneAsks(world, FEWER);
    assert.equal(world.host().started.length, 1);
    const others = views.filter(({ state }) => state !== 'confirmed');
    for (const { decision } of others) assert.match(decision.because, /cooldown|too-many|policy/);
    const { road } = world.begin();
    await road.resume();
    assert.equal((await road.propose(ASSISTANT, RELOAD)).state, 'refused');
    assert.equal(world.host().started.length, 1);
    world.pass(301);
    assert.equal((await road.propose(ASSISTANT, RELOAD)).state, 'confirmed');
  });

  it('get as many runs as an hour has, over all services', async () => {
    const budget = { ...DEFAULT_SETTINGS.guards.budget, perScopeHour: 3 };
    const world = await aChangeWorld({ settings: guards({ budget }) });
    await consent(world, 1_000, 0);
    await everyoneAsks(world, FEWER);
    const ran = world.host().started.length;
    assert.ok(ran >= 1 && ran <= 3, `${ran} ran`);
  });
});

describe('a redundancy set', () => {
  const fleet = `${FLEET}redundancySets:\n  web: [host:web-1, host:web-2]\n`;
  const world = (): Promise<World> => aChangeWorld({ fleet, settings: guards({}) });
  const restart = async (on: World, target: string): Promise<string> => {
    const view = await on.road.propose(OPERATOR, aProposal({ targets: [target] }));
    assert.equal(view.state, 'previewed', JSON.stringify(view.decision));
    return view.changeId;
  };

  it('is never acted on twice at once, by racing callers and across a restart', async () => {
    const on = await world();
    const first = await restart(on, 'host:web-1');
    const second = await restart(on, 'host:web-2');
    // It is under way on one of them, and nobody knows how it ends.
    on.host('host:web-1').fail('answers-late');
    const open = await on.approve(first);
    assert.equal(open.state, 'ambiguous', JSON.stringify(open.outcome));
    const { road } = on.begin();
    await road.resume();
    const refused = await on.approve(second, 'alice', road);
    assert.deepEqual([refused.state, refused.decision.because], ['refused', 'redundancy']);
    assert.equal(on.host('host:web-2').started.length, 0);
    const [nonce = ''] = on.store.changes.attempts(first).map(({ id }) => id);
    on.host('host:web-1').settle(nonce);
    await road.tick();
    assert.equal(road.get(OPERATOR, first).state, 'confirmed');
    on.pass(2 * 86_400);
    const third = await restart(on, 'host:web-2');
    assert.equal((await on.approve(third)).state, 'confirmed');
  });

  it('of two is acted on one at a time by many', async () => {
    const on = await world();
    const ids: string[] = [];
    for (let n = 0; n < 6; n++)
      ids.push(await restart(on, n % 2 === 0 ? 'host:web-1' : 'host:web-2'));
    const roads = [on.road, on.begin().road];
    await Promise.allSettled(ids.map((id, n) => on.approve(id, 'alice', roads[n % 2])));
    const attempts = ids
      .flatMap((id) => on.store.changes.attempts(id))
      .filter(({ outcome }) => outcome !== 'not-started');
    assert.ok(attempts.length >= 1);
    for (const one of attempts)
      for (const other of attempts) {
        if (one.target === other.target) continue;
        const apart =
          (one.endedAt ?? Infinity) <= other.startedAt ||
          (other.endedAt ?? Infinity) <= one.startedAt;
        assert.ok(apart, JSON.stringify([one, other]));
      }
  });
});
