/** Copying a directory of our own through the Files port, file by file, each whole and synced. */
import { join } from 'node:path';
import type { Files } from '#base/ports';

/** Copies every regular file below `from`; what vanishes meanwhile is left out. Returns how many. */
export async function copyTree(files: Files, from: string, to: string): Promise<number> {
  await files.makeDirectory(to);
  let copied = 0;
  for (const name of (await files.list(from)) ?? []) {
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
