/** Recovery codes: ten of 80 bits each, each good once. Guessing them is counted by operator, and stops. */
import { MICROS_PER_SECOND } from '#base/time';
import { identityFault } from './faults.ts';
import type { Identity } from './protocol.ts';
import { isSame, keptOf, newCode, readCode } from './secret.ts';
import type { RoomNeeds } from './sessions.ts';

export const RECOVERY_CODES = 10;
export const MOST_ATTEMPTS = 5;
export const ATTEMPT_WINDOW = 15 * 60 * MICROS_PER_SECOND;
/** Names of nobody are counted too, and not without end. */
const MOST_COUNTED = 10_000;

export function recoveryOf({ db, clock, random, tell }: RoomNeeds): Identity['recovery'] {
  const keptFor = (operator: string, code: string): Uint8Array => keptOf(`${operator} ${code}`);
  return {
    make(operator) {
      const codes = Array.from({ length: RECOVERY_CODES }, () => newCode(random));
      db.write(() => {
        db.run('DELETE FROM recovery WHERE operator = ?', operator);
        for (const code of codes) {
          db.run('INSERT INTO recovery VALUES (?, ?)', operator, keptFor(operator, code));
        }
      });
      tell('sessions');
      return codes;
    },
    spend(operator, typed) {
      const now = clock.now();
      const kept = keptFor(operator, readCode(typed));
      const spent = db.write(() => {
        db.run('DELETE FROM attempt WHERE at <= ? OR at > ?', now - ATTEMPT_WINDOW, now);
        const [counted] = db.row('SELECT count(*) FROM attempt WHERE operator = ?', operator) ?? [
          0,
        ];
        const [all] = db.row('SELECT count(*) FROM attempt') ?? [0];
        if (Number(counted) >= MOST_ATTEMPTS || Number(all) >= MOST_COUNTED) return undefined;
        let fits = false;
        // Every one is looked at, so the time tells nothing of which it was.
        for (const [code] of db.rows('SELECT code FROM recovery WHERE operator = ?', operator)) {
          if (isSame(kept, code)) fits = true;
        }
        if (fits) db.run('DELETE FROM recovery WHERE operator = ? AND code = ?', operator, kept);
        else db.run('INSERT INTO attempt VALUES (?, ?)', operator, now);
        return fits;
      });
      if (spent === undefined) {
        throw identityFault(
          'too-many-attempts',
          'too many wrong recovery codes: wait a quarter of an hour, or have new ones made at a terminal with holdfast console recovery',
        );
      }
      if (spent) tell('sessions');
      return spent;
    },
    left(operator) {
      const [left] = db.row('SELECT count(*) FROM recovery WHERE operator = ?', operator) ?? [0];
      return Number(left);
    },
  };
}
