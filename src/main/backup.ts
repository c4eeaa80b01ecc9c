/**
 * Backup while the service runs: facts first, then the log, so that the copied log knows of
 * everything in the copied facts. The copy is verified before it is called one.
 */
import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Clock, Files } from '#base/ports';
import { formatInstant } from '#base/time';
import type { EventLog } from '#evidence';
import { openSqliteStore, type Store } from '#store';
import { copyTree } from './copy-tree.ts';
import { type Paths, pathsOf } from './data-directory.ts';
import { verifyAll } from './verify.ts';

const TRIES = 5;
export const MANIFEST = 'backup.json';

export type BackupJob = {
  readonly files: Files;
  readonly paths: Paths;
  readonly store: Store;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly version: string;
  readonly path: string;
};

export async function backUp({
  files,
  paths,
  store,
  events,
  clock,
  version,
  path,
}: BackupJob): Promise<Json> {
  if (isAbsolute(path) === false || isWithin(await realpath(paths.home), await whereItEnds(path))) {
    throw new Fault(
      'invalid',
      'backup-inside',
      `a backup cannot lie in what it copies: ${path}. Give an absolute path outside ${paths.home}`,
    );
  }
  if ((await files.info(path)) !== undefined) {
    throw new Fault(
      'conflict',
      'backup-exists',
      `something is there already: ${path}. Give a directory that does not exist yet`,
    );
  }
  if ((await files.info(dirname(path)))?.kind !== 'directory') {
    throw new Fault(
      'missing',
      'no-directory',
      `there is no directory to put the backup into: ${dirname(path)}`,
    );
  }
  const copy = pathsOf(path);
  await files.makeDirectory(dirname(copy.facts));
  await store.backup(copy.facts);
  await events.checkpoint();
  // A log in use may fold a journal into its bundle between two reads: then the copy does not verify and is made again.
  for (let tried = 1; ; tried++) {
    const head = await files.read(paths.logHead);
    if (head !== undefined) await files.replace(copy.logHead, head, 0o600);
    await copyTree(files, paths.log, copy.log);
    await copyTree(files, paths.keys, copy.keys);
    const inventory = await files.read(paths.inventory);
    if (inventory !== undefined) await files.replace(copy.inventory, inventory, 0o600);
    const verdict = await verifyCopy(files, path);
    if (verdict.ok) {
      const manifest = { madeBy: version, madeAt: formatInstant(clock.now()), events: events.size };
      await files.replace(
        join(path, MANIFEST),
        Buffer.from(`${JSON.stringify(manifest)}\n`),
        0o600,
      );
      return {
        ok: true,
        path,
        ...manifest,
        log: verdict.log,
        facts: verdict.facts as unknown as Json,
      };
    }
    if (tried === TRIES) {
      throw new Fault(
        'unavailable',
        'backup-unsound',
        `the copy does not verify: ${path}. Remove it, run holdfast verify, and try again`,
        {
          facts: { problems: verdict.facts.problems.slice(0, 5) },
        },
      );
    }
  }
}

/** The path with every link on the way followed, as far as there is something. */
async function whereItEnds(path: string): Promise<string> {
  const parent = await realpath(dirname(path)).catch(() => dirname(path));
  return join(parent, basename(path));
}

function isWithin(outer: string, path: string): boolean {
  const way = relative(outer, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** A backup verified as it lies there. */
export async function verifyCopy(
  files: Files,
  path: string,
): Promise<Awaited<ReturnType<typeof verifyAll>>> {
  const copy = pathsOf(path);
  return verifyAll(files, copy, async (crossed) => {
    await using store = await openSqliteStore({ path: copy.facts, files });
    return await crossed(store);
  });
}
