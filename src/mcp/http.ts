/**
 * MCP over streamable HTTP: Host and Origin first, then the bearer, then the body, then the
 * protocol. Nothing is parsed for somebody who may not ask.
 *
 * The 2026-07-28 era is stateless; clients of the 2025 line get sessions. No stream outlives the
 * lease that opened it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createMcpHandler,
  isJsonContentType,
  isLegacyRequest,
  type McpHttpHandler,
  type ServerEventBus,
  validateHostHeader,
  validateOriginHeader,
} from '@modelcontextprotocol/server';
import { LIMITS } from '#base/limits';
import type { Log } from '#base/log';
import type { Clock, Random } from '#base/ports';
import type { Caller } from '#operations';
import {
  type Admitted,
  admit,
  type BearerLease,
  type Challenge,
  takenBack,
  tooNarrow,
  type VerifyBearer,
} from './bearer.ts';
import { aborted, farewell, idOf, mayListen, metadata } from './http-answers.ts';
import { isRecord, readMessage, tooLong } from './read-message.ts';
import type { McpService } from './server.ts';
import { Sessions } from './sessions.ts';
import { noRoom, Share } from './shares.ts';
import { readBody, rpcError, webRequest, writeResponse } from './web.ts';

export const MCP_PATH = '/mcp';
const METADATA_ROOT = '/.well-known/oauth-protected-resource';
/** What a timer can hold, and longer than any lease. */
const LONGEST_MS = 2 ** 31 - 1;
/** A session that nobody used for a minute makes room for another: its client is told to initialize again. */
const SPARE_MS = 60_000;
const STREAM_CHECK_MS = 500;

export type McpHttpOptions = {
  readonly service: (caller: Caller | (() => Caller)) => McpService;
  readonly verifyBearer: VerifyBearer;
  /** Ends what a lease still has open as soon as it was taken back. */
  readonly leases?: OpenLeases;
  /** Left out: bearers come from the operator of this service, by hand. */
  readonly oauth?: OAuthOffer;
  /** Host names this server answers to, without ports. */
  readonly allowedHosts: readonly string[];
  /** Host names of pages that may ask; programs send no Origin and pass. */
  readonly allowedOrigins: readonly string[];
  /** Where this server is reached, like `http://127.0.0.1:4815/mcp`. Asked on each request. */
  readonly resource: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly bus?: ServerEventBus;
  readonly limits?: Partial<McpHttpLimits>;
};

export type OpenLeases = {
  /** Calls `listener` after any of them changed. */
  readonly onChange: (listener: () => void) => void;
  /** Whether somebody admitted under this id still would be. */
  readonly holds: (id: string) => boolean;
};

/** Who gives tokens for this resource, and for what (RFC 9728). */
export type OAuthOffer = {
  /** Asked on each request: where the embedded one is reached is known once this listens. */
  readonly servers: () => readonly string[];
  readonly scopes: readonly string[];
  /** What a client that knows nothing better should ask for. */
  readonly leastScope: string;
  /** The least scope that holds a capability. */
  readonly scopeWith: (capability: string) => string | undefined;
};

export type McpHttpLimits = {
  readonly requestBytes: number;
  readonly sessions: number;
  readonly sessionIdleMs: number;
  readonly sessionSpareMs: number;
  /** Of one lease, and of all together. */
  readonly sessionsEach: number;
  readonly callsEach: number;
  readonly calls: number;
  readonly listens: number;
  readonly allListens: number;
  /** As often it is asked of an open stream how far whoever opened it reaches. */
  readonly streamCheckMs: number;
};

export type McpHttp = {
  /** For `node:http`. Answers every request, also those it refuses; never rejects. */
  readonly handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  readonly sessions: () => number;
  close(): Promise<void>;
};

/** One request that is being answered. */
type Running = {
  /** It was answered to its end, or the other end went away. */
  readonly over: AbortSignal;
  /** Whoever asks is nobody any more. */
  readonly gone: AbortController;
  /** Gives back its place among the calls or streams of its lease. */
  leave: () => void;
};

export function mcpHttp(options: McpHttpOptions): McpHttp {
  const face = new HttpFace(options);
  return {
    handle: (incoming, outgoing) => face.handle(incoming, outgoing),
    sessions: () => face.sessions.size,
    close: () => face.close(),
  };
}

class HttpFace {
  readonly sessions: Sessions;
  readonly #options: McpHttpOptions;
  readonly #limits: McpHttpLimits;
  readonly #modern: McpHttpHandler;
  readonly #calls: Share;
  readonly #streams: Share;
  readonly #services = new WeakMap<object, McpService>();
  /** What is being answered to whom. */
  readonly #running = new Map<Running, BearerLease>();

