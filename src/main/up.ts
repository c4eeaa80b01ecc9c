/** `holdfast up`: this machine enrolled, observed and served, and a few lines that say so. */
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectLocal, type LocalService, serveLocalSocket } from '#api';
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Summary, TargetSummary, Teller, UpOptions } from '#cli';
import { nodeClock, nodeFiles, nodeSocketFiles } from '#machine';
import type { Severity } from '#model';
import { type Answer, type ConsoleShown } from '#operations';
import { buildConsole } from './build-console.ts';
import { CLI_CALLER, stdioCaller } from './callers.ts';
import { pathsOf } from './data-directory.ts';
import { serveHttp } from './http.ts';
import { initialise } from './init.ts';
import { ROOT } from './program-version.ts';
import { openService, type Service } from './service.ts';
import { watchTargets } from './watch.ts';

/** How long to wait for a command that owns the data directory and ends soon. */
const WAIT_FOR_OWNER_MS = 20_000;
const WAIT_STEP_MS = 100;

/** Addresses, as far as there are any. */
type Served = { readonly http: string | null; readonly console: string | null };
const NOT_SERVED: Served = { http: null, console: null };

type Perform = (operation: string, input: Json) => Promise<Answer>;

export async function up(
  home: string,
  options: UpOptions,
  tell: Teller,
  logSink: (line: string) => void,
): Promise<void> {
  await initialise(home);
  const found = await runningOrOwned(home, logSink);
  if ('status' in found) {
    // Already served: look once more and say what is there; nothing is started twice.
    const perform: Perform = (operation, input) =>
      found.perform({ operation, input, caller: CLI_CALLER, progress: tell.progress });
    const { http, console: page, pid } = found.status;
    const token = http === null ? undefined : await nodeFiles().read(pathsOf(home).observerToken);
    const bearer = tellable(token && Buffer.from(token).toString('utf8').trim());
    const served = { http, console: page ?? null };
    tell.ready(await summarise(home, perform, served, options.once ? undefined : bearer, pid));
    return;
  }
  await using service = found;
  const perform: Perform = (operation, input) =>
    service.perform({ operation, input, caller: CLI_CALLER, progress: tell.progress });
  if (options.once) {
    tell.ready(await summarise(home, perform, NOT_SERVED, undefined));
    return;
  }
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => resolve());
  });
  if (options.http) await buildConsole();
  await using http = options.http ? await serveHttp(service, options.port) : undefined;
  await using socket = await serveLocalSocket({
    path: service.paths.socket,
    perform: (call) => service.perform(call),
    caller: (surface, session) => (surface === 'cli' ? CLI_CALLER : stdioCaller(session)),
    status: () => ({
      pid: process.pid,
      version: service.version,
      home,
      http: http?.url ?? null,
      console: http?.origin ?? null,
    }),
    files: nodeSocketFiles(),
  });
  const served = { http: http?.url ?? null, console: http?.origin ?? null };
  // What waits to be told does not wait for the first look at this machine, which may take long.
  const telling = service.watchNotices(stop.signal);
  try {
    tell.ready(await summarise(home, perform, served, tellable(http?.token)));
    const watching = watchTargets(service.watched, nodeClock(), service.log, stop.signal);
    const proving = service.watchEvidence(stop.signal);
    await stopped;
    stop.abort();
    await Promise.all([watching, proving]);
  } finally {
    stop.abort();
    await telling;
  }
  await socket.close();
}

/** The service that runs, or this process as the owner; a short command that owns the directory is waited for. */
async function runningOrOwned(
  home: string,
  logSink: (line: string) => void,
): Promise<LocalService | Service> {
  for (let waited = 0; ; waited += WAIT_STEP_MS) {
    const running = await connectLocal(pathsOf(home).socket);
    if (running !== undefined) return running;
    const owned = await openService({ home, logSink });
    if (owned !== undefined) return owned;
    if (waited >= WAIT_FOR_OWNER_MS) {
      throw new Fault(
        'unavailable',
        'owner-busy',
        `another process owns the data directory and does not answer: ${home}. Wait for it to end, or stop it`,
      );
    }
    await sleep(WAIT_STEP_MS);
  }
}

/** What goes to the journal stays there: the bearer is told to a terminal or a pipe only. */
function tellable(token: string | undefined): string | undefined {
  return process.env.JOURNAL_STREAM === undefined ? token : undefined;
}

async function summarise(
  home: string,
  perform: Perform,
  { http, console: page }: Served,
  token: string | undefined,
  servedBy: number | null = null,
): Promise<Summary> {
  return {
    home,
    changes: await changesOf(perform),
    targets: await thisMachine(perform),
    http,
    console: page,
    unsigned: await unsignedOf(perform),
    servedBy,
    command: commandFor(home),
    mcpServers: {
      mcpServers: {
        holdfast: { command: join(ROOT, 'bin', 'holdfast'), args: ['--home', home, 'mcp'] },
        ...(http === null || token === undefined
          ? {}
          : {
              'holdfast-http': {
                type: 'http',
                url: http,
                headers: { Authorization: `Bearer ${token}` },
              },
            }),
      },
    },
  };
}

/** This machine, looked at now; nothing where the inventory does not have it. */
async function thisMachine(perform: Perform): Promise<Summary['targets']> {
  let target: string;
  try {
    ({ target } = (await perform('observe', {})).value as { readonly target: string });
  } catch (thrown) {
    if (asFault(thrown).code === 'no-local-target') return [];
    throw thrown;
  }
  const summary = (await perform('target_summary', { target })).value as unknown as TargetSummary;
  const drift = (await perform('drift_scan', { target })).value as {
    readonly findings: readonly { readonly status: string; readonly severity: Severity }[];
  };
  const open = drift.findings.filter((finding) => finding.status === 'open');
  if (open.length === 0) return [summary];
  const worst = open.some((finding) => finding.severity === 'critical') ? 'critical' : 'warning';
  const says = `${open.length} open findings against the baseline: see holdfast drift`;
  return [{ ...summary, odd: [{ severity: worst, says }, ...summary.odd] }];
}

async function unsignedOf(perform: Perform): Promise<Summary['unsigned']> {
  try {
    return ((await perform('console_status', {})).value as unknown as ConsoleShown).unsigned;
  } catch {
    return null;
  }
}

/** `null` where what operators signed, or what waits, cannot be read: then nothing above T0 runs either. */
async function changesOf(perform: Perform): Promise<Summary['changes']> {
  try {
    const { operators } = (await perform('operators_list', {})).value as {
      readonly operators: readonly Json[];
    };
    const { changes } = (await perform('changes_list', { pending: true, limit: 200 })).value as {
      readonly changes: readonly Json[];
    };
    return { operators: operators.length, waiting: changes.length };
  } catch {
    return null;
  }
}

/** What a person types in another terminal of this directory to reach this data directory. */
function commandFor(home: string): string {
  const program = join(ROOT, 'bin', 'holdfast');
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'holdfast'))
    .find((path) => existsSync(path));
  const named =
    found !== undefined && realpathSync(found) === program
      ? 'holdfast'
      : process.cwd() === ROOT
        ? 'bin/holdfast'
        : program;
  return home === join(homedir(), '.holdfast') ? named : `${named} --home ${home}`;
}
