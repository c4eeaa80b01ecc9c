/**
 * The recipient type `ssh-ed25519` of the age format (age's package `agessh`): a file key wrapped to
 * an OpenSSH key, so that `age -d -i key` opens what is sealed here, and the other way round.
 *
 * The ephemeral key is the system's own randomness and comes through no port: a seal that could be
 * replayed would be none.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { type Identity, type Recipient, Stanza } from 'age-encryption';
import type { OpeningKey, SealingKey } from './keys.ts';

const TYPE = 'ssh-ed25519';
const LABEL = 'age-encryption.org/v1/ssh-ed25519';
const NO_NONCE = new Uint8Array(12);
const TAG_BYTES = 16;
const FILE_KEY_BYTES = 16;
// RFC 8410: what stands before the 32 bytes of an X25519 key.
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI = Buffer.from('302a300506032b656e032100', 'hex');

type Of<Key, Kind> = Extract<Key, { kind: Kind }>;

export function sshRecipient({ blob, point }: Of<SealingKey, 'ssh-ed25519'>): Recipient {
  return {
    wrapFileKey: (fileKey) => {
      const ephemeral = randomBytes(32);
      const share = publicOf(ephemeral);
      const secret = multiply(tweakOf(blob), multiply(ephemeral, point));
      const wrapping = wrappingKey(secret, share, point);
      const cipher = createCipheriv('chacha20-poly1305', wrapping, NO_NONCE, {
        authTagLength: TAG_BYTES,
      });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [new Stanza([TYPE, tagOf(blob), unpadded(share)], body)];
    },
  };
}

export function sshIdentity({ blob, seed }: Of<OpeningKey, 'ssh-ed25519'>): Identity {
  // RFC 8032 section 5.1.5, the first half of the hash; X25519 clamps it.
  const scalar = createHash('sha512').update(seed).digest().subarray(0, 32);
  return {
    unwrapFileKey: (stanzas) => {
      for (const { args, body } of stanzas) {
        const [type, tag, encoded = ''] = args;
        if (type !== TYPE || tag !== tagOf(blob)) continue;
        const share = Buffer.from(encoded, 'base64');
        const isWellFormed =
          args.length === 3 &&
          share.length === 32 &&
          unpadded(share) === encoded &&
          body.length === FILE_KEY_BYTES + TAG_BYTES;
        const fileKey = isWellFormed ? unwrap(share, body) : undefined;
        if (fileKey !== undefined) return fileKey;
      }
      return null;
    },
  };

  /** `undefined` also when the four bytes of the tag were another key's as well. */
  function unwrap(share: Uint8Array, body: Uint8Array): Uint8Array | undefined {
    try {
      const secret = multiply(tweakOf(blob), multiply(scalar, share));
      const wrapping = wrappingKey(secret, share, publicOf(scalar));
      const decipher = createDecipheriv('chacha20-poly1305', wrapping, NO_NONCE, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAuthTag(body.subarray(FILE_KEY_BYTES));
      return Buffer.concat([decipher.update(body.subarray(0, FILE_KEY_BYTES)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

function tagOf(blob: Uint8Array): string {
  return unpadded(createHash('sha256').update(blob).digest().subarray(0, 4));
}

function tweakOf(blob: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', new Uint8Array(), blob, LABEL, 32));
}

function wrappingKey(secret: Uint8Array, share: Uint8Array, point: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, Buffer.concat([share, point]), LABEL, 32));
}

/** X25519 (RFC 7748). Throws where the result would be all zero. */
function multiply(scalar: Uint8Array, point: Uint8Array): Uint8Array {
  const publicKey = createPublicKey({
    key: Buffer.concat([SPKI, point]),
    format: 'der',
    type: 'spki',
  });
  return diffieHellman({ privateKey: privateKeyOf(scalar), publicKey });
}

function publicOf(scalar: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKeyOf(scalar)).export({ format: 'der', type: 'spki' });
  return spki.subarray(SPKI.length);
}

function privateKeyOf(scalar: Uint8Array): KeyObject {
  const key = Buffer.concat([PKCS8, scalar]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}
