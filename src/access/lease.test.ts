import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { instant } from '#base/time';
import { TIERS } from '#model';
import { faultOf } from '#test/throws-fault';
import { CAPABILITIES, DECIDING } from './capabilities.ts';
import { checkNewLease, LEASE_PROFILES, leaseReach, lendable, statusOf } from './lease.ts';
import { PROFILE_CEILINGS, PROFILE_NAMES, PROFILES } from './profiles.ts';
import { type Reach, type ReachPart, reaches, reachOf, within } from './reach.ts';
import { aPart, aReach, aTarget } from './samples.ts';

const NOW = instant('2026-03-01T12:00:00Z');
const FLEET = {
  scopes: ['acme/paris', 'acme/oslo'],
  targets: [
    { id: 'host:dns-1', scope: 'acme/paris', tags: ['dns'] },
    { id: 'host:web-1', scope: 'acme/paris', tags: ['web'] },
    { id: 'host:web-2', scope: 'acme/oslo', tags: ['web'] },
  ],
};
const OWNER = reachOf('operator');
const [WHOLE] = OWNER as [ReachPart];
const issue = (asked: object, issuer: Reach = OWNER, fleet = FLEET) =>
  checkNewLease({ profile: 'observer', ...asked }, issuer, fleet, NOW);
const code = (asked: object, issuer?: Reach): string => faultOf(() => issue(asked, issuer)).code;

