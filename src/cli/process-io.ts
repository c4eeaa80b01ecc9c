/** The real process as the command line sees it. */
import { readFile } from 'node:fs/promises';
import { type Instant } from '#base/time';
import type { Io } from './program.ts';

export function processIo(): Io {
  const { stdout, stderr, stdin, env } = process;
  // Whoever read our output has enough of it: that is no trouble of ours.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') process.exitCode = 1;
    });
  }
  const write = (stream: NodeJS.WriteStream) => (text: string) => {
    if (stream.writable) stream.write(text);
  };
  return {
    stdout: write(stdout),
    stderr: write(stderr),
    stdin,
    readFile,
    env,
    cwd: process.cwd(),
    isRoot: process.getuid?.() === 0,
    isTerminal: { stdout: stdout.isTTY === true, stderr: stderr.isTTY === true },
    columns: stdout.isTTY === true ? stdout.columns : undefined,
    now: () => (Date.now() * 1_000) as Instant,
  };
}
