/**
 * Sessions of clients of the 2025 line, one transport each. A session belongs to the lease that
 * opened it; to anyone else it does not exist. Idle ones end, and there is a most.
 */
import {
  type AuthInfo,
  isInitializeRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { newId } from '#base/ids';
import type { Clock, Random } from '#base/ports';
import type { Caller } from '#operations';
import type { McpService } from './server.ts';
import { rpcError } from './web.ts';

type Session = {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly owner: string;
  /** Who asked last, as they were admitted then: what a lease holds may shrink while a session is open. */
  readonly asked: { caller: Caller };
  /** Monotonic; the last request's. */
  usedAt: number;
};

export type SessionLimits = { readonly sessions: number; readonly idleMs: number };

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: SessionLimits;

  constructor(clock: Clock, random: Random, limits: SessionLimits) {
    this.#clock = clock;
    this.#random = random;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  async handle(
    request: Request,
    parsedBody: unknown,
    owner: string,
    caller: Caller,
    service: (caller: () => Caller) => McpService,
  ): Promise<Response> {
    await this.#endIdle();
    const authInfo: AuthInfo = { token: '', clientId: owner, scopes: [] };
    const more = { authInfo, ...(parsedBody === undefined ? {} : { parsedBody }) };
    const id = request.headers.get('mcp-session-id');
    if (id !== null) {
      const session = this.#sessions.get(id);
      if (session === undefined || session.owner !== owner)
        return rpcError(404, -32_001, 'session not found: initialize again');
      session.usedAt = this.#clock.monotonicMs();
      session.asked.caller = caller;
      return session.transport.handleRequest(request, more);
    }
    if (!isInitializeRequest(parsedBody))
      return rpcError(
        400,
        -32_000,
        'no session: initialize first, or send the Mcp-Session-Id header',
      );
    if (this.#sessions.size >= this.#limits.sessions)
      return rpcError(503, -32_000, 'too many sessions: try again later, or end one with DELETE');
    const transport = await this.#open(owner, { caller }, service);
    return transport.handleRequest(request, more);
  }

  /** Ends those of owners that hold nothing any more. */
  async endOf(isGone: (owner: string) => boolean): Promise<void> {
    for (const [id, { owner, transport }] of this.#sessions) {
      if (!isGone(owner)) continue;
      this.#sessions.delete(id);
      await transport.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ transport }) => transport.close()));
    this.#sessions.clear();
  }

  async #open(
    owner: string,
    asked: { caller: Caller },
    service: (caller: () => Caller) => McpService,
  ): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport: WebStandardStreamableHTTPServerTransport =
      new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => newId('session', this.#random),
        onsessioninitialized: (id) => {
          this.#sessions.set(id, { transport, owner, asked, usedAt: this.#clock.monotonicMs() });
        },
        onsessionclosed: (id) => {
          this.#sessions.delete(id);
        },
      });
    const server = await service(() => asked.caller).factory({ era: 'legacy' });
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    return transport;
  }

  async #endIdle(): Promise<void> {
    const oldest = this.#clock.monotonicMs() - this.#limits.idleMs;
    for (const [id, session] of this.#sessions) {
      if (session.usedAt > oldest) continue;
      this.#sessions.delete(id);
      await session.transport.close();
    }
  }
}
