/** Secrets that are answered once: 256 random bits, kept as SHA-256 and compared in constant time. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Random } from '#base/ports';

const BYTES = 32;
/** Longer than anything that was ever given out. */
const MOST_CHARS = 200;
/** Crockford's base32: nobody reads one letter for another. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_BYTES = 10;
const GROUP = 4;

export type Kept = Uint8Array;

export function newSecret(
  random: Random,
  prefix = '',
): { readonly text: string; readonly kept: Kept } {
  const text = `${prefix}${Buffer.from(random.bytes(BYTES)).toString('base64url')}`;
  return { text, kept: keptOf(text) };
}

export function keptOf(text: string): Kept {
  return hash('sha256', text.slice(0, MOST_CHARS), 'buffer');
}

export function isSame(one: Kept, other: unknown): boolean {
  return other instanceof Uint8Array && one.length === other.length && timingSafeEqual(one, other);
}

/** 80 bits in four groups: enough that a plain hash of it tells nothing. */
export function newCode(random: Random): string {
  let bits = 0n;
  for (const byte of random.bytes(CODE_BYTES)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let at = 0; at < (CODE_BYTES * 8) / 5; at++) {
    text = (ALPHABET[Number(bits & 31n)] ?? '') + text;
    bits >>= 5n;
  }
  return (text.match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-');
}

/** As a person types it: any case, any blanks, with what looks alike taken for what it is. */
export function readCode(typed: string): string {
  const plain = typed
    .slice(0, MOST_CHARS)
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  return (plain.match(/.{1,4}/g) ?? []).join('-');
}
