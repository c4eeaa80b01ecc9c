/** Sessions: short, counted, and gone at the next request once they are ended. */
import { newId } from '#base/ids';
import type { Clock, Random } from '#base/ports';
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import type { Database, Row } from './database.ts';
import type { Identity, Session, SignInMethod } from './protocol.ts';
import { isSame, keptOf, newSecret } from './secret.ts';

export const SESSION_LIFE = 12 * 3_600 * MICROS_PER_SECOND;
export const SESSION_IDLE = 30 * 60 * MICROS_PER_SECOND;
export const MOST_SESSIONS = 10;
/** Being seen again within this is not written: a page asks often. */
const SEEN_STEP = 30 * MICROS_PER_SECOND;
/** A clock that was put back further than this ends what seems to begin later. */
const CLOCK_SLACK = 120 * MICROS_PER_SECOND;
const MOST_TEXT = 256;

const COLUMNS =
  'id, operator, method, groups, created_at, seen_at, expires_at, user_agent, address, secret, credential, page_key';

export type RoomNeeds = {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly tell: (topic: 'sessions' | 'leases') => void;
};

export function sessionsOf({ db, clock, random, tell }: RoomNeeds): Identity['sessions'] {
  const isAlive = (session: Session): boolean => {
    const now = clock.now();
    return (
      now < session.expiresAt &&
      now - session.lastSeenAt < SESSION_IDLE &&
      now >= session.createdAt - CLOCK_SLACK
    );
  };
  const byId = (id: string): Session | undefined => {
    const row = db.row(`SELECT ${COLUMNS} FROM session WHERE id = ?`, id);
    const session = row === undefined ? undefined : sessionOf(row);
    return session !== undefined && isAlive(session) ? session : undefined;
  };
  return {
    open({ operator, method, credentialId, groups, pageKey, userAgent, address }) {
      const now = clock.now();
      const { text, kept } = newSecret(random);
      const session: Session = {
        id: newId('ses', random),
        operator,
        method,
        credentialId,
        groups: [...groups],
        pageKey,
        createdAt: now,
        lastSeenAt: now,
        expiresAt: shift(now, SESSION_LIFE),
        userAgent: userAgent.slice(0, MOST_TEXT),
        address: address.slice(0, MOST_TEXT),
      };
      db.write(() => {
        db.run(
          'DELETE FROM session WHERE expires_at <= ? OR seen_at <= ?',
          now,
          now - SESSION_IDLE,
        );
        db.run(
          `DELETE FROM session WHERE id IN (SELECT id FROM session WHERE operator = ?
             ORDER BY created_at DESC, id LIMIT -1 OFFSET ?)`,
          operator,
          MOST_SESSIONS - 1,
        );
        db.run(
          'INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
          session.id,
          kept,
          operator,
          method,
          JSON.stringify(session.groups),
          now,
          now,
          session.expiresAt,
          session.userAgent,
          session.address,
          credentialId,
          pageKey,
        );
      });
      tell('sessions');
      return { session, secret: text };
    },
    find(secret, judge) {
      const kept = keptOf(secret);
      const row = db.row(`SELECT ${COLUMNS} FROM session WHERE secret = ?`, kept);
      if (row === undefined || !isSame(kept, row[9])) return undefined;
      const session = sessionOf(row);
      if (!isAlive(session)) return undefined;
      judge?.(session);
      const now = clock.now();
      if (now - session.lastSeenAt < SEEN_STEP) return session;
      db.write(() => db.run('UPDATE session SET seen_at = ? WHERE id = ?', now, session.id));
      return { ...session, lastSeenAt: now };
    },
    get: byId,
    isOpen: (id) => byId(id) !== undefined,
    list: (operator) =>
      db
        .rows(`SELECT ${COLUMNS} FROM session ORDER BY created_at DESC, id`)
        .map(sessionOf)
        .filter(
          (session) => isAlive(session) && (operator ?? session.operator) === session.operator,
        ),
    end(id) {
      const ended = db.write(() => db.run('DELETE FROM session WHERE id = ?', id)) > 0;
      if (ended) tell('sessions');
      return ended;
    },
    endAll(operator) {
      const ended = db.write(() => db.run('DELETE FROM session WHERE operator = ?', operator));
      if (ended > 0) tell('sessions');
      return ended;
    },
  };
}

function sessionOf(row: Row): Session {
  const [id, operator, method, groups, createdAt, lastSeenAt, expiresAt, userAgent, address] = row;
  return {
    id: id as string,
    operator: operator as string,
    method: method as SignInMethod,
    credentialId: row[10] as string | null,
    groups: JSON.parse(groups as string) as string[],
    pageKey: row[11] as string,
    createdAt: createdAt as Instant,
    lastSeenAt: lastSeenAt as Instant,
    expiresAt: expiresAt as Instant,
    userAgent: userAgent as string,
    address: address as string,
  };
}
