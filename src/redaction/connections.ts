/** Passwords inside addresses: URLs, driver strings, `user:pass@tcp(…)`. User, host, port and database stay. */
import type { Found } from './labelled.ts';
import { isQuote, isWord, sticky } from './values.ts';

/** A user part and a host are never longer; what is, is not an address. */
const AUTHORITY = 2_048;

/** At `://`: the password between the user and the last `@` of the authority. */
export function urlAt(s: string, at: number): Found | undefined {
  const from = at + 3;
  const lim = Math.min(s.length, from + AUTHORITY);
  let colon = -1;
  let atSign = -1;
  let hard = false;
  let i = from;
  for (; i < lim; i++) {
    const c = s.charCodeAt(i);
    if (c <= 0x20 || c === 0x22 || c === 0x3c || c === 0x3e || c === 0x60 || c === 0x7c) break;
    if (c === 0x3a && s.startsWith('://', i)) break;
    // A password may hold `/`, `?` or `#` unescaped: they end the authority only when no `@host` follows soon.
    if (c === 0x2f || c === 0x3f || c === 0x23) {
      if (atSign !== -1) break;
      hard = true;
      if (colon === -1) break;
    }
    if (c === 0x3a && colon === -1) colon = i;
    if (c === 0x40 && colon !== -1 && (!hard || isHost(s, i + 1))) atSign = i;
  }
  if (colon === -1 || atSign <= colon + 1) return undefined;
  // `host:8080/path@2` and `http://[::1]:80/@x` are addresses with a port.
  if (hard && /^\d{1,5}[/?#]/.test(s.slice(colon + 1, colon + 7))) return undefined;
  return secret(s, colon + 1, atSign);
}

function isHost(s: string, at: number): boolean {
  return (
    sticky(/[\w.-]{1,255}(?::\d{1,5})?(?:[/?#,\s"']|$)/y, s, at) &&
    sticky(/[\w-]+\.[\w.-]+|localhost|[\w-]+:\d/y, s, at)
  );
}

function secret(s: string, start: number, end: number): Found | undefined {
  const text = s.slice(start, end);
  if (
    /^(?:\*+|x{3,}|\[redacted:[a-z-]+\]|<[^>]*>|\$\{[^}]*\}|\$[A-Z_]+|\$\(.*\)|\{\{.*\}\}|\{\w*\}|%[sdv]|REDACTED|%5Bredacted.*|:?[A-Z_]*PASS(?:WORD)?:?)$/.test(
      text,
    )
  )
    return undefined;
  return { start, end, name: 'password' };
}

/** At `@tcp(` or `@unix(`: the password of a Go style address. */
export function goDsnAt(s: string, at: number): Found | undefined {
  const low = Math.max(0, at - 256);
  let colon = -1;
  let i = at - 1;
  for (; i >= low; i--) {
    const c = s.charCodeAt(i);
    if (c <= 0x20 || isQuote(c) || c === 0x3d) break;
    if (c === 0x3a) colon = i;
  }
  if (colon === -1 || colon + 1 >= at || colon === i + 1) return undefined;
  if (s.startsWith('//', colon + 1)) return undefined;
  return secret(s, colon + 1, at);
}

/** `jdbc:oracle:thin:user/pass@host`. */
export function oracleAt(s: string, end: number): Found | undefined {
  const match = /^[\w$#."-]{1,64}\/("[^"\n]{1,64}"|[^\s@"'/]{1,128})@/.exec(
    s.slice(end, end + 220),
  );
  if (match === null) return undefined;
  const from = end + match[0].indexOf('/') + 1;
  return secret(s, from, from + (match[1] as string).length);
}

/** `scheme://user@host`: letters in front make `://` an address. */
export function isScheme(s: string, at: number): boolean {
  return isWord(s.charCodeAt(at - 1));
}
