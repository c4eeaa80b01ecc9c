/**
 * The data directory and what is in it belong to one account. Whoever else could write there would
 * decide what is a target and who is trusted, so such a directory is refused, not used.
 */
import { chmod, lstat, readdir, stat } from 'node:fs/promises';
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';

/** Makes `home` when it is not there. An empty one is made private; one that others may write into is refused. */
export async function privateHome(files: Files, home: string): Promise<void> {
  await files.makeDirectory(home);
  const { uid, mode } = await stat(home);
  if (!isOurs(uid)) throw (mode & 0o022) === 0 ? foreign(home, uid) : open(home);
  if ((mode & 0o077) === 0) return;
  if ((await readdir(home)).length === 0) await chmod(home, 0o700);
  else if ((mode & 0o022) !== 0) throw open(home);
}

/** Makes a directory inside it; what is there must be a directory of ours that nobody else may enter. */
export async function privateDirectory(files: Files, path: string): Promise<void> {
  await files.makeDirectory(path);
  const stats = await lstat(path);
  if (!stats.isDirectory() || !isOurs(stats.uid) || (stats.mode & 0o077) !== 0) throw open(path);
}

function isOurs(uid: number): boolean {
  return uid === (process.geteuid?.() ?? uid);
}

/** Root is told so too: files that it leaves there would lock the owner out. */
function foreign(path: string, uid: number): Fault {
  return new Fault(
    'refused',
    'not-your-directory',
    `this data directory belongs to another account: ${path}. Run it as that account (sudo -u '#${uid}' …), or give another directory with --home`,
  );
}

function open(path: string): Fault {
  return new Fault(
    'refused',
    'directory-open',
    `others could have changed what is in this directory: ${path}. Look at its files, then make it your own with chown and chmod 700`,
  );
}
