/**
 * A digest as six words, for people who compare what two screens show: the first 66 bits, eleven to a word,
 * most significant first, by the English word list of BIP-39. Everywhere the same; never a secret and never a
 * mnemonic. 66 bits do not replace the digest: what is signed is always the whole.
 */
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { invariant } from '#base/fault';

const WORDS = 6;
const BITS = 11n;

/** Of 64 hex digits, with or without `sha256:` before them. */
export function digestWords(digest: string): string {
  const hex = digest.replace(/^sha256:/, '');
  invariant(/^[0-9a-f]{64}$/.test(hex), 'a digest is 64 lower-case hex digits');
  const bits = BigInt(`0x${hex}`) >> (256n - BITS * BigInt(WORDS));
  return Array.from({ length: WORDS }, (_, i) => {
    const at = Number((bits >> (BITS * BigInt(WORDS - 1 - i))) & 0x7ffn);
    return wordlist[at] as string;
  }).join(' ');
}
