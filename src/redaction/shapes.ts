/**
 * Secrets by shape: tokens whose makers gave them a prefix, key blocks, password hashes.
 *
 * Each shape is a fixed word that the automaton finds, then one anchored expression without nested
 * repetition. The expression decides; the word only says where to look.
 */

import type { Found } from './labelled.ts';
import type { LabelName } from './labels.ts';
import { BACK, isBlank, isWord, lineEnd, lineStart, REACH, sticky } from './values.ts';

export type Shape = {
  readonly words: readonly string[];
  readonly name: LabelName;
  /** Matches at the word. With a `secret` group only that part is hidden. */
  readonly at: RegExp;
  /** May follow a letter or digit directly. */
  readonly inside?: true;
};

const shape = (name: LabelName, words: string, at: RegExp, inside?: true): Shape => ({
  words: words.split(' '),
  name,
  at: new RegExp(at.source, `${at.flags}yd`),
  ...(inside === undefined ? {} : { inside }),
});

/** Three parts of base64url, the first an object; found by its own rule. */
export const JWT: Shape = shape(
  'token',
  'eyj',
  /eyJ[\w-]{5,8192}\.(?:eyJ[\w-]{2,16384}|[\w-]{0,1024}\.[\w-]{0,64}\.[\w-]{10,16384})(?:\.[\w-]{0,8192})?/,
  true,
);

