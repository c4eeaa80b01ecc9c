/**
 * Hashes of subtrees out of tiles: at most one tile for each eight levels of a proof.
 *
 * Nothing in a tile ever changes, and what is open only grows: a hash between the leaves and the top of a
 * tile is made once, so a proof over tiles that are known is nothing but look-ups.
 */
import type { Files } from '#base/ports';
import { notTheLog } from './faults.ts';
import { decodeTile, tilePath } from './tiles.ts';
import { type Hash, type NodeSource, nodeHash, TILE_WIDTH } from './tree.ts';

const TILES_KEPT = 64;

/** A tile's hashes and, as far as they were asked for, those between them and its top. */
class TileNodes {
  readonly #leaves: readonly Hash[];
  /** By height within the tile from 1, then by index. */
  readonly #inner: (Hash | undefined)[][] = [];

  constructor(leaves: readonly Hash[]) {
    this.#leaves = leaves;
  }

  /** The root of the `2^height` hashes from `index * 2^height` on, all of which the tile has. */
  at(height: number, index: number): Hash {
    if (height === 0) return this.#leaves[index]!;
    const level = (this.#inner[height] ??= []);
    const known = level[index];
    if (known !== undefined) return known;
    const made = nodeHash(this.at(height - 1, 2 * index), this.at(height - 1, 2 * index + 1));
    level[index] = made;
    return made;
  }
}

/** The tiles used last, full or open. */
export class TileCache {
  readonly #tiles = new Map<string, TileNodes>();

  get(key: string): TileNodes | undefined {
    const found = this.#tiles.get(key);
    if (found === undefined) return undefined;
    this.#tiles.delete(key);
    this.#tiles.set(key, found);
    return found;
  }

  put(key: string, hashes: readonly Hash[]): TileNodes {
    const made = new TileNodes(hashes);
    this.#tiles.set(key, made);
    if (this.#tiles.size > TILES_KEPT) this.#tiles.delete(this.#tiles.keys().next().value!);
    return made;
  }
}

/**
 * A source of subtree hashes. `memory` answers the tiles that are not on disk; the list of an open tile
 * may grow afterwards, what it holds may not change.
 */
export function treeNodes(
  files: Files,
  directory: string,
  cache: TileCache,
  memory: (level: number, index: number) => readonly Hash[] | undefined,
): NodeSource {
  const tile = async (level: number, index: number): Promise<TileNodes> => {
    const key = `${level}/${index}`;
    const hashes = memory(level, index) ?? (await readTile(files, directory, level, index));
    return cache.get(key) ?? cache.put(key, hashes);
  };
  return async (height, index) => {
    // A subtree of height 8 is the one hash at the next tile level.
    const level = Math.floor(height / 8);
    const inTile = height % 8;
    const inRow = TILE_WIDTH / 2 ** inTile;
    const number = Math.floor(index / inRow);
    const nodes = cache.get(`${level}/${number}`) ?? (await tile(level, number));
    return nodes.at(inTile, index % inRow);
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
