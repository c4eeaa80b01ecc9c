/**
 * Between node's HTTP and the web's: reads a bounded body as bytes, and writes a Response out,
 * streams included. Bytes and not text, so that invalid UTF-8 is seen and not mended.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestId } from './json-scan.ts';

export function rpcError(
  status: number,
  code: number,
  message: string,
  id: RequestId | null = null,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id }, { status, headers });
}

/** The body's bytes, or `too-long` as soon as that is clear; what is left is then not read. */
export async function readBody(
  incoming: IncomingMessage,
  limit: number,
): Promise<Uint8Array | 'too-long'> {
  if (Number(incoming.headers['content-length'] ?? 0) > limit) return 'too-long';
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > limit) return 'too-long';
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The request without its body and without what authorised it. */
export function webRequest(incoming: IncomingMessage, url: string, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value === undefined || WITHHELD.has(name)) continue;
    headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return new Request(url, { method: incoming.method ?? 'GET', headers, signal });
}

const WITHHELD: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'content-length',
  'transfer-encoding',
  'connection',
]);

/** A stream that is `gone` ends at once, with `last` in place of what it still had to say. */
export async function writeResponse(
  response: Response,
  outgoing: ServerResponse,
  signal: AbortSignal,
  ending?: { readonly gone: AbortSignal; readonly last: string },
): Promise<void> {
  const headers: Record<string, string> = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  for (const [name, value] of response.headers) headers[name] = value;
  if (!headers['content-type']?.startsWith('text/event-stream')) {
    const body = Buffer.from(await response.arrayBuffer());
    outgoing.writeHead(response.status, { ...headers, 'content-length': String(body.length) });
    outgoing.end(body);
    return;
  }
  outgoing.writeHead(response.status, headers);
  outgoing.flushHeaders();
  const reader = response.body?.getReader();
  if (reader !== undefined) {
    const stop = (): void => void reader.cancel().catch(() => {});
    const signals = ending === undefined ? [signal] : [signal, ending.gone];
    for (const each of signals) each.addEventListener('abort', stop, { once: true });
    if (signals.some(({ aborted }) => aborted)) stop();
    try {
      await copy(reader, outgoing);
    } finally {
      for (const each of signals) each.removeEventListener('abort', stop);
    }
  }
  outgoing.end(ending?.gone.aborted === true ? ending.last : undefined);
}

async function copy(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  outgoing: ServerResponse,
): Promise<void> {
  while (!outgoing.destroyed) {
    const { done, value } = await reader.read();
    if (done) return;
    if (outgoing.write(value)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        outgoing.off('drain', go);
        outgoing.off('close', go);
        resolve();
      };
      outgoing.on('drain', go);
      outgoing.on('close', go);
    });
  }
  await reader.cancel();
}
