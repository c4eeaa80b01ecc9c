/**
 * Who is behind a bearer at this moment, for every door that takes one. What a lease is good for is narrowed at each
 * call by what its issuer has then: a role that was taken away, or an operator who is none any more, ends it there.
 */
import { leaseReach, lendable, type Reach, reachOf, statusOf } from '#access';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';
import { EXTERNAL_PREFIX, type Identity } from '#identity';
import type { Caller, Surface } from '#operations';
import type { People } from '#signin';

export type ResolvedLease = {
  readonly id: string;
  readonly expiresAt: Instant;
  /** The only resource it is good for (RFC 8707); `null`: any of this service. */
  readonly resource: string | null;
  readonly caller: (surface: Surface) => Caller;
};

export type LeaseDoor = {
  /** `undefined`: unknown, over, revoked, or of somebody who has nothing of it any more. Rejects while that cannot be read. */
  readonly resolve: (bearer: string) => Promise<ResolvedLease | undefined>;
  /** The same by its id, for what stays open. */
  readonly again: (id: string) => Promise<ResolvedLease | undefined>;
  /** Whether it may still be used, as far as that is known without asking who its issuer is. */
  readonly isHere: (id: string) => boolean;
  /** Those that are active, of people who were taken out. */
  readonly orphans: () => Promise<readonly string[]>;
  /** Of whoever lends, at this moment. */
  readonly groupsOf: (operator: string) => Promise<readonly string[]>;
  readonly used: (id: string, operation: string, hasFailed: boolean) => void;
  /** How many are active. */
  readonly active: () => number;
};

export type LeaseNeeds = {
  readonly identity: Pick<Identity, 'leases'>;
  /** Of a person, as their identity provider said them last; none where that is too long ago, or was never said. */
  readonly groups: (operator: string) => Promise<readonly string[]>;
  readonly people: Pick<People, 'standing' | 'roles'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Who sits at the terminal of this machine, as leases name them. */
  readonly local: string;
};

export function leaseDoor({ identity, people, groups, clock, local }: LeaseNeeds): LeaseDoor {
  const { leases } = identity;

  /** Without what a broken glass lends: that is the person's own, for as long as they are there. */
  const reachOfIssuer = async (issuer: string): Promise<Reach> => {
    if (issuer === local) return reachOf('operator');
    if ((await people.standing(issuer)).is !== 'in-force') return [];
    return lendable((await people.roles(issuer, await groups(issuer), true))?.reach ?? []);
  };

  const resolved = async (
    lease: ReturnType<typeof leases.find>,
  ): Promise<ResolvedLease | undefined> => {
    if (lease === undefined || statusOf(lease, clock.now()) !== 'active') return undefined;
    const reach = leaseReach(lease, await reachOfIssuer(lease.issuedBy));
    if (reach.length === 0) return undefined;
    const { id, expiresAt, resource, profile, issuedBy } = lease;
    const onBehalfOf = issuedBy === local ? issuedBy : `${issuedBy}@console`;
    const principal = `lease:${id}`;
    return {
      id,
      expiresAt,
      resource,
      caller: (surface) => ({
        principal,
        onBehalfOf: `operator:${onBehalfOf}`,
        surface,
        profile,
        session: principal,
        reach,
      }),
    };
  };

  return {
    groupsOf: groups,
    resolve: async (bearer) => resolved(leases.find(bearer)),
    again: async (id) => resolved(leases.get(id)),
    isHere: (id) => {
      if (id.startsWith(EXTERNAL_PREFIX)) return leases.external.get(id)?.revoked === null;
      const lease = leases.get(id);
      return lease !== undefined && statusOf(lease, clock.now()) === 'active';
    },
    orphans: async () => {
      const now = clock.now();
      const found: string[] = [];
      for (const lease of leases.list())
        if (statusOf(lease, now) === 'active' && lease.issuedBy !== local)
          if ((await people.standing(lease.issuedBy)).is === 'revoked') found.push(lease.id);
      for (const { id, operator, revoked, expiresAt } of leases.external.list())
        if (revoked === null && now < expiresAt)
          if ((await people.standing(operator)).is === 'revoked') found.push(id);
      return found;
    },
    used: (id, operation, hasFailed) => {
      const kept = id.startsWith(EXTERNAL_PREFIX) ? leases.external : leases;
      kept.used(id, operation, clock.now(), hasFailed);
    },
    active: () => {
      const now = clock.now();
      return leases.list().filter((lease) => statusOf(lease, now) === 'active').length;
    },
  };
}
