/** Hashes of subtrees out of tiles: at most one tile for each eight levels of a proof. */
import type { Files } from '#base/ports';
import { notTheLog } from './faults.ts';
import { decodeTile, tilePath } from './tiles.ts';
import { type Hash, type NodeSource, rootOf } from './tree.ts';

const TILES_KEPT = 64;

/** Full tiles that were read; they never change. */
export type TileCache = Map<string, readonly Hash[]>;

/** A source of subtree hashes. `memory` answers the tiles that are not on disk. */
export function treeNodes(
  files: Files,
  directory: string,
  read: TileCache,
  memory: (level: number, index: number) => readonly Hash[] | undefined,
): NodeSource {
  const tile = async (level: number, index: number): Promise<readonly Hash[]> => {
    const kept = memory(level, index);
    if (kept !== undefined) return kept;
    const path = tilePath(directory, level, index);
    const known = read.get(path);
    if (known !== undefined) return known;
    const hashes = await readTile(files, directory, level, index);
    if (read.size >= TILES_KEPT) read.delete(read.keys().next().value as string);
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
