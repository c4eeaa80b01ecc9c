/** Sockets that the outside knocks at: bounded, on both loopbacks or where `server.yaml` says, with TLS where it says so. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import type { Bind } from '#serving';
import type { Certificate } from './tls-files.ts';

/** How many ports are tried where nobody chose one. */
const PORTS_TRIED = 20;

export type Listening = AsyncDisposable & {
  readonly port: number;
  /** New connections are answered with it; open ones go on. */
  useCertificate(certificate: Certificate): void;
};

/** Any account of the machine can knock here: it can neither hold what this process needs of files nor wait for ever. */
export function boundedServer(handle: RequestListener, certificate?: Certificate): Server {
  const bounds = {
    headersTimeout: LIMITS.httpHeadersMs,
    requestTimeout: LIMITS.httpRequestMs,
    connectionsCheckingInterval: LIMITS.httpHeadersMs / 2,
    maxHeaderSize: LIMITS.httpHeaderBytes,
  };
  const server =
    certificate === undefined
      ? createServer(bounds, handle)
      : createTlsServer(
          {
            ...bounds,
            ...certificate,
            minVersion: 'TLSv1.2',
            handshakeTimeout: LIMITS.httpHeadersMs,
          },
          handle,
        );
  server.maxConnections = LIMITS.httpConnections;
  return server;
}

/** Listens on every address of the bind at one port; `port` is the command line's own wish. */
export async function listen(
  bind: Bind,
  port: number | undefined,
  handle: RequestListener,
  certificate: Certificate | undefined,
): Promise<Listening> {
  const first = port ?? bind.port;
  const tried = bind.mayMove && port === undefined ? PORTS_TRIED : 1;
  for (let i = 0; i < tried; i++) {
    const wanted = first === 0 ? 0 : first + i;
    const servers = await listenAt(bind.addresses, wanted, handle, certificate);
    if (servers === undefined) continue;
    return {
      port: portOf(servers[0]),
      useCertificate: (fresh) => {
        for (const server of servers)
          if ('setSecureContext' in server)
            (server as ReturnType<typeof createTlsServer>).setSecureContext({
              ...fresh,
              minVersion: 'TLSv1.2',
            });
      },
      [Symbol.asyncDispose]: async () => void (await Promise.all(servers.map(close))),
    };
  }
  throw new Fault(
    'unavailable',
    'port-in-use',
    `no port is free on ${bind.addresses.join(' and ')}: tried ${first} to ${first + tried - 1}. Give another with --port or in server.yaml, or --no-http`,
  );
}

/** `undefined`: somebody else is at that port of one of them. */
async function listenAt(
  addresses: readonly string[],
  wanted: number,
  handle: RequestListener,
  certificate: Certificate | undefined,
): Promise<Server[] | undefined> {
  const servers: Server[] = [];
  for (const address of addresses) {
    const server = boundedServer(handle, certificate);
    const at = servers[0] === undefined ? wanted : portOf(servers[0]);
    const problem = await bound(server, at, address);
    if (problem === undefined) servers.push(server);
    else if (problem === 'no-such-address' && servers.length > 0) continue;
    else {
      await Promise.all(servers.map(close));
      // Whichever port the system chose may be taken on the other loopback.
      if (problem === 'in-use' && wanted === 0 && servers.length > 0)
        return listenAt(addresses, wanted, handle, certificate);
      if (problem === 'in-use') return undefined;
      throw new Fault(
        'unavailable',
        'cannot-listen',
        `cannot listen on ${address}: it is no address of this machine. Correct listen in server.yaml`,
      );
    }
  }
  return servers;
}

function bound(
  server: Server,
  port: number,
  address: string,
): Promise<'in-use' | 'no-such-address' | undefined> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') resolve('in-use');
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT')
        resolve('no-such-address');
      else if (error.code === 'EACCES')
        reject(
          new Fault(
            'unavailable',
            'cannot-listen',
            `this account may not listen at port ${port}: choose one above 1023, or let a proxy stand before it`,
          ),
        );
      else reject(error);
    };
    server.once('error', failed);
    server.listen(
      { port, host: address, ipv6Only: address.includes(':') && address !== '::' },
      () => {
        server.removeListener('error', failed);
        resolve(undefined);
      },
    );
  });
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
