/**
 * People at the console: who signed them in, and what of it somebody signed for. It holds the file of identities, and
 * asks at each request who is in force.
 */
import { fingerprint } from '#authority';
import { Fault } from '#base/fault';
import { newId } from '#base/ids';
import type { Json, JsonObject } from '#base/json';
import type { Clock, Random } from '#base/ports';
import { formatInstant } from '#base/time';
import type { EventLog } from '#evidence';
import type { Identity, Invitation, Passkey, Session } from '#identity';
import type { ConfigRequest, IdentityPowers, PasskeyShown } from '#operations';
import {
  accountOf,
  type FirstConfig,
  openSignIn,
  type People,
  type Place,
  type SignIn,
} from '#signin';
import type { PeopleInForce } from './people-in-force.ts';
import { SERVER_CONFIRMED } from './server-confirmed.ts';
import type { ServerInForce } from './server-in-force.ts';

export type IdentityNeeds = {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Pick<EventLog, 'append'>;
  readonly people: PeopleInForce;
  readonly roles: People['roles'];
  readonly place: () => Promise<Place>;
  /** Pages whose passkeys hosts take. */
  readonly accepted: () => Promise<readonly string[]>;
  readonly isServed: () => boolean;
  readonly server: Pick<ServerInForce, 'unsigned' | 'isToRestart' | 'confirmedAnother'>;
  readonly authority: {
    page(request: ConfigRequest, principal: string): Promise<Json>;
    apply(
      signed: { readonly order: string; readonly signatures: readonly string[] },
      principal: string,
    ): Promise<Json>;
  };
};

export class IdentityKeeper implements IdentityPowers {
  readonly signIn: SignIn;
  readonly #needs: IdentityNeeds;

  constructor(needs: IdentityNeeds) {
    const { identity, clock, random, events, people, roles, place } = needs;
    this.#needs = needs;
    this.signIn = openSignIn({
      identity,
      clock,
      random,
      events,
      place,
      config: firstConfig(needs),
      people: {
        isAnybody: () => people.isAnybody(),
        standing: (operator) => people.standing(operator),
        ownerOf: (key) => people.ownerOf(key),
        roles,
      },
    });
  }

  async console(): ReturnType<IdentityPowers['console']> {
    const { identity, people, place, accepted, isServed, server } = this.#needs;
    const { origin, rpId } = await place();
    const passkeys = await this.passkeys();
    const count = (state: PasskeyShown['state']): number =>
      passkeys.filter((one) => one.state === state).length;
    const origins = await accepted();
    const operators = (await people.ids()).length;
    const isAccepted = origins.includes(origin);
    const stranded = count('other-address');
    const unsigned = await server.unsigned();
    const isToRestart = await server.isToRestart();
    return {
      origin,
      isServed: isServed(),
      rpId,
      isAccepted,
      accepted: [...origins],
      operators,
      passkeys: count('in-force'),
      pending: count('pending'),
      stranded,
      sessions: identity.sessions.list().length,
      unsigned,
      isToRestart,
      next: isToRestart
        ? 'start the service again: what server.yaml gives is served from then on'
        : nextOf({ operators, passkeys: count('in-force'), isAccepted, stranded, origin }),
    };
  }

  async confirmServer(digest: string, principal: string): Promise<void> {
    const { people, server, events, random } = this.#needs;
    if (await people.isAnybody()) {
      throw new Fault(
        'conflict',
        'operator-exists',
        `somebody may sign already: ${(await people.ids()).join(', ')}. Sign server.yaml with holdfast config sign`,
      );
    }
    const edit = await server.unsigned();
    if (edit === null || edit.digest !== digest) {
      throw new Fault(
        'conflict',
        'server-moved',
        'server.yaml is not the file that was shown any more: run holdfast console setup again',
      );
    }
    await events.append({
      kind: SERVER_CONFIRMED,
      requestId: newId('req', random),
      traceId: null,
      scope: 'all',
      principal,
      onBehalfOf: null,
      surface: 'cli',
      operation: SERVER_CONFIRMED,
      arguments: { digest },
      decision: { verdict: 'allow', because: 'nobody may sign yet' },
      outcome: 'done',
      fault: null,
      targets: [],
      output: null,
      tainted: false,
      more: { digest },
    }).durable;
    server.confirmedAnother();
  }

