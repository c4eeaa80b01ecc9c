/** The one listener: console, HTTP API, sign-in and MCP, as `server.yaml` says; on loopback where it says nothing. */
import { join } from 'node:path';
import { parseBlock } from '#base/address';
import type { Clock, EgressFetch } from '#base/ports';
import { nodeClock, nodeFiles, nodeMachineFiles, nodeRandom } from '#machine';
import { MCP_PATH, mcpHttp, mcpService, ResourceChanges } from '#mcp';
import { OPERATIONS, withApprovalUrl } from '#operations';
import { clean } from '#redaction';
import { type Bind, bindOf, isLoopbackName, LOOPBACK_NAMES, type ServerSettings } from '#serving';
import { API_PATH, Metrics, type Mount, measured, type Site, web } from '#web';
import { withAuthority } from './authority-file.ts';
import { bearersOf, counted } from './bearers.ts';
import { confirmedBy } from './confirmed-by.ts';
import { readConsole } from './console-files.ts';
import { topicsOf } from './hint-topics.ts';
import { listen } from './listener.ts';
import { apiMetadata, oauthDoors } from './oauth.ts';
import { observerToken } from './observer-token.ts';
import { ROOT } from './program-version.ts';
import type { Service } from './service.ts';
import { TlsFiles } from './tls-files.ts';

export const CONSOLE_FOLDER: string = join(ROOT, 'console', 'dist');
const DECIDED_LOOK_MS = 250;
const OAUTH_METADATA = '/.well-known/oauth-protected-resource';

export type HttpService = AsyncDisposable & {
  /** Where people open it. */
  readonly origin: string;
  /** Where MCP clients ask. */
  readonly url: string;
  readonly token: string;
};

