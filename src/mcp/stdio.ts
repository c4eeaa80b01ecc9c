/** MCP over standard input and output, for one caller, both eras of the protocol. */
import type { Readable, Writable } from 'node:stream';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { LIMITS } from '#base/limits';
import type { Log } from '#base/log';
import type { Clock } from '#base/ports';
import { LineTransport } from './line-transport.ts';
import type { McpService } from './server.ts';

export type StdioOptions = {
  readonly service: McpService;
  readonly stdin: Readable;
  /** Carries protocol only; whoever else writes to it breaks the connection. */
  readonly stdout: Writable;
  readonly clock: Clock;
  readonly log: Log;
  readonly lineBytes?: number;
};

export type StdioConnection = {
  /** Resolves when the input has ended and everything asked was answered, or on `close`. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
};

export function serveMcpStdio({
  service,
  stdin,
  stdout,
  clock,
  log,
  lineBytes,
}: StdioOptions): StdioConnection {
  const transport = new LineTransport({
    stdin,
    stdout,
    clock,
    lineBytes: lineBytes ?? LIMITS.requestBytes,
    heard: service.heard,
  });
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const close = transport.close.bind(transport);
  transport.close = async () => {
    await close();
    resolve();
  };
  const handle = serveStdio(service.factory, {
    transport,
    maxSubscriptions: LIMITS.mcpListens,
    onerror: (error) =>
      log.warn('mcp connection trouble', { surface: 'mcp-stdio', error: error.message }),
  });
  return { closed, close: () => handle.close() };
}
