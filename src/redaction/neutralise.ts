/**
 * Makes text harmless to look at: what a terminal would obey and what an eye cannot see goes,
 * the rest stays letter for letter. Newline and tab are the only control characters kept.
 *
 * Escape sequences go whole, in their 7-bit and 8-bit forms. A string sequence (OSC, DCS, APC, PM,
 * SOS) without its end stops at the end of the line, so it cannot swallow what follows.
 */

/** Anything that is not plain printable ASCII, newline or tab: the cheap first question. */
const NOT_PLAIN = /[^\n\t\x20-\x7e]/;

/**
 * Controls, format characters that no script needs to be seen, fillers, line separators, lone
 * surrogates and noncharacters. Default_Ignorable holds zero-width, bidi, tags, variation
 * selectors, soft hyphen and the Hangul fillers.
 */
const HARMFUL =
  /(?![\n\t])[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufff9-\ufffb]/u;
const HARMFUL_ALL = new RegExp(HARMFUL, 'gu');

/** Does this text hold nothing that `neutralise` would take away? */
export function isNeutral(text: string): boolean {
  return !NOT_PLAIN.test(text) || !HARMFUL.test(text);
}

/** The text without control, escape, bidi, invisible and ill-formed parts. */
export function neutralise(text: string): string {
  if (isNeutral(text)) return text;
  const stripper = new Stripper();
  return stripper.push(text) + stripper.end();
}

type State = 'ground' | 'escape' | 'intermediate' | 'csi' | 'string' | 'string-escape';

const NEWLINE = 0x0a;
const TAB = 0x09;
const BELL = 0x07;
const CANCEL = 0x18;
const SUBSTITUTE = 0x1a;
const ESCAPE = 0x1b;
const DELETE = 0x7f;
const CSI_8BIT = 0x9b;
const STRING_END_8BIT = 0x9c;

/** `neutralise` for text that comes in pieces; any split gives the same joined result. */
export class Stripper {
  #state: State = 'ground';
  /** A high surrogate that ended the last piece, sequences gone; its other half may come yet. */
  #high = '';

  push(piece: string): string {
    if (this.#state === 'ground' && this.#high === '' && isNeutral(piece)) return piece;
    let text = this.#high + this.#sequences(piece);
    this.#high = '';
    const last = text.charCodeAt(text.length - 1);
    if (last >= 0xd800 && last <= 0xdbff) {
      this.#high = text.slice(-1);
      text = text.slice(0, -1);
    }
    return text.replace(HARMFUL_ALL, '');
  }

  end(): string {
    // What is still open was never text: an unfinished sequence or half a character.
    this.#state = 'ground';
    this.#high = '';
    return '';
  }

  /** Drops escape sequences; every other character, harmful or not, passes. */
  #sequences(text: string): string {
    let out = '';
    let kept = this.#state === 'ground' ? 0 : -1;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (this.#state === 'ground') {
        if (c !== ESCAPE && (c < 0x80 || c > 0x9f)) continue;
        const next = opens(c);
        if (next === undefined) continue;
        out += text.slice(kept, i);
        kept = -1;
        this.#state = next;
        continue;
      }
      const next = after(this.#state, c);
      if (next === 'keep') {
        this.#state = 'ground';
        kept = i;
        // The character that broke the sequence may open the next one.
        const opened = opens(c);
        if (opened !== undefined) {
          kept = -1;
          this.#state = opened;
        }
        continue;
      }
      this.#state = next;
      if (next === 'ground') kept = i + 1;
    }
    return kept === -1 ? out : out + text.slice(kept);
  }
}

/** The state that this character opens, if it opens a sequence. */
function opens(c: number): State | undefined {
  switch (c) {
    case ESCAPE:
      return 'escape';
    case CSI_8BIT:
      return 'csi';
    case 0x90: // DCS
    case 0x98: // SOS
    case 0x9d: // OSC
    case 0x9e: // PM
    case 0x9f: // APC
      return 'string';
    default:
      return undefined;
  }
}

/** What follows inside a sequence: the next state, or `keep` when `c` is no part of it. */
function after(state: Exclude<State, 'ground'>, c: number): State | 'keep' {
  if (c === NEWLINE || c === TAB) return state === 'string' && c === TAB ? state : 'keep';
  if (c === CANCEL || c === SUBSTITUTE) return 'ground';
  switch (state) {
    case 'escape':
      if (c === 0x5b) return 'csi';
      if (c === 0x5d || c === 0x50 || c === 0x58 || c === 0x5e || c === 0x5f) return 'string';
      if (c >= 0x20 && c <= 0x2f) return 'intermediate';
      if (c >= 0x30 && c <= 0x7e) return 'ground';
      return c < 0x20 && c !== ESCAPE ? 'escape' : 'keep';
    case 'intermediate':
      if (c >= 0x20 && c <= 0x2f) return 'intermediate';
      if (c >= 0x30 && c <= 0x7e) return 'ground';
      return (c < 0x20 && c !== ESCAPE) || c === DELETE ? 'intermediate' : 'keep';
    case 'csi':
      if (c >= 0x20 && c <= 0x3f) return 'csi';
      if (c >= 0x40 && c <= 0x7e) return 'ground';
      return (c < 0x20 && c !== ESCAPE) || c === DELETE ? 'csi' : 'keep';
    case 'string':
      if (c === BELL || c === STRING_END_8BIT) return 'ground';
      return c === ESCAPE ? 'string-escape' : 'string';
    case 'string-escape':
      // ESC \ ends the string; ESC and anything else ends it too and begins anew.
      return c === 0x5c ? 'ground' : after('escape', c);
  }
}
