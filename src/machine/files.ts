/**
 * Our own files on disk. What is reported done survives a power cut; a file is never seen half
 * replaced; after one failed write or sync an appender stays failed, because the kernel may have
 * dropped the pages it could not write and would call the next sync a success.
 */
import { randomBytes } from 'node:crypto';
import { constants, fdatasync, writeSync } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Fault } from '#base/fault';
import type { Appender, Files } from '#base/ports';
import { kindOfStats } from './stats.ts';

const PRIVATE = 0o600;
/** Bytes of an append that is made without leaving this thread. */
const AT_ONCE = 64 * 1024;

export function nodeFiles(): Files {
  return {
    info: (path) =>
      orAbsent(async () => {
        const stats = await lstat(path);
        const kind = kindOfStats(stats);
        return { size: stats.size, kind: kind === 'socket' ? 'other' : kind };
      }),
    list: (directory) => orAbsent(async () => (await readdir(directory)).sort()),
    read: (path) => orAbsent(() => readWhole(path)),
    readRange: (path, from, to) => orAbsent(() => readRange(path, from, to)),
    replace,
    appender: openAppender,
    truncate,
    makeDirectory,
    remove,
  };
}

/** Opened without waiting, and only when it is a regular file: a pipe or device in its place would keep us for ever. */
async function readWhole(path: string): Promise<Uint8Array> {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
  await using file = await open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!(await file.stat()).isFile()) {
    throw new Fault(
      'refused',
      'file-not-regular',
      `not a regular file, left unread: ${path}. Move it away`,
    );
  }
  return new Uint8Array(await file.readFile());
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

/** One directory at a time: the recursive call of the system library never ends where nothing can be made, as in /proc. */
async function makeDirectory(path: string): Promise<void> {
  const parent = dirname(resolve(path));
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(path)).isDirectory())
      return;
    if (!isAbsence(error) || (await orAbsent(() => stat(parent))) !== undefined) {
      throw new Fault(
        'unavailable',
        'no-directory',
        `no directory can be made here: ${path}. Name another, or look at its parent`,
        { cause: error },
      );
    }
    await makeDirectory(parent);
    await mkdir(path, { mode: 0o700 }).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== 'EEXIST') throw again;
    });
  }
  // A directory that is new is a new name in its parent.
  await syncDirectory(parent);
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
      // A small append only reaches the page cache: doing it here costs less than handing it over.
      while (written < bytes.length && bytes.length <= AT_ONCE) {
        written += writeSync(this.#file.fd, bytes, written, bytes.length - written);
      }
      while (written < bytes.length) {
        written += (await this.#file.write(bytes, written, bytes.length - written)).bytesWritten;
      }
    });
  }

  sync(): Promise<void> {
    // By descriptor: the handle's own method takes a quarter longer on a quick disk.
    return this.#next(() => datasync(this.#file.fd));
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

function datasync(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)));
  });
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
