/** The end of what is folded: the tree, the link and the records that the journal goes on from. */
import { sha256 } from '#base/digest';
import type { Files } from '#base/ports';
import type { EntryReader } from './checkpoints-file.ts';
import { decodeEvent } from './event-form.ts';
import { notTheLog } from './faults.ts';
import { epochOf } from './journal.ts';
import { readTile } from './proofs.ts';
import type { EventRecord } from './protocol.ts';
import { bundlePath, decodeBundle } from './tiles.ts';
import { type GrowingTree, type Hash, leafHashOf, rootOf, TILE_WIDTH } from './tree.ts';

const NO_LINK = '0'.repeat(64);

/** The tree of the folded bundles, out of the tiles at its right edge. */
export async function restoreTree(
  files: Files,
  directory: string,
  tree: GrowingTree,
  folded: number,
): Promise<void> {
  const open: Hash[][] = [[]];
  for (
    let level = 1, count = folded;
    count > 0;
    level += 1, count = Math.floor(count / TILE_WIDTH)
  ) {
    const list: Hash[] = [];
    for (let index = count - (count % TILE_WIDTH); index < count; index += 1) {
      list.push(rootOf(await readTile(files, directory, level - 1, index)));
    }
    open.push(list);
  }
  tree.restore(folded * TILE_WIDTH, open);
}

/** The hash that the first record after the folded bundles must name. */
export async function lastLink(files: Files, directory: string, folded: number): Promise<string> {
  if (folded === 0) return NO_LINK;
  const path = bundlePath(directory, folded - 1);
  const bytes = await files.read(path);
  const last = bytes === undefined ? undefined : decodeBundle(bytes)?.at(-1);
  const tile = await readTile(files, directory, 0, folded - 1);
  if (last === undefined || leafHashOf(last) !== tile.at(-1)) {
    const seq = folded * TILE_WIDTH - 1;
    throw notTheLog('log-damaged', `${path} does not hold record ${seq}`, { file: path, seq });
  }
  return sha256(last);
}

export async function firstEvent(files: Files, directory: string): Promise<EventRecord> {
  const bytes = await files.read(bundlePath(directory, 0));
  const first = bytes === undefined ? undefined : decodeBundle(bytes)?.[0];
  const event = first === undefined ? undefined : decodeEvent(first);
  if (event !== undefined && epochOf(event) !== undefined) return event;
  throw notTheLog('log-damaged', 'the first record cannot be read', {
    file: bundlePath(directory, 0),
    seq: 0,
  });
}

export function entryReader(
  files: Files,
  directory: string,
  tail: ReadonlyMap<number, readonly Buffer[]>,
): EntryReader {
  let cached: { readonly bundle: number; readonly entries: readonly Buffer[] } | undefined;
  return async (seq) => {
    const bundle = Math.floor(seq / TILE_WIDTH);
    let entries = tail.get(bundle) ?? (cached?.bundle === bundle ? cached.entries : undefined);
    if (entries === undefined) {
      const bytes = await files.read(bundlePath(directory, bundle));
      entries = (bytes === undefined ? undefined : decodeBundle(bytes)) ?? [];
      cached = { bundle, entries };
    }
    const entry = entries[seq % TILE_WIDTH];
    return entry === undefined ? undefined : decodeEvent(entry);
  };
}
