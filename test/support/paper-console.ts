/**
 * The console before a paper fleet: the real pages, the real listener and the real change road, on simulated hosts and a
 * clock that the test moves. Who is signed in is given; with which passkey they sign is real.
 */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { reachOf } from '#access';
import { fingerprint } from '#authority';
import { silentLog } from '#base/log';
import type { Instant } from '#base/time';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import { OPERATIONS } from '#operations';
import { clean } from '#redaction';
import { NOON, signerLine } from '#samples/authority';
import type { Person } from '#signin';
import { cookieName, Metrics, type Web, web } from '#web';
import { readConsole } from '../../src/main/console-files.ts';
import type { Authenticator } from './browser.ts';
import { aChangeKernel } from './change-kernel.ts';
import type { World, WorldOptions } from './change-world.ts';
import { paperProof } from './paper-proof.ts';
import { aWideWorld } from './rollout-world.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const COOKIE = 'a-session-of-alice-that-is-long-enough-0123456789';

export type PaperConsole = AsyncDisposable & {
  readonly world: World;
  readonly origin: string;
  /** For the browser's context: alice is signed in. */
  readonly cookie: { readonly name: string; readonly value: string; readonly url: string };
  /** Gives a browser alice's passkey. */
  bring(authenticator: Authenticator): Promise<void>;
  hint(): void;
  /** The service goes away, and comes back over the same store. */
  stop(): Promise<void>;
  start(): Promise<void>;
  signedIn: boolean;
};

export async function aPaperConsole(options: WorldOptions = {}): Promise<PaperConsole> {
  execFileSync(join(ROOT, 'bin', 'build-console'), { stdio: 'ignore' });
  const files = await readConsole(nodeFiles(), join(ROOT, 'console', 'dist'));
  const clock = nodeClock();
  let server = await listening(0);
  const { port } = server.address() as AddressInfo;
  const origin = `http://localhost:${port}`;
  const passkey = aPasskeyOf('localhost');
  const world = await aWideWorld({
    ...options,
    oneClock: true,
    origins: [origin],
    signers: [signerLine('alice', passkey.signer)],
  });
  world.pass(Math.floor(clock.now() / 1_000_000) - NOON);
  await world.record();

  const person: Person = {
    session: {
      id: 'ses_alice',
      operator: 'alice',
      method: 'passkey',
      credentialId: passkey.credentialId.toString('base64url'),
      groups: [],
      pageKey: 'of paper',
      createdAt: clock.now(),
      lastSeenAt: clock.now(),
      expiresAt: (clock.now() + 3_600_000_000) as Instant,
      userAgent: 'a browser',
      address: '127.0.0.1',
    },
    name: 'Alice',
    reach: reachOf('operator'),
    holds: 'owner',
    breakGlass: null,
    limit: null,
    keys: [
      {
        credentialId: passkey.credentialId.toString('base64url'),
        key: passkey.signer.line,
        fingerprint: fingerprint(passkey.signer.line),
        label: 'Laptop',
        transports: ['internal'],
      },
    ],
  };
  let running: Web | undefined;
  const console_: PaperConsole = {
    world,
    origin,
    cookie: { name: cookieName(origin), value: COOKIE, url: origin },
    signedIn: true,
    bring: (authenticator) =>
      authenticator.add({
        credentialId: passkey.credentialId,
        rpId: 'localhost',
        privateKey: passkey.privateKey,
        userHandle: Buffer.from('alice'),
      }),
    hint: () => running?.publish('changes'),
    async stop() {
      running?.close();
      running = undefined;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    async start() {
      if (!server.listening) server = await listening(port);
      const { kernel } = aChangeKernel(world, paperProof(world));
      const one = web({
        site: () => ({ origin, origins: [origin], hosts: ['localhost'], proxies: null }),
        version: 'test',
        operations: OPERATIONS,
        perform: async (call) => {
          const answer = await kernel.perform(call);
          if (/^change_|^rollout_/.test(call.operation)) one.publish('changes');
          return answer;
        },
        metrics: new Metrics(),
        askers: {
          // Who is signed in is given, and so is that it is them.
          confirmed: async () => ({ how: 'each', by: 'a paper passkey' }),
          person: async (secret) => (console_.signedIn && secret === COOKIE ? person : undefined),
          reachOfPerson: async () => (console_.signedIn ? person.reach : undefined),
          leased: async () => undefined,
          onEnd: () => {},
        },
        signIn: undefined,
        oidc: undefined,
        mounts: [],
        files,
        ready: async () => [],
        readings: async () => {
          throw new Error('nobody reads figures of a paper fleet');
        },
        clean: (text) => clean(text).text,
        clock,
        random: nodeRandom(),
        log: silentLog,
      });
      running = one;
      server.on('request', (incoming, outgoing) => void one.handle(incoming, outgoing));
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await console_.stop();
    },
  };
  await console_.start();
  return console_;
}

async function listening(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, 'localhost', resolve);
  });
  // What fails on the way must not keep the test alive: the browser is what it waits for.
  server.unref();
  return server;
}

/** For a browser's authenticator (`privateKey`, PKCS #8), and as a signer and a service know it. */
export function aPasskeyOf(rpId: string): {
  readonly credentialId: Buffer;
  readonly cose: Uint8Array;
  readonly privateKey: Buffer;
  readonly signer: Parameters<typeof signerLine>[1];
} {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([
    Buffer.of(4),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ]);
  const parts = ['sk-ecdsa-sha2-nistp256@openssh.com', 'nistp256', point, rpId];
  const blob = Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part as string);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
  const none = (): never => {
    throw new Error('only the browser signs with it');
  };
  return {
    credentialId: Buffer.from('credential of alice'),
    // {1: 2, 3: -7, -1: 1, -2: x, -3: y}: RFC 9053, section 7.1.1
    cose: Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      point.subarray(1, 33),
      Buffer.from('225820', 'hex'),
      point.subarray(33),
    ]),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }),
    signer: {
      blob,
      line: `sk-ecdsa-sha2-nistp256@openssh.com ${blob.toString('base64')}`,
      sign: none,
      raw: none,
    },
  };
}
