/** Who is behind a session at this moment, and how far they reach. */
import { type Reach, reachOf } from '#access';
import { fingerprint } from '#authority';
import { asFault } from '#base/fault';
import type { Session } from '#identity';
import { signInFault } from './faults.ts';
import type { SignInNeeds } from './needs.ts';
import type { Person } from './protocol.ts';

const BY_CODE =
  'signed in with a recovery code: this session registers a passkey, and nothing else';

/** What a session of that kind cannot do, in words. */
export function limitOf({ method }: Pick<Session, 'method'>): string | null {
  return method === 'recovery' ? BY_CODE : null;
}

/** Roles, or everything while the glass is broken. A code may lie in a drawer that others open: it reaches nothing. */
export function reachOfSession(
  { method }: Pick<Session, 'method'>,
  roles: { readonly reach: Reach; readonly holds: string },
  isGlassBroken: boolean,
): { readonly reach: Reach; readonly holds: string } {
  if (method === 'recovery') return { reach: [], holds: 'recovery' };
  return isGlassBroken ? { reach: reachOf('operator'), holds: 'break-glass' } : roles;
}

export type Standing = {
  readonly name: string;
  readonly isInForce: boolean;
  readonly reach: Reach;
  readonly holds: string;
};

/** What the person may do apart from any session. Throws `not-in-force` for whoever may not be here. */
export async function mustStand(
  { people }: Pick<SignInNeeds, 'people'>,
  { operator, groups, method }: Pick<Session, 'operator' | 'groups' | 'method'>,
): Promise<Standing> {
  const standing = await people.standing(operator);
  const isInForce = standing.is === 'in-force';
  // Whom the identity provider vouches for may look by a role of a group, without a key of their own.
  if (isInForce || (standing.is === 'unknown' && method === 'oidc')) {
    const roles = await people.roles(operator, groups, isInForce);
    if (roles !== undefined)
      return { name: isInForce ? standing.name : operator, isInForce, ...roles };
  }
  throw signInFault(
    'not-in-force',
    standing.is === 'revoked'
      ? 'this person was taken out: nobody signs in as them any more'
      : 'nobody signed for this person, and no role is theirs: ask an operator',
  );
}

/** `undefined`: the session is nobody's any more. Rejects while who is in force cannot be read. */
export async function personOf(needs: SignInNeeds, session: Session): Promise<Person | undefined> {
  const { identity, people, clock } = needs;
  const { operator, credentialId } = session;
  const own = await passkeysInForce(needs, operator);
  if (credentialId !== null && !own.some((one) => one.credentialId === credentialId))
    return undefined;
  const standing = await mustStand({ people }, session).catch((thrown: unknown) => {
    if (asFault(thrown).code === 'not-in-force') return undefined;
    throw thrown;
  });
  if (standing === undefined) return undefined;
  const glass = standing.isInForce ? identity.breakGlass.of(operator, clock.now()) : undefined;
  return {
    session,
    name: standing.name,
    ...reachOfSession(session, standing, glass !== undefined),
    breakGlass: glass ?? null,
    limit: limitOf(session),
    keys: own,
  };
}

/** The passkeys of a person that stand among the signers in force, on a line of their own. */
export async function passkeysInForce(
  { identity, people, place }: Pick<SignInNeeds, 'identity' | 'people' | 'place'>,
  operator: string,
): Promise<Person['keys']> {
  const { rpId } = await place();
  const found: Person['keys'][number][] = [];
  for (const passkey of identity.passkeys.of(operator)) {
    if (passkey.rpId !== rpId || (await people.ownerOf(passkey.key)) !== operator) continue;
    const { credentialId, key, label, transports } = passkey;
    found.push({ credentialId, key, fingerprint: fingerprint(key), label, transports });
  }
  return found;
}