  async invite(
    { operator, name, isFirst }: Parameters<IdentityPowers['invite']>[0],
    principal: string,
  ): ReturnType<IdentityPowers['invite']> {
    const { identity, people, place } = this.#needs;
    const isAnybody = await people.isAnybody();
    if (isFirst && isAnybody) {
      throw new Fault(
        'conflict',
        'operator-exists',
        `somebody may sign already: ${(await people.ids()).join(', ')}. Invite with holdfast console invite <id>, and sign for the passkey with holdfast console admit <id>`,
      );
    }
    if (!isFirst && !isAnybody) {
      throw new Fault(
        'conflict',
        'no-operator',
        'nobody may sign yet: begin with holdfast console setup, at a terminal',
      );
    }
    if (operator === 'recovery')
      throw new Fault('invalid', 'invalid-input', 'recovery is the name of a key: choose another');
    // Of people of whom nobody was admitted yet, the one that is invited now is the first.
    if (isFirst) this.#forgetEverybody();
    const standing = await people.standing(operator);
    const { invitation, code } = identity.invitations.make({
      operator,
      name: standing.is === 'in-force' ? standing.name : (name ?? operator),
      // Whoever sits at the terminal of the first setup is that person.
      accounts: [...(isFirst ? [accountIn(principal)] : []), accountOf(operator)],
      invitedBy: principal,
    });
    const { origin, rpId } = await place();
    return {
      operator,
      name: invitation.name,
      link: `${origin}/invitation#${code}`,
      expiresAt: formatInstant(invitation.expiresAt),
      origin,
      rpId,
      isFirst,
    };
  }

  async invitations(): ReturnType<IdentityPowers['invitations']> {
    const { identity, people } = this.#needs;
    const shown: Awaited<ReturnType<IdentityPowers['invitations']>>[number][] = [];
    for (const invitation of identity.invitations.list()) {
      const { id, operator, name, accounts, invitedBy, expiresAt, pendingKey } = invitation;
      const passkey = passkeyOf(identity, invitation);
      const isDone =
        pendingKey !== null &&
        (passkey === undefined ||
          (await people.ownerOf(pendingKey)) !== undefined ||
          (await people.isRevokedKey(pendingKey)));
      if (isDone) {
        identity.invitations.remove(id);
        continue;
      }
      shown.push({
        id,
        operator,
        name,
        accounts: [...accounts],
        invitedBy,
        expiresAt: formatInstant(expiresAt),
        pending:
          passkey === undefined
            ? null
            : {
                key: passkey.key,
                fingerprint: fingerprint(passkey.key),
                label: passkey.label,
              },
      });
    }
    return shown;
  }