export const SHAPES: readonly Shape[] = [
  shape('key', 'akia asia abia acca', /A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])/),
  shape('token', 'ghp_ gho_ ghu_ ghs_ ghr_', /gh[pousr]_[A-Za-z0-9_]{30,255}/, true),
  shape('token', 'github_pat_', /github_pat_[A-Za-z0-9_]{22,255}/, true),
  shape(
    'token',
    'glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glimt- glagent-',
    /gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent)-[A-Za-z0-9_.-]{20,300}/,
  ),
  shape(
    'token',
    'xoxb- xoxa- xoxp- xoxr- xoxs- xoxe- xoxe. xoxc- xoxd- xapp-',
    /(?:xox[abprsecd]|xapp)[-.][A-Za-z0-9%.-]{10,300}/,
  ),
  shape(
    'token',
    'hooks.slack.com/',
    /hooks\.slack\.com\/(?:services|workflows|triggers)\/(?<secret>[A-Za-z0-9_/+-]{20,200})/,
    true,
  ),
  shape('token', '/api/webhooks/', /\/api\/webhooks\/\d{5,25}\/(?<secret>[\w-]{20,120})/, true),
  shape(
    'token',
    'webhook.office.com/',
    /webhook\.office\.com\/(?:webhookb2|IncomingWebhook)\/(?<secret>[\w@/-]{20,300})/i,
    true,
  ),
  shape('token', '/bot', /\/bot(?<secret>\d{6,12}:[\w-]{30,50})/, true),
  shape(
    'key',
    'sk_live_ sk_test_ rk_live_ rk_test_ whsec_',
    /(?:(?:sk|rk)_(?:live|test)_|whsec_)[A-Za-z0-9+/=]{10,255}/,
  ),
  shape('token', 'npm_', /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/),
  shape('token', 'pypi-', /pypi-[A-Za-z0-9_-]{50,400}/),
  shape('key', 'sg.', /SG\.[\w-]{16,32}\.[\w-]{16,64}/),
  shape('key', 'sk', /SK[0-9a-f]{32}(?![A-Za-z0-9])/),
  shape('key', 'aiza', /AIza[\w-]{35}(?![\w-])/),
  shape('token', 'ya29.', /ya29\.[\w-]{20,300}/),
  shape('secret', 'gocspx-', /GOCSPX-[\w-]{20,60}/),
  shape(
    'key',
    'sk-',
    /sk-(?:ant-|proj-|svcacct-|admin-|or-v1-|None-|live-|lf-)?(?=[\w-]{0,200}\d)[A-Za-z0-9_-]{20,300}/,
  ),
  shape('token', 'hvs. hvb. hvr.', /hv[sbr]\.[\w-]{20,300}/),
  shape('token', 'dop_v1_ doo_v1_ dor_v1_', /do[opr]_v1_[a-f0-9]{40,64}/),
  shape('token', 'dckr_pat_ dckr_oat_', /dckr_[po]at_[\w-]{20,60}/),
  shape('private-key', 'age-secret-key-', /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{30,2000}/i),
  shape('token', 'hf_', /hf_[A-Za-z0-9]{30,60}(?![A-Za-z0-9])/),
  shape('token', 'lin_api_', /lin_api_[A-Za-z0-9]{30,60}/),
  shape('token', 'shpat_ shpca_ shppa_ shpss_', /shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}/),
  shape('key', 'sq0atp- sq0csp-', /sq0(?:atp|csp)-[\w-]{20,60}/),
  shape('key', 'key-', /key-[0-9a-f]{32}(?![0-9A-Za-z])/),
  shape('token', 'pul-', /pul-[a-f0-9]{40}/),
  shape('token', 'glsa_', /glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}/),
  shape('token', 'glc_', /glc_[A-Za-z0-9+/=]{30,400}/),
  shape('key', 'nrak-', /NRAK-[A-Z0-9]{20,40}/),
  shape('token', 'atatt3 atctt3', /AT[AC]TT3[A-Za-z0-9_=.-]{50,400}/),
  shape('token', 'eaaa', /EAAA[A-Za-z0-9_-]{60,400}/),
  shape('token', 'tskey-', /tskey-[a-z]{2,12}-[\w-]{10,100}/),
  shape('token', 'secret_', /secret_[A-Za-z0-9]{43}(?![A-Za-z0-9])/),
  shape('token', 'ntn_', /ntn_[A-Za-z0-9]{40,60}/),
  shape('key', 'cloudflare_ v1.0-', /v1\.0-[a-f0-9]{24}-[a-f0-9]{146}/),
  shape('token', 'ops_ey', /ops_ey[\w=-]{50,2000}/),
  shape('token', 'dapi', /dapi[a-f0-9]{32}(?:-\d)?(?![A-Za-z0-9])/),
  shape('token', 'pat-na', /pat-na\d-[0-9a-f-]{36}/),
  shape('token', 'rubygems_', /rubygems_[a-f0-9]{48}/),
  shape('token', 'crates-io cio', /cio[A-Za-z0-9]{32}(?![A-Za-z0-9])/),
  shape('token', 'sntrys_ sntryu_', /sntry[su]_[\w=+/-]{40,400}/),
  shape('token', 'r8_', /r8_[A-Za-z0-9]{37}(?![A-Za-z0-9])/),
  shape('token', 'gsk_ xai- pplx-', /(?:gsk_|xai-|pplx-)[A-Za-z0-9]{40,100}/),
  shape('token', 'fo1_ flyv1', /fo1_[\w-]{40,60}|FlyV1 (?:fm\d?[a-z]?_|\w)[\w+/=,-]{40,2000}/i),
  shape('token', '.atlasv1.', /\.atlasv1\.[\w=-]{60,70}/, true),
  shape(
    'hash',
    '$1$ $5$ $6$',
    /\$[156]\$(?:rounds=\d{1,9}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{20,90}/,
    true,
  ),
  shape('hash', '$apr1$', /\$apr1\$[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{22}/, true),
  shape('hash', '$2a$ $2b$ $2y$ $2x$', /\$2[abxy]\$\d\d\$[./0-9A-Za-z]{22,53}/, true),
  shape(
    'hash',
    '$y$ $gy$ $7$',
    /\$(?:g?y|7)\$[./0-9A-Za-z]{1,64}\$[./0-9A-Za-z]{1,86}\$[./0-9A-Za-z]{20,86}|\$7\$[./0-9A-Za-z$]{30,160}/,
    true,
  ),
  shape('hash', '$argon2', /\$argon2(?:id|i|d)\$[^\s"'<>:]{20,400}/, true),
  shape(
    'hash',
    '$scrypt$ $pbkdf2 $md5 $sha1$ $bcrypt-sha256$',
    /\$(?:scrypt|pbkdf2[\w-]{0,16}|md5|sha1|bcrypt-sha256)[$,][^\s"'<>:]{16,400}/,
    true,
  ),
  shape(
    'hash',
    'pbkdf2_sha pbkdf2:sha scrypt:',
    /(?:pbkdf2[_:]sha\d{1,3}[$:]\d{1,9}|scrypt:\d{1,9}:\d{1,4}:\d{1,4})\$[^\s"'<>]{16,400}/,
    true,
  ),
  shape(
    'hash',
    'scram-sha-256$ scram-sha-1$',
    /SCRAM-SHA-(?:1|256)\$\d{1,9}:[A-Za-z0-9+/=]{8,64}\$[A-Za-z0-9+/=]{20,64}:[A-Za-z0-9+/=]{20,64}/,
    true,
  ),
  shape(
    'hash',
    '{ssha {sha {smd5} {md5} {crypt} {pbkdf2 {argon2',
    /\{(?:SSHA(?:\d{3})?|SHA(?:\d{3})?|SMD5|MD5|CRYPT|PBKDF2[\w-]{0,16}|ARGON2\w{0,2})\}[A-Za-z0-9+/=.$,_-]{8,400}/i,
    true,
  ),
  shape(
    'private-key',
    'privatekeyblob',
    /PrivateKeyBlob[=: ]{1,3}(?<secret>[A-Za-z0-9+/=]{40,8192})/,
    true,
  ),
  shape('password', 'amqp-password', /amqp-password (?<secret>\S{4,200})/, true),
  shape(
    'password',
    'identified',
    /identified(?:\s{1,8}with\s{1,8}[\w"'`]{1,40})?\s{1,8}(?:by|as)(?:\s{1,8}password)?\s{1,8}(?:'(?<secret>[^'\n]{1,1024})'|"(?<secret2>[^"\n]{1,1024})"|(?<secret3>(?!\[redacted)[^\s;'"]{1,256}))/i,
  ),
  shape(
    'password',
    'rocommunity rwcommunity',
    /r[ow]community6?[ \t]+(?<secret>(?!public\b|private\b|\[redacted)[^\s]{3,128})/i,
  ),
  shape('password', 'snmp-server', /snmp-server community (?<secret>(?!\[redacted)\S{1,128})/i),
];

const BEGIN = /-----BEGIN (?<kind>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-{3,5}/y;
const BODY_LINE =
  /^(?:[\s>|#*"',;+\\nrt-]*)(?:[A-Za-z0-9+/=]{0,512}(?:\\[nr])?[\s\\"',;+)}\]]*|(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): ?[^\n]{0,200})$/;

/** A private key in PEM or PGP armour: to its END line, or as far as lines look like its body. */
export function pemAt(s: string, at: number): Found | undefined {
  BEGIN.lastIndex = at;
  const begin = BEGIN.exec(s);
  if (begin === null) return undefined;
  const from = BEGIN.lastIndex;
  const lim = Math.min(s.length, from + REACH);
  const end = s.slice(from, lim).search(/-----END [A-Z0-9 ]{0,40}PRIVATE KEY/);
  if (end !== -1) {
    let close = from + end + 9;
    while (close < lim && /[A-Z0-9 ]/.test(s[close] as string)) close++;
    while (close < lim && s.charCodeAt(close) === 0x2d) close++;
    return { start: at, end: close, name: 'private-key' };
  }
  // Cut off: the rest of this line, then every line that could belong to the body.
  let stop = lineEnd(s, from);
  while (stop < lim) {
    const eol = lineEnd(s, stop + 1, lim - stop - 1);
    const line = s.slice(stop + 1, eol);
    if (!BODY_LINE.test(line) || (line.trim() === '' && stop > from + 8)) break;
    stop = eol;
  }
  return { start: at, end: stop, name: 'private-key' };
}

/** The public header of a PuTTY key stays; its private lines and MAC go. */
const PUTTY =
  /Private-Lines: ?\d{1,4}(?:\\r)?(?:\\n|\n)(?<secret>(?:[A-Za-z0-9+/=]{1,128}(?:\\r)?(?:\\n|\n|$)){1,512}(?:Private-MAC: ?[0-9a-f]{8,128})?)/dy;
const VAULT =
  /\$ANSIBLE_VAULT;\d\.\d;AES256?(?:;[\w.-]{1,64})?(?<secret>(?:[ \t]*(?:\\n|\n)[ \t]*[0-9a-f]{1,200}){1,4000})/dy;
const KEYTAB_LIKE = /BQIAAA[A-Za-z0-9+/=\n]{40,8192}/dy;

export const BLOCKS: readonly Shape[] = [
  { words: ['private-lines:'], name: 'private-key', at: PUTTY, inside: true },
  { words: ['$ansible_vault;'], name: 'secret', at: VAULT, inside: true },
  { words: ['bqiaaa'], name: 'key', at: KEYTAB_LIKE },
];

/** The shape at `start`, where its word stands. */
export function shapeAt(s: string, start: number, what: Shape, floor: number): Found | undefined {
  if (what.inside !== true && start !== floor && !begins(s, start)) return undefined;
  what.at.lastIndex = start;
  const match = what.at.exec(s);
  if (match === null) return undefined;
  for (const group of ['secret', 'secret2', 'secret3']) {
    const part = match.indices?.groups?.[group];
    if (part !== undefined) return { start: part[0], end: part[1], name: what.name };
  }
  return { start, end: start + match[0].length, name: what.name };
}

/** No letter or digit in front, except as part of an escape (`\n`, `%3D`, `\u003d`). */
export function begins(s: string, start: number): boolean {
  const c = s.charCodeAt(start - 1);
  if (Number.isNaN(c) || !isWord(c)) return true;
  return /(?:\\[nrtbf]|%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}|_)$/.test(
    s.slice(Math.max(0, start - 6), start),
  );
}

/** `12345678:AA…`: a Telegram bot token, found by its middle. */
export function telegramAt(s: string, colon: number): Found | undefined {
  let start = colon;
  while (start > colon - 13 && /\d/.test(s[start - 1] ?? '')) start--;
  if (colon - start < 6 || colon - start > 12 || !begins(s, start)) return undefined;
  return sticky(/:[\w-]{33,50}(?![\w-])/y, s, colon)
    ? { start, end: lastOf(/:[\w-]{33,50}/y, s, colon), name: 'token' }
    : undefined;
}

function lastOf(re: RegExp, s: string, at: number): number {
  re.lastIndex = at;
  return re.test(s) ? re.lastIndex : at;
}

const DISCORD = /\.[\w-]{6}\.[\w-]{27,40}(?![\w.-])/y;

/** Three parts of 24–28, 6 and 27–40 characters: a Discord bot token, found by its first dot. */
export function discordAt(s: string, dot: number): Found | undefined {
  if (s.charCodeAt(dot + 7) !== 0x2e || !sticky(DISCORD, s, dot)) return undefined;
  const end = DISCORD.lastIndex;
  let start = dot;
  while (start > dot - 30 && /[\w-]/.test(s[start - 1] ?? '')) start--;
  if (s.charCodeAt(start - 1) === 0x5c && /[nrt]/.test(s[start] ?? '')) start++;
  const first = s.slice(start, dot);
  return /^[MNO][\w-]{22,27}$/.test(first) && /\d/.test(s.slice(dot))
    ? { start, end, name: 'token' }
    : undefined;
}

const SHADOW =
  /^(?:[^:\n]{0,64}[ \t])?[\w.-]{1,64}:!{0,2}(?<secret>[./0-9A-Za-z]{13}|_[./0-9A-Za-z]{19}):\d{0,6}:\d{0,6}:\d{0,6}:/d;

/** A line of `/etc/shadow` with a traditional hash. */
export function shadowAt(s: string, at: number): Found | undefined {
  const start = lineStart(s, at, 160);
  const secret = SHADOW.exec(s.slice(start, at + 8))?.indices?.groups?.['secret'];
  return secret === undefined
    ? undefined
    : { start: start + secret[0], end: start + secret[1], name: 'hash' };
}

const PGPASS =
  /^(?<host>[\w.*-]{1,255}|\[[0-9a-f:]+\]|\*):(?:\d{4,5}|\*):(?:\*|[\w-]{1,64}):(?:\*|[\w.@-]{1,64}):(?<secret>(?:\\.|[^\s\\:]){1,256})$/d;

/** `host:port:database:user:password`, alone on its line. */
export function pgpassAt(s: string, at: number): Found | undefined {
  const start = lineStart(s, at, 300);
  let from = start;
  while (isBlank(s.charCodeAt(from))) from++;
  const line = s.slice(from, lineEnd(s, at, 512)).trimEnd();
  const match = PGPASS.exec(line);
  const secret = match?.indices?.groups?.['secret'];
  if (secret === undefined || !/[A-Za-z*]|\d\.\d/.test(match?.groups?.['host'] ?? ''))
    return undefined;
  const text = line.slice(secret[0], secret[1]);
  if (text.startsWith('[redacted')) return undefined;
  return { start: from + secret[0], end: from + secret[1], name: 'password' };
}

const isBase64 = (c: number): boolean => isWord(c) || c === 0x2b || c === 0x2f || c === 0x2d;

/** The base64 text around `[from, to)`, if it is whole within reach. */
export function base64Around(
  s: string,
  from: number,
  to: number,
): { start: number; end: number } | undefined {
  let start = from;
  const low = Math.max(0, from - BACK + 64);
  while (start > low && isBase64(s.charCodeAt(start - 1))) start--;
  let end = to;
  const high = Math.min(s.length, to + BACK);
  while (end < high && isBase64(s.charCodeAt(end))) end++;
  while (end < high && s.charCodeAt(end) === 0x3d) end++;
  return { start, end };
}
