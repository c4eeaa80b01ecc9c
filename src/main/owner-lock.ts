/**
 * One process owns a data directory. The lock is the operating system's on a SQLite file, so it
 * ends with the process however that dies.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '#base/fault';

export type OwnerLock = Disposable;

/** Takes the lock, or `undefined` when another process holds it. */
export function tryOwn(path: string): OwnerLock | undefined {
  makePrivate(path);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
    return { [Symbol.dispose]: () => database.close() };
  } catch (cause) {
    database.close();
    if ((cause as { errcode?: number }).errcode === 5) return undefined;
    throw unusable(path, cause);
  }
}

/**
 * SQLite would make it, and the journal beside it, readable to everybody. One that is there is not
 * opened here: closing it again would give up the lock that this process may hold on it.
 */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, cause);
  }
}

function unusable(path: string, cause: unknown): Fault {
  return new Fault(
    'unavailable',
    'lock-unusable',
    `the owner lock cannot be used: ${path}. Check that the directory is writable`,
    { cause },
  );
}
