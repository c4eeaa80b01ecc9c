/**
 * Backup while the service runs: facts first, then the log, so that the copied log knows of
 * everything in the copied facts. The copy is verified before it is called one, and leaves this machine's
 * data directory sealed to the keys that are kept offline, where there are any.
 */
import { realpath, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fingerprint, RECOVERY, type Signers } from '#authority';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Clock, Files } from '#base/ports';
import { formatInstant } from '#base/time';
import type { EventLog } from '#evidence';
import type { SealingKey } from '#sealing';
import { openSqliteStore, type Store } from '#store';
import { copyContents, MANIFEST, manifestBytes } from './backup-contents.ts';
import { type Paths, pathsOf } from './data-directory.ts';
import { PASSKEYS } from './passkeys-backup.ts';
import { writeSealed } from './sealed-file.ts';
import { verifyAll } from './verify.ts';

const TRIES = 5;

export type BackupJob = {
  readonly files: Files;
  readonly paths: Paths;
  readonly store: Store;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly version: string;
  /** Who may sign now; among them are the keys that a backup is sealed to. */
  readonly signers: () => Promise<Signers | undefined>;
  /** Who signs in with what, as a backup has it. */
  readonly passkeys: () => Uint8Array;
  readonly path: string;
  /** A directory that anybody who reads it can use, although there are keys to seal to. */
  readonly plain: boolean;
};

export async function backUp(job: BackupJob): Promise<Json> {
  const { files, paths, path } = job;
  await mustBeFree(files, paths, path);
  const { keys, sealedTo, notUsed } = job.plain ? NOBODY : await recipients(await job.signers());
  if (keys.length === 0) {
    const why = job.plain
      ? 'as asked with --plain'
      : 'no recovery or root key is in force that it could be sealed to: holdfast operator recovery names one';
    const made = await makeCopy(job, path);
    const says = `not encrypted, ${why}. Whoever reads ${path} can sign as this log and this service`;
    return { ...made, path, encrypted: false, notUsed, says: [says] };
  }
  // Never where it is going: there only what is sealed may lie. What a death left is removed at the next backup.
  const scratch = join(paths.run, 'backup');
  await rm(scratch, { recursive: true, force: true });
  try {
    const made = await makeCopy(job, scratch);
    const { sha256, bytes } = await writeSealed(files, scratch, path, keys);
    const says = [`encrypted to ${sealedTo.join(', ')}`, ...notUsed];
    return { ...made, path, encrypted: true, sealedTo, notUsed, sha256, bytes, says };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Recipients = {
  readonly keys: readonly SealingKey[];
  readonly sealedTo: readonly string[];
  readonly notUsed: readonly string[];
};

const NOBODY: Recipients = { keys: [], sealedTo: [], notUsed: [] };

/** Every recovery and root key that a seal can be made to. */
async function recipients(signers: Signers | undefined): Promise<Recipients> {
  const offline = (signers?.lines ?? []).filter(
    ({ operators, isAuthority }) => isAuthority || operators.includes(RECOVERY),
  );
  if (offline.length === 0) return NOBODY;
  const { readRecipient } = await import('#sealing');
  const keys: SealingKey[] = [];
  const sealedTo: string[] = [];
  const notUsed: string[] = [];
  for (const { key, isAuthority } of offline) {
    const name = `the ${isAuthority ? 'root' : 'recovery'} key ${fingerprint(key.blob)}`;
    try {
      keys.push(readRecipient(`${key.type} ${Buffer.from(key.blob).toString('base64')}`));
      sealedTo.push(name);
    } catch {
      notUsed.push(`not to ${name}: nothing can be encrypted to a key of type ${key.type}`);
    }
  }
  return { keys, sealedTo, notUsed };
}

/** A copy in a directory of its own, verified as it lies there. */
async function makeCopy(
  { files, paths, store, events, clock, version, passkeys }: BackupJob,
  path: string,
): Promise<{ readonly [name: string]: Json }> {
  const copy = pathsOf(path);
  await files.makeDirectory(dirname(copy.facts));
  await store.backup(copy.facts);
  await events.checkpoint();
  // A log in use may fold a journal into its bundle between two reads: then the copy does not verify and is made again.
  for (let tried = 1; ; tried++) {
    const signed = await lastSigned(events);
    for (const folder of [copy.log, copy.keys, copy.authority, copy.enrolment])
      await rm(folder, { recursive: true, force: true });
    await copyContents(files, paths, copy);
    await files.replace(join(path, PASSKEYS), passkeys(), 0o600);
    const verdict = await verifyCopy(files, path);
    if (verdict.ok && signed === (await lastSigned(events))) {
      const manifest = { madeBy: version, madeAt: formatInstant(clock.now()), events: events.size };
      await files.replace(join(path, MANIFEST), manifestBytes(manifest), 0o600);
      return { ok: true, ...manifest, log: verdict.log, facts: verdict.facts as unknown as Json };
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

async function lastSigned(events: EventLog): Promise<number> {
  const [config] = await events.read({ operation: 'config.signed' }, 1);
  const [enrolment] = await events.read({ operation: 'enrolment.signed' }, 1);
  return Math.max(config?.seq ?? -1, enrolment?.seq ?? -1);
}

async function mustBeFree(files: Files, paths: Paths, path: string): Promise<void> {
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
      `something is there already: ${path}. Give a name that does not exist yet`,
    );
  }
  if ((await files.info(dirname(path)))?.kind !== 'directory') {
    throw new Fault(
      'missing',
      'no-directory',
      `there is no directory to put the backup into: ${dirname(path)}`,
    );
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
