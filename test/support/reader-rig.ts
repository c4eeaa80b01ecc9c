/**
 * The reader's side of a host in a directory of its own: the real scripts, a compiled grammar, and channels to
 * them. Shell and awk can be chosen; nothing else of the scripts is changed but waiting times.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { percent } from './host-rig.ts';

const HOST = join(import.meta.dirname, '../../host');
const PROGRAMS = [
  'values.awk',
  'sed.awk',
  'awk-program.awk',
  'grammar.awk',
  'requests.awk',
  'snapshot.sh',
];

export type ReaderTools = { readonly shell: string; readonly awk: string };
export const USUAL: ReaderTools = { shell: '/bin/sh', awk: 'awk' };

/** Which of the shells and awks that hosts have are on this machine. */
export function readerTools(): readonly ReaderTools[] {
  const has = (program: string): boolean => {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  const shells = ['dash', 'bash', 'busybox']
    .filter(has)
    .map((name) => (name === 'busybox' ? 'busybox ash' : name));
  const awks = ['mawk', 'gawk', 'busybox']
    .filter(has)
    .map((name) => (name === 'busybox' ? 'busybox awk' : name));
  return shells.flatMap((shell) => awks.map((awk) => ({ shell, awk })));
}

export type ReaderAnswer = Readonly<Record<string, string>> & {
  readonly out: Buffer;
  readonly err: Buffer;
};

/** Lines of a compiled grammar from words; every field is encoded. */
export function grammarText(lines: readonly (readonly string[])[]): string {
  const body = lines.map((line) => line.map((field) => percent(field)).join('\t'));
  return ['holdfast-grammar\t1', 'version\t1', ...body, 'end', ''].join('\n');
}

export class ReaderRig implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'holdfast-reader-test-'));
  readonly #tools: ReaderTools;
  readonly #idleNaps: number;
  readonly #channels: ReaderChannel[] = [];

  constructor(grammar: string | null, tools: ReaderTools = USUAL, idleNaps = 15) {
    this.#tools = tools;
    this.#idleNaps = idleNaps;
    mkdirSync(this.lib, { recursive: true });
    mkdirSync(join(this.directory, 'etc'));
    for (const name of PROGRAMS) copyFileSync(join(HOST, name), join(this.lib, name));
    const change = (name: string): void => {
      const text = readFileSync(join(HOST, name), 'utf8')
        .replace('SHELL_USED=/bin/sh', `SHELL_USED='${tools.shell}'`)
        .replace("AWK='awk'", `AWK='${tools.awk}'`)
        .replace('END_SECONDS=5', 'END_SECONDS=1')
        .replace('IDLE_NAP=60', 'IDLE_NAP=2')
        .replace('IDLE_NAPS=15', `IDLE_NAPS=${this.#idleNaps}`)
        .replace("SUDO='sudo -n'", `SUDO='${join(this.directory, 'sudo')}'`);
      writeFileSync(join(this.lib, name), text);
      chmodSync(join(this.lib, name), 0o755);
    };
    change('read');
    change('read-run.sh');
    if (grammar !== null) writeFileSync(this.grammar, grammar);
  }

  get lib(): string {
    return join(this.directory, 'lib', '1.2.3');
  }
  /** A place for files that may be read. */
  get files(): string {
    return join(this.directory, 'files');
  }
  get grammar(): string {
    return join(this.directory, 'etc', 'grammar');
  }

  channel(): ReaderChannel {
    const [shell = '', ...more] = this.#tools.shell.split(' ');
    const child = spawn(shell, [...more, join(this.lib, 'read'), join(this.directory, 'etc')], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: '/usr/bin:/bin',
        LEAKED: 'from outside',
        LD_LIBRARY_PATH: '/nowhere',
        GIT_DIR: '/nowhere',
      },
    });
    const channel = new ReaderChannel(child);
    this.#channels.push(channel);
    return channel;
  }

  /** Private directories of channels that are still there. */
  places(): readonly string[] {
    const mine = (name: string): boolean => {
      try {
        return readFileSync(join('/dev/shm', name, 'rules'), 'utf8').includes(this.directory);
      } catch {
        return false;
      }
    };
    return readdirSync('/dev/shm').filter(
      (name) => name.startsWith('holdfast-read.') && mine(name),
    );
  }

  /** What is judged of each line, without a channel. */
  judge(lines: string): string {
    const [shell = '', ...more] = this.#tools.shell.split(' ');
    return execFileSync(shell, [...more, join(this.lib, 'read'), '--judge', this.grammar], {
      input: lines,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
  }

  [Symbol.dispose](): void {
    for (const channel of this.#channels) channel.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class ReaderChannel {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;
  #number = 0;
  #read = Buffer.alloc(0);
  #over = false;
  #wake: () => void = () => {};

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdout.on('data', (bytes: Buffer) => {
      this.#read = Buffer.concat([this.#read, bytes]);
      this.#wake();
    });
    child.stdin.on('error', () => {});
    this.ended = new Promise((resolve) => {
      child.on('close', (status) => {
        this.#over = true;
        this.#wake();
        resolve(status);
      });
    });
  }

  run(
    argv: readonly string[],
    limits: { seconds?: number; bytes?: number } = {},
  ): Promise<ReaderAnswer> {
    const { seconds = 5, bytes = 100_000 } = limits;
    const args = argv.map((word) => `arg ${percent(word)}`);
    return this.ask([
      'verb run',
      `seconds ${seconds}`,
      `bytes ${bytes}`,
      `args ${argv.length}`,
      ...args,
    ]);
  }

  ask(lines: readonly string[]): Promise<ReaderAnswer> {
    this.#number += 1;
    this.child.stdin.write(
      ['holdfast-read 1', `id ${this.#number}`, ...lines, 'end', ''].join('\n'),
    );
    return this.answer();
  }

  send(bytes: Uint8Array | string): void {
    this.child.stdin.write(bytes);
  }

  /** The next answer; rejects when the channel ends before it. */
  async answer(): Promise<ReaderAnswer> {
    for (;;) {
      const head = this.#read.indexOf('\nend\n');
      if (head !== -1) {
        const lines = this.#read.subarray(0, head).toString('latin1').split('\n');
        if (lines[0] !== 'holdfast-read-answer 1') throw new Error(`no answer: ${lines[0]}`);
        const fields = Object.fromEntries(lines.slice(1).map((line) => line.split(' ', 2)));
        const from = head + 5;
        const middle = from + Number(fields['stdout']);
        const end = middle + Number(fields['stderr']);
        if (this.#read.length >= end) {
          const out = this.#read.subarray(from, middle);
          const err = this.#read.subarray(middle, end);
          this.#read = this.#read.subarray(end);
          return { ...fields, out, err } as ReaderAnswer;
        }
      }
      if (this.#over) throw new Error('the channel ended without an answer');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get unread(): Buffer {
    return this.#read;
  }

  end(): void {
    this.child.stdin.end();
  }
  kill(): void {
    this.child.kill('SIGTERM');
  }
}

/** Processes and directories of channels whose library is there. */
export function leftOf(rig: ReaderRig): readonly string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      if (line.includes(rig.directory)) found.push(`${pid} ${line}`);
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}
