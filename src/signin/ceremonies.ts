/**
 * The two ceremonies of WebAuthn (Level 3, section 7) with one choice in each place: ES256, resident, user verification,
 * no attestation. A challenge is taken before anything else is looked at, so no answer is looked at twice.
 */

import { hash } from 'node:crypto';
import { passkeyLine } from '#authority';
import type { JsonObject } from '#base/json';
import type { Identity, Passkey } from '#identity';
import { readCreated, readSigned, type Signed } from './answers.ts';
import { refused, signInFault } from './faults.ts';
import type { Place } from './protocol.ts';

const ES256 = -7;
const TIMEOUT_MS = 5 * 60_000;
const RP_NAME = 'Holdfast';

/** It is heavy, and whoever only runs the command line never needs it. */
const webauthn = async () => import('@simplewebauthn/server');

/** For whichever passkey the person picks. */
export async function askToSignIn(identity: Identity, place: Place): Promise<JsonObject> {
  return { ...signingOptions(place), challenge: identity.challenges.make('sign-in', '') };
}

/** `PublicKeyCredentialRequestOptionsJSON` (WebAuthn Level 3, section 5.1) without its challenge. None allowed by name: any. */
export function signingOptions({ rpId }: Place, allowed: readonly Passkey[] = []): JsonObject {
  return {
    rpId,
    timeout: TIMEOUT_MS,
    userVerification: 'required',
    allowCredentials: allowed.map(({ credentialId, transports }) => ({
      type: 'public-key',
      id: credentialId,
      transports: [...transports],
    })),
  };
}

/** The passkey that signed in. Rejects with `sign-in-refused`, or `passkey-copied`. */
export async function readSignIn(
  identity: Identity,
  place: Place,
  given: unknown,
): Promise<Passkey> {
  const read = readSigned(given);
  if (read === undefined) throw refused();
  if (identity.challenges.take('sign-in', read.challenge) === undefined) throw refused();
  return signedBy(identity, place, read);
}

/** The passkey that signed this challenge, which whoever asks has taken or made. Rejects as above. */
export async function readConfirmation(
  identity: Identity,
  place: Place,
  challenge: string,
  given: unknown,
): Promise<Passkey> {
  const read = readSigned(given);
  if (read === undefined || read.challenge !== challenge) throw refused();
  return signedBy(identity, place, read);
}

async function signedBy(
  identity: Identity,
  { origin, rpId }: Place,
  read: Signed,
): Promise<Passkey> {
  const passkey = identity.passkeys.byCredential(read.answer.id);
  if (passkey === undefined || passkey.rpId !== rpId) throw refused();
  // Who it is hangs on the line, and what is verified on the key: whoever wrote the file must not part them.
  if (passkeyLine(passkey.cose, rpId) !== passkey.key) throw refused();
  const { verifyAuthenticationResponse } = await webauthn();
  const verified = await verifyAuthenticationResponse({
    response: read.answer,
    expectedChallenge: read.challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserVerification: true,
    credential: {
      id: passkey.credentialId,
      publicKey: Uint8Array.from(passkey.cose),
      // The store judges the counter, in the transaction that moves it.
      counter: 0,
    },
  }).catch((cause: unknown) => {
    throw refused(cause);
  });
  if (!verified.verified) throw refused();
  const { newCounter, credentialBackedUp } = verified.authenticationInfo;
  if (!identity.passkeys.used(passkey.credentialId, newCounter, credentialBackedUp)) {
    throw signInFault(
      'passkey-copied',
      'the passkey counted backwards, so a copy of it may be about: use another passkey, and have this one revoked',
      { facts: { operator: passkey.operator } },
    );
  }
  return passkey;
}

export async function askToRegister(
  identity: Identity,
  { rpId }: Place,
  invitation: { readonly id: string; readonly operator: string; readonly name: string },
): Promise<JsonObject> {
  const { generateRegistrationOptions } = await webauthn();
  const challenge = identity.challenges.make('register', invitation.id);
  const options = await generateRegistrationOptions({
    rpName: RP_NAME,
    rpID: rpId,
    userName: invitation.operator,
    userDisplayName: invitation.name,
    // The same person on the same authenticator is one entry there, and it tells nobody who that is.
    userID: Uint8Array.from(hash('sha256', `holdfast ${rpId} ${invitation.operator}`, 'buffer')),
    challenge: Buffer.from(challenge, 'base64url'),
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    supportedAlgorithmIDs: [ES256],
    excludeCredentials: identity.passkeys
      .of(invitation.operator)
      .map(({ credentialId, transports }) => ({
        id: credentialId,
        transports: [...transports] as never,
      })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  return options as unknown as JsonObject;
}

/** The new passkey, as it will be kept. Rejects with `passkey-refused`. */
export async function readRegistration(
  identity: Identity,
  { origin, rpId }: Place,
  invitation: { readonly id: string; readonly operator: string },
  label: string,
  given: unknown,
): Promise<Omit<Passkey, 'createdAt' | 'lastUsedAt'>> {
  const read = readCreated(given);
  if (read === undefined) throw notTaken('its answer cannot be read');
  if (identity.challenges.take('register', read.challenge) !== invitation.id)
    throw notTaken('it answers something else, or too late');
  const { verifyRegistrationResponse } = await webauthn();
  const verified = await verifyRegistrationResponse({
    response: read.answer,
    expectedChallenge: read.challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserVerification: true,
    supportedAlgorithmIDs: [ES256],
  }).catch((cause: unknown) => {
    throw notTaken('it is not for this console, or does not ask who is there', cause);
  });
  if (!verified.verified) throw notTaken('it cannot be verified');
  const { credential, credentialBackedUp } = verified.registrationInfo;
  if (credential.id !== read.answer.id) throw notTaken('it names itself twice');
  return {
    credentialId: credential.id,
    operator: invitation.operator,
    key: passkeyLine(credential.publicKey, rpId),
    cose: Uint8Array.from(credential.publicKey),
    rpId,
    counter: credential.counter,
    transports: read.transports,
    label: plain(label) || 'passkey',
    backedUp: credentialBackedUp,
  };
}

/** One line without anything that a terminal or a reader could take for more than a name. */
function plain(text: string): string {
  return text.replace(/\p{C}/gu, '').trim().slice(0, 64);
}

function notTaken(why: string, cause?: unknown): Error {
  return signInFault(
    'passkey-refused',
    `the passkey was not taken: ${why}. Try again, with an authenticator that asks for a finger, a face or a PIN`,
    { cause },
  );
}
