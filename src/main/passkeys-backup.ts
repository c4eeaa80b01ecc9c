/**
 * Passkeys as a backup carries them: public keys, and nothing that signs anybody in by itself. Sessions, leases,
 * invitations and recovery codes are of one life, and are made anew in the next.
 */
import { passkeyLine } from '#authority';
import { Fault } from '#base/fault';
import { type Json, parseJson } from '#base/json';
import type { Files } from '#base/ports';
import type { Identity, Passkey } from '#identity';

export const PASSKEYS = 'passkeys.json';

export function passkeysBytes({ passkeys }: Pick<Identity, 'passkeys'>): Uint8Array {
  const all = passkeys.list().map((one) => {
    const { credentialId, operator, cose, rpId, counter, transports, label, backedUp } = one;
    return {
      credentialId,
      operator,
      cose: Buffer.from(cose).toString('base64url'),
      rpId,
      counter,
      transports,
      label,
      backedUp,
    };
  });
  return Buffer.from(`${JSON.stringify({ version: 1, passkeys: all })}\n`);
}

/** What a restore left is taken in, once. The line that signs is made from the key that signs in: nobody gains by writing another. */
export async function takePasskeys(
  files: Pick<Files, 'read' | 'remove'>,
  path: string,
  { passkeys }: Pick<Identity, 'passkeys'>,
): Promise<void> {
  const bytes = await files.read(path);
  if (bytes === undefined) return;
  for (const one of read(Buffer.from(bytes).toString('utf8'), path))
    if (passkeys.byCredential(one.credentialId) === undefined) passkeys.add(one);
  await files.remove(path);
}

function read(text: string, path: string): readonly Omit<Passkey, 'createdAt' | 'lastUsedAt'>[] {
  const top = parseJson(text, PASSKEYS) as { readonly version?: Json; readonly passkeys?: Json };
  const list = top?.version === 1 && Array.isArray(top.passkeys) ? top.passkeys : undefined;
  if (list === undefined) throw broken(path);
  return (list as readonly Json[]).map((each) => {
    const one = (each ?? {}) as { readonly [name: string]: Json };
    const word = (name: string): string => {
      const value = one[name];
      if (typeof value !== 'string') throw broken(path);
      return value;
    };
    const { counter, transports, backedUp } = one;
    const isWhole = typeof counter === 'number' && Number.isSafeInteger(counter) && counter >= 0;
    if (!isWhole || typeof backedUp !== 'boolean' || !Array.isArray(transports)) throw broken(path);
    const cose = Buffer.from(word('cose'), 'base64url');
    const rpId = word('rpId');
    return {
      credentialId: word('credentialId'),
      operator: word('operator'),
      key: passkeyLine(cose, rpId),
      cose,
      rpId,
      counter,
      transports: transports.filter((way) => typeof way === 'string'),
      label: word('label'),
      backedUp,
    };
  });
}

function broken(path: string): Fault {
  return new Fault(
    'broken',
    'passkeys-broken',
    `the passkeys of a backup cannot be read: ${path}. Remove the file; everybody is then invited anew with holdfast console invite`,
  );
}
