/**
 * Groups of a person as their identity provider said them last, for what that person lent: it goes on while nobody is
 * signed in. What one issuer said counts for nothing once another is asked.
 */
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import type { Identity } from './protocol.ts';
import type { RoomNeeds } from './sessions.ts';

/** A clock that was put back further than this makes what seems to come later count for nothing. */
const CLOCK_SLACK = 120 * MICROS_PER_SECOND;

export function attestedOf({ db, clock, tell }: Omit<RoomNeeds, 'random'>): Identity['attested'] {
  return {
    keep(operator, issuer, groups) {
      db.write(() =>
        db.run(
          `INSERT INTO attested VALUES (?, ?, ?, ?) ON CONFLICT(operator) DO UPDATE SET
             issuer = excluded.issuer, groups = excluded.groups, at = excluded.at`,
          operator,
          issuer,
          JSON.stringify(groups),
          clock.now(),
        ),
      );
      tell('leases');
    },
    of(operator, issuer, within) {
      const row = db.row('SELECT issuer, groups, at FROM attested WHERE operator = ?', operator);
      if (row?.[0] !== issuer) return [];
      const age = clock.now() - (row[2] as Instant);
      return age < within && age >= -CLOCK_SLACK ? (JSON.parse(row[1] as string) as string[]) : [];
    },
    forget(operator) {
      const found = db.write(() => db.run('DELETE FROM attested WHERE operator = ?', operator)) > 0;
      if (found) tell('leases');
      return found;
    },
  };
}
