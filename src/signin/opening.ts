/** A session is opened in one place: told to the log before its cookie is given away, or not at all. */
import type { Session } from '#identity';
import type { Leaving } from './leave.ts';
import { addressOf } from './leave.ts';
import type { SignInNeeds } from './needs.ts';
import { limitOf } from './person.ts';
import type { From, SignedIn } from './protocol.ts';

export type Opening = {
  open(
    who: Pick<Session, 'operator' | 'method' | 'credentialId' | 'groups'>,
    from: From,
  ): Promise<SignedIn>;
};

export function openingOf({ identity }: SignInNeeds, leaving: Leaving): Opening {
  return {
    async open(who, from) {
      const { session, secret } = identity.sessions.open({
        ...who,
        userAgent: from.userAgent.replace(/\p{C}/gu, ''),
        address: addressOf(from),
      });
      try {
        await leaving.leave({
          what: 'session.opened',
          operator: who.operator,
          because: who.method,
          from,
          more: { session: session.id },
        });
      } catch (thrown) {
        identity.sessions.end(session.id);
        throw thrown;
      }
      return { session, secret, limit: limitOf(session) };
    },
  };
}
