/** MCP over HTTP on loopback, and nothing else there. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { LATEST } from '#base/time';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import { MCP_PATH, mcpHttp, mcpService, ResourceChanges, verifyAgainst } from '#mcp';
import { OPERATIONS } from '#operations';
import { clean } from '#redaction';
import { HTTP_CALLER } from './callers.ts';
import { observerToken } from './observer-token.ts';
import type { Service } from './service.ts';

const FIRST_PORT = 7425;
const PORTS_TRIED = 20;
const HOST = '127.0.0.1';

export type HttpService = AsyncDisposable & { readonly url: string; readonly token: string };

/** Serves on `port`, or on the first free one of a small range that stays the same from start to start. */
export async function serveHttp(service: Service, port: number | undefined): Promise<HttpService> {
  const clock = nodeClock();
  const random = nodeRandom();
  const token = await observerToken(nodeFiles(), random, service.paths.observerToken);
  const lease = {
    id: 'observer-token',
    sha256: sha256(token),
    onBehalfOf: HTTP_CALLER.onBehalfOf,
    profile: HTTP_CALLER.profile,
    reach: HTTP_CALLER.reach,
    expiresAt: LATEST,
  };
  let url = '';
  const changes = new ResourceChanges();
  service.onChange(() => {
    for (const uri of ['holdfast://targets', 'holdfast://findings']) changes.publish(uri);
  });
  const face = mcpHttp({
    service: mcpService({
      operations: OPERATIONS,
      perform: (call) => service.perform(call),
      version: service.version,
      clean: (text) => clean(text).text,
      changes,
    }),
    verifyBearer: verifyAgainst(() => [lease], clock),
    allowedHosts: [HOST, 'localhost', '[::1]'],
    allowedOrigins: [HOST, 'localhost', '[::1]'],
    resource: () => url,
    clock,
    random,
    log: service.log,
    bus: changes.bus,
  });
  const server = boundedServer((incoming, outgoing) => void face.handle(incoming, outgoing));
  const bound = await listen(
    server,
    port === undefined ? Array.from({ length: PORTS_TRIED }, (_, i) => FIRST_PORT + i) : [port],
  );
  url = `http://${HOST}:${bound}${MCP_PATH}`;
  return {
    url,
    token,
    [Symbol.asyncDispose]: async () => {
      await face.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Any account of the machine can knock here: it can neither hold what this process needs of files nor wait for ever. */
export function boundedServer(handle: RequestListener): Server {
  const server = createServer(
    {
      headersTimeout: LIMITS.httpHeadersMs,
      requestTimeout: LIMITS.httpRequestMs,
      connectionsCheckingInterval: LIMITS.httpHeadersMs / 2,
    },
    handle,
  );
  server.maxConnections = LIMITS.httpConnections;
  return server;
}

async function listen(server: Server, ports: readonly number[]): Promise<number> {
  for (const port of ports) {
    const bound = await new Promise<boolean>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error);
      server.once('error', failed);
      server.listen(port, HOST, () => {
        server.removeListener('error', failed);
        resolve(true);
      });
    });
    const address = server.address();
    if (bound && address !== null && typeof address === 'object') return address.port;
  }
  throw new Fault(
    'unavailable',
    'port-in-use',
    `no port is free on ${HOST}: tried ${ports[0]} to ${ports.at(-1)}. Give another with --port, or --no-http`,
  );
}