  async passkeys(): ReturnType<IdentityPowers['passkeys']> {
    const { rpId } = await this.#needs.place();
    const all = this.#needs.identity.passkeys.list();
    return Promise.all(all.map(async (one) => this.#shown(one, rpId)));
  }

  async renamePasskey(credentialId: string, label: string): Promise<boolean> {
    return this.#needs.identity.passkeys.rename(credentialId, label);
  }

  async removePasskey(credentialId: string): Promise<boolean> {
    const { identity } = this.#needs;
    const key = identity.passkeys.byCredential(credentialId)?.key;
    for (const { id, pendingKey } of identity.invitations.list())
      if (pendingKey !== null && pendingKey === key) identity.invitations.remove(id);
    return identity.passkeys.remove(credentialId);
  }

  async sessions(): ReturnType<IdentityPowers['sessions']> {
    return this.#needs.identity.sessions.list().map(shownSession);
  }

  async endSession(id: string): Promise<boolean> {
    return this.#needs.identity.sessions.end(id);
  }

  async endSessions(operator: string): Promise<number> {
    const { sessions, attested } = this.#needs.identity;
    // What was said of their groups was said for this: what they lent has nothing of it either.
    attested.forget(operator);
    return sessions.endAll(operator);
  }

  async recoveryCodes(operator: string): Promise<readonly string[]> {
    const { identity, people } = this.#needs;
    if ((await people.standing(operator)).is !== 'in-force') {
      throw new Fault(
        'missing',
        'no-such-operator',
        `no such operator in force: ${operator}. There are ${(await people.ids()).join(', ') || 'none'}`,
      );
    }
    return identity.recovery.make(operator);
  }

  async glass(): ReturnType<IdentityPowers['glass']> {
    const { identity, people, clock } = this.#needs;
    const now = clock.now();
    return (await people.ids()).flatMap((operator) => {
      const open = identity.breakGlass.of(operator, now);
      if (open === undefined) return [];
      const { reason, openedAt, expiresAt } = open;
      return {
        operator,
        reason,
        openedAt: formatInstant(openedAt),
        expiresAt: formatInstant(expiresAt),
      };
    });
  }

  async closeGlass(operator: string, principal: string): Promise<boolean> {
    const closed = this.#needs.identity.breakGlass.close(operator);
    if (closed) await this.#glassOver(operator, principal, 'ended before its time');
    return closed;
  }

  /** Tells of each break-glass whose time is over. */
  async tick(): Promise<void> {
    const { identity, clock } = this.#needs;
    for (const { operator } of identity.breakGlass.takeOver(clock.now()))
      await this.#glassOver(operator, 'service:holdfast', 'its time is over');
  }

  async #glassOver(operator: string, principal: string, because: string): Promise<void> {
    const { events, random } = this.#needs;
    await events.append({
      kind: 'break-glass.ended',
      requestId: newId('req', random),
      traceId: null,
      scope: 'all',
      principal,
      onBehalfOf: null,
      surface: 'service',
      operation: 'break-glass.ended',
      arguments: { operator },
      decision: { verdict: 'allow', because },
      outcome: 'done',
      fault: null,
      targets: [],
      output: null,
      tainted: false,
    }).written;
  }

  async #shown(passkey: Passkey, rpId: string): Promise<PasskeyShown> {
    const { people } = this.#needs;
    const { key, operator, transports, createdAt, lastUsedAt, credentialId, label } = passkey;
    return {
      credentialId,
      operator,
      label,
      key,
      fingerprint: fingerprint(key),
      state: (await people.isRevokedKey(key))
        ? 'revoked'
        : (await people.ownerOf(key)) !== operator
          ? 'pending'
          : passkey.rpId === rpId
            ? 'in-force'
            : 'other-address',
      rpId: passkey.rpId,
      transports: [...transports],
      backedUp: passkey.backedUp,
      createdAt: formatInstant(createdAt),
      lastUsedAt: lastUsedAt === null ? null : formatInstant(lastUsedAt),
    };
  }

  /** Nobody is in force, so nothing of these was ever worth anything. */
  #forgetEverybody(): void {
    const { identity } = this.#needs;
    for (const { id } of identity.invitations.list()) identity.invitations.remove(id);
    for (const { credentialId } of identity.passkeys.list()) identity.passkeys.remove(credentialId);
  }
}

function nextOf(there: {
  readonly operators: number;
  readonly passkeys: number;
  readonly isAccepted: boolean;
  readonly stranded: number;
  readonly origin: string;
}): string {
  const { operators, passkeys, isAccepted, stranded, origin } = there;
  if (operators === 0) return 'holdfast console setup, at a terminal';
  if (stranded > 0 && passkeys === 0)
    return 'the address changed, so every passkey is another key now: put url in server.yaml back, or invite everybody anew with holdfast console invite <id>';
  if (passkeys === 0) return 'holdfast console invite <id>, for a passkey of an operator';
  return isAccepted
    ? ''
    : `hosts do not take what passkeys sign at ${origin}: holdfast config origins ${origin}`;
}

function firstConfig({ authority }: IdentityNeeds): FirstConfig {
  return {
    page: async ({ accounts, origins, ...first }, principal) =>
      (await authority.page(
        { kind: 'add-operator', ...first, accounts: [...accounts], origins: [...origins] },
        principal,
      )) as JsonObject,
    apply: (signed, principal) => authority.apply(signed, principal),
  };
}

function passkeyOf(identity: Identity, { operator, pendingKey }: Invitation): Passkey | undefined {
  return pendingKey === null
    ? undefined
    : identity.passkeys.of(operator).find(({ key }) => key === pendingKey);
}

/** As the registry of operators names an account: `root@local`. */
function accountIn(principal: string): string {
  return principal.replace(/^operator:/, '');
}

function shownSession({
  groups: _groups,
  credentialId: _credentialId,
  pageKey: _pageKey,
  createdAt,
  lastSeenAt,
  expiresAt,
  ...session
}: Session): Awaited<ReturnType<IdentityPowers['sessions']>>[number] {
  return {
    ...session,
    createdAt: formatInstant(createdAt),
    lastSeenAt: formatInstant(lastSeenAt),
    expiresAt: formatInstant(expiresAt),
  };
}
