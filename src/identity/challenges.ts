/**
 * Challenges, taken once. They live in memory only: after a restart a ceremony begins again, and nothing that was
 * answered before can be answered twice.
 */
import type { Clock, Random } from '#base/ports';
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import type { Identity } from './protocol.ts';

export const CHALLENGE_LIFE = 5 * 60 * MICROS_PER_SECOND;
/** Anybody may ask to sign in; the oldest unanswered give way. */
export const MOST_CHALLENGES = 10_000;
const BYTES = 32;

export function challengesOf(clock: Clock, random: Random): Identity['challenges'] {
  const open = new Map<string, { readonly subject: string; readonly until: Instant }>();
  const nameOf = (purpose: string, challenge: string): string => `${purpose} ${challenge}`;
  return {
    make(purpose, subject) {
      const challenge = Buffer.from(random.bytes(BYTES)).toString('base64url');
      const now = clock.now();
      for (const [name, { until }] of open) {
        if (open.size < MOST_CHALLENGES && until > now) break;
        open.delete(name);
      }
      open.set(nameOf(purpose, challenge), { subject, until: shift(now, CHALLENGE_LIFE) });
      return challenge;
    },
    take(purpose, challenge) {
      const name = nameOf(purpose, challenge);
      const found = open.get(name);
      open.delete(name);
      return found === undefined || clock.now() >= found.until ? undefined : found.subject;
    },
  };
}
