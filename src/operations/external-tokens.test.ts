import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ReachPart, reachOf } from '#access';
import { shift } from '#base/time';
import { type Identity, openIdentity } from '#identity';
import { nodeFiles } from '#machine';
import { HOUR, MINUTE, NOON, SetClock } from '#samples/identity';
import { seededRandom } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { aWorld, OPERATOR, type TestWorld } from '#test/world';

const [WHOLE] = reachOf('operator') as [ReachPart];
const TOKEN = {
  issuer: 'https://id.example',
  subject: '123',
  client: 'agent-7',
  jti: 'token-1',
  issuedAt: shift(NOON, MINUTE),
  expiresAt: shift(NOON, HOUR),
  operator: 'bea',
  profile: 'observer',
};
const reason = 'lost';

async function tokens(): Promise<{
  readonly world: TestWorld;
  readonly external: Identity['leases']['external'];
}> {
  const { leases } = await openIdentity({
    path: ':memory:',
    files: nodeFiles(),
    clock: new SetClock(),
    random: seededRandom(3),
  });
  leases.external.seen(TOKEN);
  return { world: await aWorld({ leases }), external: leases.external };
}

const bea = {
  ...OPERATOR,
  principal: 'operator:bea@console',
  surface: 'console' as const,
  reach: [{ ...WHOLE, targets: { ids: ['host:web-1'], tags: [] } }],
};

describe('tokens of the identity provider', () => {
  it('are listed as leases of whoever they are for', async () => {
    const { world } = await tokens();
    const mine = await world.value('lease_list', {}, { caller: bea });
    assert.deepEqual(
      [mine.leases[0].label, mine.leases[0].issuedBy, mine.leases[0].status, mine.leases[0].token],
      [
        'agent-7',
        'bea',
        'active',
        { issuer: 'https://id.example', subject: '123', client: 'agent-7' },
      ],
    );
    assert.deepEqual((await world.value('lease_list', { status: 'revoked' })).leases, []);
    const eve = { ...bea, principal: 'operator:eve@console' };
    assert.deepEqual((await world.value('lease_list', {}, { caller: eve })).leases, []);
  });

  it('are revoked by their person and by whoever reaches everything, and readmitted', async () => {
    const { world, external } = await tokens();
    const leaseId = external.idOf(TOKEN);
    const eve = { ...bea, principal: 'operator:eve@console' };
    await throwsFault(
      () => world.ask('lease_revoke', { leaseId, reason }, { caller: eve }),
      'unknown-lease',
    );
    const { status, revoked } = await world.value(
      'lease_revoke',
      { leaseId, reason },
      { caller: bea },
    );
    assert.deepEqual([status, revoked.by, revoked.reason], ['revoked', bea.principal, 'lost']);
    assert.equal(external.isBarred({ ...TOKEN, jti: 'later', issuedAt: shift(NOON, HOUR) }), true);
    await throwsFault(
      () => world.ask('lease_readmit', { leaseId, reason }, { caller: bea }),
      'beyond-reach',
    );
    await world.ask('lease_readmit', { leaseId, reason });
    assert.equal(external.isBarred(TOKEN), false);
    await throwsFault(
      () => world.ask('lease_readmit', { leaseId: 'oauth_none', reason }),
      'unknown-lease',
    );
  });

  it('are refused one by one, by subject and client, and all that were made before', async () => {
    const { world, external } = await tokens();
    await world.ask('token_revoke', { jti: 'token-1', reason });
    assert.equal(external.isBarred(TOKEN), true);
    assert.equal(external.isBarred({ ...TOKEN, jti: 'token-2' }), false);
    const { leaseId } = await world.value('token_revoke', { subject: '5', client: 'c', reason });
    assert.equal(external.get(leaseId)?.revoked?.reason, 'lost');
    await world.ask('token_revoke', { everything: true, reason });
    assert.equal(external.isBarred({ ...TOKEN, jti: 'token-2' }), true);
    const { barred } = await world.value('lease_list', {});
    assert.deepEqual(
      barred.map(({ jti }: { jti: string | null }) => jti),
      [null, 'token-1'],
    );
    assert.deepEqual((await world.value('lease_list', {}, { caller: bea })).barred, []);
    for (const asked of [{}, { jti: 'x', everything: true }, { subject: 'x' }])
      await throwsFault(() => world.ask('token_revoke', { ...asked, reason }), 'invalid-input');
    await throwsFault(
      () => world.ask('token_revoke', { everything: true, reason }, { caller: bea }),
      'beyond-reach',
    );
  });

  it('are of an issuer that is named, where it is not the only one', async () => {
    const { world, external } = await tokens();
    external.seen({ ...TOKEN, issuer: 'https://other.example' });
    await throwsFault(
      () => world.ask('token_revoke', { everything: true, reason }),
      'issuer-needed',
    );
    const issuer = 'https://other.example';
    await world.ask('token_revoke', { issuer, everything: true, reason });
    assert.equal(external.isBarred(TOKEN), false);
    assert.equal(external.isBarred({ ...TOKEN, issuer }), true);
    await throwsFault(
      async () => (await aWorld()).ask('token_revoke', { everything: true, reason }),
      'issuer-needed',
    );
  });
});
