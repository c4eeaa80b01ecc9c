/** Archives of content, by their hash: what an approval names stays what it was, whatever becomes of the root. */
import { sha256 } from '#base/digest';
import type { Files } from '#base/ports';
import type { AnsibleContent } from './content.ts';

/** Where it lies; written only when it is not there as it should be. */
export async function keepArchive(
  files: Files,
  stateDirectory: string,
  content: Pick<AnsibleContent, 'archive' | 'sha256'>,
): Promise<string> {
  const directory = `${stateDirectory}/ansible`;
  const path = `${directory}/${content.sha256}.tar`;
  await files.makeDirectory(directory);
  const kept = await files.read(path);
  if (kept === undefined || sha256(kept) !== content.sha256)
    await files.replace(path, content.archive, 0o600);
  return path;
}
