/**
 * The one place that opens a connection. What changes anything is a POST of JSON with our own header; every request
 * carries a proof of its own that the session is this page's.
 */
import { noteDate } from '../clock.ts';
import type { Json } from './json.ts';
import { forgetKey, noteNonce, pageProof } from './page-key.ts';
import { asProblem, type Problem, problemOf } from './problem.ts';
import { sessionEnded } from './session-state.ts';

export const API = '/api/v1';

export type Method = 'GET' | 'POST' | 'DELETE';
export type More = Readonly<Record<string, string>>;

/** `undefined` where the answer has no body. Throws `Problem`. */
export function send(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  more: More = {},
): Promise<Json | undefined> {
  return sendTo(method, `${API}${path}`, body, signal, more);
}

/** As `send`, to a path that is no part of the API. */
export async function sendTo(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  more: More = {},
): Promise<Json | undefined> {
  const response = await open(method, path, body, signal, {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...more,
  });
  if (response.status === 204) return undefined;
  return (await response.json()) as Json;
}

/** A good answer, unread. Throws `Problem`. */
export async function open(
  method: Method,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
  headers: More,
): Promise<Response> {
  const ask = (): Promise<Response> => once(method, path, body, signal, headers);
  let response = await ask();
  let problem: Problem | undefined;
  if (!response.ok) problem = await problemOf(response);
  // A browser sends a request twice where a connection broke; only a question is then asked anew.
  const isSpent = problem?.code === 'proof-spent' && method === 'GET';
  if (problem?.code === 'proof-needed' || isSpent) {
    // Signed in meanwhile in another tab, or quiet for a while: the answer has told the nonce of now.
    forgetKey();
    response = await ask();
    problem = response.ok ? undefined : await problemOf(response);
  }
  if (problem === undefined) return response;
  // Signing in answers 401 as well: nothing has ended then.
  const hasEnded = response.status === 401 || problem.code === 'proof-needed';
  if (hasEnded && !path.startsWith(`${API}/sign-in`)) sessionEnded();
  throw problem;
}

async function once(
  method: Method,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
  headers: More,
): Promise<Response> {
  const proof = await pageProof(method, path);
  const askedAt = performance.now();
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      headers: {
        'x-holdfast': '1',
        ...(proof === undefined ? {} : { 'x-holdfast-proof': proof }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (thrown) {
    if (signal?.aborted === true) throw thrown;
    throw asProblem(thrown);
  }
  noteDate(response.headers.get('date'));
  noteNonce(response.headers.get('x-holdfast-nonce'), askedAt);
  return response;
}
