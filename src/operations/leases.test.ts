import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ReachPart, reachOf } from '#access';
import { throwsFault } from '#test/throws-fault';
import { ASSISTANT, aWorld, OPERATOR, type TestWorld } from '#test/world';

const [WHOLE] = reachOf('operator') as [ReachPart];
const console_ = (operator: string, part: object = {}) => ({
  ...OPERATOR,
  principal: `operator:${operator}@console`,
  onBehalfOf: `operator:${operator}@console`,
  surface: 'console' as const,
  session: 'session:x',
  reach: [{ ...WHOLE, ...part }],
});
const issue = (world: TestWorld, more: object = {}, caller = console_('bea')) =>
  world.value('lease_issue', { label: 'laptop', profile: 'observer', ...more }, { caller });

describe('a lease', () => {
  it('is shown once, and its bearer stands nowhere else', async () => {
    const world = await aWorld();
    const { lease, bearer } = await issue(world);
    assert.match(bearer, /^hfl_/);
    assert.deepEqual([lease.status, lease.issuedBy, lease.uses], ['active', 'bea', 0]);
    const { leases } = await world.value('lease_list', {}, { caller: console_('bea') });
    assert.deepEqual(leases, [lease]);
    const events = await world.events();
    assert.ok(!JSON.stringify([leases, events]).includes(bearer));
    const issued = events.find(({ operation }) => operation === 'lease_issue');
    assert.equal(issued?.output, null);
    assert.equal(issued?.outcome, 'done');
  });

  it('is issued by a person, at the terminal or in the console, and by nobody else', async () => {
    const world = await aWorld();
    assert.equal((await issue(world, {}, OPERATOR as never)).lease.issuedBy, 'ada@local');
    const held = { label: 'x', profile: 'observer' };
    for (const surface of ['mcp-stdio', 'mcp-http', 'api'] as const)
      await throwsFault(
        () =>
          world.ask('lease_issue', held, {
            caller: { ...ASSISTANT, surface, reach: reachOf('operator') },
          }),
        'not-offered',
      );
    await throwsFault(
      () => world.ask('lease_issue', held, { caller: { ...OPERATOR, surface: 'service' } }),
      'not-offered',
    );
  });

  it('is never more than whoever issues it has', async () => {
    const world = await aWorld();
    const narrow = console_('bea', { targets: { ids: ['host:web-1'], tags: [] }, ceiling: 'T1' });
    const { lease } = await issue(world, { targets: ['web-1'] }, narrow);
    assert.deepEqual([lease.targets, lease.ceiling], [{ ids: ['host:web-1'], tags: [] }, 'T1']);
    await throwsFault(() => issue(world, { targets: ['web-2'] }, narrow), 'unknown-target');
    await throwsFault(() => issue(world, { ceiling: 'T2' }, narrow), 'beyond-reach');
    await throwsFault(() => issue(world, { profile: 'operator' }), 'profile-decides');
    await throwsFault(() => issue(world, { seconds: 86_401 }), 'lease-life');
    const looking = console_('bea', { capabilities: ['leases.issue', 'facts.read'] });
    assert.deepEqual((await issue(world, {}, looking)).lease.capabilities, ['facts.read']);
    const nothing = console_('bea', { capabilities: ['leases.issue'] });
    await throwsFault(() => issue(world, {}, nothing), 'beyond-reach');
  });

  it('that is over is never shown as active', async () => {
    const world = await aWorld();
    await issue(world, { seconds: 60 });
    const status = async (): Promise<string> =>
      (await world.value('lease_list', {})).leases[0].status;
    assert.equal(await status(), 'active');
    world.at('2026-03-01T12:01:00Z');
    assert.equal(await status(), 'expired');
    assert.deepEqual((await world.value('lease_list', { status: 'active' })).leases, []);
  });

  it('is seen and revoked by whoever issued it, and by whoever reaches everything', async () => {
    const world = await aWorld();
    const { lease } = await issue(world);
    const narrow = { targets: { ids: ['host:web-1'], tags: [] } };
    const eve = console_('eve', narrow);
    assert.deepEqual((await world.value('lease_list', {}, { caller: eve })).leases, []);
    const end = { leaseId: lease.id, reason: 'not mine' };
    await throwsFault(() => world.ask('lease_revoke', end, { caller: eve }), 'unknown-lease');
    const own = console_('bea', narrow);
    const revoked = await world.value('lease_revoke', end, { caller: own });
    assert.deepEqual(
      [revoked.status, revoked.revoked.by, revoked.revoked.reason],
      ['revoked', 'operator:bea@console', 'not mine'],
    );
    const again = await world.value(
      'lease_revoke',
      { ...end, reason: 'again' },
      { caller: OPERATOR },
    );
    assert.equal(again.revoked.reason, 'not mine');
    await throwsFault(
      () => world.ask('lease_revoke', { ...end, leaseId: 'lease_nowhere' }),
      'unknown-lease',
    );
  });
});

describe('who may ask for what', () => {
  it('is told from the roles and the people that somebody signed for', async () => {
    const world = await aWorld();
    const shown = await world.value('access_show', {});
    assert.equal(shown.isFile, false);
    assert.deepEqual(shown.people, [{ operator: 'ada', isInForce: true, roles: ['owner'] }]);
    const decide = shown.capabilities.find(
      ({ capability }: { capability: string }) => capability === 'changes.decide',
    );
    assert.deepEqual([decide.isDeciding, decide.roles], [true, ['owner']]);
  });
});
