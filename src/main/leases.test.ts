import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Reach, type ReachPart, reachOf, readAccess } from '#access';
import { openIdentity } from '#identity';
import { aNewLease, HOUR, SetClock } from '#samples/identity';
import { SimulatedDisk } from '#test/simulated-files';
import { seededRandom } from '#test/simulated-log';
import { type LeaseDoor, leaseDoor } from './leases.ts';
import { peopleRoles } from './people-roles.ts';

const ISSUER = 'https://id.example';
const OBSERVER = reachOf('observer')[0] as ReachPart;

async function aDoor() {
  const clock = new SetClock();
  const identity = await openIdentity({
    path: ':memory:',
    files: new SimulatedDisk(1).start(),
    clock,
    random: seededRandom(7),
  });
  const inForce = new Set(['ada', 'bea']);
  let access: string | undefined;
  const roles = peopleRoles(async () =>
    access === undefined ? undefined : readAccess(access, 'access.yaml', null),
  );
  const door: LeaseDoor = leaseDoor({
    identity,
    groups: async (operator) => identity.attested.of(operator, ISSUER, 8 * HOUR),
    people: {
      standing: async (operator) =>
        inForce.has(operator) ? { is: 'in-force', name: operator } : { is: 'revoked' },
      roles,
    },
    clock,
    local: 'root@local',
  });
  const issue = (more: object = {}): { readonly id: string; readonly bearer: string } => {
    const { lease, bearer } = identity.leases.issue({
      ...aNewLease(),
      profile: 'observer',
      capabilities: OBSERVER.capabilities,
      scopes: 'all',
      targets: 'all',
      ceiling: 'T3',
      issuedBy: 'bea',
      issuedAt: clock.now(),
      expiresAt: (clock.now() + HOUR) as never,
      ...more,
    });
    return { id: lease.id, bearer };
  };
  const reach = async (bearer: string): Promise<Reach | undefined> =>
    (await door.resolve(bearer))?.caller('api').reach;
  return {
    clock,
    identity,
    inForce,
    door,
    issue,
    reach,
    write: (text: string | undefined) => {
      access = text;
    },
  };
}

