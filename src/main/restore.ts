/**
 * `holdfast restore`: a checked backup put where nothing is yet. Everything is unpacked, verified, cut off
 * from what came after it and made sure to be read-only in a directory beside the home, and moved there in
 * one step: a death before that leaves the home as it was, a death after it leaves it whole.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Clock, Files, Random } from '#base/ports';
import { formatInstant } from '#base/time';
import { openEventLog, openHeadFile } from '#evidence';
import { type SettledAfterRestore, settleAfterRestore } from '#execution';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import { openSqliteStore } from '#store';
import { verifyCopy } from './backup.ts';
import { MANIFEST, type Manifest, mustBeBackup } from './backup-contents.ts';
import { copyTree } from './copy-tree.ts';
import { type Paths, pathsOf } from './data-directory.ts';
import { tryOwn } from './owner-lock.ts';
import { inForceAgain, inWords } from './restored.ts';
import { syncDirectory, unpackFile } from './sealed-file.ts';

export type RestoreJob = {
  readonly home: string;
  /** A sealed file, the archive that was in one, or a directory. */
  readonly path: string;
  /** Of the private key that opens a sealed file. */
  readonly identity?: string | undefined;
  /** For tests: called before each step that could be the last. */
  readonly files?: Files;
};

export async function restore(job: RestoreJob): Promise<Json> {
  const { home, path } = job;
  const files = job.files ?? nodeFiles();
  const ports: Ports = { files, clock: nodeClock(), random: nodeRandom() };
  await mustBeEmpty(files, home);
  const kind = (await files.info(path))?.kind;
  if (kind !== 'file' && kind !== 'directory') {
    throw new Fault('missing', 'not-a-backup', `there is no backup here: ${path}`);
  }
  const workshop = join(dirname(home), `.${basename(home)}.restoring`);
  const staging = pathsOf(join(workshop, 'home'));
  using _lock = await own(workshop);
  try {
    const backup =
      kind === 'directory'
        ? await copied(files, path, staging.home)
        : await unpackFile(files, path, staging.home, job.identity);
    const manifest = await mustBeBackup(files, staging.home, path);
    await mustHold(files, staging.home, path);
    const { settled, restoredAt } = await cutOff(ports, staging, manifest, backup);
    await files.remove(join(staging.home, MANIFEST));
    await mustBePrivate(staging.home);
    const after = await mustHold(files, staging.home, path);
    await moveInto(files, staging.home, home);
    return {
      ok: true,
      home,
      madeAt: manifest.madeAt,
      restoredAt,
      backup,
      log: after.log,
      facts: after.facts as unknown as Json,
      ...(settled as unknown as { readonly [name: string]: Json }),
      says: [...told(settled, manifest), ...(await inForceAgain(files, pathsOf(home).authority))],
      next: 'holdfast config status, then holdfast config sign: until an operator signs, nothing above T0 runs',
    };
  } finally {
    // Where that fails too, the next restore does it.
    await rm(workshop, { recursive: true, force: true }).catch(() => {});
  }
}

type Ports = { readonly files: Files; readonly clock: Clock; readonly random: Random };

async function mustBeEmpty(files: Files, home: string): Promise<void> {
  if ((await files.info(dirname(home)))?.kind !== 'directory')
    await files.makeDirectory(dirname(home));
  const there = await lstat(home).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isDirectory() || (await readdir(home)).length > 0) {
    throw new Fault(
      'conflict',
      'home-not-empty',
      `the data directory is not empty: ${home}. Move it away first; a restore never writes over anything`,
    );
  }
  if (there.uid !== (process.geteuid?.() ?? there.uid)) {
    throw new Fault(
      'refused',
      'not-your-directory',
      `this data directory belongs to another account: ${home}. Restore as that account (sudo -u '#${there.uid}' …), or give another directory with --home`,
    );
  }
}

/** The directory in which it is put together, for this process alone; what a death left in it is removed. */
async function own(workshop: string): Promise<Disposable> {
  await mkdir(workshop, { mode: 0o700 }).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EEXIST') throw thrown;
  });
  await mustBeOurs(workshop);
  const lock = tryOwn(join(workshop, 'lock'));
  if (lock === undefined) {
    throw new Fault(
      'unavailable',
      'owner-busy',
      `another restore is under way: ${workshop}. Wait for it to end`,
    );
  }
  await rm(join(workshop, 'home'), { recursive: true, force: true });
  return lock;
}

