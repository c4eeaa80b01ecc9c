/** What no word of a command may hold, wherever it came from: what cannot be seen, or looks like something else. */
import type { CommandCode } from './entry.ts';

export const MAX_LINE_BYTES = 65_536;
export const MAX_WORDS = 256;

export type Objection = { readonly code: CommandCode; readonly because: string };

const CONTROL = /\p{Cc}/u;
const BEYOND_ASCII = /\P{ASCII}/u;
/** Invisible, bidirectional and private characters, and blanks that are no space. */
const UNSEEN = new RegExp(
  `[${[
    '\\u{a0}\\u{ad}\\u{34f}\\u{61c}\\u{115f}\\u{1160}\\u{1680}\\u{17b4}\\u{17b5}\\u{180b}-\\u{180f}',
    '\\u{2000}-\\u{200f}\\u{2028}-\\u{202f}\\u{205f}-\\u{206f}\\u{2800}\\u{3000}\\u{3164}',
    '\\u{e000}-\\u{f8ff}\\u{fe00}-\\u{fe0f}\\u{feff}\\u{ffa0}\\u{fff0}-\\u{fffb}',
    '\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{10ffff}',
  ].join('')}]`,
  'u',
);
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
