/**
 * What of a data directory is in a backup, and so what a restore takes. This machine as a host is not:
 * a host that came back would take orders again whose nonces it had spent. Its public parts are kept for the
 * record, under a name that nothing reads.
 */
import { join } from 'node:path';
import { Fault } from '#base/fault';
import { type JsonObject, parseJson } from '#base/json';
import type { Files } from '#base/ports';
import { copyTree } from './copy-tree.ts';
import { type Paths, pathsOf } from './data-directory.ts';
import { PASSKEYS } from './passkeys-backup.ts';

export const MANIFEST = 'backup.json';
const FORMER_HOST = 'former-host';
const PUBLIC_OF_HOST = ['identity', 'receipt-key.pub', 'control-plane', 'witness'];
/** Prepared to be signed, or pinned of a host: neither holds in another life. */
const NOT_OF_AUTHORITY = ['pending', 'this-machine.json'];
/** Records that operators signed; what only waits is asked of the hosts again. */
const OF_ENROLMENT = ['records', 'signed.staged'];
const FOLDERS = [
  'policy',
  'catalogue',
  'commands',
  'runbooks',
  'declarations',
  'outputs',
  'stops',
  FORMER_HOST,
] as const;
const SINGLE = [
  'fleet.yaml',
  'operators.yaml',
  'declarations.yaml',
  'evidence.yaml',
  'transport.yaml',
  'collectors.yaml',
  'notices.yaml',
  'access.yaml',
  'server.yaml',
  'STOP',
] as const;
const TAKEN: ReadonlySet<string> = new Set([
  'store',
  'log',
  'keys',
  'authority',
  'enrolment',
  MANIFEST,
  PASSKEYS,
  ...FOLDERS,
  ...SINGLE,
]);

/** Everything but the facts, which are copied first: the log then knows of all that is in them. */
export async function copyContents(files: Files, paths: Paths, copy: Paths): Promise<void> {
  await copyFile(files, paths.logHead, copy.logHead);
  await copyTree(files, paths.log, copy.log);
  await copyTree(files, paths.keys, copy.keys);
  // After the log: what it says was signed is then here, if only staged.
  await copyAuthority(files, paths, copy);
  await copyEnrolment(files, paths, copy);
  for (const name of FOLDERS) {
    if ((await files.info(join(paths.home, name)))?.kind === 'directory')
      await copyTree(files, join(paths.home, name), join(copy.home, name));
  }
  for (const name of SINGLE) await copyFile(files, join(paths.home, name), join(copy.home, name));
  for (const name of PUBLIC_OF_HOST) {
    const to = join(copy.home, FORMER_HOST, name);
    if ((await files.info(join(paths.host, name))) === undefined) continue;
    await files.makeDirectory(join(copy.home, FORMER_HOST));
    await copyFile(files, join(paths.host, name), to);
  }
}

async function copyAuthority(files: Files, paths: Paths, copy: Paths): Promise<void> {
  if ((await files.info(paths.authority)) === undefined) return;
  await files.makeDirectory(copy.authority);
  const there = ((await files.list(paths.authority)) ?? []).filter(
    (name) => !NOT_OF_AUTHORITY.includes(name),
  );
  for (const name of there)
    await copyFile(files, join(paths.authority, name), join(copy.authority, name));
}

async function copyEnrolment(files: Files, paths: Paths, copy: Paths): Promise<void> {
  for (const name of OF_ENROLMENT) {
    const from = join(paths.enrolment, name);
    const kind = (await files.info(from))?.kind;
    if (kind === undefined) continue;
    await files.makeDirectory(copy.enrolment);
    if (kind === 'directory') await copyTree(files, from, join(copy.enrolment, name));
    else await copyFile(files, from, join(copy.enrolment, name));
  }
}

async function copyFile(files: Files, from: string, to: string): Promise<void> {
  if ((await files.info(from))?.kind !== 'file') return;
  const bytes = await files.read(from);
  if (bytes !== undefined) await files.replace(to, bytes, 0o600);
}

export type Manifest = { readonly madeBy: string; readonly madeAt: string };

export function manifestBytes(manifest: Manifest & JsonObject): Uint8Array {
  return Buffer.from(`${JSON.stringify(manifest)}\n`);
}

/**
 * Holds unpacked files to what a backup has, whoever made it: nothing else may come into a data directory
 * this way, least of all a host. Answers the manifest.
 */
export async function mustBeBackup(
  files: Files,
  directory: string,
  named: string,
): Promise<Manifest> {
  const bytes = await files.read(join(directory, MANIFEST));
  if (bytes === undefined) {
    throw new Fault(
      'missing',
      'not-a-backup',
      `not a finished backup: ${named} has no ${MANIFEST}`,
    );
  }
  const strange = [
    ...((await files.list(directory)) ?? []).filter((name) => !TAKEN.has(name)),
    ...((await files.list(pathsOf(directory).authority)) ?? []).filter((name) =>
      NOT_OF_AUTHORITY.includes(name),
    ),
    ...((await files.list(pathsOf(directory).enrolment)) ?? []).filter(
      (name) => !OF_ENROLMENT.includes(name),
    ),
  ];
  const manifest = parseJson(Buffer.from(bytes).toString('utf8'), MANIFEST) as JsonObject;
  const { madeBy, madeAt } = manifest;
  if (strange.length > 0 || typeof madeBy !== 'string' || typeof madeAt !== 'string') {
    throw new Fault(
      'invalid',
      'not-a-backup',
      `not a backup as Holdfast makes them: ${named}${strange.length === 0 ? '' : ` has ${strange.slice(0, 5).join(', ')}`}. Use another one`,
    );
  }
  return { madeBy, madeAt };
}
