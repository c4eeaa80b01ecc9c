/** A bounded JSON body: as long as it may be, in the time it may take, of valid UTF-8, and losing nothing when parsed. */
import type { IncomingMessage } from 'node:http';
import { Fault } from '#base/fault';
import { type Json, type JsonObject, parseJson } from '#base/json';
import type { Clock } from '#base/ports';
import { refusal } from './faults.ts';
import type { Head } from './head.ts';

export type BodyLimits = { readonly bytes: number; readonly ms: number };

/** An empty body is an empty object. */
export async function readJson(
  incoming: IncomingMessage,
  { headers }: Head,
  limits: BodyLimits,
  clock: Pick<Clock, 'sleep'>,
): Promise<Json> {
  const type = (headers.get('content-type') ?? '').toLowerCase();
  if (!/^application\/json(?:\s*;\s*charset="?utf-8"?)?$/.test(type))
    throw refusal('json-needed', 'Content-Type must be application/json: send JSON');
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity')
    throw refusal('json-needed', 'Content-Encoding is not supported: send the body as it is');
  const bytes = await readBytes(incoming, limits, clock);
  if (bytes.length === 0) return {};
  return parseJson(decoded(bytes), 'the body');
}

/** The same, of which the outermost value is an object. */
export async function readObject(...given: Parameters<typeof readJson>): Promise<JsonObject> {
  const value = await readJson(...given);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as JsonObject;
  throw new Fault('invalid', 'invalid-input', 'the body must be an object: send {…}');
}

async function readBytes(
  incoming: IncomingMessage,
  { bytes: most, ms }: BodyLimits,
  clock: Pick<Clock, 'sleep'>,
): Promise<Uint8Array> {
  const tooLong = (): Error =>
    refusal('body-too-long', `the body is too long: at most ${most} bytes. Send less at a time`);
  if (Number(incoming.headers['content-length'] ?? 0) > most) throw tooLong();
  const over = new AbortController();
  const slow = clock.sleep(ms, over.signal).then(() => {
    if (!over.signal.aborted) throw refusal('body-too-slow', 'the body did not come in time');
  });
  const reading = (async () => {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of incoming as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > most) throw tooLong();
      parts.push(part);
    }
    return Buffer.concat(parts);
  })();
  // Of the two the one that came too late is nobody's any more.
  reading.catch(() => {});
  slow.catch(() => {});
  try {
    await Promise.race([reading, slow]);
    return await reading;
  } finally {
    over.abort();
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Fault('invalid', 'invalid-input', 'the body is not valid UTF-8: send JSON in UTF-8', {
      cause,
    });
  }
}
