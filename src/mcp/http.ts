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
  type Challenge,
  TAKEN_BACK,
  takenBack,
  tooNarrow,
  type VerifyBearer,
} from './bearer.ts';
import { isRecord, readMessage, tooLong } from './read-message.ts';
import type { McpService } from './server.ts';
import { Sessions } from './sessions.ts';
import { readBody, rpcError, webRequest, writeResponse } from './web.ts';

export const MCP_PATH = '/mcp';
const METADATA_ROOT = '/.well-known/oauth-protected-resource';
/** What a timer can hold; a stream that old may as well be opened again. */
const LONGEST_MS = 2 ** 31 - 1;

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
  /** Open streams of one principal. */
  readonly listens: number;
};

export type McpHttp = {
  /** For `node:http`. Answers every request, also those it refuses; never rejects. */
  readonly handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  readonly sessions: () => number;
  close(): Promise<void>;
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
  /** Open streams by principal. */
  readonly #streams = new Map<string, number>();
  readonly #services = new WeakMap<object, McpService>();
  /** What is being answered: the lease that it is answered to, and how it ends before its time. */
  readonly #running = new Map<AbortController, string>();

  constructor(options: McpHttpOptions) {
    this.#options = options;
    this.#limits = {
      requestBytes: LIMITS.requestBytes,
      sessions: LIMITS.mcpSessions,
      sessionIdleMs: LIMITS.mcpSessionIdleMs,
      listens: LIMITS.mcpListens,
      ...options.limits,
    };
    this.sessions = new Sessions(options.clock, options.random, {
      sessions: this.#limits.sessions,
      idleMs: this.#limits.sessionIdleMs,
    });
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
    outgoing.on('close', () => over.abort());
    try {
      const { response, id } = await this.#answer(incoming, over, gone);
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
      this.#running.delete(gone);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#modern.close(), this.sessions.close()]);
  }

  async #answer(
    incoming: IncomingMessage,
    over: AbortController,
    gone: AbortController,
  ): Promise<{ readonly response: Response; readonly id?: string | number | null }> {
    const { verifyBearer, clock, oauth } = this.#options;
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
    this.#running.set(gone, admitted.lease.id);
    // Taken back while it was looked up.
    if (this.#options.leases?.holds(admitted.lease.id) === false) gone.abort();
    const request = webRequest(incoming, resource, over.signal);
    const body = await this.#body(incoming);
    if (body instanceof Response) return { response: body };
    const serving = this.#serve(request, body, admitted, over.signal);
    const response = await Promise.race([serving, aborted(gone.signal)]);
    if (response === undefined) {
      serving.then(
        (late) => late.body?.cancel(),
        () => {},
      );
      return { response: takenBack(challenge) };
    }
    if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
      const left = Math.min(LONGEST_MS, (admitted.lease.expiresAt - clock.now()) / 1_000);
      clock.sleep(Math.max(1, left), over.signal).then(
        () => over.abort(),
        () => over.abort(),
      );
    }
    return { response, id: idOf(body) };
  }

  #challenge(resource: string, scope: string | undefined): Challenge {
    return {
      resourceMetadataUrl: new URL(METADATA_ROOT + MCP_PATH, resource).href,
      ...(scope === undefined ? {} : { requiredScopes: [scope] }),
    };
  }

  /** Ends what leases have open that are none any more. A call that already reached a host goes on by itself. */
  #endGone({ holds }: OpenLeases): void {
    for (const [gone, lease] of this.#running) if (!holds(lease)) gone.abort();
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
    over: AbortSignal,
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
      );
      return request.method === 'GET' ? this.#counted(response, lease.id, over) : response;
    }
    const listens = isRecord(body) && body['method'] === 'subscriptions/listen';
    if (listens) {
      const refusal = await mayListen(body, service);
      if (refusal !== undefined) return refusal;
    }
    const authInfo = { token: '', clientId: lease.id, scopes: [] };
    this.#services.set(authInfo, service);
    if (listens && (this.#streams.get(lease.id) ?? 0) >= this.#limits.listens)
      return tooManyStreams(idOf(body));
    const response = await this.#modern.fetch(request, {
      authInfo,
      ...(body === undefined ? {} : { parsedBody: body }),
    });
    return listens ? this.#counted(response, lease.id, over) : response;
  }

  /**
   * Counts a stream against its principal until `over`. Not until the request's own signal: that
   * one only follows `over`, and is forgotten when the request is collected.
   */
  #counted(response: Response, principal: string, over: AbortSignal): Response {
    if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true)
      return response;
    if (over.aborted) return response;
    const open = this.#streams.get(principal) ?? 0;
    if (open >= this.#limits.listens) {
      response.body?.cancel().catch(() => {});
      return tooManyStreams(null);
    }
    this.#streams.set(principal, open + 1);
    over.addEventListener(
      'abort',
      () => {
        const left = (this.#streams.get(principal) ?? 1) - 1;
        if (left > 0) this.#streams.set(principal, left);
        else this.#streams.delete(principal);
      },
      { once: true },
    );
    return response;
  }
}

/** Refuses to tell of resources that do not exist for this caller. */
async function mayListen(
  body: Record<string, unknown>,
  service: McpService,
): Promise<Response | undefined> {
  const params = isRecord(body['params']) ? body['params'] : {};
  const wanted = isRecord(params['notifications'])
    ? params['notifications']['resourceSubscriptions']
    : undefined;
  if (!Array.isArray(wanted)) return undefined;
  if (wanted.length > 64)
    return rpcError(400, -32_602, 'too many resources in one filter: at most 64', idOf(body));
  for (const uri of wanted) {
    if (typeof uri === 'string' && (await service.mayWatch(uri))) continue;
    return rpcError(
      400,
      -32_602,
      'unknown resource in the filter: list resources and templates for what there is',
      idOf(body),
    );
  }
  return undefined;
}

function tooManyStreams(id: string | number | null): Response {
  return rpcError(429, -32_000, 'too many open streams: close one first', id);
}

/** RFC 9728. Without a server to name, bearers come from the operator of this service, by hand. */
function metadata(resource: string, oauth: OAuthOffer | undefined): Response {
  return Response.json(
    {
      resource,
      resource_name: 'Holdfast',
      bearer_methods_supported: ['header'],
      ...(oauth === undefined
        ? {}
        : { authorization_servers: oauth.servers(), scopes_supported: oauth.scopes }),
    },
    { headers: { 'access-control-allow-origin': '*' } },
  );
}

/** `undefined` once it is. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** What a stream says last when its lease is gone: an error in place of the answer that will not come. */
function farewell(id: string | number | null | undefined): string {
  if (id === undefined || id === null) return '';
  const error = { code: -32_001, message: TAKEN_BACK };
  return `\nevent: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, error })}\n\n`;
}

function idOf(body: unknown): string | number | null {
  const id = isRecord(body) ? body['id'] : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
