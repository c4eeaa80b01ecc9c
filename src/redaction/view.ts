/**
 * Text as a reader of the wire would see it: percent, HTML and `\u` escapes undone, wide and
 * look-alike letters folded, each character with the place it came from. Secrets are searched in
 * this view as well, so an escape inside a label does not hide what follows.
 */

export type View = {
  readonly text: string;
  /** `from[i]` is where character `i` of the view begins in the original; one more entry at the end. */
  readonly from: Uint32Array;
};

/** Cyrillic and Greek letters that look like Latin ones, as they are used to fool a reader. */
const LOOK_ALIKES = new Map<string, string>(
  Object.entries({
    а: 'a',
    в: 'b',
    е: 'e',
    к: 'k',
    м: 'm',
    н: 'h',
    о: 'o',
    р: 'p',
    с: 'c',
    т: 't',
    у: 'y',
    х: 'x',
    і: 'i',
    ј: 'j',
    ѕ: 's',
    ԁ: 'd',
    ԝ: 'w',
    А: 'A',
    В: 'B',
    Е: 'E',
    К: 'K',
    М: 'M',
    Н: 'H',
    О: 'O',
    Р: 'P',
    С: 'C',
    Т: 'T',
    У: 'Y',
    Х: 'X',
    І: 'I',
    Ѕ: 'S',
    ο: 'o',
    α: 'a',
    ρ: 'p',
    ν: 'v',
    ι: 'i',
    κ: 'k',
    Α: 'A',
    Β: 'B',
    Ε: 'E',
    Κ: 'K',
    Ο: 'O',
    Ρ: 'P',
    Τ: 'T',
    ı: 'i',
    ſ: 's',
    '∶': ':',
    '꞉': ':',
  }),
);
const ENTITIES = new Map([
  ['&quot;', '"'],
  ['&apos;', "'"],
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&equals;', '='],
  ['&colon;', ':'],
]);

const ESCAPES =
  /%[2-7][0-9A-Fa-f]|\\u00[2-7][0-9A-Fa-f]|\\u\{0{0,4}[2-7][0-9A-Fa-f]\}|\\x[2-7][0-9A-Fa-f]|&(?:quot|apos|amp|lt|gt|equals|colon);|&#(?:x0{0,4}[2-7][0-9A-Fa-f]|0{0,4}\d{2,3});|\P{ASCII}/gu;

/** The view of `text`, or `undefined` when it would be the same. */
export function viewOf(text: string): View | undefined {
  const out: string[] = [];
  const from: number[] = [];
  let length = 0;
  let copied = 0;
  let changed = false;
  for (const match of text.matchAll(ESCAPES)) {
    const plain = undo(match[0]);
    if (plain === undefined) continue;
    changed = true;
    for (let i = copied; i < match.index; i++) from[length++] = i;
    out.push(text.slice(copied, match.index), plain);
    for (let i = 0; i < plain.length; i++) from[length++] = match.index;
    copied = match.index + match[0].length;
  }
  if (!changed) return undefined;
  for (let i = copied; i < text.length; i++) from[length++] = i;
  out.push(text.slice(copied));
  from[length] = text.length;
  return { text: out.join(''), from: Uint32Array.from(from) };
}

/** Printable ASCII behind an escape or a letter, else `undefined`. */
function undo(escape: string): string | undefined {
  const first = escape.charCodeAt(0);
  if (first === 0x25) return printable(Number.parseInt(escape.slice(1), 16));
  if (first === 0x5c) return printable(Number.parseInt(escape.replace(/[^0-9A-Fa-f]/g, ''), 16));
  if (first === 0x26) {
    const named = ENTITIES.get(escape);
    if (named !== undefined) return named;
    if (escape.charCodeAt(2) === 0x78) return printable(Number.parseInt(escape.slice(3, -1), 16));
    return printable(Number.parseInt(escape.slice(2, -1), 10));
  }
  const alike = LOOK_ALIKES.get(escape);
  if (alike !== undefined) return alike;
  const folded = escape.normalize('NFKC');
  return folded !== escape && /^[\x20-\x7e]{1,4}$/.test(folded) ? folded : undefined;
}

function printable(code: number): string | undefined {
  return code >= 0x20 && code <= 0x7e ? String.fromCharCode(code) : undefined;
}

/** Does this character fold to something that could be part of a label? */
export function folds(text: string, at: number): boolean {
  const code = text.codePointAt(at);
  return code !== undefined && code > 0x7f && undo(String.fromCodePoint(code)) !== undefined;
}
