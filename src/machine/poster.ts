/** One bounded request over HTTP or HTTPS: a connection of its own, no redirect, no proxy, no cookie. */
import { type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { Fault } from '#base/fault';
import type { PostAnswer, Poster, PostRequest } from '#base/ports';

export function nodePoster(): Poster {
  return { request };
}

async function request(asked: PostRequest): Promise<PostAnswer> {
  const url = urlOf(asked.url);
  const options = {
    method: asked.method,
    headers: { ...asked.headers, 'content-length': String(asked.body.length) },
    // Without an agent of its own nothing is kept open, and nobody's settings apply.
    agent: false as const,
    signal: AbortSignal.timeout(asked.timeoutMs),
    maxHeaderSize: 16 * 1024,
  };
  const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>();
  const fail = (cause: unknown): void => reject(failed(url, cause));
  try {
    const taken = (message: IncomingMessage): void => {
      collect(message, asked.maxBytes).then(resolve, fail);
    };
    const sent =
      url.protocol === 'https:'
        ? overHttps(
            url,
            {
              ...options,
              minVersion: 'TLSv1.2',
              rejectUnauthorized: true,
              ...(asked.ca === undefined ? {} : { ca: asked.ca }),
            },
            taken,
          )
        : overHttp(url, options, taken);
    sent.on('error', fail);
    sent.end(asked.body);
  } catch (cause) {
    fail(cause);
  }
  return promise;
}

async function collect(message: IncomingMessage, maxBytes: number): Promise<PostAnswer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > maxBytes) {
      message.destroy();
      throw new RangeError(`the answer is bigger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  if (!message.complete) throw new Error('the answer was cut');
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (values?.length === 1) headers[name] = values[0] as string;
  }
  return { status: message.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === '' && url.password === '';
  if (isPlain && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new Fault(
    'invalid',
    'url-refused',
    'not an address for a request: give http:// or https:// without a user or a password',
  );
}

function failed(url: URL, cause: unknown): Fault {
  return new Fault(
    'unavailable',
    'request-failed',
    `a request over the network failed: ${url.host}. Try again later, or correct the address`,
    { cause, facts: { host: url.host } },
  );
}
