/**
 * A Holdfast MCP server for the conformance suite and the Inspector, over a data directory of its
 * own. Over HTTP it listens on loopback with a bearer, and on a second port that adds the bearer,
 * since the suite cannot send one. With `fixtures`, the suite's own tools are mounted too; without,
 * HTTP is served by what the real program serves it with.
 *
 *   server.ts http <home> [fixtures]    prints {"url", "proxy", "bearer"}, serves until its stdin ends
 *   server.ts stdio <home> [fixtures]
 */
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from '#base/digest';
import { silentLog } from '#base/log';
import { LATEST } from '#base/time';
import { nodeClock, nodeRandom } from '#machine';
import {
  MCP_PATH,
  type McpSetup,
  mcpHttp,
  mcpService,
  ResourceChanges,
  serveMcpStdio,
  verifyAgainst,
} from '#mcp';
import { OPERATIONS } from '#operations';
import { clean } from '#redaction';
import { HTTP_CALLER, newStdioSession, stdioCaller } from '../../src/main/callers.ts';
import { serveHttp } from '../../src/main/http.ts';
import { initialise } from '../../src/main/init.ts';
import { openService, type Service } from '../../src/main/service.ts';
import { FIXTURE_OPTIONS, mayWatchFixture, mountFixtures } from './fixtures.ts';

const [transport, home = '', profile] = process.argv.slice(2);
const clock = nodeClock();
const random = nodeRandom();
const changes = new ResourceChanges();

await initialise(home);
const service = await openService({ home, logSink: (line) => process.stderr.write(line) });
if (service === undefined) throw new Error(`another process owns ${home}`);
const setup: McpSetup = {
  operations: OPERATIONS,
  perform: (call) => service.perform(call),
  version: service.version,
  clean: (text) => clean(text).text,
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
};

if (transport === 'stdio') {
  const { closed } = serveMcpStdio({
    service: mcpService(setup)(stdioCaller(newStdioSession())),
    stdin: process.stdin,
    stdout: process.stdout,
    clock,
    log: silentLog,
  });
  await closed;
  await service.close();
} else {
  const { url, bearer } =
    profile === 'fixtures' ? await serveWithFixtures() : await serveAsTheProgramDoes(service);
  const proxy = await listen(addingBearer(new URL(url), bearer));
  process.stdout.write(`${JSON.stringify({ url, proxy: proxy + MCP_PATH, bearer })}\n`);
  process.stdin.on('end', () => void service.close().then(() => process.exit(0))).resume();
}

async function serveAsTheProgramDoes(owner: Service): Promise<{ url: string; bearer: string }> {
  const { url, token } = await serveHttp(owner, 0);
  return { url, bearer: token };
}

async function serveWithFixtures(): Promise<{ url: string; bearer: string }> {
  const bearer = Buffer.from(random.bytes(24)).toString('base64url');
  const { profile, reach, onBehalfOf } = HTTP_CALLER;
  const lease = {
    id: 'conformance',
    sha256: sha256(bearer),
    onBehalfOf,
    profile,
    reach,
    expiresAt: LATEST,
  };
  let url = '';
  const http = mcpHttp({
    service: mcpService(setup),
    verifyBearer: verifyAgainst(() => [lease], clock),
    allowedHosts: ['127.0.0.1', 'localhost', '[::1]'],
    allowedOrigins: ['127.0.0.1', 'localhost', '[::1]'],
    resource: () => url,
    clock,
    random,
    log: silentLog,
    bus: changes.bus,
  });
  url = `${await listen((incoming, outgoing) => void http.handle(incoming, outgoing))}${MCP_PATH}`;
  return { url, bearer };
}

function addingBearer(target: URL, bearer: string): RequestListener {
  return (incoming, outgoing) => {
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
  };
}

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