describe('a bearer', () => {
  it('speaks for its lease, on behalf of the person who answers for it', async () => {
    const { door, issue } = await aDoor();
    const { id, bearer } = issue();
    const caller = (await door.resolve(bearer))?.caller('mcp-http');
    assert.deepEqual(
      [caller?.principal, caller?.onBehalfOf, caller?.session, caller?.surface, caller?.profile],
      [`lease:${id}`, 'operator:bea@console', `lease:${id}`, 'mcp-http', 'observer'],
    );
    const local = issue({ issuedBy: 'root@local' });
    assert.equal(
      (await door.resolve(local.bearer))?.caller('api').onBehalfOf,
      'operator:root@local',
    );
    assert.equal(await door.resolve(`${bearer}x`), undefined);
    assert.equal(await door.resolve(''), undefined);
  });

  it('is dead once its lease is over or revoked, and once its issuer is none any more', async () => {
    const { door, issue, clock, identity, inForce } = await aDoor();
    const revoked = issue();
    assert.equal(door.isHere(revoked.id), true);
    identity.leases.revoke(revoked.id, 'operator:bea@console', 'over', clock.now());
    assert.equal(await door.resolve(revoked.bearer), undefined);
    assert.equal(door.isHere(revoked.id), false);
    const orphan = issue();
    assert.notEqual(await door.resolve(orphan.bearer), undefined);
    inForce.delete('bea');
    assert.equal(await door.resolve(orphan.bearer), undefined);
    inForce.add('bea');
    const late = issue();
    clock.pass(HOUR);
    assert.equal(await door.resolve(late.bearer), undefined);
    assert.equal(door.isHere(late.id), false);
    assert.equal(door.active(), 0);
    assert.equal(door.isHere('lease_nobody'), false);
  });

  it('of somebody whose local name is another’s is nobody’s', async () => {
    const { door, issue } = await aDoor();
    assert.equal(await door.resolve(issue({ issuedBy: 'eve@local' }).bearer), undefined);
  });

  it('reaches at each call what its issuer has then, and no more than it was issued for', async () => {
    const { issue, reach, write } = await aDoor();
    const { bearer } = issue();
    const narrow = issue({ capabilities: ['facts.read'], targets: { ids: ['host:a'], tags: [] } });
    assert.deepEqual((await reach(bearer))?.[0]?.targets, 'all');
    write(
      'version: 1\nroles: {dns: {profile: operator, tags: [dns], ceiling: T1}}\npeople: {bea: [dns]}\n',
    );
    const [part] = (await reach(bearer)) ?? [];
    assert.deepEqual([part?.targets, part?.ceiling], [{ ids: [], tags: ['dns'] }, 'T1']);
    assert.ok(!part?.capabilities.includes('changes.decide'));
    const [both] = (await reach(narrow.bearer)) ?? [];
    assert.deepEqual(both?.capabilities, ['facts.read']);
    assert.deepEqual(both?.targets, {
      ids: ['host:a'],
      tags: [],
      among: { ids: [], tags: ['dns'] },
    });
    write('version: 1\npeople: {}\n');
    assert.equal(await reach(bearer), undefined);
    write('version: 2\n');
    await assert.rejects(reach(bearer), { code: 'invalid-access' });
    write(undefined);
    assert.deepEqual((await reach(bearer))?.[0]?.targets, 'all');
  });

  describe('of somebody whose role is of a group', () => {
    const ROLES = `version: 1
roles: {dns: {profile: operator, tags: [dns]}}
groups: {sre: [dns]}
people: {}
`;
    const tags = (reach: Reach | undefined): unknown => reach?.map(({ targets }) => targets);
    const DNS = [{ ids: [], tags: ['dns'] }];

    it('reaches nothing where the provider never said so', async () => {
      const { issue, reach, write } = await aDoor();
      write(ROLES);
      assert.equal(await reach(issue().bearer), undefined);
    });

    it('reaches as far as it said last, also while nobody is signed in, for as long as that counts', async () => {
      const { issue, reach, write, identity, clock } = await aDoor();
      write(ROLES);
      const { bearer } = issue({ expiresAt: (clock.now() + 20 * HOUR) as never });
      identity.attested.keep('bea', ISSUER, ['sre']);
      assert.deepEqual(identity.sessions.list('bea'), []);
      clock.pass(8 * HOUR - 1);
      assert.deepEqual(tags(await reach(bearer)), DNS);
      clock.pass(1);
      assert.equal(await reach(bearer), undefined, 'too long ago');
      identity.attested.keep('bea', ISSUER, ['sre']);
      assert.deepEqual(tags(await reach(bearer)), DNS, 'said again');
      identity.attested.keep('bea', ISSUER, ['other']);
      assert.equal(await reach(bearer), undefined, 'said otherwise');
    });

    it('reaches nothing once that person is ended, is out of force, or the group has another role', async () => {
      const { issue, reach, write, identity, inForce } = await aDoor();
      write(ROLES);
      const { bearer } = issue();
      identity.attested.keep('bea', ISSUER, ['sre']);
      assert.deepEqual(tags(await reach(bearer)), DNS);
      write(ROLES.replace('sre', 'ops'));
      assert.equal(await reach(bearer), undefined);
      write(ROLES);
      inForce.delete('bea');
      assert.equal(await reach(bearer), undefined);
      inForce.add('bea');
      assert.deepEqual(tags(await reach(bearer)), DNS);
      identity.attested.forget('bea');
      assert.equal(await reach(bearer), undefined);
      identity.attested.keep('bea', 'https://other.example', ['sre']);
      assert.equal(await reach(bearer), undefined, 'another issuer says nothing here');
    });
  });

  it('reaches only where its issuer may lend, and nothing once they may not', async () => {
    const { issue, reach, write } = await aDoor();
    const { bearer } = issue();
    const roles = (lends: string): string =>
      `version: 1\nroles:\n  dns: {profile: operator, tags: [dns]}\n  web: {capabilities: [facts.read${lends}], tags: [web]}\n`;
    const tags = async (): Promise<unknown> => {
      const parts = (await reach(bearer)) ?? [];
      return parts.map(({ targets }) => targets);
    };
    write(`${roles(', leases.issue')}people: {bea: [web]}\n`);
    assert.deepEqual(await tags(), [{ ids: [], tags: ['web'] }]);
    write(`${roles('')}people: {bea: [dns, web]}\n`);
    assert.deepEqual(await tags(), [
      { ids: [], tags: ['dns'] },
      { ids: [], tags: ['web'], among: { ids: [], tags: ['dns'] } },
    ]);
    write(`${roles('')}people: {bea: [web]}\n`);
    assert.equal(await reach(bearer), undefined);
  });

  it('holds nothing that decides, whatever was written into its lease', async () => {
    const { issue, reach } = await aDoor();
    const all = reachOf('operator')[0] as ReachPart;
    const forged = issue({ capabilities: all.capabilities });
    const held = ((await reach(forged.bearer)) ?? []).flatMap(({ capabilities }) => capabilities);
    assert.ok(held.includes('facts.read'));
    assert.ok(!held.includes('changes.decide') && !held.includes('leases.issue'));
    assert.equal(await reach(issue({ profile: 'made-up' }).bearer), undefined);
    assert.equal(await reach(issue({ capabilities: [] }).bearer), undefined);
  });

  it('is counted, with what it was used for last', async () => {
    const { door, issue, identity } = await aDoor();
    const { id } = issue();
    door.used(id, 'query_facts', false);
    door.used(id, 'run_action', true);
    const lease = identity.leases.get(id);
    assert.deepEqual([lease?.uses, lease?.failures, lease?.lastOperation], [2, 1, 'run_action']);
  });
});
