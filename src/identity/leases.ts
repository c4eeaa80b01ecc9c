/** Leases: what was issued never changes; revoking is for good; uses are counted beside it. */
import { newId } from '#base/ids';
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import type { Row } from './database.ts';
import { externalOf } from './external.ts';
import { identityFault } from './faults.ts';
import type { Identity, Lease, NewLease } from './protocol.ts';
import { isSame, keptOf, newSecret } from './secret.ts';
import type { RoomNeeds } from './sessions.ts';
import { USES, Uses } from './uses.ts';

export const SHORTEST_LEASE = 60 * MICROS_PER_SECOND;
export const LONGEST_LEASE = 24 * 3_600 * MICROS_PER_SECOND;
/** Tells a bearer of ours from anything else, in a log as in a leak scanner. */
export const BEARER_PREFIX = 'hfl_';
const MOST_TEXT = 500;

const COLUMNS = `id, body, revoked_at, revoked_by, revoked_why, ${USES}, bearer`;

export function leasesOf(room: RoomNeeds): {
  readonly leases: Identity['leases'];
  readonly flush: () => void;
} {
  const { db, clock, random, tell } = room;
  const uses = new Uses(db, clock, 'lease');
  const { external, flush } = externalOf(room);
  const leaseOf = (row: Row): Lease => {
    const [id, body, at, by, reason] = row;
    return {
      ...(JSON.parse(body as string) as NewLease),
      id: id as string,
      revoked:
        at === null ? null : { at: at as Instant, by: by as string, reason: reason as string },
      ...uses.shown(id as string, row.slice(5)),
    };
  };
  const get = (id: string): Lease | undefined => {
    const row = db.row(`SELECT ${COLUMNS} FROM lease WHERE id = ?`, id);
    return row === undefined ? undefined : leaseOf(row);
  };
  const leases: Identity['leases'] = {
    issue(lease) {
      const life = lease.expiresAt - lease.issuedAt;
      if (!(life >= SHORTEST_LEASE && life <= LONGEST_LEASE)) {
        throw identityFault(
          'lease-life',
          `a lease lasts from a minute to a day: this one would last ${Math.round(life / MICROS_PER_SECOND)} seconds`,
        );
      }
      const id = newId('lease', random);
      const { text, kept } = newSecret(random, BEARER_PREFIX);
      db.write(() =>
        db.run(
          'INSERT INTO lease VALUES (?, ?, ?, ?, NULL, NULL, NULL, 0, 0, NULL, NULL)',
          id,
          kept,
          JSON.stringify(issuedPart(lease)),
          lease.issuedAt,
        ),
      );
      tell('leases');
      const issued = get(id);
      if (issued === undefined)
        throw identityFault('identity-unwritable', 'the lease was not kept: ask again');
      return { lease: issued, bearer: text };
    },
    find(bearer) {
      const kept = keptOf(bearer);
      const row = db.row(`SELECT ${COLUMNS} FROM lease WHERE bearer = ?`, kept);
      return row !== undefined && isSame(kept, row[9]) ? leaseOf(row) : undefined;
    },
    get,
    list: () => db.rows(`SELECT ${COLUMNS} FROM lease ORDER BY issued_at DESC, id`).map(leaseOf),
    used: (id, operation, at, failed) => uses.count(id, operation, at, failed),
    revoke(id, by, reason, at) {
      const revoked =
        db.write(() =>
          db.run(
            `UPDATE lease SET revoked_at = ?, revoked_by = ?, revoked_why = ?
               WHERE id = ? AND revoked_at IS NULL`,
            at,
            by,
            reason.slice(0, MOST_TEXT),
            id,
          ),
        ) > 0;
      if (revoked) tell('leases');
      return revoked;
    },
    external,
  };
  return {
    leases,
    flush: () => {
      uses.flush();
      flush();
    },
  };
}

/** Only what a lease is made of, whatever else the value carries. */
function issuedPart(lease: NewLease): NewLease {
  const { label, profile, capabilities, scopes, targets, ceiling } = lease;
  const { issuedBy, issuedAt, expiresAt, resource, via } = lease;
  return {
    label: label.slice(0, MOST_TEXT),
    profile,
    capabilities,
    scopes,
    targets,
    ceiling,
    issuedBy,
    issuedAt,
    expiresAt,
    resource,
    via,
  };
}
