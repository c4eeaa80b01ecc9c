/** Has the console built where it is missing or older than what it is made from. Whatever comes of it, the service starts. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './program-version.ts';

const LONGEST_MS = 120_000;

export async function buildConsole(): Promise<void> {
  await new Promise<void>((resolve) => {
    // What it says goes where our own words go that are no answer.
    const built = spawn(join(ROOT, 'bin', 'build-console'), [], {
      stdio: ['ignore', process.stderr, process.stderr],
      timeout: LONGEST_MS,
    });
    built.once('error', () => resolve());
    built.once('exit', () => resolve());
  });
}
