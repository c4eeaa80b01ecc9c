/** A digest as six words (its first 66 bits, by the English list of BIP-39), for people who compare two screens. */
import { wordlist } from '@scure/bip39/wordlists/english.js';

const WORDS = 6;
const BITS = 11n;

/** Of 64 hex digits, with or without `sha256:` before them. */
export function digestWords(digest: string): string {
  const hex = digest.replace(/^sha256:/, '');
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error('a digest is 64 lower-case hex digits');
  const bits = BigInt(`0x${hex}`) >> (256n - BITS * BigInt(WORDS));
  return Array.from(
    { length: WORDS },
    (_, at) => wordlist[Number((bits >> (BITS * BigInt(WORDS - 1 - at))) & 0x7ffn)],
  ).join(' ');
}
