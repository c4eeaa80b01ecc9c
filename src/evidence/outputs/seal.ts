/**
 * One sealed output: AES-256-GCM under a key of its own, which the store's key wraps.
 *
 * Hash, change, length and media type are bound into both, so no sealed output and no key can stand in
 * for another. Without its key an output is gone, whoever has copies of the rest.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { sha256 } from '#base/digest';
import { canonicalJson } from '#base/json';
import type { Random } from '#base/ports';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export type OutputLabel = {
  readonly change: string;
  readonly sha256: string;
  /** Bytes of the text. */
  readonly length: number;
  readonly media: string;
  /** RFC 3339, six digits. */
  readonly at: string;
};

/** `iv || ciphertext || tag`, twice. */
export type SealedOutput = { readonly sealed: Buffer; readonly wrapped: Buffer };

export function seal(
  text: Uint8Array,
  label: OutputLabel,
  storeKey: Buffer,
  random: Random,
): SealedOutput {
  const key = Buffer.from(random.bytes(KEY_BYTES));
  const sealed = encrypt(key, text, bound('output', label), random);
  const wrapped = encrypt(storeKey, key, bound('key', label), random);
  key.fill(0);
  return { sealed, wrapped };
}

/** `undefined` when anything about it is not as it was sealed. */
export function unseal(
  { sealed, wrapped }: SealedOutput,
  label: OutputLabel,
  storeKey: Buffer,
): Buffer | undefined {
  const key = decrypt(storeKey, wrapped, bound('key', label));
  if (key?.length !== KEY_BYTES) return undefined;
  const text = decrypt(key, sealed, bound('output', label));
  key.fill(0);
  if (text?.length !== label.length || sha256(text) !== label.sha256) return undefined;
  return text;
}

function bound(what: 'output' | 'key', label: OutputLabel): Buffer {
  return Buffer.from(`holdfast sealed ${what} v1\n${canonicalJson({ ...label })}`);
}

function encrypt(key: Buffer, text: Uint8Array, aad: Buffer, random: Random): Buffer {
  const iv = random.bytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad);
  return Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, bytes: Buffer, aad: Buffer): Buffer | undefined {
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  const end = bytes.length - TAG_BYTES;
  const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(aad);
  cipher.setAuthTag(bytes.subarray(end));
  try {
    return Buffer.concat([cipher.update(bytes.subarray(IV_BYTES, end)), cipher.final()]);
  } catch {
    return undefined;
  }
}
