/** For an hour at most, and told to everybody: a person's own reach becomes the owner's. A fresh ceremony, and a reason. */
import { isWhole, PROFILES, type Reach } from '#access';
import { asFault } from '#base/fault';
import { formatInstant, MICROS_PER_SECOND, shift } from '#base/time';
import type { Session } from '#identity';
import { mustConfirm } from './confirm.ts';
import { signInFault } from './faults.ts';
import type { Leaving } from './leave.ts';
import type { SignInNeeds } from './needs.ts';
import { mustStand } from './person.ts';
import type { SignIn } from './protocol.ts';

const MOST_MINUTES = 60;
const LEAST_REASON = 8;
const MOST_REASON = 500;

export function breakGlassDoor(
  needs: SignInNeeds,
  leaving: Leaving,
  confirm: SignIn['confirm'],
): SignIn['breakGlass'] {
  const { identity, clock } = needs;
  const mustNeedIt = async (session: Session): Promise<void> => {
    if (session.method === 'recovery')
      throw signInFault('session-limited', 'a recovery code opens nothing: sign in with a passkey');
    const { isInForce, reach } = await mustStand(needs, session);
    if (!isInForce)
      throw signInFault('not-in-force', 'break-glass is for operators in force: ask one');
    if (isOwner(reach))
      throw signInFault('glass-not-needed', 'this person reaches everything already: go on');
  };
  return {
    async open(session, { reason, minutes, ceremony }) {
      const { operator } = session;
      try {
        await mustNeedIt(session);
        const why = reason.replace(/\p{C}/gu, ' ').trim();
        const isGood = why.length >= LEAST_REASON && why.length <= MOST_REASON;
        if (!isGood || !Number.isInteger(minutes) || minutes < 1 || minutes > MOST_MINUTES) {
          throw signInFault(
            'invalid-reason',
            `break-glass needs a reason of ${LEAST_REASON} to ${MOST_REASON} characters, and 1 to ${MOST_MINUTES} minutes`,
          );
        }
        const call = { operation: 'break_glass_open', input: { minutes, reason } };
        await mustConfirm(confirm, session, call, ceremony);
        const now = clock.now();
        const glass = {
          operator,
          reason: why,
          openedAt: now,
          expiresAt: shift(now, minutes * 60 * MICROS_PER_SECOND),
        };
        // Told before it counts: where the log cannot be written, nothing is widened.
        await leaving.leave({
          what: 'break-glass.opened',
          operator,
          because: why,
          more: {
            session: session.id,
            reason: why,
            until: formatInstant(glass.expiresAt),
            minutes,
          },
        });
        identity.breakGlass.open(glass);
        return glass;
      } catch (thrown) {
        const { code: fault } = asFault(thrown);
        await leaving.leave({ what: 'break-glass.refused', operator, because: fault, fault });
        throw thrown;
      }
    },

    async close({ operator, id }) {
      const closed = identity.breakGlass.close(operator);
      if (closed) {
        await leaving.leave({
          what: 'break-glass.ended',
          operator,
          because: 'ended by the person',
          more: { session: id },
        });
      }
      return closed;
    },
  };
}

/** Some one role already has everything, everywhere. */
function isOwner(reach: Reach): boolean {
  return reach.some(
    (part) =>
      isWhole(part) &&
      part.ceiling === 'T3' &&
      PROFILES.operator.every((each) => part.capabilities.includes(each)),
  );
}
