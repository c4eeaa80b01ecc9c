/** The witness's Ed25519 key: PKCS#8 PEM, mode 0600, durable before it is used. */
import { createPrivateKey } from 'node:crypto';
import { Fault } from '#base/fault';
import type { Files, Random } from '#base/ports';
import { PKCS8_PREFIX } from '../log-key.ts';

const KEY = 'witness.pem';

export async function readWitnessKey(files: Files, directory: string): Promise<string | undefined> {
  const bytes = await files.read(`${directory}/${KEY}`);
  if (bytes === undefined) return undefined;
  const pem = Buffer.from(bytes).toString('latin1');
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'ed25519') return pem;
  } catch {
    // Said below.
  }
  throw new Fault(
    'broken',
    'witness-key-unreadable',
    `the witness's key cannot be read: ${directory}/${KEY}. Restore it from a backup`,
  );
}

export async function makeWitnessKey(
  files: Files,
  random: Random,
  directory: string,
): Promise<void> {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, random.bytes(32)]),
    format: 'der',
    type: 'pkcs8',
  });
  const pem = key.export({ format: 'pem', type: 'pkcs8' }) as string;
  await files.replace(`${directory}/${KEY}`, Buffer.from(pem), 0o600);
}
