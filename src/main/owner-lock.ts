/**
 * One process owns a data directory. The lock is the operating system's on a SQLite file, so it
 * ends with the process however that dies.
 */
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '#base/fault';

export type OwnerLock = Disposable;

/** Takes the lock, or `undefined` when another process holds it. */
export function tryOwn(path: string): OwnerLock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE');
    return { [Symbol.dispose]: () => database.close() };
  } catch (cause) {
    database.close();
    if ((cause as { errcode?: number }).errcode === 5) return undefined;
    throw new Fault(
      'unavailable',
      'lock-unusable',
      `the owner lock cannot be used: ${path}. Check that the directory is writable`,
      { cause },
    );
  }
}
