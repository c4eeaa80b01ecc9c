/**
 * Which keys signed in this browser. The service says which key belongs to a passkey; the first signature shows whether
 * that is so, and from then on this browser knows the key without anybody's word.
 */
import type { Assertion } from './assertion.ts';
import { concat, digest, fromBase64 } from './bytes.ts';

const NAME = 'holdfast.own';
const MOST = 16;
const NUMBER_BYTES = 32;
/** An uncompressed point of P-256. */
const POINT_BYTES = 65;

/** Whether the passkey that answered has this key (`sk-ecdsa-sha2-nistp256@openssh.com <base64>`). */
export async function isKeyOf(
  key: string,
  { authenticatorData, clientDataJSON, signature }: Assertion,
): Promise<boolean> {
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  try {
    const point = pointOf(fromBase64(key.split(' ')[1] ?? ''));
    const imported = await crypto.subtle.importKey('raw', point, ecdsa, false, ['verify']);
    const signed = concat(authenticatorData, await digest('SHA-256', clientDataJSON));
    return await crypto.subtle.verify(ecdsa, imported, pairOf(signature), signed);
  } catch {
    return false;
  }
}

/** The third of the key's fields: name, curve, point, application. */
function pointOf(blob: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
  let at = 0;
  for (let field = 0; field < 2; field++) at += 4 + view.getUint32(at);
  return concat(blob.subarray(at + 4, at + 4 + POINT_BYTES));
}

/** DER `SEQUENCE { INTEGER r, INTEGER s }` as the two numbers side by side. */
function pairOf(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const number = (at: number): { readonly value: Uint8Array; readonly end: number } => {
    const end = at + 2 + (der[at + 1] ?? 0);
    const bytes = der.subarray(at + 2, end);
    const from = bytes.findIndex((byte) => byte !== 0);
    const value = bytes.subarray(Math.max(0, from));
    return { value: concat(new Uint8Array(NUMBER_BYTES - value.length), value), end };
  };
  const r = number(2);
  return concat(r.value, number(r.end).value);
}

type Kept = Pick<Storage, 'getItem' | 'setItem'>;

export function ownKeys(storage: Kept): readonly string[] {
  try {
    const kept = JSON.parse(storage.getItem(NAME) ?? '[]') as unknown;
    return Array.isArray(kept) ? kept.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}

/** Also where nothing can be kept: then the next signature shows it anew. */
export function keepOwnKey(storage: Kept, key: string): void {
  try {
    const others = ownKeys(storage).filter((each) => each !== key);
    storage.setItem(NAME, JSON.stringify([key, ...others].slice(0, MOST)));
  } catch {
    // Nothing is lost but the memory.
  }
}
