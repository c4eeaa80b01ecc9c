/** The one place that opens a connection. What changes anything is a POST of JSON with our own header. */
import { noteDate } from '../clock.ts';
import type { Json } from './json.ts';
import { asProblem, problemOf } from './problem.ts';
import { sessionEnded } from './session-state.ts';

export const API = '/api/v1';

type Method = 'GET' | 'POST' | 'DELETE';

/** `undefined` where the answer has no body. Throws `Problem`. */
export function send(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Json | undefined> {
  return sendTo(method, `${API}${path}`, body, signal);
}

/** As `send`, to a path that is no part of the API. */
export async function sendTo(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Json | undefined> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      headers: {
        accept: 'application/json',
        'x-holdfast': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (thrown) {
    if (signal?.aborted === true) throw thrown;
    throw asProblem(thrown);
  }
  noteDate(response.headers.get('date'));
  if (!response.ok) {
    const problem = await problemOf(response);
    // Signing in answers 401 as well: nothing has ended then.
    if (response.status === 401 && !path.startsWith(`${API}/sign-in`)) sessionEnded();
    throw problem;
  }
  if (response.status === 204) return undefined;
  return (await response.json()) as Json;
}
