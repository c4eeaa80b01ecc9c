/**
 * What a page shows beside its cookie: with each request a proof that the cookie is its own, at sign-in the key that it
 * will prove it with, and with a call that takes it what a passkey signed for that call.
 */
import type { Shown } from '#signin';
import { refusal } from './faults.ts';
import type { Head } from './head.ts';

const PROOF_HEADER = 'x-holdfast-proof';
/** In answers: what the proof of the next request is made with (as `DPoP-Nonce`, RFC 9449, section 8.2). */
export const NONCE_HEADER = 'x-holdfast-nonce';
const PAGE_KEY_HEADER = 'x-holdfast-page-key';
const CEREMONY_HEADER = 'x-holdfast-ceremony';
const MOST_CEREMONY = 8_192;
const MOST_KEY = 200;

export function shownIn({
  method,
  path,
  query,
  headers,
}: Pick<Head, 'path' | 'query' | 'headers'> & { readonly method: string }): Shown {
  const target = query === '' ? path : `${path}?${query}`;
  return { method, target, proof: headers.get(PROOF_HEADER) };
}

export function pageKeyIn({ headers }: Pick<Head, 'headers'>): string | undefined {
  const key = headers.get(PAGE_KEY_HEADER);
  return key !== undefined && key.length <= MOST_KEY ? key : undefined;
}

/** base64url of `{nonce, response}` in JSON. What it is worth is judged by `#signin`. */
export function ceremonyIn({
  headers,
}: Pick<Head, 'headers'>): { readonly nonce: unknown; readonly response: unknown } | undefined {
  const text = headers.get(CEREMONY_HEADER);
  if (text === undefined) return undefined;
  if (text.length > MOST_CEREMONY || !/^[A-Za-z0-9_-]+$/.test(text)) throw unreadable();
  try {
    const { nonce, response } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as {
      readonly nonce?: unknown;
      readonly response?: unknown;
    };
    return { nonce, response };
  } catch {
    throw unreadable();
  }
}

function unreadable(): Error {
  return refusal(
    'malformed-request',
    `${CEREMONY_HEADER} cannot be read: leave it out, and confirm anew`,
  );
}
