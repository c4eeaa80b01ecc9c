/**
 * Secrets by label: from a word such as `password` inside a text to the value that it announces,
 * in the notations people and programs write: assignments, JSON, YAML, INI, XML, headers,
 * options, directives, SQL and plain sentences.
 */
import { type Label, labelOf } from './labels.ts';
import {
  bareAt,
  bracketed,
  isBlank,
  isEol,
  isQuote,
  isWord,
  lineEnd,
  lineStart,
  looksRandom,
  quotedAt,
  REACH,
  restOfLine,
  skipBlanks,
  sticky,
  type Value,
  worthHiding,
} from './values.ts';

export type Found = {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** Goes on from a finding before: hidden too, without a marker of its own. */
  readonly more?: true;
};

/** A name longer than this on either side of a stem is a blob and no name. */
const NAME_REACH = 96;

type Name = {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly label: Label;
  readonly dashes: number;
};

const isNameChar = (c: number): boolean => isWord(c) || c === 0x2d || c === 0x2e;

/**
 * The secret announced by the name that holds `[from, to)` and does not begin before `floor`; `seen` is where that name ends, so
 * that the caller looks at each name once.
 */
export function labelled(
  s: string,
  from: number,
  to: number,
  floor: number,
): { readonly found: Found | undefined; readonly seen: number } {
  let start = from;
  const low = Math.max(0, floor, from - NAME_REACH);
  while (start > low && isNameChar(s.charCodeAt(start - 1))) start--;
  let end = to;
  const high = Math.min(s.length, to + NAME_REACH);
  while (end < high && isNameChar(s.charCodeAt(end))) end++;
  const seen = end;
  if (start === low && low > floor && from - low === NAME_REACH) return { found: undefined, seen };
  while (end > to && (s.charCodeAt(end - 1) === 0x2e || s.charCodeAt(end - 1) === 0x2d)) end--;
  let dashes = 0;
  while (s.charCodeAt(start) === 0x2d) {
    start++;
    dashes++;
  }
  // `\npassword`: the letter belongs to the escape before it.
  if (start < from && s.charCodeAt(start - 1) === 0x5c && /^[nrt]/.test(s.slice(start, from))) {
    start++;
  }
  if (!mayAnnounce(s, end)) return { found: undefined, seen };
  const text = s.slice(start, end);
  const label = labelOf(spoken(s, start, text));
  if (label === undefined || isPath(s, start, end)) return { found: undefined, seen };
  const name: Name = { start, end, text, label, dashes };
  const value = valueOf(s, name);
  if (value === undefined || value.end <= value.start) return { found: undefined, seen };
  return { found: { start: value.start, end: value.end, name: label.name }, seen };
}

/** What can stand behind a name that announces something; anything else is passed at once. */
function mayAnnounce(s: string, end: number): boolean {
  const c = s.charCodeAt(end);
  if (Number.isNaN(c)) return false;
  return (
    c === 0x0a ||
    c === 0x3d ||
    c === 0x3a ||
    isBlank(c) ||
    isQuote(c) ||
    c === 0x5c ||
    c === 0x5d ||
    c === 0x3e ||
    c === 0x3c ||
    c === 0x29 ||
    c === 0x5b ||
    c === 0x3f
  );
}

/** `API key`, `secret access key`: a lone `key` is read with the words before it. */
function spoken(s: string, start: number, text: string): string {
  if (!/^(?:key|keys|word|phrase|code)$/i.test(text)) return text;
  const before = /([A-Za-z]+)[ \t]([A-Za-z]+[ \t])?$/.exec(s.slice(Math.max(0, start - 40), start));
  return before === null ? text : `${before[0]}${text}`;
}

/** A part of a path: `/etc/passwd: `, `/v1/auth/token: `. An assignment inside a URL is none. */
function isPath(s: string, start: number, end: number): boolean {
  if (s.charCodeAt(start - 1) !== 0x2f && s.charCodeAt(start - 1) !== 0x5c) return false;
  if (s.charCodeAt(start - 1) === 0x5c) return false;
  const before = s.charCodeAt(start - 2);
  if (Number.isNaN(before) || isBlank(before)) return s.charCodeAt(end) !== 0x3a;
  return s.charCodeAt(end) !== 0x3d;
}

