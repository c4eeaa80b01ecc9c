/**
 * The listener as it is served, for tests: a real server on a free port, the real sign-in over a real identity store,
 * and operations that answer what they were handed.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import * as z from 'zod/v4';
import { type Capability, reachOf } from '#access';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { silentLog } from '#base/log';
import type { Clock } from '#base/ports';
import { type Instant, LATEST } from '#base/time';
import { type Identity, openIdentity } from '#identity';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import type { Answer, Call, Operation } from '#operations';
import { aCoseKey } from '#samples/authority';
import { aSoftPasskey, PAGE } from '#samples/signin';
import { openSignIn, type SignIn } from '#signin';
import { look } from '../operations/operation.ts';
import type { Leased } from './asker.ts';
import type { Scopes } from './challenge.ts';
import { cookieName } from './cookie.ts';
import type { Site } from './head.ts';
import type { WebLimits } from './limits.ts';
import { Metrics, measured } from './metrics.ts';
import type { OidcDoor } from './sign-in-routes.ts';
import type { StaticFiles } from './static-files.ts';
import { type Mount, type Web, web } from './web.ts';

export const BEARER = 'hf_lease_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
export const SCOPELESS_BEARER = 'hf_lease_CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC';
export const METRICS_BEARER = 'hf_lease_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB';

/** What a request of the one page carries. */
export const pageHeaders = (
  { signIn }: Pick<Rig, 'signIn'>,
  method: string,
  path: string,
): Readonly<Record<string, string>> => ({
  'x-holdfast-proof': PAGE.shows(signIn.nonce(), method, path).proof,
  'x-holdfast-page-key': PAGE.key,
});

const plain = (name: string, capability: Capability, assistants: boolean): Operation =>
  look({
    name,
    title: name,
    summary: `Answers ${name}.`,
    capability,
    taints: false,
    assistants,
    input: z.strictObject({ wait: z.boolean().optional(), say: z.string().max(80).optional() }),
    output: z.object({ said: z.string() }),
    run: () => ({ said: name }),
  });

export const OPERATIONS: readonly Operation[] = [
  plain('query_facts', 'facts.read', true),
  plain('access_show', 'access.write', false),
  plain('target_list', 'inventory.read', false),
];

export type Rig = AsyncDisposable & {
  readonly origin: string;
  readonly port: number;
  readonly web: Web;
  readonly identity: Identity;
  readonly signIn: SignIn;
  readonly calls: Call[];
  /** Ends every lease. */
  revoke(): void;
  /** A session as the cookie header sends it. */
  signedIn(operator?: string): Promise<string>;
  ask(method: string, path: string, how?: How): Promise<Told>;
  /** One request as written, and everything that came back. */
  raw(text: string | Uint8Array): Promise<string>;
};

export type How = {
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
};
export type Told = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The code of the problem. */
  readonly code: string | undefined;
};

export type RigSettings = {
  readonly site?: (at: Site) => Site;
  readonly limits?: Partial<WebLimits>;
  readonly files?: StaticFiles;
  readonly clock?: Clock;
  readonly mounts?: readonly Mount[];
  readonly perform?: (call: Call) => Promise<Answer>;
  readonly scopes?: Scopes;
  /** When the lease ends by itself. */
  readonly endsAt?: Instant;
  readonly maxHeaderSize?: number;
  readonly oidc?: OidcDoor;
};