async function mustBeOurs(directory: string): Promise<void> {
  const there = await lstat(directory);
  if (there.isDirectory() && there.uid === process.geteuid?.() && (there.mode & 0o077) === 0)
    return;
  throw new Fault(
    'refused',
    'directory-open',
    `others could change what is restored here: ${directory}. Look at it and remove it`,
  );
}

/** SHA-256 over the names and contents of its files. */
async function copied(files: Files, from: string, to: string): Promise<string> {
  if ((await files.info(join(from, MANIFEST))) === undefined) {
    throw new Fault('missing', 'not-a-backup', `not a finished backup: ${from} has no ${MANIFEST}`);
  }
  await copyTree(files, from, to);
  const sha256 = createHash('sha256');
  for (const entry of (await readdir(to, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .toSorted()) {
    const bytes = (await files.read(entry)) ?? new Uint8Array();
    sha256.update(`${createHash('sha256').update(bytes).digest('hex')}  ${relative(to, entry)}\n`);
  }
  return sha256.digest('hex');
}

async function mustHold(
  files: Files,
  directory: string,
  path: string,
): ReturnType<typeof verifyCopy> {
  const verdict = await verifyCopy(files, directory);
  if (verdict.ok) return verdict;
  throw new Fault(
    'broken',
    'backup-unsound',
    `the backup does not verify: ${path}. Use another one`,
    { facts: { problems: verdict.facts.problems.slice(0, 5) } },
  );
}

/** Nothing that is restored goes on by itself: a new epoch of the log, no change under way, no host, and read-only. */
async function cutOff(
  { files, clock, random }: Ports,
  paths: Paths,
  { madeAt }: Manifest,
  backup: string,
): Promise<{ readonly settled: SettledAfterRestore; readonly restoredAt: string }> {
  const restoredAt = formatInstant(clock.now());
  // First of all: whatever else happens here, it is read-only.
  await files.replace(paths.restored, Buffer.from(`${inWords(restoredAt, madeAt)}\n`), 0o600);
  await using heads = await openHeadFile(files, paths.logHead);
  await using events = await openEventLog({
    files,
    clock,
    random,
    heads,
    directory: paths.log,
    keys: paths.keys,
    checkpointEveryEvents: Number.MAX_SAFE_INTEGER,
    checkpointEveryMs: 0,
    digests: { program: '', configuration: '' },
    restored: { backup, madeAt, restoredAt },
  });
  await using store = await openSqliteStore({ path: paths.facts, files });
  const settled = await settleAfterRestore({ clock, store, events }, madeAt);
  return { settled, restoredAt };
}

async function mustBePrivate(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode } = await lstat(path);
    // The one public file among them.
    const isOpen = (mode & 0o077) !== 0 && entry.name !== 'log.vkey';
    if ((entry.isFile() || entry.isDirectory()) && !isOpen) continue;
    throw new Fault('refused', 'directory-open', `others could read or change this: ${path}`);
  }
}

/** In one step, also over an empty directory. */
async function moveInto(files: Files, staging: string, home: string): Promise<void> {
  await mustBeEmpty(files, home);
  try {
    await rename(staging, home);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Fault(
      'unavailable',
      'cannot-move',
      `the restored directory cannot be moved to its place (${code ?? 'unknown'}): ${home}. Give a directory that is no mount point, with room beside it`,
      { cause },
    );
  }
  await syncDirectory(dirname(home));
}

function told(
  { ambiguous, ended, revoked }: SettledAfterRestore,
  { madeAt }: Manifest,
): readonly string[] {
  return [
    `what was recorded after ${madeAt} is not here; the log goes on under another name and key`,
    `changes of which it is not known how they ended: ${ambiguous.length}; ended because they waited: ${ended.length}; standing approvals revoked: ${revoked.length}`,
    'this machine is enrolled as a host anew with the next signed configuration',
  ];
}
