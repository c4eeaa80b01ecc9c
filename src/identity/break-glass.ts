/** Break-glass: one at a time for each operator, an hour at most, over by itself. */
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import { identityFault } from './faults.ts';
import type { Identity } from './protocol.ts';
import type { RoomNeeds } from './sessions.ts';

export const LONGEST_GLASS = 3_600 * MICROS_PER_SECOND;
const MOST_TEXT = 500;

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
      const row = db.row(
        'SELECT reason, opened_at, expires_at FROM glass WHERE operator = ?',
        operator,
      );
      if (row === undefined) return undefined;
      const [reason, openedAt, expiresAt] = row;
      const glass = {
        operator,
        reason: reason as string,
        openedAt: openedAt as Instant,
        expiresAt: expiresAt as Instant,
      };
      // A clock that was put back never lengthens it.
      const isOpen = at < glass.expiresAt && at >= glass.openedAt;
      return isOpen ? glass : undefined;
    },
    close(operator) {
      const closed = db.write(() => db.run('DELETE FROM glass WHERE operator = ?', operator)) > 0;
      if (closed) tell('sessions');
      return closed;
    },
  };
}
