/** The road out in the shape of WHATWG `fetch`, for libraries that take one: GET and POST, a body of bytes or text. */
import { Fault } from '#base/fault';
import type { EgressFetch } from '#base/ports';
import type { EgressRules } from './egress.ts';

export type FetchBounds = {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** PEM; trusted instead of the system's. */
  readonly ca?: string;
};

/** For an address that anybody may name, hand in rules that allow nothing: then only public ones are reached. */
export function nodeFetch(rules: EgressRules, bounds: FetchBounds): EgressFetch {
  return async (input, init) => {
    const { sendOut } = await import('./egress.ts');
    const request = new Request(input, init);
    const { method, redirect } = request;
    if (method !== 'GET' && method !== 'POST')
      throw new Fault(
        'invalid',
        'url-refused',
        `not a request of ours: ${method}. Use GET or POST`,
      );
    const body = new Uint8Array(await request.arrayBuffer());
    const headers = Object.fromEntries(request.headers);
    const {
      status,
      headers: answered,
      body: bytes,
    } = await sendOut(rules, {
      method,
      url: request.url,
      // What is packed could grow beyond the bound after it was counted.
      headers: { ...headers, 'accept-encoding': 'identity' },
      body,
      maxBytes: bounds.maxBytes,
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(bounds.timeoutMs)]),
      ...(bounds.ca === undefined ? {} : { ca: bounds.ca }),
    });
    if (status >= 300 && status < 400 && redirect !== 'manual')
      throw new Fault(
        'unavailable',
        'request-failed',
        `a request was sent elsewhere, and is not followed: status ${status}. Give the address that answers`,
      );
    const hasBody = status !== 204 && status !== 205 && status !== 304;
    return new Response(hasBody ? new Uint8Array(bytes) : null, { status, headers: answered });
  };
}
