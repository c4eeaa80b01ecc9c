/** Copying a directory of our own through the Files port, file by file, each whole and synced. */
import { join } from 'node:path';
import type { Files } from '#base/ports';

/** What `Files.replace` writes before it renames it: of something that is not there yet. */
const UNFINISHED = /^\..*\.tmp$/;

/** Copies every regular file below `from`; what vanishes meanwhile, or is not finished, is left out. Returns how many. */
export async function copyTree(files: Files, from: string, to: string): Promise<number> {
  await files.makeDirectory(to);
  let copied = 0;
  for (const name of (await files.list(from)) ?? []) {
    if (UNFINISHED.test(name)) continue;
    const info = await files.info(join(from, name));
    if (info?.kind === 'directory')
      copied += await copyTree(files, join(from, name), join(to, name));
    if (info?.kind !== 'file') continue;
    const bytes = await files.read(join(from, name));
    if (bytes === undefined) continue;
    await files.replace(join(to, name), bytes, 0o600);
    copied += 1;
  }
  return copied;
}
