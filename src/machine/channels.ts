/**
 * Programs that keep running, spoken to over pipes: argv without a shell, the whole environment given,
 * each the leader of a process group of its own that ends whole.
 *
 * Nobody's output is read faster than it is asked for, so a program that floods waits; only the end of
 * what it complains on standard error is kept.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Fault } from '#base/fault';
import type { Channel, Channels } from '#base/ports';
import { forgetGroup, keepGroup, signalGroup } from './process-groups.ts';

/** Between SIGTERM and SIGKILL, and between a program's end and giving up on who holds its output. */
const GRACE_MS = 1_000;
const MOST_SAID = 8_192;

export function nodeChannels(): Channels {
  return { open };
}

async function open(start: Parameters<Channels['open']>[0]): Promise<Channel> {
  const [program, ...args] = start.argv;
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(program, args, {
      cwd: '/',
      env: { ...start.env },
      detached: true,
      shell: false,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  } catch (cause) {
    const message = 'program cannot be run: give argv of plain text without NUL';
    throw new Fault('invalid', 'program-invalid', message, { cause });
  }
  // A program that ends without reading its input fails the write that is waiting, and nothing else.
  child.stdin.on('error', () => {});
  child.stdout.on('error', () => {});
  child.stderr.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      const message = `program cannot be started: ${program}. Install it, or try again later`;
      reject(new Fault('unavailable', 'program-missing', message, { cause }));
    });
  });
  return new PipedChannel(child);
}

class PipedChannel implements Channel {
  readonly ended: Promise<{ readonly exit: number | null }>;
  readonly #child: ChildProcessWithoutNullStreams;
  #said = Buffer.alloc(0);
  #isClosing = false;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    keepGroup(child.pid);
    child.on('error', () => {});
    child.stderr.on('data', (chunk: Buffer) => {
      this.#said = Buffer.concat([this.#said, chunk]).subarray(-MOST_SAID);
    });
    // One listener for ever: without any, Node throws away what is unread when the program exits.
    for (const event of ['readable', 'end', 'close']) child.stdout.on(event, () => this.#wake());
    this.ended = new Promise((resolve) => {
      let giveUp: NodeJS.Timeout | undefined;
      const settle = (exit: number | null): void => {
        clearTimeout(giveUp);
        if (this.#isOver) return;
        this.#isOver = true;
        // What it left behind in its group goes with it; the number is not ours after this.
        signalGroup(child.pid, 'SIGKILL');
        forgetGroup(child.pid);
        child.stdin.destroy();
        child.stderr.destroy();
        // Output that nobody has read yet stays readable; a pipe that somebody else holds does not keep us.
        if (this.#isClosing || child.stdout.readableLength === 0) child.stdout.destroy();
        resolve({ exit });
      };
      child.once('exit', (exit) => {
        giveUp = setTimeout(() => settle(exit), GRACE_MS);
        if (this.#isClosing) child.stdout.destroy();
      });
      child.once('close', settle);
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#child.stdin.write(bytes, (cause) => {
        if (cause === null || cause === undefined) return resolve();
        const message =
          'program does not read any more: it has ended, or is about to. Start it again';
        return reject(new Fault('unavailable', 'channel-closed', message, { cause }));
      });
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    const { stdout } = this.#child;
    for (;;) {
      const chunk = stdout.read() as Buffer | null;
      if (chunk !== null) return chunk;
      if (stdout.readableEnded || stdout.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  says(): string {
    return this.#said.toString('utf8');
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const { pid } = this.#child;
    if (!this.#isOver) {
      signalGroup(pid, 'SIGTERM');
      const kill = setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS);
      await this.ended;
      clearTimeout(kill);
    }
  }
}