function valueOf(s: string, name: Name): Value | undefined {
  return (
    inElement(s, name) ??
    ofPair(s, name) ??
    afterSeparator(s, name) ??
    (name.dashes > 0 ? afterOption(s, name) : afterWords(s, name))
  );
}

// --- key = value, key: value -------------------------------------------------------------------

function afterSeparator(s: string, name: Name): Value | undefined {
  let at = name.end;
  let quoted = false;
  while (at < name.end + 8 && s.charCodeAt(at) === 0x5c) at++;
  if (isQuote(s.charCodeAt(at))) {
    quoted = true;
    at++;
  } else at = name.end;
  for (let i = 0; i < 2 && (s.charCodeAt(at) === 0x5d || s.charCodeAt(at) === 0x5b); i++) at++;
  if (s.charCodeAt(at) === 0x3f) at++;
  at = skipBlanks(s, at, 48);
  const arrow = s.startsWith('->', at);
  if (arrow) at++;
  const sign = arrow ? 0x3d : s.charCodeAt(at);
  if (sign !== 0x3d && sign !== 0x3a) return undefined;
  at++;
  const next = s.charCodeAt(at);
  if (sign === 0x3a && next === 0x3a) return undefined;
  if (next === 0x3d || (sign === 0x3d && (next === 0x3e || next === 0x7e))) at++;
  const opener = openerOf(s, name, quoted);
  const value = assigned(s, name, at, sign, quoted, opener);
  if (value === undefined) return undefined;
  if (isUnexpected(s, name) && !looksRandom(s.slice(value.start, value.end))) return undefined;
  return value;
}

/** The quote that holds the whole pair, as in `-H "X-Api-Key: abc"`; 0 when there is none. */
function openerOf(s: string, name: Name, quotedName: boolean): number {
  if (quotedName) return 0;
  const before = s.charCodeAt(name.start - name.dashes - 1);
  return isQuote(before) ? before : 0;
}

/** `unexpected token: x` speaks about syntax. */
function isUnexpected(s: string, name: Name): boolean {
  if (!/^tokens?$/i.test(name.text)) return false;
  return /(?:unexpected|unknown|illegal|invalid|bad|next|last|current)[ \t]$/i.test(
    s.slice(Math.max(0, name.start - 12), name.start),
  );
}

