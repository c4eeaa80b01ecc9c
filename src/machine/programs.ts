/**
 * Programs started as argv, each the leader of a process group of its own, so that ending one ends
 * whatever it started. No shell, no inherited environment, no terminal, nothing on stdin unless given.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Fault } from '#base/fault';
import type { ProgramResult, ProgramRun, Programs } from '#base/ports';
import { forgetGroup, keepGroup, signalGroup } from './process-groups.ts';

/** The whole environment of a program that asks for none. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  SYSTEMD_PAGER: 'cat',
  SYSTEMD_COLORS: '0',
  LESSSECURE: '1',
} as const;

/** Between SIGTERM and SIGKILL, and between a program's end and giving up on who holds its output. */
const GRACE_MS = 1_000;

type Child = ChildProcessByStdio<Writable | null, Readable, Readable>;

export function nodePrograms(): Programs {
  return { run };
}

function run(asked: ProgramRun): Promise<ProgramResult> {
  const child = start(asked);
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let total = 0;
    let ended: 'timeout' | 'too-much' | undefined;
    let kill: NodeJS.Timeout | undefined;
    let giveUp: NodeJS.Timeout | undefined;

    const end = (why: 'timeout' | 'too-much'): void => {
      if (ended !== undefined) return;
      ended = why;
      signalGroup(child.pid, 'SIGTERM');
      kill = setTimeout(() => {
        signalGroup(child.pid, 'SIGKILL');
        // Whoever left the group may still hold the pipes; we wait for nobody.
        giveUp = setTimeout(() => hangUp(child), GRACE_MS);
      }, GRACE_MS);
    };
    const timer = setTimeout(() => end('timeout'), asked.timeoutMs);
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      if (ended !== undefined) return;
      const room = asked.maxBytes - total;
      total += Math.min(room, chunk.length);
      if (chunk.length <= room) return void into.push(chunk);
      if (room > 0) into.push(chunk.subarray(0, room));
      end('too-much');
    };
    const settle = (): void => {
      for (const each of [timer, kill, giveUp]) clearTimeout(each);
      forgetGroup(child.pid);
    };

    child.stdout.on('data', collect(out));
    child.stderr.on('data', collect(err));
    child.on('error', (cause: NodeJS.ErrnoException) => {
      settle();
      if (cause.code === 'ENOENT' || cause.code === 'EACCES' || cause.code === 'ENOTDIR')
        return resolve(nothing('missing'));
      const [program] = asked.argv;
      const message = `program could not be started: ${program}. Try again later`;
      return reject(new Fault('unavailable', 'program-not-started', message, { cause }));
    });
    child.on('exit', () => {
      giveUp ??= setTimeout(() => {
        signalGroup(child.pid, 'SIGKILL');
        hangUp(child);
      }, GRACE_MS);
    });
    child.on('close', (exit, signal) => {
      settle();
      if (ended !== undefined) signalGroup(child.pid, 'SIGKILL');
      resolve({
        ended: ended ?? (signal === null ? 'exited' : 'signal'),
        exit,
        stdout: Buffer.concat(out),
        stderr: Buffer.concat(err),
      });
    });
  });
}

function start(asked: ProgramRun): Child {
  const [program, ...args] = asked.argv;
  let child: Child;
  try {
    child = spawn(program, args, {
      cwd: '/',
      env: { ...(asked.env ?? ENVIRONMENT) },
      detached: true,
      shell: false,
      stdio: [asked.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    }) as Child;
  } catch (cause) {
    const message = 'program cannot be run: give argv of plain text without NUL';
    throw new Fault('invalid', 'program-invalid', message, { cause });
  }
  keepGroup(child.pid);
  // A program that ends without reading its input is no trouble of ours.
  child.stdin?.on('error', () => {});
  child.stdin?.end(asked.stdin);
  return child;
}

function hangUp(child: Child): void {
  child.stdout.destroy();
  child.stderr.destroy();
}

function nothing(ended: 'missing'): ProgramResult {
  return { ended, exit: null, stdout: new Uint8Array(), stderr: new Uint8Array() };
}
