/** `holdfast mcp`: an assistant over standard input and output, joined to the running owner or owning. */
import { serveLocalSocket } from '#api';
import { jsonLog } from '#base/log';
import { nodeClock, nodeRandom, nodeSocketFiles } from '#machine';
import { mcpService, serveMcpStdio } from '#mcp';
import { OPERATIONS } from '#operations';
import { clean, forTerminal } from '#redaction';
import { CLI_CALLER, newStdioSession, stdioCaller } from './callers.ts';
import { joinOrOwn } from './commands.ts';
import { pathsOf } from './data-directory.ts';
import { initialise } from './init.ts';
import { programVersion } from './program-version.ts';

const JOINED_ROUND_MS = 15_000;

export async function speakMcp(home: string, logSink: (line: string) => void): Promise<void> {
  // A client may be set up before anything else was run: then this machine is enrolled now.
  await initialise(home);
  const owned = await joinOrOwn(home, logSink);
  const version = programVersion();
  const clock = nodeClock();
  try {
    await using stack = new AsyncDisposableStack();
    if (!owned.joined) {
      // Others join this process for as long as it owns the data directory.
      stack.use(
        await serveLocalSocket({
          path: pathsOf(home).socket,
          perform: (call) => owned.perform(call),
          caller: (surface, session) => (surface === 'cli' ? CLI_CALLER : stdioCaller(session)),
          status: () => ({ pid: process.pid, version, home, http: null, console: null }),
          files: nodeSocketFiles(),
        }),
      );
    }
    const { console: page } = owned;
    const service = mcpService({
      operations: OPERATIONS,
      perform: (call) => owned.perform(call),
      version,
      clean: (text) => clean(text).text,
      ...(page === null
        ? {}
        : {
            approvals: {
              consoleUrl: () => page,
              key: nodeRandom().bytes(32),
              // The owner is another process: it is asked once in each round.
              decided: (_id: string, ms: number, signal: AbortSignal) => clock.sleep(ms, signal),
              roundMs: JOINED_ROUND_MS,
            },
          }),
    });
    const connection = serveMcpStdio({
      service: service(stdioCaller(newStdioSession())),
      stdin: process.stdin,
      stdout: process.stdout,
      clock,
      log: jsonLog(clock, forTerminal, logSink),
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => void connection.close());
    await connection.closed;
  } finally {
    await owned.close();
  }
}
