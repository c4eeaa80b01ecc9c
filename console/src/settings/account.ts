/** What a person does for themselves beside the operations: a further passkey, and breaking the glass. */
import { confirming, send } from '../api/index.ts';

/** The code goes into a fragment, which is sent to nobody. */
export async function inviteOneself(): Promise<string> {
  const { code } = (await confirming('passkey_add', {}, (more) =>
    send('POST', '/invitation/own', {}, undefined, more),
  )) as { readonly code: string };
  return `/invitation#${code}`;
}

export async function breakGlass(reason: string, minutes: number): Promise<void> {
  const input = { reason, minutes };
  await confirming('break_glass_open', input, (more) =>
    send('POST', '/break-glass/open', input, undefined, more),
  );
}
