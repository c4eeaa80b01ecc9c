/**
 * Podman with a configuration of the lab's own. Nothing under /etc is read or written for it, and
 * only containers that carry the lab's label are ever touched.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');
export const CACHE = process.env['HOLDFAST_LAB_CACHE'] ?? join(ROOT, '.cache', 'lab');
export const LABEL = 'holdfast.lab.owner';

/** Debian's defaults ask for more open files than a container's root may have. */
const CONFIGURATION = `[containers]
default_ulimits = ["nofile=10000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
`;

export type Ran = {
  /** The exit status; 128 and the signal's number when one ended it. */
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
};
export type RunOptions = {
  readonly stdin?: string | Uint8Array;
  readonly timeoutMs?: number;
};

/** Runs a program to its end, or to `timeoutMs`; never throws for what it does. */
export async function run(
  argv: readonly [string, ...string[]],
  { stdin = '', timeoutMs = 60_000 }: RunOptions = {},
): Promise<Ran> {
  const [program, ...rest] = argv;
  const child = spawn(program, rest, {
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: process.env['HOME'] ?? '/root',
      LC_ALL: 'C.UTF-8',
      CONTAINERS_CONF: configured(),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const kept: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  child.stdout.on('data', (chunk: Buffer) => kept.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => kept.stderr.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const limit = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  try {
    return await new Promise((resolve) => {
      child.once('error', (trouble) => resolve({ exit: 127, stdout: '', stderr: trouble.message }));
      child.once('close', (code, signal) =>
        resolve({
          exit: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
          stdout: Buffer.concat(kept.stdout).toString(),
          stderr: Buffer.concat(kept.stderr).toString(),
        }),
      );
    });
  } finally {
    clearTimeout(limit);
  }
}

export function podman(argv: readonly string[], options?: RunOptions): Promise<Ran> {
  return run(['podman', ...argv], options);
}

/** Throws with what the program said, unless it ended well. */
export function well(what: string, { exit, stdout, stderr }: Ran): string {
  if (exit === 0) return stdout;
  throw new Error(`lab: ${what} ended with ${exit}: ${(stderr || stdout).trim().slice(-2000)}`);
}

function configured(): string {
  const path = join(CACHE, 'containers.conf');
  if (!existsSync(path) || readFileSync(path, 'utf8') !== CONFIGURATION) {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(path, CONFIGURATION);
  }
  return path;
}
