/** The program `holdfast`. */
import { readFile } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runCli } = await import('#cli');
const { nodeCommands } = await import('./commands.ts');
const { nodeClock } = await import('#machine');

const clock = nodeClock();
// A reader that goes away (as `| head` does) is no error of ours, and ends no operation in its middle.
process.stdout.on('error', quiet);
process.stderr.on('error', quiet);

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  io: {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    stdin: process.stdin,
    readFile: (path) => readFile(path),
    env: process.env,
    cwd: process.cwd(),
    isRoot: process.getuid?.() === 0,
    isTerminal: {
      stdin: process.stdin.isTTY === true,
      stdout: process.stdout.isTTY === true,
      stderr: process.stderr.isTTY === true,
    },
    ask,
    columns: process.stdout.columns,
    now: () => clock.now(),
  },
  commands: nodeCommands((line) => void process.stderr.write(line)),
});

async function ask(prompt: string): Promise<string | undefined> {
  if (process.stdin.isTTY !== true) return undefined;
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(prompt);
  } finally {
    lines.close();
  }
}

function quiet(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
