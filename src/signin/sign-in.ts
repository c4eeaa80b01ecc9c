/** The door of the browser, put together. */
import { asFault } from '#base/fault';
import type { Session } from '#identity';
import { breakGlassDoor } from './break-glass.ts';
import { askToSignIn, readSignIn } from './ceremonies.ts';
import { confirmDoor } from './confirm.ts';
import { refused, signInFault } from './faults.ts';
import { invitationDoor } from './invitation.ts';
import { Leaving } from './leave.ts';
import type { SignInNeeds } from './needs.ts';
import { mustShowPage, openingOf } from './opening.ts';
import { PageProofs } from './page-proof.ts';
import { mustStand, personOf } from './person.ts';
import type { From, SignIn } from './protocol.ts';

const OPERATOR_ID = /^[a-z][a-z0-9._-]{0,62}$/;

export function openSignIn(needs: SignInNeeds): SignIn {
  const { identity, people, place, clock, random } = needs;
  const leaving = new Leaving(needs);
  const opening = openingOf(needs, leaving);
  const proofs = new PageProofs(clock, random);
  const confirm = confirmDoor(needs, leaving);

  /** Runs a way of signing in; whatever stops it is left as an event. */
  const trying = async <T>(
    operator: string | null,
    by: string,
    from: From,
    act: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await act();
    } catch (thrown) {
      const { code: fault, facts } = asFault(thrown);
      const known = operator ?? (typeof facts['operator'] === 'string' ? facts['operator'] : null);
      await leaving.leave({ what: 'session.refused', operator: known, because: by, from, fault });
      throw thrown;
    }
  };

  const stillHere = async (session: Session | undefined): ReturnType<SignIn['whoIs']> => {
    if (session === undefined) return undefined;
    const person = await personOf(needs, session);
    if (person !== undefined) return person;
    if (identity.sessions.end(session.id)) {
      await leaving.leave({
        what: 'session.ended',
        operator: session.operator,
        because: 'the person or the passkey is not in force any more',
        more: { session: session.id },
      });
    }
    return undefined;
  };

  return {
    passkey: {
      options: async () => askToSignIn(identity, await place()),
      async verify(response, from) {
        const passkey = await trying(null, 'passkey', from, async () =>
          readSignIn(identity, await place(), response),
        );
        const { operator, credentialId, key } = passkey;
        return trying(operator, 'passkey', from, async () => {
          if ((await people.ownerOf(key)) !== operator) {
            throw signInFault(
              'passkey-not-in-force',
              `nobody signs in with this passkey: an operator in force has to sign for it first, with holdfast console admit ${operator}, or has revoked it`,
            );
          }
          await mustStand(needs, { operator, groups: [], method: 'passkey' });
          return opening.open({ operator, method: 'passkey', credentialId, groups: [] }, from);
        });
      },
    },

    recovery: (operator, code, from) => {
      const named = OPERATOR_ID.test(operator) ? operator : null;
      return trying(named, 'recovery', from, async () => {
        mustShowPage(from);
        if (named === null || !identity.recovery.spend(named, code)) throw refused();
        await mustStand(needs, { operator: named, groups: [], method: 'recovery' });
        return opening.open(
          { operator: named, method: 'recovery', credentialId: null, groups: [] },
          from,
        );
      });
    },

    vouched: ({ operator, groups }, from, shown) => {
      const named = OPERATOR_ID.test(operator) ? operator : null;
      return trying(named, 'oidc', from, async () => {
        if (named === null) throw refused();
        mustShowPage(from);
        proofs.check(from.pageKey ?? '', shown);
        await mustStand(needs, { operator: named, groups, method: 'oidc' });
        return opening.open({ operator: named, method: 'oidc', credentialId: null, groups }, from);
      });
    },

    whoIs: async (secret, shown) =>
      stillHere(identity.sessions.find(secret, ({ pageKey }) => proofs.check(pageKey, shown))),
    nonce: () => proofs.nonce(),
    isHere: async (id) => (await stillHere(identity.sessions.get(id))) !== undefined,
    reachNow: async (id) => (await stillHere(identity.sessions.get(id)))?.reach,

    async signOut(session, from) {
      if (!identity.sessions.end(session.id)) return;
      await leaving.leave({
        what: 'session.ended',
        operator: session.operator,
        because: 'signed out',
        from,
        more: { session: session.id },
      });
    },

    invitation: invitationDoor(needs, leaving, opening, confirm),
    confirm,
    breakGlass: breakGlassDoor(needs, leaving, confirm),
  };
}
