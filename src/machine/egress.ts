/**
 * The one road of a request out of this machine. The name is looked up once, every address it has is judged, and the
 * connection is made to those and to nothing that a second look-up would say (DNS rebinding).
 */
import { lookup as lookUpName } from 'node:dns/promises';
import { type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import { Fault } from '#base/fault';
import type { PostAnswer } from '#base/ports';
import { type Allow, judge, type Place, placeOf } from '#egress';

export type EgressRules = {
  /** As it is set now. What cannot be read rejects, and then nothing is sent. */
  readonly allow: () => Promise<Allow>;
  /** Every address of a name; the system's resolver when left out. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
};

export type Outgoing = {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly ca?: string;
};

const MOST_ADDRESSES = 64;

/** Throws `url-refused`, `egress-refused`, `request-failed`, and what `allow` throws. */
export async function sendOut(rules: EgressRules, asked: Outgoing): Promise<PostAnswer> {
  const place = placeOf(asked.url);
  const allow = await rules.allow();
  let addresses: readonly string[];
  try {
    addresses = await addressesOf(place, rules.resolve ?? resolveHere, asked.signal);
  } catch (cause) {
    throw failed(place, cause);
  }
  judge(place, addresses, allow);
  try {
    return await exchange(place, addresses, asked);
  } catch (cause) {
    throw failed(place, cause);
  }
}

async function addressesOf(
  { host, address }: Place,
  resolve: (name: string) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (address !== null) return [host];
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const found = await Promise.race([resolve(host), promise]);
    if (found.length > MOST_ADDRESSES) throw new RangeError('the name has too many addresses');
    return found;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function resolveHere(name: string): Promise<readonly string[]> {
  const found = await lookUpName(name, { all: true });
  return found.map(({ address }) => address);
}

function exchange(
  { url }: Place,
  addresses: readonly string[],
  { method, headers, body, maxBytes, signal, ca }: Outgoing,
): Promise<PostAnswer> {
  const options = {
    method,
    headers: { ...headers, 'content-length': String(body.length) },
    // Without an agent of its own nothing is kept open, and nobody's settings apply.
    agent: false as const,
    lookup: pinnedTo(addresses),
    signal,
    maxHeaderSize: 16 * 1024,
  };
  const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>();
  const taken = (message: IncomingMessage): void => {
    collect(message, maxBytes).then(resolve, reject);
  };
  const sent =
    url.protocol === 'https:'
      ? overHttps(
          url,
          {
            ...options,
            minVersion: 'TLSv1.2',
            rejectUnauthorized: true,
            ...(ca === undefined ? {} : { ca }),
          },
          taken,
        )
      : overHttp(url, options, taken);
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

/** Host and server name stay those of the URL; only where they lead is fixed. */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const pinned = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_name, { all }, done) => {
    if (all === true) done(null, pinned);
    else done(null, pinned[0]?.address ?? '', pinned[0]?.family ?? 4);
  };
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

function failed({ url: { host } }: Place, cause: unknown): Fault {
  return new Fault(
    'unavailable',
    'request-failed',
    `a request over the network failed: ${host}. Try again later, or correct the address`,
    { cause, facts: { host } },
  );
}