export async function openRig(settings: RigSettings = {}): Promise<Rig> {
  const clock = settings.clock ?? nodeClock();
  const random = nodeRandom();
  const identity = await openIdentity({ path: ':memory:', files: nodeFiles(), clock, random });
  let site: Site = { origin: '', origins: [], hosts: [], proxies: null };
  const passkey = (operator: string): ReturnType<typeof aSoftPasskey> =>
    aSoftPasskey(operator, { origin: site.origin, rpId: 'localhost' });
  const signIn = openSignIn({
    identity,
    clock,
    random,
    events: {
      append: () => {
        const done = Promise.resolve({} as never);
        return { written: done, durable: done };
      },
    },
    place: async () => ({ origin: site.origin, rpId: 'localhost' }),
    people: {
      isAnybody: async () => true,
      standing: async (operator) => ({ is: 'in-force', name: operator.toUpperCase() }),
      ownerOf: async (key) => ['ada', 'bea'].find((each) => passkey(each).line === key),
      roles: async (operator) => ({
        reach: reachOf(operator === 'ada' ? 'operator' : 'observer'),
        holds: operator === 'ada' ? 'owner' : 'looker',
      }),
    },
    config: {
      page: () => Promise.reject(new Error('not asked here')),
      apply: () => Promise.reject(new Error('not asked here')),
    },
  });
  const calls: Call[] = [];
  let isLeased = true;
  const ended = new Set<() => void>();
  const leasedAs = (profile: 'observer' | 'metrics'): Leased => ({
    caller: {
      principal: `lease:${profile}`,
      onBehalfOf: 'operator:ada@console',
      surface: 'api',
      profile,
      session: `lease:${profile}`,
      reach: reachOf(profile),
    },
    ...(settings.endsAt === undefined ? {} : { endsAt: settings.endsAt }),
    reachNow: async () =>
      isLeased && clock.now() < (settings.endsAt ?? LATEST) ? reachOf(profile) : undefined,
  });
  identity.onChange(() => {
    for (const listener of ended) listener();
  });
  const metrics = new Metrics();
  const names = new Set(OPERATIONS.map(({ name }) => name));
  const perform =
    settings.perform ??
    (async (call: Call): Promise<Answer> => {
      calls.push(call);
      const { operation, input } = call;
      const { say } = (input ?? {}) as { readonly say?: string };
      if (say === 'too narrow')
        throw new Fault('refused', 'not-permitted', 'not permitted: no', {
          facts: { operation, capability: 'facts.read' },
        });
      if (say === 'refuse')
        throw new Fault('refused', 'policy-denied', `denied: \u001b[31m${operation}`, {
          facts: { operation },
        });
      return { requestId: 'req_1', value: { said: operation } as Json, notices: [] };
    });
  const face = web({
    site: () => site,
    version: '0.0.0',
    operations: OPERATIONS,
    perform: measured(perform, metrics, names, clock),
    metrics,
    askers: {
      person: (secret, shown) => signIn.whoIs(secret, shown),
      confirmed: async ({ session }, call, ceremony) =>
        ceremony === undefined
          ? undefined
          : { how: 'each', by: await signIn.confirm.verify(session, call, ceremony) },
      reachOfPerson: (id) => signIn.reachNow(id),
      leased: async (bearer) =>
        !isLeased
          ? undefined
          : bearer === BEARER
            ? leasedAs('observer')
            : bearer === METRICS_BEARER
              ? leasedAs('metrics')
              : bearer === SCOPELESS_BEARER
                ? 'no-scope'
                : undefined,
      onEnd: (listener) => void ended.add(listener),
    },
    signIn,
    oidc: settings.oidc,
    mounts: settings.mounts ?? [],
    files: settings.files ?? new Map(),
    ready: async () => [
      { name: 'store', isReady: true, code: null },
      { name: 'log', isReady: false, code: 'log-unwritable' },
    ],
    readings: async () => ({
      sessions: 1,
      leases: 2,
      changes: { proposed: 3 },
      waiting: 4,
      logEvents: 5,
      isLogWritable: true,
      findings: { critical: 6 },
      targets: { fresh: 7 },
      residentBytes: 8,
      heapBytes: 9,
    }),
    clean: (text) => text.replaceAll('\u001b', '?'),
    clock,
    random,
    log: silentLog,
    ...(settings.limits === undefined ? {} : { limits: settings.limits }),
    ...(settings.scopes === undefined ? {} : { scopes: settings.scopes }),
  });
  const server = createServer(
    { maxHeaderSize: settings.maxHeaderSize ?? 16 * 1024 },
    (incoming, outgoing) => void face.handle(incoming, outgoing),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://localhost:${port}`;
  site = {
    origin,
    origins: [origin, `http://127.0.0.1:${port}`],
    hosts: ['localhost', '127.0.0.1'],
    proxies: null,
  };
  site = settings.site?.(site) ?? site;
  for (const operator of ['ada', 'bea']) {
    const { credentialId, line } = passkey(operator);
    identity.passkeys.add({
      credentialId,
      operator,
      key: line,
      cose: aCoseKey(operator),
      rpId: 'localhost',
      counter: 0,
      transports: [],
      label: 'a key',
      backedUp: false,
    });
  }
  return {
    origin,
    port,
    web: face,
    identity,
    signIn,
    calls,
    revoke: () => {
      isLeased = false;
      for (const listener of ended) listener();
    },
    signedIn: async (operator = 'ada') => {
      const answer = passkey(operator).answer(await signIn.passkey.options(), {
        counter: nextCounter(),
      });
      const { secret } = await signIn.passkey.verify(answer, {
        address: '127.0.0.1',
        userAgent: 'test',
        pageKey: PAGE.key,
      });
      return `${cookieName(site.origin)}=${secret}`;
    },
    ask: (method, path, how = {}) =>
      new Promise((resolve, reject) => {
        const { body, headers = {} } = how;
        const asked = request(
          {
            host: '127.0.0.1',
            port,
            method,
            path,
            headers: {
              host: `localhost:${port}`,
              ...pageHeaders({ signIn }, method, path),
              ...headers,
            },
          },
          (answer) => {
            const parts: Buffer[] = [];
            answer.on('data', (part: Buffer) => parts.push(part));
            answer.on('end', () => {
              const text = Buffer.concat(parts).toString('utf8');
              resolve({
                status: answer.statusCode ?? 0,
                headers: answer.headers,
                text,
                code: codeOf(text),
              });
            });
          },
        );
        asked.on('error', reject);
        asked.end(body);
      }),
    raw: async (text) => {
      const socket = connect(port, '127.0.0.1');
      const parts: Buffer[] = [];
      socket.on('data', (part: Buffer) => parts.push(part));
      socket.on('error', () => {});
      socket.write(text);
      await Promise.race([once(socket, 'close'), nodeClock().sleep(1_500)]);
      socket.destroy();
      return Buffer.concat(parts).toString('utf8');
    },
    [Symbol.asyncDispose]: async () => {
      face.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await identity[Symbol.asyncDispose]();
    },
  };
}

function codeOf(text: string): string | undefined {
  try {
    const { code } = JSON.parse(text) as { readonly code?: string };
    return code;
  } catch {
    return undefined;
  }
}

/** Rises within a process, as the counter of an authenticator does. */
export function nextCounter(): number {
  counter += 1;
  return counter;
}
let counter = 0;
