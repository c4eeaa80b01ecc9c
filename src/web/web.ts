/**
 * The one listener's answers. A request passes, in order: its form, Host, Origin and `Sec-Fetch-Site`, rate, session
 * or bearer, size and type of the body, and then the operation's own path in the kernel.
 *
 * MCP and what is mounted beside it judge Host, Origin and bearer themselves; the form and the rate hold for them too.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { asFault } from '#base/fault';
import type { Log } from '#base/log';
import type { Clock, Random } from '#base/ports';
import type { Answer, Call, Operation } from '#operations';
import type { SignIn } from '#signin';
import { apiRoutes } from './api-routes.ts';
import type { Askers } from './asker.ts';
import { API_PATH, challengeOf, type Scopes } from './challenge.ts';
import { refusal, statusOf } from './faults.ts';
import { type Head, mustBeOurs, mustBeOwnPage, mustBeServed, readHead, type Site } from './head.ts';
import type { ReadyCheck } from './health.ts';
import { Hints, type Topic } from './hints.ts';
import { WEB_LIMITS, type WebLimits } from './limits.ts';
import type { Metrics, Readings } from './metrics.ts';
import { problemOf } from './problem.ts';
import { AtOnce, addressKey, RateLimit } from './rate.ts';
import { securityHeaders } from './security-headers.ts';
import { serviceRoutes } from './service-routes.ts';
import { NONCE_HEADER } from './shown.ts';
import { type OidcDoor, signInRoutes } from './sign-in-routes.ts';
import { type StaticFiles, staticAnswer } from './static-files.ts';

/**
 * What of a request is judged before it is handed on. `itself`: its form only. `public`: also Host; programs and
 * links of anywhere may ask. `console`: also that a page of ours asks.
 */
export type Judging = 'itself' | 'public' | 'console';

/** Something that answers for itself below paths of its own. It may set headers of its own over ours. */
export type Mount = {
  /** `undefined`: not its own. */
  readonly owns: (path: string) => Judging | undefined;
  readonly handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
};

export type WebOptions = {
  /** Asked at each request. */
  readonly site: () => Site;
  readonly version: string;
  readonly operations: readonly Operation[];
  readonly perform: (call: Call) => Promise<Answer>;
  /** Where calls are counted already, by `measured`. */
  readonly metrics: Metrics;
  readonly askers: Askers;
  /** Of whoever gives tokens for the HTTP API; left out: leases come by hand. */
  readonly scopes?: Scopes;
  /** `undefined`: nobody signs in here. */
  readonly signIn: SignIn | undefined;
  readonly oidc: OidcDoor | undefined;
  readonly mounts: readonly Mount[];
  readonly files: StaticFiles;
  readonly ready: () => Promise<readonly ReadyCheck[]>;
  readonly readings: () => Promise<Readings>;
  readonly clean: (text: string) => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits?: Partial<WebLimits>;
};

export type Web = {
  /** For `node:http` and `node:https`. Answers every request, also those it refuses; never rejects. */
  readonly handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  readonly publish: (topic: Topic) => void;
  close(): void;
};

/** What every route is handed beside the request. */
export type Env = {
  readonly Bindings: {
    readonly incoming: IncomingMessage;
    readonly outgoing: ServerResponse;
    readonly head: Head;
    readonly site: Site;
    /** The other end went away. */
    readonly gone: AbortSignal;
  };
};
export type Asked = Context<Env>;

/** What the routes stand on. */
export type Ground = WebOptions & {
  readonly limits: WebLimits;
  readonly hints: Hints;
  /** Attempts to sign in, by address. */
  readonly attempts: RateLimit;
  /** Requests of one principal. */
  readonly requests: RateLimit;
  readonly working: AtOnce;
};

