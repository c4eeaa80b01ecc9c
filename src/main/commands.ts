/** What the command line has done for it. Heavy parts load inside these functions only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectLocal } from '#api';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Commands, Opened } from '#cli';
import type { Answer, Call } from '#operations';
import { pathsOf } from './data-directory.ts';
import { programVersion } from './program-version.ts';

/** How long a command waits for another short command that owns the data directory. */
const WAIT_FOR_OWNER_MS = 20_000;

/** To a service that runs: it knows who stands behind it. */
const AS_CLI = { surface: 'cli', session: 'cli' } as const;

type Sink = (line: string) => void;

export function nodeCommands(logSink: Sink): Commands {
  return {
    version: programVersion(),
    open: (home) => open(home, logSink),
    init: async (home) => (await import('./init.ts')).initialise(home),
    up: async (home, options, tell) => (await import('./up.ts')).up(home, options, tell, logSink),
    mcp: async (home) => (await import('./mcp.ts')).speakMcp(home, logSink),
    restore: async (home, path, identity) =>
      (await import('./restore.ts')).restore({ home, path, identity }),
    witness: async (options, tell) => (await import('./witness.ts')).serveWitness(options, tell),
    analyst: async (...given) => (await import('./analyst.ts')).openAnalyst(...given),
    checkDeclarations: async (...given) =>
      (await import('./declarations-check.ts')).checkDeclarations(...given),
    keys: lazyKeys,
    ssh: lazySsh,
    rehearsals: lazyRehearsals,
    exposure: lazyExposure,
    checkPage: async (...given) => (await import('./check-page.ts')).checkPage(...given),
    checkOrder: async (shown) => (await import('./check-page.ts')).checkOrder(shown),
    service: async (home, action, manager) =>
      (await import('./service-unit.ts')).serviceUnit(home, action, manager),
  };
}

const lazyKeys: Commands['keys'] = {
  sign: async (...given) => (await import('./keys.ts')).nodeKeys.sign(...given),
  make: async (...given) => (await import('./keys.ts')).nodeKeys.make(...given),
  publicLine: async (...given) => (await import('./keys.ts')).nodeKeys.publicLine(...given),
  exists: async (...given) => (await import('./keys.ts')).nodeKeys.exists(...given),
};

const lazySsh: Commands['ssh'] = {
  send: async (...given) => (await import('./operator-ssh.ts')).operatorSsh.send(...given),
  addressOf: async (door) => (await import('./operator-ssh.ts')).operatorSsh.addressOf(door),
  material: async (home) => (await import('./operator-ssh.ts')).operatorSsh.material(home),
};

const lazyRehearsals: Commands['rehearsals'] = {
  test: async (...given) => (await import('./rehearsals.ts')).nodeRehearsals.test(...given),
  publish: async (...given) => (await import('./rehearsals.ts')).nodeRehearsals.publish(...given),
  drafts: async (...given) => (await import('./rehearsals.ts')).nodeRehearsals.drafts(...given),
};

const exposing = async (home: string) => {
  const made = await import('./expose.ts');
  return { ...made, needs: made.exposeNeeds(home) };
};

const lazyExposure: Commands['exposure'] = {
  async plan(home, asked) {
    const { planExposure, needs } = await exposing(home);
    return planExposure(needs, asked);
  },
  async carryOut(home, asked) {
    const { carryOutExposure, needs } = await exposing(home);
    return carryOutExposure(needs, asked);
  },
  async renew(home) {
    const { renewExposure, needs } = await exposing(home);
    return renewExposure(needs);
  },
};

export type Owned = {
  readonly joined: boolean;
  /** Where people open the console of the running owner; `null`: none is served. */
  readonly console: string | null;
  readonly perform: (call: Call) => Promise<Answer>;
  readonly close: () => Promise<void>;
};

/** Joins at once; becomes the owner only when something is asked that needs it. */
async function open(home: string, logSink: Sink): Promise<Opened> {
  const running = await connectLocal(pathsOf(home).socket);
  if (running !== undefined) {
    const mine = programVersion();
    if (running.status.version !== mine) {
      logSink(
        `holdfast: the running service has version ${running.status.version}, this command ${mine}: restart the service\n`,
      );
    }
    return {
      joined: true,
      perform: (ask) => running.perform({ ...ask, caller: AS_CLI }),
      close: async () => {},
    };
  }
  await mustBeInitialised(home);
  let owned: Owned | undefined;
  return {
    joined: false,
    async perform(ask) {
      let verified: Json | undefined;
      if (ask.operation === 'verify_log' && owned === undefined) {
        // Before anything is opened: opening would mend what a crash left, and refuse what was tampered with.
        const verdict = await (await import('./verify-at-rest.ts')).verifyAtRest(home);
        if (!verdict.ok)
          return { requestId: 'none', value: verdict as unknown as Json, notices: [] };
        verified = verdict as unknown as Json;
      }
      owned ??= await joinOrOwn(home, logSink, verified);
      const { CLI_CALLER } = await import('./callers.ts');
      return owned.perform({ ...ask, caller: CLI_CALLER });
    },
    close: async () => owned?.close(),
  };
}

async function mustBeInitialised(home: string): Promise<void> {
  const { nodeFiles } = await import('#machine');
  if ((await nodeFiles().info(pathsOf(home).inventory)) !== undefined) return;
  throw new Fault(
    'missing',
    'not-initialised',
    `no Holdfast lives here yet: ${home}. Run holdfast init, or ./start, or give another directory with --home`,
  );
}

/** The running owner of `home`, or this process as its owner; waits for a short-lived one. */
export async function joinOrOwn(home: string, logSink: Sink, verified?: Json): Promise<Owned> {
  const paths = pathsOf(home);
  const { openService } = await import('./service.ts');
  for (let waited = 0; ; waited += 100) {
    const running = await connectLocal(paths.socket);
    if (running !== undefined) {
      return {
        joined: true,
        console: running.status.console,
        perform: (call) => running.perform(call),
        close: async () => {},
      };
    }
    const own = await openService({
      home,
      logSink,
      ...(verified === undefined ? {} : { verified }),
    });
    if (own !== undefined) {
      return {
        joined: false,
        console: null,
        perform: (call) => own.perform(call),
        close: () => own.close(),
      };
    }
    if (waited >= WAIT_FOR_OWNER_MS) {
      throw new Fault(
        'unavailable',
        'owner-busy',
        `another process owns the data directory and does not answer: ${home}. Wait for it to end, or stop it`,
      );
    }
    await sleep(100);
  }
}
