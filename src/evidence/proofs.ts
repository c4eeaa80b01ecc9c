/** Hashes of subtrees out of tiles: at most one tile for each eight levels of a proof. */
import type { Files } from '#base/ports';
import { notTheLog } from './faults.ts';
import { decodeTile, tilePath } from './tiles.ts';
import { type Hash, type NodeSource, rootOf } from './tree.ts';

/**
 * A source of subtree hashes for one proof. `memory` answers the tiles that are not on disk;
 * tiles once read are kept as long as the source is.
 */
export function treeNodes(
  files: Files,
  directory: string,
  memory: (level: number, index: number) => readonly Hash[] | undefined,
): NodeSource {
  const read = new Map<string, readonly Hash[]>();
  const tile = async (level: number, index: number): Promise<readonly Hash[]> => {
    const kept = memory(level, index);
    if (kept !== undefined) return kept;
    const path = tilePath(directory, level, index);
    const known = read.get(path);
    if (known !== undefined) return known;
    const hashes = await readTile(files, directory, level, index);
    read.set(path, hashes);
    return hashes;
  };
  return async (height, index) => {
    // A subtree of height 8 is the one hash at the next tile level.
    const level = Math.floor(height / 8);
    const width = 2 ** (height % 8);
    const first = index * width;
    const hashes = await tile(level, Math.floor(first / 256));
    return rootOf(hashes.slice(first % 256, (first % 256) + width));
  };
}

export async function readTile(
  files: Files,
  directory: string,
  level: number,
  index: number,
): Promise<readonly Hash[]> {
  const path = tilePath(directory, level, index);
  const bytes = await files.read(path);
  const hashes = bytes === undefined ? undefined : decodeTile(bytes);
  if (hashes !== undefined) return hashes;
  const first = index * 256 ** (level + 1);
  throw notTheLog(
    'log-damaged',
    `${path} is ${bytes === undefined ? 'missing' : 'not a full tile'} (records from ${first} on)`,
    { file: path, seq: first },
  );
}
