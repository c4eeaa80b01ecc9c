/**
 * The key that signs `run` orders under a standing approval (docs/host-contract.md). It is not the
 * log's: whoever is handed this port can have nothing signed but SSHSIG blobs.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { Fault, invariant } from '#base/fault';
import type { Files, Random } from '#base/ports';
import { PKCS8_PREFIX } from './log-key.ts';

const FILE = 'control-plane.pem';
/** PROTOCOL.sshsig 3: what is signed begins with this. */
const MAGIC = Buffer.from('SSHSIG');

export type ControlPlaneKey = {
  readonly publicKey: KeyObject;
  /** Ed25519 over the blob of PROTOCOL.sshsig; anything else is refused. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
};

/** Makes the key where there is none; durable before it is used. */
export async function openControlPlaneKey(options: {
  readonly files: Files;
  readonly random: Random;
  readonly keys: string;
}): Promise<ControlPlaneKey> {
  const { files, random, keys } = options;
  const path = `${keys}/${FILE}`;
  const pem = await files.read(path);
  const key = pem === undefined ? await make(files, random, keys) : read(Buffer.from(pem), path);
  return {
    publicKey: createPublicKey(key),
    sign: (bytes) => {
      invariant(MAGIC.equals(bytes.subarray(0, MAGIC.length)), 'only SSHSIG blobs are signed');
      return Promise.resolve(new Uint8Array(sign(undefined, bytes, key)));
    },
  };
}

async function make(files: Files, random: Random, keys: string): Promise<KeyObject> {
  const der = Buffer.concat([PKCS8_PREFIX, random.bytes(32)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const pem = key.export({ format: 'pem', type: 'pkcs8' }) as string;
  await files.makeDirectory(keys);
  await files.replace(`${keys}/${FILE}`, Buffer.from(pem), 0o600);
  return key;
}

function read(pem: Buffer, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below.
  }
  throw new Fault(
    'broken',
    'control-plane-key-unreadable',
    `the key that signs run orders cannot be read: ${path}. Restore it from a backup`,
  );
}
