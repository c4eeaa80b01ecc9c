/** The program as a person starts it: `bin/holdfast` in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectLocal, type LocalService } from '#api';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'holdfast');

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** A data directory that is gone when the test is over. */
export async function aHome(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'hf-home-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export async function holdfast(home: string, argv: readonly string[], stdin = ''): Promise<Ended> {
  const child = spawn(PROGRAM, ['--home', home, ...argv], { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

/** An owner that serves the local socket: the MCP server over stdio, which looks at nothing by itself, or another. */
export async function startOwner(
  home: string,
  argv: readonly string[] = ['mcp'],
): Promise<{ readonly child: ChildProcess; readonly service: LocalService }> {
  const child = spawn(PROGRAM, ['--home', home, ...argv], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  for (let tried = 0; tried < 1_200; tried++) {
    const service = await connectLocal(join(home, 'run', 'holdfast.sock')).catch(() => undefined);
    if (service !== undefined) return { child, service };
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`the service did not start: ${said}`);
}

export async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => child.once('exit', resolve));
  }
}
