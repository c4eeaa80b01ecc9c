/** `holdfast restore`: a checked backup put where nothing is yet. */
import { join } from 'node:path';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { nodeFiles } from '#machine';
import { MANIFEST, verifyCopy } from './backup.ts';
import { copyTree } from './copy-tree.ts';
import { pathsOf } from './data-directory.ts';

export async function restore(home: string, path: string): Promise<Json> {
  const files = nodeFiles();
  if ((await files.info(join(path, MANIFEST))) === undefined) {
    throw new Fault('missing', 'not-a-backup', `not a finished backup: ${path} has no ${MANIFEST}`);
  }
  const there = await files.list(home);
  if (there !== undefined && there.length > 0) {
    throw new Fault(
      'conflict',
      'home-not-empty',
      `the data directory is not empty: ${home}. Move it away first; a restore never writes over anything`,
    );
  }
  const before = await verifyCopy(files, path);
  if (!before.ok) {
    throw new Fault(
      'broken',
      'backup-unsound',
      `the backup does not verify: ${path}. Use another one`,
      { facts: { problems: before.facts.problems.slice(0, 5) } },
    );
  }
  const restored = await copyTree(files, path, home);
  await files.remove(join(home, MANIFEST));
  const after = await verifyCopy(files, home);
  return {
    ok: after.ok,
    home,
    files: restored,
    inventory: pathsOf(home).inventory,
    log: after.log,
    facts: after.facts as unknown as Json,
  };
}
