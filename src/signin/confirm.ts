/**
 * A session says who signed in, and not who sits there now. What changes who may come in, or what may act for a person,
 * is confirmed with a passkey over that very call; what is only delicate to see, with one a few minutes ago.
 *
 * The challenge is a digest of the operation, its input, the session and a nonce of ours, which is taken before anything
 * else is looked at. So an answer is good for one call, once, in one session.
 */
import { fingerprint } from '#authority';
import { sha256 } from '#base/digest';
import { asFault } from '#base/fault';
import { canonicalJson, type JsonObject } from '#base/json';
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import type { Passkey, Session } from '#identity';
import { readConfirmation, signingOptions } from './ceremonies.ts';
import { refused, signInFault } from './faults.ts';
import type { Leaving } from './leave.ts';
import type { SignInNeeds } from './needs.ts';
import { passkeysInForce } from './person.ts';
import type { Ceremony, Confirming, SignIn } from './protocol.ts';

/** How long whoever signed with a passkey is taken to sit there still. */
export const RECENT = 10 * 60 * MICROS_PER_SECOND;
const DOMAIN = 'holdfast-confirm@1';
const NONCE = /^[A-Za-z0-9_-]{43}$/;
const MOST_KNOWN = 1_000;

/** What is signed: base64url of SHA-256, as a WebAuthn challenge is written. */
export function challengeFor(
  sessionId: string,
  { operation, input }: Confirming,
  nonce: string,
): string {
  const text = canonicalJson({ domain: DOMAIN, input, nonce, operation, session: sessionId });
  return Buffer.from(sha256(text), 'hex').toString('base64url');
}

/** Rejects with `passkey-needed` where nothing came with it. */
export async function mustConfirm(
  confirm: SignIn['confirm'],
  session: Session,
  call: Confirming,
  ceremony: Ceremony | undefined,
): Promise<void> {
  if (ceremony === undefined)
    throw signInFault(
      'passkey-needed',
      'a passkey of yours has to sign for this: confirm it in the console',
      { facts: { operation: call.operation } },
    );
  await confirm.verify(session, call, ceremony);
}

export function confirmDoor(needs: SignInNeeds, leaving: Leaving): SignIn['confirm'] {
  const { identity, clock, place } = needs;
  /** When a session's person last signed with a passkey; gone with the process, and then they sign again. */
  const signedAt = new Map<string, Instant>();

  const own = async ({ operator, method }: Session): Promise<readonly Passkey[]> => {
    if (method === 'recovery')
      throw signInFault(
        'session-limited',
        'signed in with a recovery code: this session adds a passkey, and nothing else. Sign in with a passkey',
      );
    const found = (await passkeysInForce(needs, operator)).flatMap(
      ({ credentialId }) => identity.passkeys.byCredential(credentialId) ?? [],
    );
    if (found.length === 0) throw await withoutPasskey(operator);
    return found;
  };

  /** What whoever has none in force does next, and who may. */
  const withoutPasskey = async (operator: string): Promise<Error> => {
    const admit = `holdfast console admit ${operator}`;
    const isInForce = (await needs.people.standing(operator)).is === 'in-force';
    const next = !isInForce
      ? 'ask-to-be-invited'
      : identity.passkeys.of(operator).length > 0
        ? 'wait-to-be-admitted'
        : 'add-a-passkey';
    const says = {
      'ask-to-be-invited': `nobody signed for you as an operator. Ask one to invite you (holdfast console invite ${operator}) and then to sign for your passkey (${admit})`,
      'wait-to-be-admitted': `those that you registered wait, are revoked, or were made for another address. Have an operator in force compare the fingerprint with you and sign for it, in the settings of the console or with ${admit}`,
      'add-a-passkey': `you have registered none. Sign in anew, add this device under Settings within ten minutes, and have an operator in force sign for it, in the settings of the console or with ${admit}`,
    } as const;
    return signInFault(
      'session-limited',
      `this takes a passkey of yours that is in force, and there is none here: ${says[next]}`,
      { facts: { next } },
    );
  };

  return {
    async options(session): Promise<JsonObject> {
      const allowed = await own(session);
      const nonce = identity.challenges.make('confirm', session.id);
      return { nonce, session: session.id, options: signingOptions(await place(), allowed) };
    },

    async verify(session, call, { nonce, response }: Ceremony) {
      const { operator } = session;
      try {
        if (typeof nonce !== 'string' || !NONCE.test(nonce)) throw refused();
        const isOurs = identity.challenges.take('confirm', nonce) === session.id;
        const allowed = await own(session);
        if (!isOurs) throw refused();
        const challenge = challengeFor(session.id, call, nonce);
        const passkey = await readConfirmation(identity, await place(), challenge, response);
        if (!allowed.some(({ credentialId }) => credentialId === passkey.credentialId))
          throw refused();
        if (signedAt.size >= MOST_KNOWN) signedAt.clear();
        signedAt.set(session.id, clock.now());
        return fingerprint(passkey.key);
      } catch (thrown) {
        const { code: fault } = asFault(thrown);
        await leaving.leave({
          what: 'confirmation.refused',
          operator,
          because: fault,
          fault,
          more: { session: session.id, call: call.operation.slice(0, 64) },
        });
        throw thrown;
      }
    },

    isRecent({ id, method, createdAt }) {
      const bySignIn = method === 'passkey' || method === 'invitation' ? createdAt : undefined;
      const now = clock.now();
      return [signedAt.get(id), bySignIn].some(
        (at) => at !== undefined && at <= now && now - at < RECENT,
      );
    },
  };
}
