/** Break-glass: one at a time for each operator, an hour at most, over by itself. */
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import type { Row } from './database.ts';
import { identityFault } from './faults.ts';
import type { BreakGlass, Identity } from './protocol.ts';
import type { RoomNeeds } from './sessions.ts';

export const LONGEST_GLASS = 3_600 * MICROS_PER_SECOND;
const MOST_TEXT = 500;
const COLUMNS = 'operator, reason, opened_at, expires_at';

export function breakGlassOf({ db, tell }: RoomNeeds): Identity['breakGlass'] {
  return {
    open({ operator, reason, openedAt, expiresAt }) {
      if (!(expiresAt > openedAt && expiresAt - openedAt <= LONGEST_GLASS)) {
        throw identityFault(
          'glass-too-long',
          'break-glass is for an hour at most: name fewer minutes',
        );
      }
      db.write(() =>
        db.run(
          'INSERT OR REPLACE INTO glass VALUES (?, ?, ?, ?)',
          operator,
          reason.slice(0, MOST_TEXT),
          openedAt,
          expiresAt,
        ),
      );
      tell('sessions');
    },
    of(operator, at) {
      const row = db.row(`SELECT ${COLUMNS} FROM glass WHERE operator = ?`, operator);
      const glass = row === undefined ? undefined : glassOf(row);
      // A clock that was put back never lengthens it.
      return glass !== undefined && at < glass.expiresAt && at >= glass.openedAt
        ? glass
        : undefined;
    },
    takeOver(at) {
      const over = db.rows(
        `SELECT ${COLUMNS} FROM glass WHERE expires_at <= ? OR opened_at > ? ORDER BY operator`,
        at,
        at,
      );
      if (over.length === 0) return [];
      db.write(() => db.run('DELETE FROM glass WHERE expires_at <= ? OR opened_at > ?', at, at));
      tell('sessions');
      return over.map(glassOf);
    },
    close(operator) {
      const closed = db.write(() => db.run('DELETE FROM glass WHERE operator = ?', operator)) > 0;
      if (closed) tell('sessions');
      return closed;
    },
  };
}

function glassOf([operator, reason, openedAt, expiresAt]: Row): BreakGlass {
  return {
    operator: operator as string,
    reason: reason as string,
    openedAt: openedAt as Instant,
    expiresAt: expiresAt as Instant,
  };
}
