/**
 * Sessions of clients of the 2025 line, one transport each. A session belongs to the lease that
 * opened it; to anyone else it does not exist. Each lease has a share of them; idle ones end, and
 * where there is no room, those end first that nobody has used for a while.
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
import { type Full, noRoom } from './shares.ts';
import { rpcError } from './web.ts';

type Session = {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly owner: string;
  /** Who asked last, as they were admitted then: what a lease holds may shrink while a session is open. */
  readonly asked: { caller: Caller };
  /** Monotonic; the last request's. */
  usedAt: number;
  /** Calls that are being answered, and streams that are open. */
  calls: number;
  streams: number;
};

export type SessionLimits = {
  readonly sessions: number;
  /** Of one lease. */
  readonly sessionsEach: number;
  readonly idleMs: number;
  /** Unused for so long, one makes room for those of other leases. */
  readonly spareMs: number;
};

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  /** Being opened, by owner. */
  readonly #opening = new Map<string, number>();
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
    /** Aborts once this request is answered to its end. */
    over: AbortSignal,
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
      const kind = request.method === 'GET' ? 'streams' : 'calls';
      session[kind]++;
      if (over.aborted) session[kind]--;
      else over.addEventListener('abort', () => session[kind]--, { once: true });
      return session.transport.handleRequest(request, more);
    }
    if (!isInitializeRequest(parsedBody))
      return rpcError(
        400,
        -32_000,
        'no session: initialize first, or send the Mcp-Session-Id header',
      );
    const full = this.#makeRoom(owner);
    if (full !== undefined) return noRoom(full, 'sessions');
    this.#opening.set(owner, (this.#opening.get(owner) ?? 0) + 1);
    try {
      const transport = await this.#open(owner, { caller }, service);
      return await transport.handleRequest(request, more);
    } finally {
      const left = (this.#opening.get(owner) ?? 1) - 1;
      if (left > 0) this.#opening.set(owner, left);
      else this.#opening.delete(owner);
    }
  }

  /** What whoever listens in it reaches from now on. No other of the same owner, who may have come with less. */
  reachesNow(id: string, reach: Caller['reach']): void {
    const session = this.#sessions.get(id);
    if (session !== undefined) session.asked.caller = { ...session.asked.caller, reach };
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
          const usedAt = this.#clock.monotonicMs();
          this.#sessions.set(id, { transport, owner, asked, usedAt, calls: 0, streams: 0 });
        },
        onsessionclosed: (id) => {
          this.#sessions.delete(id);
        },
      });
    const server = await service(() => asked.caller).factory({ era: 'legacy' });
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    return transport;
  }

  /** `undefined`: there is room for one more of this owner. */
  #makeRoom(owner: string): Full | undefined {
    const { sessions, sessionsEach } = this.#limits;
    const opening = [...this.#opening.values()].reduce((sum, each) => sum + each, 0);
    const own = this.#countOf(owner) + (this.#opening.get(owner) ?? 0);
    if (own >= sessionsEach) return this.#endSpare(owner) ? undefined : 'own';
    if (this.#sessions.size + opening < sessions) return undefined;
    return this.#endSpare() ? undefined : 'all';
  }

  #countOf(owner: string): number {
    let count = 0;
    for (const session of this.#sessions.values()) if (session.owner === owner) count++;
    return count;
  }

  /**
   * Of this owner, or of whoever has most, the one that was used longest ago, where nobody uses it. One's own make room
   * at once, though something still listens: many clients open one for each thing that they ask, and end none.
   */
  #endSpare(owner?: string): boolean {
    const before = this.#clock.monotonicMs() - this.#limits.spareMs;
    let spare: { readonly id: string; readonly session: Session; readonly has: number } | undefined;
    for (const [id, session] of this.#sessions) {
      if (session.calls > 0) continue;
      const isSpare =
        owner === undefined
          ? session.streams === 0 && session.usedAt <= before
          : session.owner === owner;
      if (!isSpare) continue;
      const has = this.#countOf(session.owner);
      const isBetter =
        spare === undefined ||
        has > spare.has ||
        (has === spare.has && session.usedAt < spare.session.usedAt);
      if (isBetter) spare = { id, session, has };
    }
    if (spare === undefined) return false;
    this.#sessions.delete(spare.id);
    spare.session.transport.close().catch(() => {});
    return true;
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
