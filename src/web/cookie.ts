/**
 * Cookies of this console (RFC 6265bis): for this origin alone, out of reach of scripts and of other sites. They are named
 * after its port as well, since a cookie reaches every port of its name: a second console there would otherwise put its
 * own in the place of ours, and sign people out here by signing them in there.
 */

/** `''`: of a session. */
export type CookieOf = '' | '-oidc' | '-refused';

const SECRET = /^[A-Za-z0-9_-]{20,200}$/;
/** Of one name, which other ports of ours can set for paths of their own. */
const MOST = 4;

/** `__Host-` holds a cookie to one host over TLS (RFC 6265bis, 4.1.3.2); on `http://localhost` no browser keeps one. */
export function cookieName(origin: string, of: CookieOf = ''): string {
  const { protocol, port } = new URL(origin);
  return `${protocol === 'https:' ? '__Host-' : ''}holdfast${of}${port === '' ? '' : `-${port}`}`;
}

/** What a cookie header says of `name`, as it is. */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  return (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}

/** What a cookie header says of `name`, unless it says it twice. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const [value, ...more] = cookieValues(header, name);
  return more.length === 0 && value !== undefined && SECRET.test(value) ? value : undefined;
}

/**
 * Who is behind the cookies of a session. Where there is more than one, somebody else put one beside ours: the first that
 * is somebody's counts, and it is theirs alone by the proof of its page. `undefined`: nobody is; `null`: none came. Rejects
 * as `who` did where none was good.
 */
export async function behindCookie<Person>(
  header: string | undefined,
  origin: string,
  who: (secret: string) => Promise<Person | undefined>,
): Promise<Person | undefined | null> {
  const secrets = cookieValues(header, cookieName(origin)).filter((each) => SECRET.test(each));
  const refused: unknown[] = [];
  for (const secret of secrets.slice(0, MOST))
    try {
      const person = await who(secret);
      if (person !== undefined) return person;
    } catch (thrown) {
      refused.push(thrown);
    }
  if (refused.length > 0) throw refused[0];
  return secrets.length === 0 ? null : undefined;
}

/** Without `Max-Age`: the session itself knows when it is over, and the browser forgets it when it is closed. */
export function setCookie(
  value: string,
  origin: string,
  of: CookieOf = '',
  sameSite: 'Strict' | 'Lax' = 'Strict',
): string {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  return `${cookieName(origin, of)}=${value}; Path=/; HttpOnly; SameSite=${sameSite}${secure}`;
}

export function clearCookie(origin: string, of: CookieOf = ''): string {
  return `${setCookie('', origin, of)}; Max-Age=0`;
}
