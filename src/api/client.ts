/** The other end of the local socket: the same calls, answers and faults as in the owner itself. */
import type { IncomingMessage } from 'node:http';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import type { Answer, Call } from '#operations';
import { request as httpRequest } from './bare-http.ts';
import {
  BYTES_HEADER,
  isLocalSurface,
  type LocalStatus,
  MAX_LINE,
  OPERATION_ROOT,
  readLine,
  SESSION_HEADER,
  STATUS_PATH,
  SURFACE_HEADER,
} from './wire.ts';

/** Who asks is decided by the service: of a caller only these are told. */
export type LocalCall = Omit<Call, 'caller'> & {
  readonly caller: Pick<Call['caller'], 'surface' | 'session'>;
};

export interface LocalService {
  readonly status: LocalStatus;
  /**
   * Throws the Fault that the service threw. `connection-lost` (uncertain) when the service went
   * away after the call was sent.
   */
  perform(call: LocalCall): Promise<Answer>;
}

/** The service that answers at `path`, or `undefined` when none does. */
export async function connectLocal(path: string): Promise<LocalService | undefined> {
  const status = await statusOfService(path);
  return status === undefined ? undefined : { status, perform: (call) => perform(path, call) };
}

const STATUS_TIMEOUT_MS = 3_000;

/** `undefined` when nobody listens there; a service that listens and does not answer is `unavailable`. */
export async function statusOfService(path: string): Promise<LocalStatus | undefined> {
  let text = '';
  try {
    const response = await send(path, 'GET', STATUS_PATH, {}, '', STATUS_TIMEOUT_MS);
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk;
      if (text.length > 65_536) break;
    }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && NOBODY.has(cause.code)) return undefined;
    if (cause instanceof Error && 'code' in cause && cause.code === 'EACCES') {
      throw new Fault(
        'refused',
        'not-your-directory',
        `this account may not enter the data directory: ${path.split('/').slice(0, -2).join('/')}. Run it as the account that owns it, or give another directory with --home`,
        { cause },
      );
    }
    throw new Fault(
      'unavailable',
      'service-silent',
      `the service holds its socket but does not answer: ${path}. Look at its log, or restart it`,
      { cause },
    );
  }
  const status = readStatus(text);
  if (status !== undefined) return status;
  throw new Fault(
    'conflict',
    'not-our-service',
    `what answers on the local socket is not this program: ${path}`,
  );
}

const NOBODY: ReadonlySet<unknown> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);

function readStatus(text: string): LocalStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const {
    pid,
    version,
    home,
    http,
    console: page,
  } = value as Partial<Record<keyof LocalStatus, unknown>>;
  if (typeof pid !== 'number' || typeof version !== 'string' || typeof home !== 'string')
    return undefined;
  const told = (given: unknown): string | null => (typeof given === 'string' ? given : null);
  return { pid, version, home, http: told(http), console: told(page) };
}

async function perform(path: string, call: LocalCall): Promise<Answer> {
  const body = JSON.stringify(call.input ?? {});
  if (Buffer.byteLength(body) > LIMITS.requestBytes) {
    throw new Fault(
      'invalid',
      'too-large',
      `request is too large: give at most ${LIMITS.requestBytes} bytes, in several observations`,
      { facts: { most: LIMITS.requestBytes } },
    );
  }
  const headers = {
    'content-type': 'application/json',
    ...(isLocalSurface(call.caller.surface)
      ? { [SURFACE_HEADER]: call.caller.surface, [SESSION_HEADER]: call.caller.session }
      : {}),
    ...(call.traceId === undefined
      ? {}
      : { traceparent: `00-${call.traceId}-${'0'.repeat(15)}1-01` }),
    ...(call.answerBytes === undefined ? {} : { [BYTES_HEADER]: String(call.answerBytes) }),
  };
  const target = OPERATION_ROOT + encodeURIComponent(call.operation);
  let response: IncomingMessage;
  try {
    response = await send(path, 'POST', target, headers, body);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && NOBODY.has(cause.code)) {
      throw new Fault(
        'unavailable',
        'service-gone',
        `no service answers on the local socket: ${path}. Ask again`,
        { cause },
      );
    }
    throw lost(cause);
  }
  return readAnswer(response, call.progress ?? (() => {}));
}

async function readAnswer(
  response: IncomingMessage,
  progress: (note: string) => void,
): Promise<Answer> {
  let rest = '';
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      let from = 0;
      for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
        const line = readLine(rest + chunk.slice(from, end));
        rest = '';
        from = end + 1;
        if (line === undefined) throw new Error('a line that is not an answer');
        if ('progress' in line) progress(line.progress);
        else if ('fault' in line) throw line.fault;
        else return line.answer;
      }
      rest += chunk.slice(from);
      if (rest.length > MAX_LINE) throw new Error('a line without end');
    }
  } catch (thrown) {
    throw thrown instanceof Fault ? thrown : lost(thrown);
  }
  throw lost(undefined);
}

function lost(cause: unknown): Fault {
  return new Fault(
    'uncertain',
    'connection-lost',
    'the service went away before it answered: it may have happened. Look with holdfast events before asking again',
    { cause },
  );
}

function send(
  socketPath: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  timeoutMs?: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const request = httpRequest({
      socketPath,
      method,
      path,
      agent: false,
      headers: { host: 'localhost', connection: 'close', 'content-length': length, ...headers },
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
    request.on('response', resolve);
    request.end(body);
  });
}