const TYPED = /(?:[A-Za-z_][\w<>[\]|. ?]{0,40}?)[ \t]*=[ \t]*(?=["'`])/y;
const BLOCK = /(?:![\w!]+[ \t]+)?[|>][+-]?\d?[ \t]*(?:#[^\n]{0,200})?\n/y;
const TAG = /!!?(?:str|binary|string)[ \t]+/y;
const NEXT_LINE_QUOTE = /[ \t]*\n[ \t]*(?=\\*["'])/y;

function assigned(
  s: string,
  name: Name,
  after: number,
  sign: number,
  quotedName: boolean,
  opener: number,
): Value | undefined {
  let at = skipBlanks(s, after);
  const spaced = at > after;
  if (sticky(NEXT_LINE_QUOTE, s, at) && quotedName) at = NEXT_LINE_QUOTE.lastIndex;
  if (sign === 0x3a && name.label.kind !== 'header' && sticky(TYPED, s, at)) at = TYPED.lastIndex;
  if (sticky(TAG, s, at)) at = TAG.lastIndex;
  if (name.label.kind === 'header') return headerValue(s, at, opener);
  if (name.label.kind === 'cookie') return cookieValue(s, name, at, opener);
  if (s.charCodeAt(at) === 0x5c && s.charCodeAt(at + 1) === 0x0a) at = skipBlanks(s, at + 2);
  if (isEol(s.charCodeAt(at))) return sign === 0x3a ? onNextLine(s, name, at) : undefined;
  if (sticky(BLOCK, s, at)) return blockAt(s, name.start, BLOCK.lastIndex);
  // b"…", u'…', f"…", @"…"
  if (
    /[bBuUrRfF@$]/.test(s[at] as string) &&
    isQuote(s.charCodeAt(at + 1)) &&
    s.charCodeAt(at + 1) !== opener
  )
    at++;
  const quoted = quotedAt(s, at);
  if (quoted !== undefined && s.charCodeAt(quoted.start - 1) !== opener) {
    return keep(s, name, quoted);
  }
  const first = s.charCodeAt(at);
  if (first === 0x7b || first === 0x5b) {
    const whole = structureAt(s, name, at);
    if (whole !== 'bare') return whole;
  }
  const bare = bareAt(s, at, opener);
  if (opener === 0 && spaced && ownsLine(s, name)) {
    const line = restOfLine(s, at);
    if (line.end > bare.end) return keep(s, name, line);
  }
  return keep(s, name, bare);
}

const LONE = /\n[ \t]+(?=[^\s:=]{6,256}[ \t]*(?:\n|$))/y;

/** YAML may put a value on the next line, set in; a prompt is followed by no such line. */
function onNextLine(s: string, name: Name, at: number): Value | undefined {
  if (name.label.kind === 'weak' || !sticky(LONE, s, at)) return undefined;
  const value = bareAt(s, LONE.lastIndex, 0);
  return passes(s, value, name.label.kind) ? keep(s, name, value) : undefined;
}

/** A marker is an earlier cleaning's answer to this very reading: nothing is left to hide, and no other reading is tried. */
function keep(s: string, name: Name, value: Value): Value | undefined {
  if (s.startsWith('[redacted:', value.start)) return { ...value, end: value.start };
  return worthHiding(name.label, name.text, value, s) ? value : undefined;
}

/** Does the name begin its line, as in a configuration file? */
function ownsLine(s: string, name: Name): boolean {
  if (name.label.kind !== 'password') return false;
  const start = lineStart(s, name.start, 128);
  return /^\s*(?:[-*]\s+)?(?:export\s+|set\s+|ENV\s+)?["']?$/.test(
    s.slice(start, name.start - name.dashes),
  );
}

/** An object or a list under a label goes whole, unless it counts or lists things about secrets. */
function structureAt(s: string, name: Name, at: number): Value | undefined | 'bare' {
  // What needs no second bracket is told first: a rule that comes to nothing must be cheap.
  const head = s.slice(at, at + 32);
  if (head.startsWith('[redacted:')) return keep(s, name, { start: at, end: at, quoted: false });
  if (head.startsWith('[cut: ') || head.startsWith('{{')) return undefined;
  if (name.label.kind === 'weak') return undefined;
  const plural = /s$/i.test(name.text) && name.label.kind !== 'password';
  if (plural && (head.startsWith('{') || /^\[\s*\{/.test(head))) return undefined;
  const value = bracketed(s, at);
  const text = s.slice(value.start, Math.min(value.end, value.start + 512));
  if (/^[[\]{}\s]*$/.test(text)) return undefined;
  // ODBC writes PWD={…}; a lone {name} elsewhere is a template.
  const odbc = s.charCodeAt(name.start - 1) === 0x3b || s.charCodeAt(value.end) === 0x3b;
  if (/^\{[\w.]*\}$/.test(text))
    return odbc ? { ...value, start: at + 1, end: value.end - 1 } : undefined;
  if (/^[[\]{}\d\s.,:]*$/.test(text) && name.label.kind !== 'password') return undefined;
  if (/^\[[A-Z][\w ]{0,24}\]/i.test(text)) return 'bare';
  return value;
}

/** A YAML block: the lines below that are indented deeper than the name. */
function blockAt(s: string, nameAt: number, from: number): Value | undefined {
  const start = lineStart(s, nameAt);
  let indent = start;
  while (isBlank(s.charCodeAt(indent)) || s.charCodeAt(indent) === 0x2d) indent++;
  const least = indent - start;
  const lim = Math.min(s.length, from + REACH);
  let end = from;
  for (let at = from; at < lim; ) {
    const text = skipBlanks(s, at, 256);
    if (!isEol(s.charCodeAt(text)) && text - at <= least) break;
    const eol = lineEnd(s, text, lim - text);
    if (eol > text) end = eol;
    at = eol + 1;
  }
  const first = skipBlanks(s, from, 256);
  const value = { start: first, end, quoted: true };
  return /^\s*\$ANSIBLE_VAULT/.test(s.slice(from, from + 64)) ? undefined : value;
}

// --- headers -----------------------------------------------------------------------------------

const ONE_TOKEN =
  /(?:basic|bearer|token|apikey|api-key|key|negotiate|ntlm|jwt|splunk|genie[kK]ey|sso-key|dpop|bot)(?:[ \t]+|[ \t]*\n[ \t]+)/iy;
const WHOLE_REST =
  /(?:digest|aws4-hmac-sha256|hawk|oauth|signature|sharedkey|sharedkeylite|hmac\w*|mac|scram-sha-\d+|credential)[ \t]+/iy;
const FOLDED_TOKEN = /\n[ \t]+[A-Za-z0-9+/=._~-]{1,4096}(?=[ \t]*(?:\n|$))/y;
const FOLDED_LINE = /\n[ \t]+[^\n]{0,4096}/y;

function headerValue(s: string, start: number, opener: number): Value | undefined {
  let at = start;
  if (s.charCodeAt(at) === 0x0a && isBlank(s.charCodeAt(at + 1))) at = skipBlanks(s, at + 1);
  const quoted = quotedAt(s, at);
  const inQuotes = quoted !== undefined && s.charCodeAt(quoted.start - 1) !== opener;
  if (inQuotes) at = quoted.start;
  const one = sticky(ONE_TOKEN, s, at);
  const rest = !one && sticky(WHOLE_REST, s, at);
  const from = one ? ONE_TOKEN.lastIndex : rest ? WHOLE_REST.lastIndex : at;
  if (inQuotes) {
    const value = { start: from, end: quoted.end, quoted: true };
    return one || rest ? notRemark(s, value) : notRemark(s, value, 6);
  }
  const bare = tokenAt(s, from, opener);
  if (one) {
    const value = { ...bare, end: folded(s, bare.end, FOLDED_TOKEN) };
    return notRemark(s, value);
  }
  if (!rest) {
    const value = notRemark(s, bare);
    if (value === undefined) return undefined;
    // An unknown scheme and its token, or a token alone.
    const next = skipBlanks(s, bare.end);
    const more = tokenAt(s, next, opener);
    const word = /^[A-Za-z][\w-]{1,24}$/.test(s.slice(bare.start, bare.end));
    if (word && looksRandom(s.slice(more.start, more.end), 8)) return more;
    return looksRandom(s.slice(bare.start, bare.end), 8) ? bare : undefined;
  }
  let end = from;
  const lim = lineEnd(s, from);
  if (opener !== 0) {
    while (end < lim && s.charCodeAt(end) !== opener) end++;
  } else end = folded(s, lim, FOLDED_LINE);
  return notRemark(s, { start: from, end, quoted: false });
}

/** Up to white space, a quote or a comma: the characters a credential token may have. */
function tokenAt(s: string, start: number, opener: number): Value {
  const value = bareAt(s, start, opener);
  let end = start;
  while (end < value.end && !isQuote(s.charCodeAt(end)) && s.charCodeAt(end) !== 0x2c) {
    if (s.charCodeAt(end) === 0x5c && isQuote(s.charCodeAt(end + 1))) break;
    end++;
  }
  return { start, end, quoted: false };
}

function notRemark(s: string, value: Value, least = 1): Value | undefined {
  if (value.end - value.start < least) return undefined;
  const label: Label = { kind: 'password', name: 'authorization' };
  return worthHiding(label, '', value, s) ? value : undefined;
}

function folded(s: string, end: number, line: RegExp): number {
  let at = end;
  for (let i = 0; i < 32 && sticky(line, s, at); i++) at = line.lastIndex;
  return at;
}

function cookieValue(s: string, name: Name, start: number, opener: number): Value | undefined {
  const quoted = quotedAt(s, start);
  const inQuotes = quoted !== undefined && s.charCodeAt(quoted.start - 1) !== opener;
  const at = inQuotes ? quoted.start : start;
  const equals = s.slice(at, at + 256).search(/[=;\s]/);
  if (equals <= 0 || s.charCodeAt(at + equals) !== 0x3d) return undefined;
  const one = /^set/i.test(name.text);
  const from = one ? at + equals + 1 : at;
  const lim = inQuotes ? quoted.end : Math.min(s.length, from + REACH);
  let end = from;
  for (; end < lim; end++) {
    const c = s.charCodeAt(end);
    if (!inQuotes && (c === 0x0a || (opener !== 0 && c === opener))) break;
    if (one && c === 0x3b) break;
  }
  if (!one && !inQuotes && opener === 0) end = folded(s, end, FOLDED_LINE);
  if (/^(?:deleted|\[redacted:[a-z-]+\])?$/.test(s.slice(from, end))) return undefined;
  return { start: from, end, quoted: false };
}

// --- elements, name/value pairs ----------------------------------------------------------------

const TAG_REST = /(?:[ \t\n][^<>]{0,256})?>(?:<!\[CDATA\[)?[ \t\n]{0,64}/y;
const PLIST = /<\/key>\s{0,64}<(?:string|data)>/y;
const PAIR =
  /\\*["']?[ \t]{0,8}[,;]?[ \t]{0,8}\n?[ \t]{0,64}(?:type\s?=\s?["']\w+["'][ \t]+)?\\*["']?(?:value|val|content|data|defaultValue|stringValue|string_value|new_value)\\*["']?[ \t]{0,8}[:=][ \t]{0,8}/iy;
const FORM = /"[^\n]{0,64}\n(?:Content-[^\n]{0,128}\n){0,3}\n/iy;
const PAIR_NAME =
  /(?:name|key|id|field|header|variable|attribute|option|parameter|setting)\\*["']?[ \t]{0,8}[:=][ \t]{0,8}\\*["']?$/i;

/** `<password>…</password>` and `<key>password</key><string>…</string>`. */
function inElement(s: string, name: Name): Value | undefined {
  const before = s.charCodeAt(name.start - 1);
  let from: number | undefined;
  if (
    before === 0x3c ||
    (before === 0x3a && /<[\w-]{1,32}:$/.test(s.slice(Math.max(0, name.start - 34), name.start)))
  ) {
    // An attribute of the same name is an ordinary pair; a void element holds nothing.
    if (sticky(TAG_REST, s, name.end) && s.charCodeAt(TAG_REST.lastIndex - 2) !== 0x2f)
      from = TAG_REST.lastIndex;
  } else if (before === 0x3e && sticky(PLIST, s, name.end)) from = PLIST.lastIndex;
  if (from === undefined) return undefined;
  const lim = Math.min(s.length, from + REACH);
  let end = from;
  while (end < lim && s.charCodeAt(end) !== 0x3c && !s.startsWith(']]>', end)) end++;
  while (end > from && /\s/.test(s[end - 1] as string)) end--;
  return keep(s, name, { start: from, end, quoted: true });
}

/** `{"name": "DB_PASSWORD", "value": "…"}`, `- name: X` / `value: …`, and form-data. */
function ofPair(s: string, name: Name): Value | undefined {
  const c = s.charCodeAt(name.end);
  if (!isQuote(c) && c !== 0x0a && !isBlank(c) && c !== 0x5c && c !== 0x2c) return undefined;
  if (!PAIR_NAME.test(s.slice(Math.max(0, name.start - 32), name.start))) return undefined;
  if (sticky(FORM, s, name.end)) {
    const start = FORM.lastIndex;
    return keep(s, name, { start, end: lineEnd(s, start), quoted: false });
  }
  if (!sticky(PAIR, s, name.end)) return undefined;
  const at = PAIR.lastIndex;
  return keep(s, name, quotedAt(s, at) ?? bareAt(s, at, 0));
}

// --- options, directives, sentences ------------------------------------------------------------

const ARGUMENT = /(?:[ \t]+(?:\\\n[ \t]*)?|["'][ \t]*(?:,\s{0,32}|[ \t]{1,32}))/y;

/** `--password value`, `"--password", "value"`. */
function afterOption(s: string, name: Name): Value | undefined {
  const before = s.charCodeAt(name.start - name.dashes - 1);
  if (
    !(
      Number.isNaN(before) ||
      isBlank(before) ||
      before === 0x0a ||
      isQuote(before) ||
      before === 0x5b
    )
  )
    return undefined;
  if (!sticky(ARGUMENT, s, name.end)) return undefined;
  const at = ARGUMENT.lastIndex;
  const c = s.charCodeAt(at);
  if (c === 0x2d || isEol(c)) return undefined;
  if (name.label.kind === 'header' || name.label.kind === 'cookie') return undefined;
  const value = quotedAt(s, at) ?? bareAt(s, at, 0);
  if (s.charCodeAt(value.start) === 0x2d) return undefined;
  if (/^(?:id|type|src|env|file)[=:]/.test(s.slice(value.start, value.start + 6))) return undefined;
  return keep(s, name, value);
}

const DIRECTIVE =
  /^(?:requirepass|masterauth|rootpw|bindpw|rootbindpw|authtoken|ldap_default_authtok|storepass|keypass|_authtoken|password|passwd|passphrase|secret|pass)$/i;
const SURE = /^(?:requirepass|masterauth|rootpw|bindpw|rootbindpw)$/i;
const NUMBERED =
  /[ \t]+(?:[045789]|plaintext|--plaintext|--iscrypted|encrypted|clear|cleartext|hash)[ \t]+(?=\S)/iy;
const SENTENCE =
  /(?:[ \t]+(?:for|of)[ \t]+(?:user[ \t]+|role[ \t]+)?[^\s:=]{1,64})?(?:[ \t]+(?:is|was|are|now|became)(?:[ \t]+(?:now|set[ \t]+to|changed[ \t]+to))?[ \t]*:?|[ \t]+(?:set|changed|reset|updated)[ \t]+to|[ \t]*:(?=[ \t]))[ \t]+/iy;
const NETRC =
  /(?:^|\s)(?:machine\s+\S{1,128}|default|login\s+\S{1,128})\s+(?:account\s+\S{1,64}\s+)?$/;
const SETTER = /(?:^|[\s"'])(?:set|-add|put|ENV|--set)[ \t]+(?:\S{1,64}[ \t]+)?$/;

function afterWords(s: string, name: Name): Value | undefined {
  const c = s.charCodeAt(name.end);
  if (!isBlank(c) && c !== 0x0a) return undefined;
  const kind = name.label.kind;
  if (kind === 'header' || kind === 'cookie') return undefined;
  const before = s.slice(Math.max(0, name.start - 200), name.start);
  if (kind === 'password' && NETRC.test(before)) {
    const at = skipWhite(s, name.end);
    return keep(s, name, quotedAt(s, at) ?? bareAt(s, at, 0));
  }
  if (c === 0x0a) return undefined;
  if (/^bearer$/i.test(name.text)) return undefined;
  if (sticky(SENTENCE, s, name.end)) {
    const at = SENTENCE.lastIndex;
    const value = quotedAt(s, at) ?? bareAt(s, at, 0);
    return value.quoted || passes(s, value, kind) ? keep(s, name, value) : undefined;
  }
  if ((kind === 'password' || kind === 'secret') && sticky(NUMBERED, s, name.end)) {
    const at = NUMBERED.lastIndex;
    const value = quotedAt(s, at) ?? bareAt(s, at, 0);
    return value.end - value.start >= 6 || value.quoted ? keep(s, name, value) : undefined;
  }
  const at = skipBlanks(s, name.end);
  const quoted = quotedAt(s, at);
  if (quoted !== undefined) return kind === 'password' ? keep(s, name, quoted) : undefined;
  const bare = bareAt(s, at, 0);
  if (SURE.test(name.text)) return keep(s, name, bare);
  if (SETTER.test(before) && kind !== 'weak') return keep(s, name, bare);
  if (kind === 'password' && passes(s, bare, kind)) return keep(s, name, bare);
  if (DIRECTIVE.test(name.text) || kind === 'secret') {
    return looksRandom(s.slice(bare.start, bare.end), 20) && !isHexDigest(s, bare)
      ? keep(s, name, bare)
      : undefined;
  }
  return undefined;
}

function skipWhite(s: string, i: number): number {
  let at = i;
  while (at < i + 64 && (isBlank(s.charCodeAt(at)) || s.charCodeAt(at) === 0x0a)) at++;
  return at;
}

const ALGORITHM =
  /^(?:sha-?\d+|md[45]|v\d+|pam_|rc4|aes|des3|ntlmv?\d?|\(|\[|\d+[:./]|[a-z]+\.[a-z]|#|uid=|\w+=)/i;

/** A word that nobody would write in a sentence: letters with digits or signs. */
function passes(s: string, value: Value, kind: Label['kind']): boolean {
  const text = s.slice(value.start, value.end);
  if (text.length < 6 || ALGORITHM.test(text)) return false;
  if (kind === 'weak') return looksRandom(text);
  if (kind === 'secret') return looksRandom(text, 12) && !isHexDigest(s, value);
  return /[A-Za-z]/.test(text) && /[\d!@$%^&*+]/.test(text);
}

function isHexDigest(s: string, value: Value): boolean {
  return /^[0-9a-f]{32,128}$/i.test(s.slice(value.start, value.end));
}
