/** What a session showed beside itself for one call, as the kernel is told it. */
import type { Session } from '#identity';
import type { Confirmed } from '#operations';
import type { Ceremony, Confirming, SignIn } from '#signin';

/** Rejects where a ceremony came that is not good for this call; the nonce is spent then as well. */
export async function confirmedBy(
  confirm: Pick<SignIn['confirm'], 'verify' | 'isRecent'>,
  session: Session,
  call: Confirming,
  ceremony: Ceremony | undefined,
): Promise<Confirmed | undefined> {
  if (ceremony !== undefined)
    return { how: 'each', by: `passkey ${await confirm.verify(session, call, ceremony)}` };
  return confirm.isRecent(session)
    ? { how: 'recent', by: 'a passkey a few minutes ago' }
    : undefined;
}