/** Throws `unsafe-bind`, `invalid-server`, `tls-unusable` and `port-in-use`, each with what to write. */
export async function serveHttp(
  service: Service,
  port: number | undefined,
  clientFetch?: EgressFetch,
): Promise<HttpService> {
  const files = nodeFiles();
  const clock = nodeClock();
  const random = nodeRandom();
  const settings = await service.server.toServe();
  const bind = bindOf(settings);
  const tls =
    settings.tls === null
      ? undefined
      : new TlsFiles(nodeMachineFiles(), service.paths.home, settings.tls);
  const certificate = await tls?.read();
  const token = await observerToken(files, random, service.paths.observerToken);
  const stateOf = (id: string): string | undefined => service.changeState(id);
  let site: Site | undefined;
  let url = '';
  const { identity, leases, signIn } = service;
  const metrics = new Metrics();
  const names = new Set(OPERATIONS.map(({ name }) => name));
  const perform = measured(
    counted((call) => service.perform(call), leases),
    metrics,
    names,
    clock,
  );
  const oauth = await oauthDoors({ settings, service, files, clock, random, clientFetch });
  const bearers = bearersOf({
    token,
    leases,
    clock,
    onChange: (listener) =>
      identity.onChange((topic) => (topic === 'leases' ? listener() : undefined)),
    apiResource: () => (site?.origin ?? '') + API_PATH,
    mcpResource: () => url,
    tokens: oauth.tokens,
    external: identity.leases.external,
  });
  const changes = new ResourceChanges();
  service.onChange(() => {
    for (const uri of ['holdfast://targets', 'holdfast://findings']) changes.publish(uri);
  });
  const mcp = mcpHttp({
    service: mcpService({
      operations: OPERATIONS,
      perform,
      version: service.version,
      clean: (text) => clean(text).text,
      changes,
      approvals: {
        consoleUrl: () => site?.origin ?? settings.url.origin,
        key: random.bytes(32),
        decided: (id, ms, signal) => decided(() => stateOf(id), clock, ms, signal),
      },
    }),
    verifyBearer: bearers.mcp,
    leases: bearers.open,
    ...(oauth.offer === undefined ? {} : { oauth: oauth.offer }),
    allowedHosts: [...bind.hosts],
    allowedOrigins: [...bind.hosts],
    resource: () => url,
    clock,
    random,
    log: service.log,
    bus: changes.bus,
  });
  const mounts: Mount[] = [
    {
      owns: (path) =>
        path === MCP_PATH || path === OAUTH_METADATA || path === OAUTH_METADATA + MCP_PATH
          ? 'itself'
          : undefined,
      handle: (incoming, outgoing) => mcp.handle(incoming, outgoing),
    },
    apiMetadata(() => site?.origin ?? settings.url.origin, oauth.apiOffer),
    oauth.mount,
  ];
  const listening = new AsyncDisposableStack();
  try {
    const face = web({
      site: () => site ?? siteOf(settings, bind, bind.port),
      version: service.version,
      operations: OPERATIONS,
      perform: async (call) => {
        const answer = await perform(call);
        return call.caller.surface === 'api'
          ? withApprovalUrl(answer, site?.origin ?? settings.url.origin)
          : answer;
      },
      metrics,
      ...(oauth.apiOffer === undefined ? {} : { scopes: oauth.apiOffer }),
      askers: {
        person: (secret, shown) => signIn.whoIs(secret, shown),
        confirmed: ({ session }, call, ceremony) =>
          confirmedBy(signIn.confirm, session, call, ceremony),
        reachOfPerson: (id) => signIn.reachNow(id),
        leased: bearers.api,
        onEnd: (listener) => identity.onChange(listener),
      },
      signIn,
      oidc: oauth.oidc,
      mounts,
      files: await withAuthority(
        await readConsole(files, CONSOLE_FOLDER),
        nodeMachineFiles(),
        service.paths.home,
        settings.tls,
      ),
      ready: () => service.ready(),
      readings: () =>
        service.readings({ sessions: identity.sessions.list().length, leases: leases.active() }),
      clean: (text) => clean(text).text,
      clock,
      random,
      log: service.log,
    });
    service.onEvent((event) => {
      for (const topic of topicsOf(event)) face.publish(topic);
    });
    identity.onChange((topic) => face.publish(topic));
    listening.defer(() => mcp.close());
    const open = listening.use(
      await listen(
        bind,
        port,
        (incoming, outgoing) => void face.handle(incoming, outgoing),
        certificate,
      ),
    );
    listening.defer(() => face.close());
    site = siteOf(settings, bind, open.port);
    url = mcpUrl(settings, bind, open.port);
    oauth.begin(site.origin, url);
    service.openedAt(site.origin);
    if (tls !== undefined) {
      const stop = new AbortController();
      const watching = tls.watch(
        (fresh) => open.useCertificate(fresh),
        clock,
        service.log,
        stop.signal,
      );
      listening.defer(async () => {
        stop.abort();
        await watching;
      });
    }
    const { origin } = site;
    return { origin, url, token, [Symbol.asyncDispose]: () => listening.disposeAsync() };
  } catch (thrown) {
    await listening.disposeAsync();
    throw thrown;
  }
}

/** Looks now and then: a decision is made anywhere, and told to nobody in particular. */
async function decided(
  state: () => string | undefined,
  clock: Clock,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const until = clock.monotonicMs() + ms;
  while (!signal.aborted && state() === 'previewed' && clock.monotonicMs() < until)
    await clock.sleep(DECIDED_LOOK_MS, signal);
}

/** Where nobody named a url, the port that was found is part of it. */
function siteOf(settings: ServerSettings, bind: Bind, port: number): Site {
  const { url, hosts, proxy } = settings;
  const origin = settings.isDefaultUrl ? `http://${url.host}:${port}` : url.origin;
  const scheme = bind.isTls ? 'https' : 'http';
  const local = bind.hosts.filter((host) => LOOPBACK_NAMES.includes(host));
  return {
    origin,
    origins: [
      ...new Set([
        origin,
        ...hosts.map(
          (host) => `https://${host}${url.isSecure && url.port !== 443 ? `:${url.port}` : ''}`,
        ),
        ...local.map((host) => `${scheme}://${host}:${port}`),
      ]),
    ],
    hosts: bind.hosts,
    proxies: proxy === null ? null : proxy.from.flatMap((text) => parseBlock(text) ?? []),
  };
}

/** By number on loopback, where a client needs no name looked up; otherwise what people open. */
function mcpUrl({ url }: ServerSettings, { hosts, isTls }: Bind, port: number): string {
  return isLoopbackName(url.host) && hosts.includes('127.0.0.1') && !isTls
    ? `http://127.0.0.1:${port}${MCP_PATH}`
    : `${url.origin}${MCP_PATH}`;
}
