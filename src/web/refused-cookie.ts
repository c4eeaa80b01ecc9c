/**
 * Why signing in elsewhere did not work, from the redirect that brings a person back to the page that tells them. In a
 * cookie, since nobody else can put one there: what stands in an address is anybody's word.
 */
import { asFault } from '#base/fault';
import type { JsonObject } from '#base/json';
import { cookieName, cookieValues, setCookie } from './cookie.ts';

const SECONDS = 60;
const MOST_CHARS = 600;
const VALUE = /^[A-Za-z0-9_-]{1,3000}$/;

export function setRefused(
  thrown: unknown,
  origin: string,
  clean: (text: string) => string,
): string {
  const { code, kind, message } = asFault(thrown);
  const told = JSON.stringify({ code, kind, detail: clean(message).slice(0, MOST_CHARS) });
  return cookie(Buffer.from(told).toString('base64url'), origin, SECONDS);
}

export function clearRefused(origin: string): string {
  return cookie('', origin, 0);
}

export function readRefused(header: string | undefined, origin: string): JsonObject | null {
  const [value, ...more] = cookieValues(header, cookieName(origin, '-refused'));
  if (value === undefined || more.length > 0 || !VALUE.test(value)) return null;
  try {
    const { code, kind, detail } = JSON.parse(
      Buffer.from(value, 'base64url').toString('utf8'),
    ) as Record<string, unknown>;
    return { code: String(code), kind: String(kind), detail: String(detail) };
  } catch {
    return null;
  }
}

/** Read by a page of ours that a person was sent to from elsewhere, so it comes along from there as well. */
function cookie(value: string, origin: string, seconds: number): string {
  return `${setCookie(value, origin, '-refused', 'Lax')}; Max-Age=${seconds}`;
}
