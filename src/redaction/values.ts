/**
 * Where the value behind a label begins and ends, and whether it is worth hiding.
 *
 * Every loop is bounded by `REACH` characters from its start, so what is found at a place depends
 * on a bounded neighbourhood only: that makes a stream and a whole text agree.
 */
import type { Label } from './labels.ts';

/** Characters that any one finding looks ahead. A longer value is swallowed to the end of its line. */
export const REACH = 32_768;
/** A marker that stands already: opaque, so that redacting again changes nothing. */
export const MARKER =
  /\[redacted:(?:password|passphrase|secret|token|key|private-key|credential|authorization|cookie|signature|session|hash|otp)\]/y;

/** Characters that any one finding looks back. */
export const BACK = 4_096;

export type Value = {
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
};

const BACKSLASH = 0x5c;
const QUOTES = new Set([0x22, 0x27, 0x60]);

export const isBlank = (c: number): boolean => c === 0x20 || c === 0x09;
export const isEol = (c: number): boolean => c === 0x0a || Number.isNaN(c);
export const isWord = (c: number): boolean =>
  (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === 0x5f;
export const isQuote = (c: number): boolean => QUOTES.has(c);

export function skipBlanks(s: string, i: number, most = 64): number {
  const lim = Math.min(s.length, i + most);
  let at = i;
  while (at < lim && isBlank(s.charCodeAt(at))) at++;
  return at;
}

/** The end of the line that holds `i`, at most `REACH` away. */
export function lineEnd(s: string, i: number, reach = REACH): number {
  const lim = Math.min(s.length, i + reach);
  let at = i;
  while (at < lim && s.charCodeAt(at) !== 0x0a) at++;
  return at;
}

/** The start of the line that holds `i`, at most `most` back. */
export function lineStart(s: string, i: number, most = 512): number {
  const lim = Math.max(0, i - most);
  let at = i;
  while (at > lim && s.charCodeAt(at - 1) !== 0x0a) at--;
  return at;
}

/**
 * The quoted text that opens at `i` (the quote, or the backslashes before it), or `undefined`.
 * Closed by the same quote behind no more backslashes than opened it; else by the end of the line.
 */
export function quotedAt(s: string, i: number): (Value & { readonly after: number }) | undefined {
  let depth = 0;
  let at = i;
  while (depth < 16 && s.charCodeAt(at) === BACKSLASH) {
    depth++;
    at++;
  }
  const quote = s.charCodeAt(at);
  if (!isQuote(quote)) return undefined;
  if (depth === 0 && s.charCodeAt(at + 1) === quote && s.charCodeAt(at + 2) === quote) {
    return tripleQuoted(s, at + 3, quote);
  }
  const start = at + 1;
  const lim = Math.min(s.length, start + REACH);
  let backslashes = 0;
  for (at = start; at < lim; at++) {
    const c = s.charCodeAt(at);
    if (c === BACKSLASH) {
      backslashes++;
      continue;
    }
    if (c === quote && backslashes <= depth && (depth > 0 || backslashes === 0)) {
      return { start, end: at - backslashes, quoted: true, after: at + 1 };
    }
    // An even run of backslashes escapes itself, not the quote.
    if (c === quote && depth === 0 && backslashes % 2 === 0) {
      return { start, end: at, quoted: true, after: at + 1 };
    }
    if (c === 0x0a && backslashes === 0) break;
    backslashes = 0;
  }
  return { start, end: at, quoted: true, after: at };
}

function tripleQuoted(s: string, start: number, quote: number): Value & { after: number } {
  const lim = Math.min(s.length, start + REACH);
  for (let at = start; at < lim; at++) {
    if (s.charCodeAt(at) !== quote) continue;
    if (s.charCodeAt(at + 1) === quote && s.charCodeAt(at + 2) === quote) {
      return { start, end: at, quoted: true, after: at + 3 };
    }
  }
  return { start, end: lim, quoted: true, after: lim };
}

/** After `,` `;` `&` and the like: does another field begin here, or nothing more of this value? */
const NEXT_FIELD =
  /[\s"'`]{0,16}(?:[\w.$@-]{1,48}["'`\]]{0,2}\s{0,4}[=:]|--?[A-Za-z]|[{}[\]()]|$|\n)|\s/y;
/** After a blank: `key=` or `key: ` of the next field. */
const NEXT_PAIR = /(?:["']?[A-Za-z_][\w.-]{0,48}["']?\s{0,2}(?:=|:\s)|[#;]\s|\/\/\s)/y;

export function sticky(re: RegExp, s: string, at: number): boolean {
  re.lastIndex = at;
  return re.test(s);
}

/** A bare value from `start`: up to white space, or to a mark behind which the next field begins. */
export function bareAt(s: string, start: number, opener: number): Value {
  const lim = Math.min(s.length, start + REACH);
  let at = start;
  for (; at < lim; at++) {
    const c = s.charCodeAt(at);
    if (c === 0x20 || c === 0x09 || c === 0x0a) break;
    if (c === BACKSLASH) {
      const next = s.charCodeAt(at + 1);
      if (next === 0x0a) {
        const go = continuation(s, at + 2);
        if (go === undefined) break;
        at = go - 1;
        continue;
      }
      if (isQuote(next) || next === BACKSLASH) {
        if (closesAt(s, at, opener)) break;
        continue;
      }
      if ((next === 0x6e || next === 0x72 || next === 0x74) && sticky(NEXT_FIELD, s, at + 2)) break;
      continue;
    }
    if (isWord(c)) continue;
    if (c === 0x5b && sticky(MARKER, s, at)) {
      at = MARKER.lastIndex - 1;
      continue;
    }
    if (isQuote(c)) {
      if (c === opener || !isWord(s.charCodeAt(at + 1))) break;
      continue;
    }
    if (c === 0x3c && s.charCodeAt(at + 1) === 0x2f) break;
    if (c === 0x26 || c === 0x2c || c === 0x3b || c === 0x7c) {
      if (sticky(NEXT_FIELD, s, at + 1)) break;
      continue;
    }
    if (c === 0x29 || c === 0x5d || c === 0x7d || c === 0x3e) {
      const next = s.charCodeAt(at + 1);
      if (isWord(next)) continue;
      // `<your-password>` and `(hidden)` are one thing with their bracket.
      const opened = s.charCodeAt(start);
      if ((c === 0x3e && opened === 0x3c) || (c === 0x29 && opened === 0x28)) at++;
      break;
    }
  }
  let end = at;
  // A full stop ends a sentence, not a password.
  while (end > start + 1 && (end >= s.length || !isWord(s.charCodeAt(end)))) {
    const last = s.charCodeAt(end - 1);
    if (last !== 0x2e && last !== 0x2c && last !== 0x3b && last !== 0x3a) break;
    end--;
  }
  return { start, end, quoted: false };
}

/** Is there, behind backslashes, the quote that holds the whole pair, or a quote and then no word? */
function closesAt(s: string, at: number, opener: number): boolean {
  let i = at;
  while (i < at + 16 && s.charCodeAt(i) === BACKSLASH) i++;
  const c = s.charCodeAt(i);
  if (!isQuote(c)) return false;
  return c === opener || !isWord(s.charCodeAt(i + 1));
}

/** A backslash before the newline: where the value goes on, unless the next line is another argument. */
function continuation(s: string, at: number): number | undefined {
  const next = skipBlanks(s, at);
  const c = s.charCodeAt(next);
  if (isEol(c) || c === 0x2d) return undefined;
  return next;
}

/** A value that has its line for itself: to the end, or to the next pair or comment. */
export function restOfLine(s: string, start: number): Value {
  const lim = lineEnd(s, start);
  let end = lim;
  for (let at = start; at < lim; at++) {
    if (!isBlank(s.charCodeAt(at)) || isBlank(s.charCodeAt(at + 1))) continue;
    if (sticky(NEXT_PAIR, s, at + 1)) {
      end = at;
      break;
    }
  }
  while (end > start && isBlank(s.charCodeAt(end - 1))) end--;
  return { start, end, quoted: false };
}

/** What opens with a bracket, up to its match; strings inside may hold brackets. */
export function bracketed(s: string, start: number): Value {
  const lim = Math.min(s.length, start + REACH);
  let depth = 0;
  for (let at = start; at < lim; at++) {
    const c = s.charCodeAt(at);
    if (c === 0x22) {
      const inner = quotedAt(s, at);
      at = Math.min(lim, inner?.after ?? at) - 1;
      if (at < start) break;
      continue;
    }
    if (c === 0x7b || c === 0x5b) depth++;
    if (c === 0x7d || c === 0x5d) depth--;
    if (depth === 0) return { start, end: at + 1, quoted: false };
  }
  return { start, end: lineEnd(s, start), quoted: false };
}

const REMARKS = new Set(
  (
    'all md5 sha1 sha256 sha512 yescrypt bcrypt argon2 argon2id crypt cleartext exop null nil none undefined true false yes no on off y n t f enabled disabled enable disable required optional expired invalid valid ' +
    'incorrect correct wrong missing empty unset set not unknown never always changed unchanged reset rejected accepted denied granted ok okay ' +
    'failed failure error success successful prompt ask hidden masked redacted removed filtered sensitive protected encrypted secret-ref ' +
    'default auto automatic manual generated rotated revoked active inactive locked unlocked present absent existing must should is was has ' +
    'have for the a an to of in and or with your this that be are were will can cannot may please enter type use using new old see n/a na tbd todo ' +
    'changeme-placeholder placeholder example string str int integer number bool boolean text bytes any object array list dict map ' +
    'files compat sss systemd db nis ldap winbind x authentication verification check mismatch length too short long weak strong accepted ' +
    'publickey keyboard-interactive gssapi hostbased pam cert certificate bucket refreshed refresh received sent issued created updated deleted loaded ' +
    'found validated verified verification authenticated expires until from by at after before on unchanged prohibit-password without-password forced-commands-only ' +
    'identifier keyword eof operator punctuation newline only per when if as it no-op basic bearer digest oidc oauth oauth2 jwt session undefined'
  ).split(' '),
);

/** Words that open a remark of several words, and alone may be a bad password. */
const STARTERS = new Set(
  'password passwd passphrase login user username account root admin access token secret key got'.split(
    ' ',
  ),
);

const PLACEHOLDER =
  /^(?:[*•●·.#_-]+|[xX]{2,}|\?+|<[^<>]*>|\[redacted(?::[a-z-]+)?\]|\[[A-Z ]+\]|\(\w[\w ]*\)|(?:\$\{|\{\{|<%|%\().*|\$\(.*|\$[A-Za-z_]\w*\}?|\$env:\w+|%[A-Za-z_]\w*%|%[sdvqr]|\{[A-Za-z_][\w.]*\}|:[a-z_]+|!(?:vault|Ref|Sub|GetAtt|secret|env|include|reference)\b.*|(?:vault|op|ref\+\w+|aws-ssm|awssm|gcp-secret|keyvault|env|file|secret|secretref|data|https?):[\w/.+#:@-]+|@[\w./-]+|arn:aws[\w-]*:[\w:/.-]+|(?:REDACTED|MASKED|FILTERED|CHANGEME|SENSITIVE)\b.{0,3}|\*+.{0,4}\*+)$/;
const KNOWN_PATH =
  /^(?:~|\.{1,2})?\/(?:(?:etc|run|var|usr|home|opt|root|srv|tmp|mnt|dev|proc|sys|lib\d*|s?bin|secrets|vault|app|data|boot|media|Users|private|snap|nix)(?:\/|$)|[\w.-]*$)|^~(?:\/|$)|^\.{1,2}\/|^[A-Za-z]:\\{1,2}(?:[\w.-]|$)/;
const CALL = /^[A-Za-z_$][\w.$:]*\((?:[^()]|\([^()]*\))*\)?[;,]?$/;
const MEMBER =
  /^(?:self|this|config|cfg|conf|settings?|opts?|options|args?|argv|params?|req|request|res|env|user|ctx|context|process|os|secrets?|vars?|local|data|module|each|item|values|credentials?|creds|props|state|body|form|input|inputs|github|steps)(?:\.[A-Za-z_]\w*|\[[^\]]*\])+[;,)]?$/i;
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]|$)/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A value that says there is nothing here to hide. */
function isPlaceholder(value: string): boolean {
  if (value === '') return true;
  if (value.length > 256) return false;
  const bare = value.replace(/^[([{<]+(?=\w)|[\])}>.,;:!?]+$/g, '');
  if (REMARKS.has(bare.toLowerCase())) return true;
  return PLACEHOLDER.test(value);
}

/** Letters and digits mixed, long enough, not one of the things that only look so. */
export function looksRandom(value: string, least = 16): boolean {
  if (value.length < least || /\s/.test(value)) return false;
  if (UUID.test(value) || DATE.test(value)) return false;
  if (/^(?:sha\d+[:-]|md5:|https?:|\d+(?:\.\d+){2,})/i.test(value)) return false;
  if (/[/\\]/.test(value) && KNOWN_PATH.test(value)) return false;
  const lower = /[a-z]/.test(value);
  const upper = /[A-Z]/.test(value);
  const digit = /\d/.test(value);
  if (!(digit && (lower || upper)) && !(lower && upper && value.length >= 24)) return false;
  // Names of things: words and short numbers joined by marks.
  return !/^(?:[A-Za-z]+\d{0,3}|\d{1,4})(?:[-_./:@][A-Za-z]*\d{0,4}){1,}$/.test(value);
}

/** Is what stands behind this label a secret? `before` is the character in front of the label. */
export function worthHiding(label: Label, name: string, value: Value, s: string): boolean {
  const text = s.slice(value.start, value.end);
  if (isPlaceholder(text) || text.startsWith('[redacted:')) return false;
  switch (label.kind) {
    case 'weak':
      return looksRandom(text);
    case 'cookie':
      return text.includes('=');
    case 'header':
      return true;
    case 'password':
      if (/pwd$/i.test(name) && KNOWN_PATH.test(text)) return false;
      if (/^pass$/i.test(name) && /^\d{1,3}$/.test(text)) return false;
      return !value.quoted ? !isCode(text) && !isRemark(text) : !isRemark(text);
    case 'secret':
      if (text.length < 4) return false;
      if (/^-?\d{1,9}(?:\.\d+)?(?:ms|s|m|h|d|%)?$/.test(text))
        return label.name === 'otp' && text.length > 3;
      return (value.quoted || !isCode(text)) && !isRemark(text);
  }
}

function isCode(text: string): boolean {
  return text.length <= 256 && (CALL.test(text) || MEMBER.test(text) || isFilePath(text));
}

function isFilePath(text: string): boolean {
  return KNOWN_PATH.test(text) && !/[+=]/.test(text) && text.length < 128;
}

/** Several words of which the first says that this is a remark: `must be changed`, `is expired`. */
function isRemark(text: string): boolean {
  const space = text.search(/[\s,]/);
  if (space <= 0) return isFilePath(text) && text.split('/').length > 2;
  const first = text.slice(0, space);
  return STARTERS.has(first.toLowerCase()) || (first !== 'correct' && isPlaceholder(first));
}
