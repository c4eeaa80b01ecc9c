/**
 * The local socket: the owner of a data directory answering the other Holdfast programs of its account.
 *
 * Whoever can open the socket is the operator's account, so the socket has mode 0600 in a directory
 * of mode 0700. What a request says of itself only chooses among the callers offered here.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { asFault, Fault } from '#base/fault';
import { type Json, jsonLoss } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Answer, Call, Caller } from '#operations';
import { createServer } from './bare-http.ts';
import { statusOfService } from './client.ts';
import { checkSocketPath } from './socket-path.ts';
import {
  ANSWER_TYPE,
  BYTES_HEADER,
  faultLine,
  httpStatus,
  isLocalSurface,
  type LocalStatus,
  type LocalSurface,
  OPERATION_ROOT,
  SESSION_HEADER,
  STATUS_PATH,
  SURFACE_HEADER,
} from './wire.ts';

/** What the socket's file needs of the machine. */
export interface SocketFiles {
  /** Makes the directory (mode 0700) when it is not there, and refuses one that others may enter. */
  privateDirectory(path: string): Promise<void>;
  /** Removes a socket; absence is no error, anything that is not a socket is one. */
  removeSocket(path: string): Promise<void>;
  /** Sets mode 0600. */
  restrict(path: string): Promise<void>;
}

export type LocalSocketSettings = {
  readonly path: string;
  readonly perform: (call: Call) => Promise<Answer>;
  /** The caller behind each local program: its principal and profile, as main decides. */
  readonly caller: (surface: LocalSurface, session: string) => Caller;
  readonly status: () => LocalStatus;
  readonly files: SocketFiles;
};

export interface LocalSocket extends AsyncDisposable {
  readonly path: string;
  /** Takes no more calls, and resolves when those that run have answered. */
  close(): Promise<void>;
}

/** A reader that stalls this long is gone. */
const STALLED_MS = 30_000;
const MAX_NOTE = 500;

/**
 * Serves until closed. Called by the one that owns the data directory; still, a socket that a
 * living service answers on is never taken away: `already-served`.
 */
export async function serveLocalSocket(settings: LocalSocketSettings): Promise<LocalSocket> {
  const { path, files } = settings;
  checkSocketPath(path);
  await files.privateDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
  if ((await statusOfService(path)) !== undefined) {
    throw new Fault(
      'conflict',
      'already-served',
      `another service answers on the local socket: ${path}. Stop it first, or ask it`,
    );
  }
  await files.removeSocket(path);
  const running = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    void handle(request, response, settings, async (performed) => {
      running.add(performed);
      await performed;
      running.delete(performed);
    });
  });
  server.requestTimeout = STALLED_MS;
  server.headersTimeout = STALLED_MS;
  server.on('clientError', (_error, socket) => socket.destroy());
  await listen(server, path);
  await files.restrict(path);

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.allSettled(running);
      server.closeAllConnections();
      await closed;
      await files.removeSocket(path);
    })();
    return closing;
  };
  return { path, close, [Symbol.asyncDispose]: close };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new Fault('unavailable', 'socket-unusable', `local socket cannot be opened: ${path}`, {
          cause,
        }),
      ),
    );
    server.listen({ path, backlog: 128 }, resolve);
  });
}

/** Never rejects: a client that goes away, or sends nonsense, is its own trouble only. */
async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  settings: LocalSocketSettings,
  /** Keeps the service from closing under a call that runs; one still being sent does not hold it. */
  hold: (performed: Promise<void>) => Promise<void>,
): Promise<void> {
  response.on('error', () => {});
  request.on('error', () => {});
  try {
    const path = request.url ?? '';
    if (request.method === 'GET' && path === STATUS_PATH) {
      await finish(response, 200, `${JSON.stringify(settings.status())}\n`);
      return;
    }
    if (request.method !== 'POST' || !path.startsWith(OPERATION_ROOT)) {
      throw new Fault(
        'missing',
        'no-such-path',
        `nothing is served there: POST ${OPERATION_ROOT}<name> or GET ${STATUS_PATH}`,
      );
    }
    const operation = decoded(path.slice(OPERATION_ROOT.length));
    const call = await readCall(request, operation, settings.caller);
    await hold(respond(call, response, settings.perform));
  } catch (thrown) {
    await finishWithFault(response, thrown);
  }
}

function finishWithFault(response: ServerResponse, thrown: unknown): Promise<void> {
  const fault = asFault(thrown);
  return finish(response, httpStatus(fault), faultLine(fault));
}

async function respond(
  call: Call,
  response: ServerResponse,
  perform: LocalSocketSettings['perform'],
): Promise<void> {
  const progress = (note: string): void => {
    if (response.destroyed) return;
    if (!response.headersSent) response.writeHead(200, { 'content-type': ANSWER_TYPE });
    response.write(`${JSON.stringify({ progress: note.slice(0, MAX_NOTE) })}\n`);
  };
  try {
    const { requestId, value, notices } = await perform({ ...call, progress });
    await finish(response, 200, `${JSON.stringify({ answer: { requestId, value, notices } })}\n`);
  } catch (thrown) {
    await finishWithFault(response, thrown);
  }
}

/** Sends the last line and waits until it is out, the client is gone, or it stalls. */
function finish(response: ServerResponse, status: number, line: string): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    response.once('close', resolve);
    response.setTimeout(STALLED_MS, () => response.destroy());
    if (!response.headersSent) response.writeHead(status, { 'content-type': ANSWER_TYPE });
    response.end(line);
  });
}

async function readCall(
  request: IncomingMessage,
  operation: string,
  caller: LocalSocketSettings['caller'],
): Promise<Call> {
  const surface = request.headers[SURFACE_HEADER] ?? 'cli';
  if (!isLocalSurface(surface)) {
    throw new Fault('invalid', 'unknown-surface', 'unknown surface: give cli or mcp-stdio');
  }
  const session = request.headers[SESSION_HEADER] ?? surface;
  if (typeof session !== 'string' || !/^[\w:-]{1,64}$/.test(session)) {
    throw new Fault('invalid', 'bad-session', 'session must be 1 to 64 letters, digits, _ : or -');
  }
  const bytes = request.headers[BYTES_HEADER];
  const traceId = traceIdOf(request.headers['traceparent']);
  return {
    operation,
    input: await readInput(request),
    caller: caller(surface, session),
    ...(traceId === undefined ? {} : { traceId }),
    ...(typeof bytes === 'string' && /^[1-9]\d{0,9}$/.test(bytes)
      ? { answerBytes: Number(bytes) }
      : {}),
  };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The trace id of a W3C `traceparent`. */
function traceIdOf(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const id = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(header)?.[1];
  return id === undefined || /^0+$/.test(id) ? undefined : id;
}

async function readInput(request: IncomingMessage): Promise<Json> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    // What is too big is read to its end, so that the client hears why, but not kept; and not for ever.
    if (size > 4 * LIMITS.requestBytes) break;
    if (size <= LIMITS.requestBytes) chunks.push(chunk);
  }
  if (size > LIMITS.requestBytes) {
    throw new Fault(
      'invalid',
      'too-large',
      `request is too large: give at most ${LIMITS.requestBytes} bytes, in several observations`,
      { facts: { most: LIMITS.requestBytes } },
    );
  }
  if (size === 0) return {};
  let text: string;
  let value: Json;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new Fault('invalid', 'invalid-json', 'request is not JSON in UTF-8: give a JSON object', {
      cause,
    });
  }
  const loss = jsonLoss(text, value);
  if (loss !== undefined)
    throw new Fault('invalid', 'invalid-json', `request cannot be taken as it is: ${loss}`);
  return value;
}
