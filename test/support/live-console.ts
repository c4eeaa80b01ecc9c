/**
 * The console as people meet it: the real service over a data directory of its own, its real listener and pages, and
 * people who came in by an invitation and sign with passkeys of a browser. The machine that runs the test is the target.
 */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { EgressFetch } from '#base/ports';
import { aKey } from '#samples/authority';
import { type HttpService, serveHttp } from '../../src/main/http.ts';
import type { Service } from '../../src/main/service.ts';
import { type Opened, passkeysOf } from './browser.ts';
import { aChangeHome, ask, type ChangeHome, mustOpen, PERSON } from './change-home.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export type LiveConsole = AsyncDisposable & {
  readonly home: ChangeHome;
  readonly origin: string;
  /** Of the service that runs now: another one after `restart`. */
  service(): Service;
  ask<Value>(operation: string, input?: Record<string, unknown>): Promise<Value>;
  /** The process ends, and another one owns the same directory at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** A document that ada signs at a terminal, with a key that no browser has. */
  sign(request: Record<string, unknown>): Promise<void>;
  /** A link that a person opens; as at a terminal. */
  invite(operator: string, name: string): Promise<string>;
};

export async function aLiveConsole(make: {
  /** A free one where none is named. */
  readonly port?: number;
  readonly catalogue: (scratch: string, account: string) => string;
  readonly fleet: string;
  /** Of `server.yaml`, beside its address. */
  readonly server?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly clientFetch?: EgressFetch;
}): Promise<LiveConsole> {
  execFileSync(join(ROOT, 'bin', 'build-console'), { stdio: 'ignore' });
  const port = make.port ?? (await freePort());
  const origin = `http://localhost:${port}`;
  const home = await aChangeHome({
    catalogue: make.catalogue,
    fleet: make.fleet,
    files: () => ({
      'server.yaml': `version: 1\nurl: ${origin}\nlisten: 127.0.0.1:${port}\n${make.server ?? ''}`,
      ...make.files,
    }),
  });
  let service: Service | undefined;
  let http: HttpService | undefined;
  const open = (): Service => {
    if (service === undefined) throw new Error('the service was stopped');
    return service;
  };
  const live: LiveConsole = {
    home,
    origin,
    service: open,
    ask: (operation, input = {}) => ask(open(), operation, input),
    async stop() {
      await http?.[Symbol.asyncDispose]();
      await service?.close();
      http = undefined;
      service = undefined;
    },
    async start() {
      service = await mustOpen(home.path);
      http = await serveHttp(service, undefined, make.clientFetch);
    },
    async sign(request) {
      const { order, namespace } = await live.ask<{ order: string; namespace: string }>(
        'config_page',
        { request },
      );
      await live.ask('config_apply', { order, signatures: [aKey(PERSON).sign(namespace, order)] });
    },
    async invite(operator, name) {
      return (await live.ask<{ link: string }>('invitation_make', { operator, name })).link;
    },
    async [Symbol.asyncDispose]() {
      await live.stop();
      home[Symbol.dispose]();
    },
  };
  await live.start();
  return live;
}

/** A window of a person of their own: no cookie of anybody else, and an authenticator without passkeys. */
export async function aWindow(
  { browser }: Pick<Opened, 'browser'>,
  complaints: string[],
): Promise<Pick<Opened, 'context' | 'page' | 'authenticator'>> {
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const authenticator = await passkeysOf(page, complaints);
  return { context, page, authenticator };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
