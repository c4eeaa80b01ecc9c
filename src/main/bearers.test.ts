import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ReachPart, reachOf } from '#access';
import { shift } from '#base/time';
import { openIdentity } from '#identity';
import type { TokenBearer } from '#oauth';
import { aNewLease, HOUR, NOON, SetClock } from '#samples/identity';
import { SimulatedDisk } from '#test/simulated-files';
import { seededRandom } from '#test/simulated-log';
import { bearersOf, counted } from './bearers.ts';
import { leaseDoor } from './leases.ts';

async function someBearers() {
  const clock = new SetClock();
  const identity = await openIdentity({
    path: ':memory:',
    files: new SimulatedDisk(1).start(),
    clock,
    random: seededRandom(7),
  });
  const inForce = new Set(['bea']);
  const [part] = reachOf('observer') as [ReachPart];
  const leases = leaseDoor({
    identity,
    groups: async () => [],
    people: {
      standing: async (operator) =>
        inForce.has(operator) ? { is: 'in-force', name: operator } : { is: 'revoked' },
      roles: async () => ({ reach: reachOf('operator'), holds: 'owner' }),
    },
    clock,
    local: 'root@local',
  });
  const listeners: (() => void)[] = [];
  identity.onChange(() => {
    for (const listener of listeners) listener();
  });
  const { bearer } = identity.leases.issue({
    ...aNewLease(),
    ...part,
    profile: 'observer',
    issuedBy: 'bea',
    issuedAt: clock.now(),
    expiresAt: (clock.now() + HOUR) as never,
  });
  const held: TokenBearer = {
    issuer: 'https://id.example',
    subject: '123',
    client: 'agent-7',
    jti: 'token-1',
    issuedAt: shift(clock.now(), 1_000_000),
    operator: 'bea',
    principal: 'oauth:client',
    onBehalfOf: 'operator:bea@console',
    profile: 'observer',
    reach: reachOf('observer'),
    expiresAt: (clock.now() + HOUR) as never,
    resource: 'http://localhost/api/v1',
  };
  const bearers = bearersOf({
    token: 'hf_obs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    leases,
    clock,
    onChange: (listener) => void listeners.push(listener),
    apiResource: () => 'http://localhost/api/v1',
    mcpResource: () => 'http://localhost/mcp',
    external: identity.leases.external,
    tokens: async (token) => (token === 'a.b.c' && inForce.has('bea') ? held : undefined),
  });
  return { bearers, bearer, inForce, identity, clock, leases, held };
}

describe('what stays open for a bearer', () => {
  it('ends once whoever answers for it is no operator any more', async () => {
    const { bearers, bearer, inForce } = await someBearers();
    for (const each of [bearer, 'a.b.c']) {
      inForce.add('bea');
      const leased = await bearers.api(each);
      assert.ok(typeof leased === 'object');
      assert.ok((await leased.reachNow()) !== undefined, each);
      inForce.delete('bea');
      assert.equal(await leased.reachNow(), undefined, each);
      assert.equal(await bearers.api(each), undefined);
    }
  });
});

describe('a token of the identity provider', () => {
  const BY = ['operator:ada@console', 'lost'] as const;
  const PAIR = { issuer: 'https://id.example', subject: '123', client: 'agent-7' };

  it('is listed once it was brought, with who asked, what for and how often', async () => {
    const { bearers, identity, leases, clock } = await someBearers();
    const { external } = identity.leases;
    assert.deepEqual(external.list(), []);
    const leased = await bearers.api('a.b.c');
    assert.ok(typeof leased === 'object');
    const perform = counted(async () => ({ requestId: '', value: {}, notices: [] }), leases);
    await perform({ operation: 'query_facts', input: {}, caller: leased.caller });
    clock.pass(1);
    await perform({ operation: 'made up', input: {}, caller: leased.caller });
    const [one, ...more] = external.list();
    assert.deepEqual(more, []);
    assert.deepEqual(
      [one?.subject, one?.client, one?.operator, one?.uses, one?.lastOperation, one?.lastUsedAt],
      ['123', 'agent-7', 'bea', 2, 'unknown', clock.now()],
    );
    assert.equal(leased.caller.session, `lease:${one?.id ?? ''}`);
  });

  const WAYS = {
    'by its name': (external) => external.bar({ ...PAIR, jti: 'token-1' }, ...BY, NOON),
    'by its subject and client': (external) => external.revoke(PAIR, ...BY, NOON),
    'with everything that was made before': (external) =>
      external.barBefore(PAIR.issuer, ...BY, NOON),
  } satisfies Record<
    string,
    (external: Awaited<ReturnType<typeof someBearers>>['identity']['leases']['external']) => unknown
  >;
  for (const [way, take] of Object.entries(WAYS))
    it(`is dead at every door as soon as it is taken back: ${way}`, async () => {
      const { bearers, identity } = await someBearers();
      const { external } = identity.leases;
      const mcp = await bearers.mcp('a.b.c');
      const api = await bearers.api('a.b.c');
      assert.ok(typeof mcp === 'object' && typeof api === 'object');
      const here = async (): Promise<unknown> => [
        mcp.isHere?.(),
        (await api.reachNow()) !== undefined,
      ];
      assert.deepEqual(await here(), [true, true]);
      let told = 0;
      bearers.open.onChange(() => told++);
      take(external);
      assert.equal(told, 1, 'what is open is asked about at once');
      assert.deepEqual(await here(), [false, false]);
      assert.deepEqual(
        [await bearers.mcp('a.b.c'), await bearers.api('a.b.c')],
        [undefined, undefined],
      );
    });

  it('of another client, of another name, or made later is another', async () => {
    const { identity, held } = await someBearers();
    const { external } = identity.leases;
    external.revoke({ ...PAIR, client: 'agent-8' }, ...BY, NOON);
    external.bar({ ...PAIR, jti: 'token-2' }, ...BY, NOON);
    external.barBefore('https://other.example', ...BY, NOON);
    assert.equal(external.isBarred(held), false);
    external.barBefore(PAIR.issuer, ...BY, NOON);
    assert.equal(external.isBarred(held), true);
    // A clock of the issuer that is ahead makes nothing of before look like after.
    assert.equal(external.isBarred({ ...held, issuedAt: shift(NOON, 60_000_000) }), true);
    assert.equal(external.isBarred({ ...held, issuedAt: shift(NOON, 61_000_000) }), false);
  });

  it('of somebody who was taken out is among what is to be ended', async () => {
    const { bearers, identity, leases, inForce } = await someBearers();
    await bearers.mcp('a.b.c');
    assert.deepEqual(await leases.orphans(), []);
    inForce.delete('bea');
    const orphans = await leases.orphans();
    assert.ok(orphans.includes(identity.leases.external.idOf(PAIR)));
  });
});
