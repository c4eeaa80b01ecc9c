/** A person at a terminal of this machine: `bin/holdfast` behind a real pseudo-terminal (`script` of bsdutils). */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'holdfast');

export function whyNoTerminal(): string | undefined {
  return spawnSync('script', ['--version']).status === 0
    ? undefined
    : 'no script of bsdutils: install the package bsdutils';
}

/** A question that waits for an answer; readline moves the cursor behind it. */
const PROMPT = new RegExp(`: (?:${String.fromCharCode(27)}\\[\\d+G)?$`);

/** Types a line at each question, and answers what was on the screen; throws where it did not end with 0. */
export async function atTerminal(
  home: string,
  argv: readonly string[],
  lines: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const quoted = [PROGRAM, '--home', home, ...argv]
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(' ');
  const child = spawn('script', ['-qec', quoted, '/dev/null'], {
    env: { ...process.env, TERM: 'dumb', COLUMNS: '200', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const left = [...lines];
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    const next = PROMPT.test(screen) ? left.shift() : undefined;
    if (next !== undefined) child.stdin.write(`${next}\n`);
  });
  child.stdin.on('error', () => {});
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`holdfast ${argv.join(' ')} ended with ${code}: ${screen}`);
  return screen;
}
