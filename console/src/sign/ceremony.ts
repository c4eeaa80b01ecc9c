/** Asks the person's passkey to sign one document. Every signature is a ceremony of its own, with verification. */
import { type Assertion, NotSigned, signatureOf } from './assertion.ts';
import { fromBase64, toBase64url } from './bytes.ts';
import { isKeyOf, keepOwnKey } from './own-key.ts';
import { type Namespace, signedBytes } from './sshsig.ts';

export type SigningKey = {
  /** base64url */
  readonly credentialId: string;
  readonly key: string;
  readonly transports: readonly string[];
};

const TIMEOUT_MS = 180_000;

/** Throws `NotSigned`, in words for a person, where there is no signature; nothing was sent then. */
export async function signWithPasskey(
  document: string,
  namespace: Namespace,
  { keys, rpId }: { readonly keys: readonly SigningKey[]; readonly rpId: string },
): Promise<string> {
  if (keys.length === 0)
    throw new NotSigned(
      'none of your passkeys is in force here: add one under Settings, and have an operator in force sign for it',
    );
  if (!('credentials' in navigator) || !globalThis.isSecureContext)
    throw new NotSigned(
      'this browser has no passkeys at this address: they need https, or localhost',
    );
  const challenge = await signedBytes(namespace, document);
  const credential = await navigator.credentials
    .get({
      publicKey: {
        challenge,
        rpId,
        userVerification: 'required',
        timeout: TIMEOUT_MS,
        allowCredentials: keys.map(({ credentialId, transports }) => ({
          type: 'public-key',
          id: fromBase64(credentialId),
          ...(transports.length === 0
            ? {}
            : { transports: [...transports] as AuthenticatorTransport[] }),
        })),
      },
    })
    .catch((thrown: unknown) => {
      throw new NotSigned(whyNot(thrown), { cause: thrown });
    });
  if (!(credential instanceof PublicKeyCredential))
    throw new NotSigned('no passkey answered: nothing was signed');
  const used = keys.find(
    (each) => each.credentialId === toBase64url(new Uint8Array(credential.rawId)),
  );
  if (used === undefined) throw new NotSigned('another passkey answered than yours');
  const assertion = assertionOf(credential);
  const signature = await signatureOf(assertion, {
    key: used.key,
    origin: location.origin,
    rpId,
    namespace,
    challenge,
  });
  if (!(await isKeyOf(used.key, assertion)))
    throw new NotSigned(
      'the service names another key for your passkey than the one that answered: nothing was sent',
    );
  keepOwnKey(localStorage, used.key);
  return signature;
}

function assertionOf(credential: PublicKeyCredential): Assertion {
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    authenticatorData: new Uint8Array(response.authenticatorData),
    clientDataJSON: new Uint8Array(response.clientDataJSON),
    signature: new Uint8Array(response.signature),
  };
}

function whyNot(thrown: unknown): string {
  const name = thrown instanceof Error ? thrown.name : '';
  if (name === 'NotAllowedError')
    return 'nothing was signed: it was dismissed, or took too long. Try again when you are ready';
  if (name === 'SecurityError')
    return 'nothing was signed: this address is not the one your passkeys are bound to';
  return `nothing was signed: the browser says ${name === '' ? 'no more' : name}`;
}
