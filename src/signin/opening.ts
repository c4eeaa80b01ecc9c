/** A session is opened in one place: told to the log before its cookie is given away, or not at all. */
import type { Session } from '#identity';
import { refused } from './faults.ts';
import type { Leaving } from './leave.ts';
import { addressOf } from './leave.ts';
import type { SignInNeeds } from './needs.ts';
import { isPageKey } from './page-proof.ts';
import { limitOf } from './person.ts';
import type { From, SignedIn } from './protocol.ts';

export type Opening = {
  open(
    who: Pick<Session, 'operator' | 'method' | 'credentialId' | 'groups'>,
    from: From,
  ): Promise<SignedIn>;
};

/** Before anything is spent: whoever could not be given a session is refused first. */
export function mustShowPage({ pageKey }: From): void {
  if (!isPageKey(pageKey)) throw refused();
}

export function openingOf({ identity }: SignInNeeds, leaving: Leaving): Opening {
  return {
    async open(who, from) {
      const { pageKey } = from;
      if (!isPageKey(pageKey)) throw refused();
      const { session, secret } = identity.sessions.open({
        ...who,
        pageKey,
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
