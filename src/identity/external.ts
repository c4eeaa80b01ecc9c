/**
 * Tokens of the team's identity provider, as far as they were brought here: who asks with them, and which of them are
 * taken no more. They are made elsewhere, so nothing here gives any; what is barred is refused whatever else holds.
 */
import { sha256 } from '#base/digest';
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import type { Row } from './database.ts';
import type { ExternalLease, ExternalTokens } from './protocol.ts';
import type { RoomNeeds } from './sessions.ts';
import { USES, Uses } from './uses.ts';

export const EXTERNAL_PREFIX = 'oauth_';
/** How far the clock of an issuer may be ahead of ours. */
const SKEW = 60 * MICROS_PER_SECOND;
/** One that was not brought for so long is forgotten, unless it is revoked. */
const KEPT = 90 * 24 * 3_600 * MICROS_PER_SECOND;
/** As long as the longest lease, and no token is taken that lasts longer. */
const LONGEST = 24 * 3_600 * MICROS_PER_SECOND;
const MOST_TEXT = 500;

const COLUMNS = `id, issuer, subject, client, operator, profile, first_at, expires_at, revoked_at, revoked_by, revoked_why, ${USES}`;

export function externalOf({ db, clock, tell }: Omit<RoomNeeds, 'random'>): {
  readonly external: ExternalTokens;
  readonly flush: () => void;
} {
  const uses = new Uses(db, clock, 'external');
  // Bars are in no backup: where this file began anew, nothing counts that was made before it.
  if (db.row('SELECT at FROM born') === undefined)
    db.write(() => db.run('INSERT INTO born VALUES (?)', clock.now()));
  const born = db.row('SELECT at FROM born')?.[0] as Instant;

  const leaseOf = (row: Row): ExternalLease => {
    const [id, issuer, subject, client, operator, profile, firstAt, expiresAt, at, by, reason] =
      row;
    return {
      id: id as string,
      issuer: issuer as string,
      subject: subject as string,
      client: client as string,
      operator: operator as string,
      profile: profile as string,
      firstAt: firstAt as Instant,
      expiresAt: expiresAt as Instant,
      revoked:
        at === null ? null : { at: at as Instant, by: by as string, reason: reason as string },
      ...uses.shown(id as string, row.slice(11)),
    };
  };
  const get = (id: string): ExternalLease | undefined => {
    const row = db.row(`SELECT ${COLUMNS} FROM external WHERE id = ?`, id);
    return row === undefined ? undefined : leaseOf(row);
  };
  const idOf: ExternalTokens['idOf'] = ({ issuer, subject, client }) =>
    EXTERNAL_PREFIX + sha256(JSON.stringify([issuer, subject, client])).slice(0, 24);
  const said = (reason: string): string => reason.slice(0, MOST_TEXT);

  const external: ExternalTokens = {
    idOf,
    seen(token) {
      const id = idOf(token);
      const { issuer, subject, client, operator, profile, expiresAt } = token;
      const known = get(id);
      if (
        known !== undefined &&
        known.operator === operator &&
        known.profile === profile &&
        known.expiresAt >= expiresAt
      )
        return;
      const now = clock.now();
      db.write(() => {
        db.run('DELETE FROM external WHERE expires_at < ? AND revoked_at IS NULL', now - KEPT);
        db.run(
          `INSERT INTO external VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, 0, 0, NULL, NULL)
             ON CONFLICT(id) DO UPDATE SET operator = excluded.operator, profile = excluded.profile,
               expires_at = max(expires_at, excluded.expires_at)`,
          id,
          issuer,
          subject,
          client,
          operator,
          profile,
          now,
          expiresAt,
        );
      });
      tell('leases');
    },
    isBarred({ issuer, subject, client, jti, issuedAt }) {
      if (issuedAt <= born) return true;
      const floor = db.row('SELECT not_before FROM issuer_floor WHERE issuer = ?', issuer)?.[0];
      if (floor !== undefined && issuedAt <= (floor as Instant)) return true;
      if (db.row('SELECT 1 FROM barred WHERE issuer = ? AND jti = ?', issuer, jti) !== undefined)
        return true;
      const revoked = db.row(
        'SELECT 1 FROM external WHERE id = ? AND revoked_at IS NOT NULL',
        idOf({ issuer, subject, client }),
      );
      return revoked !== undefined;
    },
    get,
    list: () => db.rows(`SELECT ${COLUMNS} FROM external ORDER BY first_at DESC, id`).map(leaseOf),
    used: (id, operation, at, failed) => uses.count(id, operation, at, failed),
    revoke(pair, by, reason, at) {
      const id = idOf(pair);
      db.write(() => {
        db.run(
          `INSERT INTO external VALUES (?, ?, ?, ?, '', '', ?, ?, ?, ?, ?, 0, 0, NULL, NULL)
             ON CONFLICT(id) DO UPDATE SET revoked_at = excluded.revoked_at,
               revoked_by = excluded.revoked_by, revoked_why = excluded.revoked_why
             WHERE revoked_at IS NULL`,
          id,
          pair.issuer,
          pair.subject,
          pair.client,
          at,
          at,
          at,
          by,
          said(reason),
        );
      });
      tell('leases');
      return id;
    },
    readmit(id) {
      const found = db.write(() =>
        db.run(
          `UPDATE external SET revoked_at = NULL, revoked_by = NULL, revoked_why = NULL
             WHERE id = ? AND revoked_at IS NOT NULL`,
          id,
        ),
      );
      if (found > 0) tell('leases');
      return found > 0;
    },
    bar({ issuer, jti }, by, reason, at) {
      db.write(() => {
        db.run('DELETE FROM barred WHERE until <= ?', clock.now());
        db.run(
          'INSERT OR IGNORE INTO barred VALUES (?, ?, ?, ?, ?, ?)',
          issuer,
          jti,
          shift(at, LONGEST + 2 * SKEW),
          at,
          by,
          said(reason),
        );
      });
      tell('leases');
    },
    barBefore(issuer, by, reason, at) {
      db.write(() =>
        db.run(
          `INSERT INTO issuer_floor VALUES (?, ?, ?, ?, ?)
             ON CONFLICT(issuer) DO UPDATE SET not_before = excluded.not_before, at = excluded.at,
               by = excluded.by, why = excluded.why
             WHERE excluded.not_before > not_before`,
          issuer,
          // What an issuer whose clock is ahead made before counts too.
          shift(at, SKEW),
          at,
          by,
          said(reason),
        ),
      );
      tell('leases');
    },
    bars: () => [
      ...db
        .rows('SELECT issuer, not_before, at, by, why FROM issuer_floor ORDER BY at DESC, issuer')
        .map(([issuer, notBefore, at, by, reason]) => ({
          issuer: issuer as string,
          jti: null,
          notBefore: notBefore as Instant,
          at: at as Instant,
          by: by as string,
          reason: reason as string,
        })),
      ...db
        .rows(
          'SELECT issuer, jti, at, by, why FROM barred WHERE until > ? ORDER BY at DESC, issuer, jti',
          clock.now(),
        )
        .map(([issuer, jti, at, by, reason]) => ({
          issuer: issuer as string,
          jti: jti as string,
          notBefore: null,
          at: at as Instant,
          by: by as string,
          reason: reason as string,
        })),
    ],
  };
  return { external, flush: () => uses.flush() };
}