describe('a lease', () => {
  it('lasts four hours, or from a minute to a day', () => {
    const hours = (asked: object): number => {
      const { issuedAt, expiresAt } = issue(asked);
      return (expiresAt - issuedAt) / 3_600_000_000;
    };
    assert.deepEqual(
      [hours({}), hours({ seconds: 86_400 }), hours({ seconds: 60 }) * 60],
      [4, 24, 1],
    );
    for (const seconds of [59, 86_401, 0, -1, 60.5, Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(code({ seconds }), 'lease-life');
  });

  it('holds nothing that decides, whatever the profile is and whoever issues it', () => {
    for (const profile of PROFILE_NAMES) {
      if (!LEASE_PROFILES.includes(profile)) {
        assert.equal(code({ profile }), 'profile-decides');
        continue;
      }
      const { capabilities } = issue({ profile });
      assert.ok(capabilities.length > 0, profile);
      assert.ok(!capabilities.some((each) => DECIDING.has(each)), profile);
    }
    assert.deepEqual(
      PROFILE_NAMES.filter((name) => !LEASE_PROFILES.includes(name)),
      ['operator'],
    );
    const forged = { ...WHOLE, profile: 'observer', capabilities: CAPABILITIES };
    const held = leaseReach(forged, OWNER).flatMap(({ capabilities }) => capabilities);
    assert.ok(held.length > 0 && !held.some((each) => DECIDING.has(each)));
    assert.deepEqual(leaseReach({ ...forged, profile: 'made-up' }, OWNER), []);
    assert.deepEqual(leaseReach({ ...forged, profile: '__proto__' }, OWNER), []);
  });

  it('that was kept with more than its profile has is held to that, also where its issuer has all', () => {
    const kept = {
      ...WHOLE,
      profile: 'observer',
      capabilities: CAPABILITIES,
      ceiling: 'T3' as const,
    };
    const observer = PROFILES.observer.filter((each) => !DECIDING.has(each));
    for (const profile of ['observer', 'ingest', 'metrics', 'diagnostician'] as const) {
      const [part] = leaseReach({ ...kept, profile }, OWNER);
      assert.deepEqual(new Set(part?.capabilities), new Set(PROFILES[profile]));
      assert.equal(part?.ceiling, PROFILE_CEILINGS[profile]);
    }
    const [person] = leaseReach({ ...kept, profile: 'operator' }, OWNER);
    assert.equal(
      person?.capabilities.some((each) => DECIDING.has(each)),
      false,
    );
    assert.ok(observer.every((each) => person?.capabilities.includes(each)));
  });

  it('lends what somebody has where they may lend, and not what others may there', () => {
    const paris = { scopes: ['acme/paris'], targets: 'all', ceiling: 'T1' } as const;
    const issuer: Reach = [{ ...paris, capabilities: ['facts.read', 'leases.issue'] }];
    const lent = lendable(issuer);
    assert.deepEqual(
      lent.map(({ capabilities, scopes, ceiling }) => [capabilities, scopes, ceiling]),
      [[['facts.read', 'leases.issue'], ['acme/paris'], 'T1']],
    );
    assert.deepEqual(lendable([{ ...paris, capabilities: ['facts.read'] }]), []);
  });

  it('is of targets by name, where the scopes that are named have them', () => {
    const { targets } = issue({ targets: ['host:web-1'], scopes: ['acme/paris'] });
    assert.deepEqual(targets, { ids: ['host:web-1'], tags: [] });
    assert.equal(code({ targets: ['host:web-2'], scopes: ['acme/paris'] }), 'unknown-target');
  });

  it('of no target at all is lent by whoever has that everywhere, and by nobody else', () => {
    const none = { scopes: ['acme/paris'] as const, targets: [] };
    const empty = none as unknown as typeof FLEET;
    assert.ok(issue({}, OWNER, empty).capabilities.includes('facts.read'));
    const reads: Reach = [{ ...WHOLE, capabilities: ['facts.read'] }];
    assert.deepEqual(issue({}, reads, empty).capabilities, ['facts.read']);
    const some = { scopes: ['acme/paris'] };
    for (const [asked, issuer] of [
      [{}, [{ ...WHOLE, capabilities: ['access.read'] as const }]],
      [some, OWNER],
    ] as const)
      assert.equal(faultOf(() => issue(asked, issuer, empty)).code, 'beyond-reach');
  });

  it('is never more than its issuer has at that moment', () => {
    fc.assert(
      fc.property(
        aReach,
        aReach,
        fc.array(aTarget, { maxLength: 6 }),
        fc.constantFrom(...LEASE_PROFILES),
        fc.record({
          tags: fc.subarray(['dns', 'web', 'db']),
          ceiling: fc.option(fc.constantFrom(...TIERS), { nil: undefined }),
        }),
        (then, now, all, profile, asked) => {
          const targets = [...new Map(all.map((each) => [each.id, each])).values()];
          const scopes = [...new Set(targets.map(({ scope }) => scope))];
          const seen = targets.filter((each) => then.some((part) => reaches(part, each)));
          let terms;
          try {
            terms = checkNewLease({ profile, ...asked }, then, { scopes, targets: seen }, NOW);
          } catch {
            return;
          }
          assert.ok(within(terms, then, seen));
          for (const part of leaseReach(terms, now)) {
            assert.ok(within(part, now, targets));
            assert.ok(within(part, [terms], targets));
          }
          assert.deepEqual(leaseReach(terms, []), []);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('made of anything whatever is narrowed by its issuer', () => {
    fc.assert(
      fc.property(
        aPart,
        aReach,
        fc.constantFrom(...PROFILE_NAMES),
        fc.array(aTarget),
        (part, now, profile, all) => {
          for (const left of leaseReach({ ...part, profile }, now))
            assert.ok(within(left, now, all));
        },
      ),
    );
  });

  it('of somebody with two roles holds on each target only what the role for it gives', () => {
    const roles: Reach = [
      { ...WHOLE, targets: { ids: [], tags: ['dns'] } },
      { ...WHOLE, capabilities: ['facts.read'], targets: { ids: [], tags: ['web'] } },
    ];
    assert.deepEqual(issue({ tags: ['dns', 'web'] }, roles).capabilities, ['facts.read']);
    assert.ok(issue({ tags: ['dns'] }, roles).capabilities.includes('changes.propose'));
  });

  it('is never of a place where its issuer may not lend', () => {
    const roles: Reach = [
      { ...WHOLE, scopes: ['acme/paris'] },
      { ...WHOLE, capabilities: ['facts.read', 'changes.propose'], scopes: ['acme/oslo'] },
    ];
    const seen = {
      scopes: ['acme/paris'],
      targets: FLEET.targets.filter(({ scope }) => scope === 'acme/paris'),
    };
    const terms = issue({}, lendable(roles), seen);
    const there = leaseReach(terms, lendable(roles));
    const [dns, , web] = FLEET.targets as [never, never, never];
    assert.ok(there.some((part) => reaches(part, dns)));
    assert.ok(!there.some((part) => reaches(part, web)));
    assert.deepEqual(lendable([{ ...WHOLE, capabilities: ['facts.read'] }]), []);
    assert.equal(lendable(OWNER), OWNER);
  });

  it('goes no higher than its profile and its issuer', () => {
    assert.equal(issue({ profile: 'diagnostician' }).ceiling, 'T0');
    assert.equal(code({ profile: 'diagnostician', ceiling: 'T1' }), 'beyond-reach');
    const upToT1: Reach = [{ ...WHOLE, ceiling: 'T1' }];
    assert.equal(issue({}, upToT1).ceiling, 'T1');
    assert.equal(code({ ceiling: 'T2' }, upToT1), 'beyond-reach');
    assert.equal(issue({ ceiling: 'T0' }).ceiling, 'T0');
  });

  it('names what is there, or is told what is near', () => {
    const near = (asked: object): [string, unknown] => {
      const fault = faultOf(() => issue(asked));
      return [fault.code, fault.facts['candidates']];
    };
    assert.deepEqual(near({ profile: 'observr' }), ['unknown-profile', ['observer']]);
    assert.deepEqual(near({ profile: 'zzz' }), ['unknown-profile', LEASE_PROFILES]);
    assert.deepEqual(near({ targets: ['host:web-9'] })[0], 'unknown-target');
    assert.deepEqual(near({ tags: ['dsn'] }), ['unknown-tag', ['dns']]);
    assert.deepEqual(near({ scopes: ['acme/pari'] }), ['unknown-scope', ['acme/paris']]);
    assert.equal(code({ scopes: ['acme/oslo'], targets: ['host:dns-1'] }), 'unknown-target');
    assert.equal(code({ scopes: [] }), 'unknown-scope');
  });

  it('that is over, or was revoked, is never active', () => {
    const lease = { expiresAt: NOW, revoked: null };
    assert.equal(statusOf(lease, (NOW - 1) as typeof NOW), 'active');
    assert.equal(statusOf(lease, NOW), 'expired');
    assert.equal(statusOf({ ...lease, revoked: {} }, (NOW - 1) as typeof NOW), 'revoked');
  });
});
