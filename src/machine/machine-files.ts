/**
 * A look at files that belong to others. Only regular files are ever opened, never through a link
 * in the last place, and through a link on the way there only when root or we made it: a user of
 * the machine cannot point us, who may be root, at something that is not theirs.
 *
 * Absence is `undefined`. A link, a device, a file that is too big and a path that may not be
 * read are thrown, so that whoever looked cannot take them for absence.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { Fault } from '#base/fault';
import type { MachineFileInfo, MachineFiles } from '#base/ports';
import { type Instant, shift } from '#base/time';
import { isAbsence } from './files.ts';
import { kindOfStats } from './stats.ts';

const CHUNK = 64 * 1024;

export function nodeMachineFiles(): MachineFiles {
  return {
    read: (path, maxBytes) =>
      orAbsent(async () => {
        await using file = await openRegular(path);
        return await readAll(file, path, maxBytes);
      }),
    list: (directory) =>
      orAbsent(async () => {
        await checkWay(directory);
        return (await readdir(directory)).sort();
      }),
    stat: (path) =>
      orAbsent(async () => {
        await checkWay(path);
        return infoOf(await lstat(path));
      }),
    readLink: (path) =>
      orAbsent(async () => {
        await checkWay(path);
        return await readlink(path);
      }),
    sha256: (path, maxBytes) =>
      orAbsent(async () => {
        await using file = await openRegular(path);
        return await hashAll(file, maxBytes);
      }),
  };
}

function infoOf(stats: Awaited<ReturnType<typeof lstat>>): MachineFileInfo {
  const modified = Math.floor(Number(stats.mtimeMs) * 1_000);
  return {
    kind: kindOfStats(stats as Parameters<typeof kindOfStats>[0]),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mode: Number(stats.mode) & 0o7777,
    size: Number(stats.size),
    modifiedAt: shift(modified as Instant, 0),
  };
}

/** Looks before it opens, because opening a device or a pipe already does something. */
async function openRegular(path: string): Promise<FileHandle> {
  await checkWay(path);
  const before = await lstat(path);
  if (!before.isFile()) throw notRegular(path, kindOfStats(before));
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    const after = await file.stat();
    if (!after.isFile()) throw notRegular(path, kindOfStats(after));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readAll(file: FileHandle, path: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    // Files of the kernel say they are empty, so the end is where nothing more comes.
    const chunk = new Uint8Array(Math.min(CHUNK, maxBytes - total + 1));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return Buffer.concat(chunks, total);
    total += bytesRead;
    if (total > maxBytes) {
      throw new Fault('refused', 'file-too-big', `file is too big to read: ${path}`, {
        facts: { path, maxBytes },
      });
    }
    chunks.push(chunk.subarray(0, bytesRead));
  }
}

async function hashAll(file: FileHandle, maxBytes: number): Promise<string | undefined> {
  if ((await file.stat()).size > maxBytes) return undefined;
  const hash = createHash('sha256');
  const chunk = new Uint8Array(CHUNK);
  let total = 0;
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return hash.digest('hex');
    total += bytesRead;
    if (total > maxBytes) return undefined;
    hash.update(chunk.subarray(0, bytesRead));
  }
}

/** Refuses a way to `path` that leads through a link of somebody who is neither root nor us. */
async function checkWay(path: string): Promise<void> {
  if (!path.startsWith(sep))
    throw new Fault('invalid', 'path-relative', `path is not absolute: ${path}`);
  // The kernel's own trees hold no links that a user could have made in place of a directory.
  if (path.startsWith('/proc/') || path.startsWith('/sys/')) return;
  const parent = dirname(path);
  if ((await realpath(parent)) === parent) return;
  const trusted = new Set([0, process.geteuid?.() ?? 0]);
  const parts = parent.split(sep).filter((part) => part !== '');
  for (let depth = 1; depth <= parts.length; depth++) {
    const at = sep + parts.slice(0, depth).join(sep);
    const stats = await lstat(at);
    if (stats.isSymbolicLink() && !trusted.has(stats.uid)) throw notRegular(at, 'symlink');
  }
}

function notRegular(path: string, kind: string): Fault {
  return new Fault('refused', 'file-not-regular', `not a regular file, left unopened: ${path}`, {
    facts: { path, kind },
  });
}

async function orAbsent<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
