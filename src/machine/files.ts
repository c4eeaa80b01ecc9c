/**
 * Our own files on disk. What is reported done survives a power cut; a file is never seen half
 * replaced; after one failed write or sync an appender stays failed, because the kernel may have
 * dropped the pages it could not write and would call the next sync a success.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Fault } from '#base/fault';
import type { Appender, Files } from '#base/ports';
import { kindOfStats } from './stats.ts';

const PRIVATE = 0o600;

export function nodeFiles(): Files {
  return {
    info: (path) =>
      orAbsent(async () => {
        const stats = await lstat(path);
        const kind = kindOfStats(stats);
        return { size: stats.size, kind: kind === 'socket' ? 'other' : kind };
      }),
    list: (directory) => orAbsent(async () => (await readdir(directory)).sort()),
    read: (path) => orAbsent(async () => new Uint8Array(await readFile(path))),
    readRange: (path, from, to) => orAbsent(() => readRange(path, from, to)),
    replace,
    appender: openAppender,
    truncate,
    makeDirectory,
    remove,
  };
}

async function readRange(path: string, from: number, to: number): Promise<Uint8Array> {
  await using file = await open(path, constants.O_RDONLY);
  // Never reserve more than the file holds: `to` may be far beyond its end.
  const end = Math.min(to, (await file.stat()).size);
  const bytes = new Uint8Array(Math.max(0, end - from));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function replace(path: string, bytes: Uint8Array, mode: number = PRIVATE): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    {
      await using file = await open(temporary, 'wx', mode);
      // The umask has no say in the mode of our own files.
      await file.chmod(mode);
      await file.writeFile(bytes);
      await file.sync();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(directory);
}

async function truncate(path: string, size: number): Promise<void> {
  await using file = await open(path, 'r+');
  await file.truncate(size);
  await file.sync();
}

async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // Every directory that is new is a new name in its parent.
  let made = resolve(path);
  for (;;) {
    await syncDirectory(dirname(made));
    if (made === resolve(first) || made === dirname(made)) return;
    made = dirname(made);
  }
}

async function remove(path: string): Promise<void> {
  const removed = await orAbsent(async () => {
    await unlink(path);
    return true;
  });
  if (removed === true) await syncDirectory(dirname(path));
}

async function openAppender(path: string, mode: number = PRIVATE): Promise<Appender> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, mode);
  try {
    await syncDirectory(dirname(path));
  } catch (error) {
    await file.close();
    throw error;
  }
  return new FileAppender(file, path);
}

class FileAppender implements Appender {
  readonly #file: FileHandle;
  readonly #path: string;
  /** The last step asked for; every step waits for the one before it, so bytes never interleave. */
  #tail: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#next(async () => {
      let written = 0;
      while (written < bytes.length) {
        written += (await this.#file.write(bytes, written, bytes.length - written)).bytesWritten;
      }
    });
  }

  sync(): Promise<void> {
    return this.#next(() => this.#file.datasync());
  }

  async close(): Promise<void> {
    await this.#tail.catch(() => {});
    await this.#file.close();
  }

  #next(step: () => Promise<void>): Promise<void> {
    const turn = this.#tail.then(async () => {
      if (this.#failure !== undefined) throw this.#failed();
      try {
        await step();
      } catch (error) {
        this.#failure = error;
        throw error;
      }
    });
    this.#tail = turn.catch(() => {});
    return turn;
  }

  #failed(): Fault {
    return new Fault(
      'unavailable',
      'file-failed',
      `file could not be written earlier: ${this.#path}. Open it again after looking at the disk`,
      { cause: this.#failure },
    );
  }
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await directory.sync();
}

async function orAbsent<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

export function isAbsence(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
