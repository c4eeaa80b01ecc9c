/** What a person does for themselves beside the operations: a further passkey, and breaking the glass. */
import {
  type AuthenticationResponseJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
} from '@simplewebauthn/browser';
import { Problem, send } from '../api/index.ts';

const post = async <Value>(path: string, body: object = {}): Promise<Value> =>
  (await send('POST', path, body)) as Value;

/** The code goes into a fragment, which is sent to nobody. */
export async function inviteOneself(): Promise<string> {
  const { code } = await post<{ readonly code: string }>('/invitation/own');
  return `/invitation#${code}`;
}

export async function breakGlass(reason: string, minutes: number): Promise<void> {
  const optionsJSON = await post<PublicKeyCredentialRequestOptionsJSON>('/break-glass/options');
  let response: AuthenticationResponseJSON;
  try {
    response = await startAuthentication({ optionsJSON });
  } catch (thrown) {
    throw new Problem(
      'invalid',
      'no-ceremony',
      'the glass is whole: nothing was confirmed with a passkey. Try again when you are ready',
      { cause: thrown },
    );
  }
  await post('/break-glass/open', { reason, minutes, response });
}
