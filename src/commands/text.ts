/** What no word of a command may hold, wherever it came from: what cannot be seen, or looks like something else. */
import type { CommandCode } from './entry.ts';

export const MAX_LINE_BYTES = 65_536;
export const MAX_WORDS = 256;

export type Objection = { readonly code: CommandCode; readonly because: string };

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const BEYOND_ASCII = /[^\u0000-\u007f]/;
const UNSEEN =
  /[\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{10ffff}]/u;
const FALSE_DASH = /^[\u02d7\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]/;

export function hasUnseen(text: string): boolean {
  return BEYOND_ASCII.test(text) && UNSEEN.test(text);
}

export function wordObjection(word: string): Objection | null {
  if (CONTROL.test(word))
    return {
      code: 'malformed',
      because: 'a word holds a control character: write it without, or as an escape of the program',
    };
  if (!BEYOND_ASCII.test(word)) return null;
  if (!word.isWellFormed())
    return { code: 'malformed', because: 'a word is not UTF-8: write it in UTF-8' };
  if (UNSEEN.test(word))
    return {
      code: 'look-alike',
      because: 'a word holds an invisible or bidirectional character: type it again by hand',
    };
  if (FALSE_DASH.test(word))
    return {
      code: 'look-alike',
      because: 'a word begins with a dash that is none: type "-" instead',
    };
  return null;
}

export function wordsObjection(argv: readonly string[]): Objection | null {
  if (argv.length === 0 || argv[0] === '')
    return { code: 'malformed', because: 'there is no program: begin with its name' };
  if (argv.length > MAX_WORDS)
    return { code: 'malformed', because: `there are more than ${MAX_WORDS} words: use fewer` };
  // One unit of UTF-16 is at least one byte, so the length alone refuses what is far too long.
  let bytes = 0;
  for (const word of argv) {
    bytes += word.length > MAX_LINE_BYTES ? word.length : Buffer.byteLength(word);
    if (bytes > MAX_LINE_BYTES)
      return {
        code: 'malformed',
        because: `the words are longer than ${MAX_LINE_BYTES} bytes: use less`,
      };
  }
  for (const word of argv) {
    const objection = wordObjection(word);
    if (objection !== null) return objection;
  }
  return null;
}
