/**
 * A Holdfast MCP server for the conformance suite, started by the tests: over HTTP on loopback
 * with a bearer, and a second port that adds the bearer, since the suite cannot send one; or over
 * stdio. With `fixtures`, the suite's own tools are mounted too.
 *
 *   server.ts http [fixtures]    prints {"url", "proxy", "bearer"} and serves until its stdin ends
 *   server.ts stdio [fixtures]
 */
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from '#base/digest';
import { jsonLog, silentLog } from '#base/log';
import type { Instant } from '#base/time';
import { nodeClock, nodeRandom } from '#machine';
import { mcpHttp, mcpService, ResourceChanges, serveMcpStdio, verifyAgainst } from '#mcp';
import { aCaller, cleanSample, SAMPLE_OPERATIONS, samplePerform } from '#samples/mcp';
import { FIXTURE_OPTIONS, mayWatchFixture, mountFixtures } from './fixtures.ts';

const [transport, profile] = process.argv.slice(2);
const clock = nodeClock();
const random = nodeRandom();
const changes = new ResourceChanges();

const service = mcpService({
  operations: SAMPLE_OPERATIONS,
  perform: samplePerform(),
  version: '0.1.0',
  clean: cleanSample,
  changes,
  ...(profile === 'fixtures'
    ? {
        more: {
          options: FIXTURE_OPTIONS,
          mount: (server, era) => mountFixtures(server, era, changes.bus),
          mayWatch: mayWatchFixture,
        },
      }
    : {}),
});

if (transport === 'stdio') {
  const { closed } = serveMcpStdio({
    service: service(aCaller),
    stdin: process.stdin,
    stdout: process.stdout,
    clock,
    log: silentLog,
  });
  await closed;
} else {
  await serveHttp();
}

async function serveHttp(): Promise<void> {
  const bearer = Buffer.from(random.bytes(24)).toString('base64url');
  let url = '';
  const http = mcpHttp({
    service,
    verifyBearer: verifyAgainst(
      () => [
        {
          id: 'lease_conformance',
          sha256: sha256(bearer),
          onBehalfOf: null,
          scopes: aCaller.scopes,
          expiresAt: (clock.now() + 3_600_000_000) as Instant,
        },
      ],
      clock,
    ),
    allowedHosts: ['127.0.0.1', 'localhost', '[::1]'],
    allowedOrigins: ['127.0.0.1', 'localhost', '[::1]'],
    resource: () => url,
    clock,
    random,
    log:
      process.env['MCP_LOG'] === '1'
        ? jsonLog(
            clock,
            (text) => text,
            (line) => void process.stderr.write(line),
          )
        : silentLog,
    bus: changes.bus,
  });
  url = `${await listen((incoming, outgoing) => void http.handle(incoming, outgoing))}/mcp`;
  const target = new URL(url);
  const proxy = await listen((incoming, outgoing) => {
    const onward = httpRequest(
      target,
      {
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, authorization: `Bearer ${bearer}` },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.flushHeaders();
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  process.stdout.write(`${JSON.stringify({ url, proxy: `${proxy}/mcp`, bearer })}\n`);
  process.stdin.on('end', () => process.exit(0)).resume();
}

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
