/** Signing in, and invitations. Nothing here approves anything. */
import {
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import { newPageKey } from './page-key.ts';
import { Problem } from './problem.ts';
import { send } from './send.ts';

export type SignInWays = {
  readonly methods: readonly ('passkey' | 'recovery' | 'oidc')[];
  readonly origin: string;
  readonly rpId: string;
  /** Why the team's identity provider let nobody in just now; told once. */
  readonly refused: {
    readonly kind: string;
    readonly code: string;
    readonly detail: string;
  } | null;
};

export type Begun = {
  readonly operator: string;
  /** What this session cannot do, in words. */
  readonly limit: string | null;
};

export type ConfigPage = {
  readonly order: string;
  readonly namespace: string;
  readonly version: number;
  readonly digest: string;
  readonly digestWords: string;
  readonly says: readonly string[];
  readonly needs: string;
};

export type NewPasskey = {
  readonly credentialId: string;
  readonly transports: readonly string[];
  readonly key: string;
  readonly fingerprint: string;
};

export type Registered =
  | { readonly step: 'sign'; readonly passkey: NewPasskey; readonly page: ConfigPage }
  | { readonly step: 'pending'; readonly passkey: NewPasskey; readonly says: string };

export type OpenInvitation = {
  readonly operator: string;
  readonly name: string;
  readonly isFirst: boolean;
  readonly expiresAt: string;
  readonly place: { readonly origin: string; readonly rpId: string };
} & (
  | { readonly step: 'register' }
  | { readonly step: 'sign'; readonly passkey: NewPasskey; readonly page: ConfigPage }
);

const post = async <Value>(path: string, body: object = {}): Promise<Value> =>
  (await send('POST', path, body)) as Value;

export async function signInWays(): Promise<SignInWays> {
  return (await send('GET', '/sign-in')) as unknown as SignInWays;
}

export async function signInByPasskey(): Promise<Begun> {
  const optionsJSON = await post<PublicKeyCredentialRequestOptionsJSON>('/sign-in/passkey/options');
  const response = await ceremony<AuthenticationResponseJSON>(
    () => startAuthentication({ optionsJSON }),
    'nobody was signed in',
  );
  return begin('/sign-in/passkey/verify', response);
}

export function signInByRecovery(operator: string, code: string): Promise<Begun> {
  return begin('/sign-in/recovery', { operator, code });
}

/** Leaves this page, for the team's provider. */
export async function signInByProvider(): Promise<void> {
  const key = await newPageKey();
  const { location: there } = (await send('POST', '/sign-in/oidc/start', {}, undefined, {
    'x-holdfast-page-key': key.publicKey,
  })) as { readonly location: string };
  await key.keep();
  location.assign(there);
}

/** A session of a key of this page's own. */
async function begin<Value>(path: string, body: object): Promise<Value> {
  const key = await newPageKey();
  const begun = (await send('POST', path, body, undefined, {
    'x-holdfast-page-key': key.publicKey,
  })) as Value;
  await key.keep();
  return begun;
}

export function openInvitation(code: string): Promise<OpenInvitation> {
  return post('/invitation/open', { code });
}

export async function registerPasskey(code: string, label: string): Promise<Registered> {
  const optionsJSON = await post<PublicKeyCredentialCreationOptionsJSON>('/invitation/options', {
    code,
  });
  const response = await ceremony<RegistrationResponseJSON>(
    () => startRegistration({ optionsJSON }),
    'no passkey was made',
  );
  return post('/invitation/register', { code, response, label });
}

export function finishInvitation(
  code: string,
  signed: { readonly order: string; readonly signature: string },
): Promise<Begun & { readonly recoveryCodes: readonly string[] }> {
  return begin('/invitation/finish', { code, ...signed });
}

async function ceremony<Value>(run: () => Promise<Value>, otherwise: string): Promise<Value> {
  try {
    return await run();
  } catch (thrown) {
    const name = thrown instanceof Error ? thrown.name : '';
    const why =
      name === 'NotAllowedError'
        ? 'it was dismissed, took too long, or this device has no passkey for this address'
        : name === 'InvalidStateError'
          ? 'this device has a passkey for you already'
          : name === 'SecurityError'
            ? 'passkeys are bound to another address than this one'
            : 'this browser or device refused';
    throw new Problem('invalid', 'no-ceremony', `${otherwise}: ${why}`, { cause: thrown });
  }
}
