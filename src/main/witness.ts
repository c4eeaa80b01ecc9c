/** `holdfast witness serve`: cosigns what the logs it knows show it, over HTTP (C2SP tlog-witness). */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Fault } from '#base/fault';
import type { WitnessOptions } from '#cli';
import { openWitness, parseKnownLogs } from '#evidence';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import { boundedServer } from './listener.ts';
import { tryOwn } from './owner-lock.ts';
import { privateDirectory } from './private-directory.ts';

const MOST_BYTES = 64 * 1024;

export async function serveWitness(
  { directory, name, logs, host, port }: WitnessOptions,
  tell: (line: string) => void,
): Promise<void> {
  const files = nodeFiles();
  await privateDirectory(files, directory);
  using lock = tryOwn(join(directory, 'owner.lock'));
  if (lock === undefined) {
    throw new Fault('unavailable', 'owner-busy', `another witness serves from ${directory}`);
  }
  const witness = await openWitness({
    files,
    clock: nodeClock(),
    random: nodeRandom(),
    directory,
    name,
    logs: parseKnownLogs(await readFile(logs, 'utf8'), logs),
  });
  const server = boundedServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request);
      const { pathname } = new URL(request.url ?? '/', 'http://witness');
      const answer =
        body === undefined
          ? { status: 413, type: 'text/plain; charset=utf-8', body: 'too large\n' }
          : await witness.handle(request.method ?? 'GET', pathname, body);
      response.writeHead(answer.status, { 'content-type': answer.type });
      response.end(answer.body);
    })().catch(() => response.destroy());
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
  tell(`Witness ${name} serves on http://${host}:${bound}`);
  tell(`Its key, for evidence.yaml of the logs: ${witness.vkey}`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => resolve());
  });
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    length += (part as Buffer).length;
    if (length > MOST_BYTES) return undefined;
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}
