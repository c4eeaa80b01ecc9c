/**
 * An invitation becomes a passkey. The first person's own passkey then signs the first configuration; everybody
 * else's waits until somebody in force signs for it. The code lets one passkey in, and grants nothing else.
 */
import { fingerprint } from '#authority';
import { asFault } from '#base/fault';
import type { JsonObject } from '#base/json';
import type { Invitation, Passkey } from '#identity';
import { askToRegister, readRegistration } from './ceremonies.ts';
import { mustConfirm, RECENT } from './confirm.ts';
import { signInFault } from './faults.ts';
import type { Leaving } from './leave.ts';
import type { SignInNeeds } from './needs.ts';
import { mustShowPage, type Opening } from './opening.ts';
import { passkeysInForce } from './person.ts';
import type { Finished, NewPasskey, Registered, SignIn } from './protocol.ts';

/** Pages that were prepared and can still be signed, for each invitation. */
const MOST_PAGES = 8;

export function invitationDoor(
  needs: SignInNeeds,
  leaving: Leaving,
  opening: Opening,
  confirm: SignIn['confirm'],
): SignIn['invitation'] {
  const { identity, people, config, place, clock } = needs;
  /** Orders handed out, by invitation: what comes back is one of them, to the byte. */
  const prepared = new Map<string, readonly string[]>();

  const mustFind = (code: unknown): Invitation => {
    const found = typeof code === 'string' ? identity.invitations.find(code) : undefined;
    if (found === undefined) throw over();
    return found;
  };
  const passkeyOf = (invitation: Invitation): Passkey => {
    const found = identity.passkeys
      .of(invitation.operator)
      .find(({ key }) => key === invitation.pendingKey);
    if (found === undefined) throw over();
    return found;
  };
  const pageFor = async (invitation: Invitation, { key }: Passkey): Promise<JsonObject> => {
    const { id, operator, name, accounts } = invitation;
    const { origin } = await place();
    const page = await config.page(
      { id: operator, name, key, accounts, origins: [origin] },
      principalOf(operator),
    );
    const order = page['order'];
    if (typeof order !== 'string') throw over();
    prepared.set(id, [...(prepared.get(id) ?? []), order].slice(-MOST_PAGES));
    return page;
  };
  const stepOf = async (invitation: Invitation, passkey: Passkey): Promise<Registered> => {
    const shown = newPasskey(passkey);
    if (!(await people.isAnybody()))
      return { step: 'sign', passkey: shown, page: await pageFor(invitation, passkey) };
    identity.invitations.spend(invitation.id);
    return {
      step: 'pending',
      passkey: shown,
      says: `registered, and waiting: an operator compares the fingerprint ${shown.fingerprint} with you and signs for it, in the settings of the console or with holdfast console admit ${invitation.operator}`,
    };
  };

  return {
    async open(code) {
      const invitation = mustFind(code);
      const { operator, name, expiresAt, pendingKey } = invitation;
      const isFirst = !(await people.isAnybody());
      const shown = { operator, name, expiresAt, isFirst, place: await place() };
      if (pendingKey === null) return { ...shown, step: 'register' };
      const step = await stepOf(invitation, passkeyOf(invitation));
      // Somebody else was first in the meantime.
      if (step.step === 'pending') throw over();
      return { ...shown, ...step };
    },

    async options(code) {
      const invitation = mustFind(code);
      if (invitation.pendingKey !== null) throw over();
      return askToRegister(identity, await place(), invitation);
    },

    async register(code, response, label, from) {
      const invitation = mustFind(code);
      const { operator } = invitation;
      try {
        const passkey = identity.invitations.register(
          invitation.id,
          await readRegistration(identity, await place(), invitation, label, response),
        );
        await leaving.leave({
          what: 'passkey.registered',
          operator,
          because: `by invitation of ${invitation.invitedBy}`,
          from,
          more: { fingerprint: fingerprint(passkey.key), invitation: invitation.id },
        });
        return await stepOf({ ...invitation, pendingKey: passkey.key }, passkey);
      } catch (thrown) {
        const { code: fault } = asFault(thrown);
        await leaving.leave({ what: 'passkey.refused', operator, because: fault, from, fault });
        throw thrown;
      }
    },

    async finish(code, { order, signature }, from): Promise<Finished> {
      mustShowPage(from);
      const invitation = mustFind(code);
      const { operator } = invitation;
      const passkey = passkeyOf(invitation);
      if (await people.isAnybody()) {
        throw signInFault(
          'not-in-force',
          `somebody may sign already: ask them to sign for this passkey, with holdfast console admit ${operator}`,
        );
      }
      if (!(prepared.get(invitation.id) ?? []).includes(order)) {
        throw signInFault(
          'other-order',
          'this is not the page that was prepared here: open the invitation again, and sign what it shows',
        );
      }
      const answer = await config.apply({ order, signatures: [signature] }, principalOf(operator));
      identity.invitations.spend(invitation.id);
      identity.invitations.remove(invitation.id);
      prepared.delete(invitation.id);
      const recoveryCodes = identity.recovery.make(operator);
      const opened = await opening.open(
        { operator, method: 'invitation', credentialId: passkey.credentialId, groups: [] },
        from,
      );
      return { ...opened, recoveryCodes, config: answer };
    },

    async own(session, ceremony, from) {
      const { operator, method, createdAt } = session;
      const standing = await people.standing(operator);
      if (standing.is !== 'in-force')
        throw signInFault(
          'not-in-force',
          `only an operator in force adds a passkey, and nobody signed for you as one: ask an operator to invite you, with holdfast console invite ${operator}`,
        );
      const hasPasskey = (await passkeysInForce(needs, operator)).length > 0;
      if (method !== 'recovery' && hasPasskey)
        await mustConfirm(confirm, session, { operation: 'passkey_add', input: {} }, ceremony);
      else if (clock.now() - createdAt >= RECENT)
        throw signInFault(
          'sign-in-again',
          'it is a while ago that you signed in: sign out and in again, then add the passkey at once',
        );
      const { invitation, code } = identity.invitations.make({
        operator,
        name: standing.name,
        accounts: [accountOf(operator)],
        invitedBy: principalOf(operator),
      });
      await leaving.leave({
        what: 'invitation.made',
        operator,
        because: `own session (${session.method})`,
        from,
        more: { invitation: invitation.id },
      });
      return { code, expiresAt: invitation.expiresAt };
    },
  };
}

/** As the registry of operators names the person at the console. */
export function accountOf(operator: string): string {
  return `${operator}@console`;
}

export function principalOf(operator: string): string {
  return `operator:${accountOf(operator)}`;
}

function newPasskey({ credentialId, transports, key }: Passkey): NewPasskey {
  return { credentialId, transports, key, fingerprint: fingerprint(key) };
}

function over(): Error {
  return signInFault(
    'invitation-over',
    'this invitation is unknown, used or over: have another made with holdfast console invite, or holdfast console setup for the first person',
  );
}
