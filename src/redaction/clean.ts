/**
 * The pipeline for everything that a target or an assistant says: decode, neutralise, redact, cut.
 *
 * The order is the point. A secret with an escape sequence inside is found because the sequence is
 * gone first; a cut comes after redaction, so half a secret is never left over.
 */
import { neutralise } from './neutralise.ts';
import { cutNote, type Redacted, redact as redactNeutral } from './redact.ts';

export type Cleaned = {
  readonly text: string;
  /** Did anything change? */
  readonly altered: boolean;
  /** How many secrets were replaced. */
  readonly secrets: number;
  /** How many characters were cut off at the end. */
  readonly cut: number;
};

/** Bytes as text: UTF-8, what is not valid becomes U+FFFD, a byte order mark is content. */
export function decode(input: string | Uint8Array): string {
  return typeof input === 'string'
    ? input
    : new TextDecoder('utf-8', { ignoreBOM: true }).decode(input);
}

/** Neutral and without secrets, of any length. */
export function redact(text: string): Redacted {
  return redactNeutral(neutralise(text));
}

/** The whole pipeline. Never throws; `clean` of what it returned changes nothing. */
export function clean(
  input: string | Uint8Array,
  options: { readonly maxChars?: number } = {},
): Cleaned {
  const raw = decode(input);
  const neutral = neutralise(raw);
  const redacted = redactNeutral(neutral);
  const { text, cut } = cutTo(redacted.text, options.maxChars ?? Number.POSITIVE_INFINITY);
  const altered =
    text !== raw || (typeof input !== 'string' && raw.includes('\ufffd') && !isUtf8(input, raw));
  return { text, altered, secrets: redacted.secrets, cut };
}

function isUtf8(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(text, 'utf8').equals(bytes);
}

/**
 * At most `maxChars` characters, saying at the end how many are missing. Never ends inside a
 * marker or half a character; a limit too small for the note just cuts.
 */
export function cutTo(
  text: string,
  maxChars: number,
): { readonly text: string; readonly cut: number } {
  if (text.length <= maxChars) return { text, cut: 0 };
  const room = maxChars - cutNote(text.length).length;
  const most = Math.max(0, room > 0 ? room : maxChars);
  let kept = before(text, most);
  // What is left must read the same when it is cleaned again.
  for (let i = 0; i < 4; i++) {
    const again = redactNeutral(kept);
    if (again.text === kept) break;
    kept = before(again.text, most);
  }
  const cut = Math.max(1, text.length - kept.length);
  return { text: room > 0 ? kept + cutNote(cut) : kept, cut };
}

const MARKERS = /\[redacted:[a-z-]{1,16}\]/g;

function before(text: string, most: number): string {
  if (text.length <= most) return text;
  let at = most;
  const from = Math.max(0, at - 32);
  for (const found of text.slice(from, at + 32).matchAll(MARKERS)) {
    const start = from + found.index;
    if (start < at && at < start + found[0].length) at = start;
  }
  const last = text.charCodeAt(at - 1);
  if (last >= 0xd800 && last <= 0xdbff) at--;
  return text.slice(0, at);
}
