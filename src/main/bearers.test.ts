import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ReachPart, reachOf } from '#access';
import { openIdentity } from '#identity';
import type { TokenBearer } from '#oauth';
import { aNewLease, HOUR, SetClock } from '#samples/identity';
import { SimulatedDisk } from '#test/simulated-files';
import { seededRandom } from '#test/simulated-log';
import { bearersOf } from './bearers.ts';
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
    people: {
      standing: async (operator) =>
        inForce.has(operator) ? { is: 'in-force', name: operator } : { is: 'revoked' },
      roles: async () => ({ reach: reachOf('operator'), holds: 'owner' }),
    },
    clock,
    local: 'root@local',
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
    id: 'oauth_1',
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
    onChange: () => {},
    apiResource: () => 'http://localhost/api/v1',
    mcpResource: () => 'http://localhost/mcp',
    tokens: async (token) => (token === 'a.b.c' && inForce.has('bea') ? held : undefined),
  });
  return { bearers, bearer, inForce };
}

describe('what stays open for a bearer', () => {
  it('ends once whoever answers for it is no operator any more', async () => {
    const { bearers, bearer, inForce } = await someBearers();
    for (const each of [bearer, 'a.b.c']) {
      inForce.add('bea');
      const leased = await bearers.api(each);
      assert.ok(typeof leased === 'object');
      assert.equal(await leased.isHere(), true, each);
      inForce.delete('bea');
      assert.equal(await leased.isHere(), false, each);
      assert.equal(await bearers.api(each), undefined);
    }
  });
});