export function web(options: WebOptions): Web {
  const { clock, askers } = options;
  const limits = { ...WEB_LIMITS, ...options.limits };
  const ground: Ground = {
    ...options,
    limits,
    hints: new Hints(clock, limits),
    attempts: new RateLimit(limits.attempts, clock),
    requests: new RateLimit(limits.requests, clock),
    working: new AtOnce(limits.working),
  };
  ground.metrics.openStreams(() => ground.hints.open);
  askers.onEnd(() => ground.hints.check());
  const byAddress = new RateLimit(limits.byAddress, clock);
  const heads = new WeakMap<IncomingMessage, { readonly head: Head; readonly site: Site }>();
  const app = routes(ground);
  const listener = getRequestListener(
    async (request, given) => {
      const { incoming, outgoing } = given as unknown as Env['Bindings'];
      const known = heads.get(incoming);
      if (known === undefined) return new Response(null, { status: 500 });
      const gone = new AbortController();
      outgoing.once('close', () => gone.abort());
      return app.fetch(request, { incoming, outgoing, ...known, gone: gone.signal });
    },
    { overrideGlobalObjects: false },
  );

  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const site = options.site();
    const isSecure = site.origin.startsWith('https:');
    for (const [name, value] of Object.entries(securityHeaders(isSecure)))
      outgoing.setHeader(name, value);
    const head = readHead(
      {
        method: incoming.method ?? '',
        target: incoming.url ?? '',
        rawHeaders: incoming.rawHeaders,
        peer: incoming.socket.remoteAddress ?? '',
      },
      site,
    );
    byAddress.take(addressKey(head.address));
    const tellNonce = (): void => {
      if (options.signIn !== undefined) outgoing.setHeader(NONCE_HEADER, options.signIn.nonce());
    };
    for (const { owns, handle } of options.mounts) {
      const judging = owns(head.path);
      if (judging === undefined) continue;
      judge(judging, head, site);
      if (judging === 'console') tellNonce();
      return handle(incoming, outgoing);
    }
    mustBeOurs(head, site);
    if (head.method === 'OPTIONS')
      throw refusal('method-not-allowed', 'pages of other origins may not ask here');
    if (head.path.startsWith(`${API_PATH}/`)) tellNonce();
    heads.set(incoming, { head, site });
    return listener(incoming, outgoing);
  };
  return {
    handle: async (incoming, outgoing) => {
      try {
        await pass(incoming, outgoing);
      } catch (thrown) {
        tellRefused(ground, thrown);
        if (outgoing.headersSent) outgoing.destroy();
        else {
          const { status, headers, body } = problemOf(thrown, options.clean);
          const text = JSON.stringify(body);
          outgoing.writeHead(status, {
            ...headers,
            'cache-control': 'no-store',
            'content-length': String(Buffer.byteLength(text)),
            // What is left of the request is not waited for.
            connection: 'close',
          });
          outgoing.end(incoming.method === 'HEAD' ? undefined : text);
        }
      }
    },
    publish: (topic) => ground.hints.publish(topic),
    close: () => ground.hints.close(),
  };
}

function judge(judging: Judging, head: Head, site: Site): void {
  switch (judging) {
    case 'itself':
      return;
    case 'public':
      mustBeServed(head, site);
      return;
    case 'console':
      mustBeOurs(head, site);
      mustBeOwnPage(head, site);
  }
}

function routes(ground: Ground): Hono<Env> {
  const app = new Hono<Env>();
  app.use('*', async (asked, next) => {
    await next();
    if (!asked.res.headers.has('cache-control')) asked.res.headers.set('cache-control', 'no-store');
  });
  app.route('/', serviceRoutes(ground));
  app.route('/api/v1', apiRoutes(ground));
  app.route('/api/v1', signInRoutes(ground));
  app.notFound((asked) => {
    const { head, site } = asked.env;
    if (head.method === 'GET' || head.method === 'HEAD') {
      const answer = staticAnswer(ground.files, head, site.origin);
      if (answer !== undefined) return answer;
    }
    return problem(ground, asked, noSuchPage(head));
  });
  app.onError((thrown, asked) => problem(ground, asked, thrown));
  return app;
}

function noSuchPage({ method }: Head): Error {
  return method === 'GET' || method === 'HEAD'
    ? refusal('no-such-page', 'nothing is here: the operations are listed at /api/v1/openapi.json')
    : refusal(
        'method-not-allowed',
        'this address does not take that method: see /api/v1/openapi.json',
      );
}

function problem(ground: Ground, asked: Asked, thrown: unknown): Response {
  tellRefused(ground, thrown);
  const { incoming, head, site } = asked.env;
  const { status, headers, body } = problemOf(thrown, ground.clean, {}, (fault) =>
    challengeOf(fault, head, site, ground.scopes),
  );
  const isUnread = !incoming.readableEnded && !incoming.complete;
  return new Response(head.method === 'HEAD' ? null : JSON.stringify(body), {
    status,
    headers: { ...headers, ...(isUnread ? { connection: 'close' } : {}) },
  });
}

function tellRefused({ metrics, log }: Ground, thrown: unknown): void {
  const fault = asFault(thrown);
  if (fault.code === 'internal') log.error('a request failed', thrown);
  if (statusOf(fault) < 500 && thrown instanceof Error) metrics.refused(fault.code);
}