  constructor(options: McpHttpOptions) {
    this.#options = options;
    this.#limits = {
      requestBytes: LIMITS.requestBytes,
      sessions: LIMITS.mcpSessions,
      sessionIdleMs: LIMITS.mcpSessionIdleMs,
      sessionSpareMs: SPARE_MS,
      sessionsEach: LIMITS.mcpSessionsEach,
      callsEach: LIMITS.mcpCallsEach,
      calls: LIMITS.mcpCalls,
      listens: LIMITS.mcpListens,
      allListens: LIMITS.mcpAllListens,
      streamCheckMs: STREAM_CHECK_MS,
      ...options.limits,
    };
    this.sessions = new Sessions(options.clock, options.random, {
      sessions: this.#limits.sessions,
      sessionsEach: this.#limits.sessionsEach,
      idleMs: this.#limits.sessionIdleMs,
      spareMs: this.#limits.sessionSpareMs,
    });
    this.#calls = new Share(this.#limits.callsEach, this.#limits.calls);
    this.#streams = new Share(this.#limits.listens, this.#limits.allListens);
    this.#modern = createMcpHandler(
      (context) => {
        const service = this.#services.get(context.authInfo ?? {});
        if (service === undefined)
          throw new Error('a request reached the protocol without a caller');
        return service.factory(context);
      },
      {
        legacy: 'reject',
        onerror: (error) => options.log.info('mcp request refused', { error: error.message }),
        ...(options.bus === undefined ? {} : { bus: options.bus }),
      },
    );
    const { leases } = options;
    leases?.onChange(() => this.#endGone(leases));
  }

  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const over = new AbortController();
    const gone = new AbortController();
    const running: Running = { over: over.signal, gone, leave: () => {} };
    outgoing.on('close', () => over.abort());
    try {
      const { response, id } = await this.#answer(incoming, running);
      await writeResponse(response, outgoing, over.signal, {
        gone: gone.signal,
        last: farewell(id),
      });
    } catch (thrown) {
      if (!over.signal.aborted) this.#options.log.error('mcp request failed', thrown, {});
      if (outgoing.headersSent) outgoing.destroy();
      else
        await writeResponse(
          rpcError(500, -32_603, 'internal error: see the log of the service'),
          outgoing,
          over.signal,
        );
    } finally {
      this.#running.delete(running);
      running.leave();
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#modern.close(), this.sessions.close()]);
  }

  async #answer(
    incoming: IncomingMessage,
    running: Running,
  ): Promise<{ readonly response: Response; readonly id?: string | number | null }> {
    const { verifyBearer, oauth } = this.#options;
    const { over, gone } = running;
    const misdirected = this.#misdirected(incoming);
    if (misdirected !== undefined) return { response: misdirected };
    const resource = this.#options.resource();
    const path = (incoming.url ?? '/').split('?')[0];
    if (path === METADATA_ROOT || path === METADATA_ROOT + MCP_PATH)
      return { response: metadata(resource, oauth) };
    if (path !== MCP_PATH)
      return { response: rpcError(404, -32_000, `nothing here: MCP is at ${MCP_PATH}`) };
    const challenge = this.#challenge(resource, oauth?.leastScope);
    const admitted = await admit(incoming.headers.authorization, verifyBearer, resource, challenge);
    if (admitted instanceof Response) return { response: admitted };
    const { lease } = admitted;
    const leave = this.#calls.enter(lease.id);
    if (typeof leave === 'string') return { response: noRoom(leave, 'calls') };
    running.leave = leave;
    this.#running.set(running, lease);
    // Taken back while it was looked up.
    if (this.#isGone(lease)) gone.abort();
    this.#endInTime(lease, running);
    const request = webRequest(incoming, resource, AbortSignal.any([over, gone.signal]));
    const body = await Promise.race([this.#body(incoming), aborted(gone.signal)]);
    if (gone.signal.aborted) return { response: takenBack(challenge) };
    if (body instanceof Response) return { response: body };
    const serving = this.#serve(request, body, admitted, running);
    const response = await Promise.race([serving, aborted(gone.signal)]);
    if (response === undefined) {
      serving.then(
        (late) => late.body?.cancel(),
        () => {},
      );
      return { response: takenBack(challenge) };
    }
    return { response, id: idOf(body) };
  }

  /** Nothing is answered to anybody for longer than what they came with lasts. */
  #endInTime({ expiresAt }: BearerLease, { over, gone }: Running): void {
    const { clock } = this.#options;
    const left = (expiresAt - clock.now()) / 1_000;
    if (left > LONGEST_MS) return;
    void clock.sleep(Math.max(1, left), over).then(() => {
      if (!over.aborted) gone.abort();
    });
  }

  #isGone(lease: BearerLease): boolean {
    return lease.isHere?.() === false || this.#options.leases?.holds(lease.id) === false;
  }

  #challenge(resource: string, scope: string | undefined): Challenge {
    return {
      resourceMetadataUrl: new URL(METADATA_ROOT + MCP_PATH, resource).href,
      ...(scope === undefined ? {} : { requiredScopes: [scope] }),
    };
  }

  /** Ends what leases have open that are none any more. A call that already reached a host goes on by itself. */
  #endGone({ holds }: OpenLeases): void {
    for (const [{ gone }, lease] of this.#running) if (this.#isGone(lease)) gone.abort();
    this.sessions
      .endOf((owner) => !holds(owner))
      .catch((thrown: unknown) => this.#options.log.error('a session could not be ended', thrown));
  }

  #misdirected({ headers }: IncomingMessage): Response | undefined {
    const host = validateHostHeader(headers.host, [...this.#options.allowedHosts]);
    if (!host.ok)
      return rpcError(
        403,
        -32_000,
        'this Host is not served here: use the address the service printed',
      );
    const origin = validateOriginHeader(headers.origin, [...this.#options.allowedOrigins]);
    if (!origin.ok) return rpcError(403, -32_000, 'pages of this Origin may not ask here');
    return undefined;
  }

  /** The parsed body of a POST, `undefined` for other methods, or the refusal. */
  async #body(incoming: IncomingMessage): Promise<unknown> {
    if (incoming.method !== 'POST') return undefined;
    if (!isJsonContentType(incoming.headers['content-type'] ?? null))
      return rpcError(415, -32_000, 'Content-Type must be application/json');
    if ((incoming.headers['content-encoding'] ?? 'identity') !== 'identity')
      return rpcError(415, -32_000, 'Content-Encoding is not supported: send the body as it is');
    const bytes = await readBody(incoming, this.#limits.requestBytes);
    if (bytes === 'too-long') {
      const { code, message } = tooLong(null, this.#limits.requestBytes);
      return rpcError(413, code, message, null, { connection: 'close' });
    }
    const read = readMessage(bytes);
    return read.ok ? read.value : rpcError(400, read.error.code, read.error.message, read.error.id);
  }

  async #serve(
    request: Request,
    body: unknown,
    { lease, caller }: Admitted,
    running: Running,
  ): Promise<Response> {
    const service = this.#options.service(caller);
    await service.heard(body);
    const lacks = service.lacks(body);
    const { oauth } = this.#options;
    if (lacks === 'any') return tooNarrow(this.#challenge(request.url, oauth?.leastScope));
    const wider = lacks === undefined ? undefined : oauth?.scopeWith(lacks);
    if (wider !== undefined) return tooNarrow(this.#challenge(request.url, wider));
    if (await isLegacyRequest(request, body)) {
      const response = await this.sessions.handle(
        request,
        body,
        lease.id,
        caller,
        this.#options.service,
        running.over,
      );
      if (request.method !== 'GET') return response;
      return this.#counted(response, lease, running, async (reach) => {
        this.sessions.reachesNow(request.headers.get('mcp-session-id') ?? '', reach);
        return reach.length > 0;
      });
    }
    const listens = isRecord(body) && body['method'] === 'subscriptions/listen';
    if (listens) {
      const refusal = await mayListen(body, service);
      if (refusal !== undefined) return refusal;
    }
    const authInfo = { token: '', clientId: lease.id, scopes: [] };
    this.#services.set(authInfo, service);
    const response = await this.#modern.fetch(request, {
      authInfo,
      ...(body === undefined ? {} : { parsedBody: body }),
    });
    if (!listens) return response;
    const mayStill = async (reach: Caller['reach']): Promise<boolean> =>
      reach.length > 0 &&
      (await mayListen(body, this.#options.service({ ...caller, reach }))) === undefined;
    return this.#counted(response, lease, running, mayStill, idOf(body));
  }

  /** Counts a stream as one until it is over, in place of a call. */
  #counted(
    response: Response,
    lease: BearerLease,
    running: Running,
    mayStill: (reach: Caller['reach']) => Promise<boolean>,
    id: string | number | null = null,
  ): Response {
    if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true)
      return response;
    const leave = this.#streams.enter(lease.id);
    if (typeof leave === 'string') {
      response.body?.cancel().catch(() => {});
      return noRoom(leave, 'streams', id);
    }
    running.leave();
    running.leave = leave;
    void this.#endBeyond(lease, running, mayStill);
    return response;
  }

  /** A stream ends as soon as what it was opened for is beyond whoever opened it, by what is in force then. */
  async #endBeyond(
    { reach: first, reachNow }: BearerLease,
    { over, gone }: Running,
    mayStill: (reach: Caller['reach']) => Promise<boolean>,
  ): Promise<void> {
    if (reachNow === undefined) return;
    let before = JSON.stringify(first);
    while (!over.aborted && !gone.signal.aborted) {
      await this.#options.clock.sleep(this.#limits.streamCheckMs, over);
      if (over.aborted) return;
      try {
        const reach = (await reachNow()) ?? [];
        const text = JSON.stringify(reach);
        if (text === before || (await mayStill(reach))) {
          before = text;
          continue;
        }
      } catch {
        // Where nobody can tell, nobody is told anything more.
      }
      gone.abort();
    }
  }
}
