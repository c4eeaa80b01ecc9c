/** The cookie of a session (RFC 6265bis): for this origin alone, out of reach of scripts and of other sites. */

export type CookieName = '__Host-holdfast' | 'holdfast';

const SECRET = /^[A-Za-z0-9_-]{20,200}$/;

/** `__Host-` holds a cookie to one origin over TLS (RFC 6265bis, 4.1.3.2); on `http://localhost` no browser keeps one. */
export function cookieName(isSecure: boolean): CookieName {
  return isSecure ? '__Host-holdfast' : 'holdfast';
}

/** What a cookie header says of `name`, unless it says it twice. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value] = values;
  return values.length === 1 && value !== undefined && SECRET.test(value) ? value : undefined;
}

/** Without `Max-Age`: the session itself knows when it is over, and the browser forgets it when it is closed. */
export function setCookie(
  secret: string,
  isSecure: boolean,
  name: string = cookieName(isSecure),
  sameSite: 'Strict' | 'Lax' = 'Strict',
): string {
  return `${name}=${secret}; Path=/; HttpOnly; SameSite=${sameSite}${isSecure ? '; Secure' : ''}`;
}

export function clearCookie(isSecure: boolean, name: string = cookieName(isSecure)): string {
  return `${setCookie('', isSecure, name)}; Max-Age=0`;
}
