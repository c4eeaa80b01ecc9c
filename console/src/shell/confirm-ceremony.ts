/** The ceremony over one call: the challenge is computed here, from what was shown, and from nothing that was sent. */
import {
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
} from '@simplewebauthn/browser';
import type { ToConfirm } from '../api/confirm.ts';
import { Problem, send } from '../api/index.ts';
import { digest, toBase64url, utf8 } from '../sign/bytes.ts';
import { canonicalJson } from '../sign/canonical-json.ts';

const DOMAIN = 'holdfast-confirm@1';

/** What goes along with the call. Throws `Problem`; nothing was confirmed then. */
export async function confirmWithPasskey({ operation, input }: ToConfirm): Promise<string> {
  const begun = (await send('POST', '/confirm/options', {})) as unknown as {
    readonly nonce: string;
    readonly session: string;
    readonly options: Omit<PublicKeyCredentialRequestOptionsJSON, 'challenge'>;
  };
  const { nonce, session, options } = begun;
  const text = canonicalJson({ domain: DOMAIN, input, nonce, operation, session });
  const challenge = toBase64url(await digest('SHA-256', text));
  try {
    const response = await startAuthentication({ optionsJSON: { ...options, challenge } });
    return toBase64url(utf8(JSON.stringify({ nonce, response: signedPart(response) })));
  } catch (thrown) {
    throw new Problem(
      'invalid',
      'no-ceremony',
      'nothing was confirmed: it was dismissed, or took too long. Try again when you are ready',
      { cause: thrown },
    );
  }
}

/** What the service looks at, so that it fits into a header whatever the authenticator adds. */
function signedPart({
  id,
  rawId,
  type,
  response,
}: Awaited<ReturnType<typeof startAuthentication>>) {
  const { clientDataJSON, authenticatorData, signature } = response;
  return { id, rawId, type, response: { clientDataJSON, authenticatorData, signature } };
}
