/** Secrets out, markers in: for a whole text, and for text that comes in pieces. */
import { findSecrets, merged, Walk } from './find.ts';
import { Stripper } from './neutralise.ts';
import { BACK, REACH } from './values.ts';

export type Redacted = { readonly text: string; readonly secrets: number };

/** What stands in the place of a secret. */
export const marker = (name: string): string => `[redacted:${name}]`;

/** Says at the end of a text how much of it is missing. */
export const cutNote = (cut: number): string => ` [cut: ${cut} characters]`;
const CUT_NOTE = / \[cut: \d{1,12} characters\]$/;

/** A note of an earlier cut, which is ours and no part of the text. */
function noteAtEnd(text: string): string {
  return CUT_NOTE.exec(text.slice(-40))?.[0] ?? '';
}

/** The text with every secret replaced by its marker. Expects neutral text; see `clean`. */
export function redact(text: string): Redacted {
  const note = noteAtEnd(text);
  const body = note === '' ? text : text.slice(0, -note.length);
  const found = findSecrets(body);
  if (found.length === 0) return { text, secrets: 0 };
  let out = '';
  let at = 0;
  let secrets = 0;
  for (const { start, end, name, more } of found) {
    out += body.slice(at, start);
    if (more === undefined) {
      out += marker(name);
      secrets++;
    }
    at = end;
  }
  return { text: out + body.slice(at) + note, secrets };
}

/** No rule looks further ahead than this from where it stands, all its steps together. */
const AHEAD = 3 * REACH;
/** Kept behind what is already judged, for rules that look back. */
const BEHIND = 2 * BACK;

/**
 * The pipeline for text or bytes that come in pieces: what `push` and `end` return, joined, is
 * what `clean` makes of the whole, however it was split. Holds back at most about 130,000 characters.
 */
export class CleanStream {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #stripper = new Stripper();
  readonly #walk = new Walk(2);
  /** Everything of the walk's text before this place was given out. */
  #given = 0;
  #secrets = 0;

  /** How many secrets were replaced so far. */
  get secrets(): number {
    return this.#secrets;
  }

  push(piece: string | Uint8Array): string {
    const text = typeof piece === 'string' ? piece : this.#decoder.decode(piece, { stream: true });
    this.#walk.text += this.#stripper.push(text);
    const to = this.#walk.text.length - AHEAD;
    if (to <= this.#walk.at) return '';
    this.#walk.go(to);
    return this.#give(Math.min(to, this.#walk.at) - BACK);
  }

  end(): string {
    this.#walk.text += this.#stripper.push(this.#decoder.decode()) + this.#stripper.end();
    const note = noteAtEnd(this.#walk.text);
    if (note !== '') this.#walk.text = this.#walk.text.slice(0, -note.length);
    this.#walk.go(this.#walk.text.length);
    return this.#give(this.#walk.text.length) + note;
  }

  /** Gives out what lies before `to`, never a part of a finding. */
  #give(to: number): string {
    const walk = this.#walk;
    const found = merged(walk.found);
    let out = '';
    let at = this.#given;
    let limit = to;
    const later = [];
    for (const f of found) {
      if (f.end <= limit && f.start < limit) {
        out += walk.text.slice(at, f.start);
        if (f.more === undefined) {
          out += marker(f.name);
          this.#secrets++;
        }
        at = f.end;
      } else {
        // A finding that may still grow stays whole, and all behind it.
        limit = Math.min(limit, f.start);
        later.push(f);
      }
    }
    if (limit > at) {
      out += walk.text.slice(at, limit);
      at = limit;
    }
    this.#given = at;
    walk.found = later;
    const cut = Math.min(this.#given, walk.at) - BEHIND;
    if (cut > 0) {
      walk.shift(cut);
      this.#given -= cut;
    }
    return out;
  }
}

export function cleanStream(): CleanStream {
  return new CleanStream();
}
