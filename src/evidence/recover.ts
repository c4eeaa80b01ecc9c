/**
 * Recovery: the files against the acknowledged head, and what a crash left behind.
 *
 * All checks come first; nothing is changed by an opening that is refused. Each change can be made again
 * after a crash in its middle.
 */
import type { JsonObject } from '#base/json';
import type { Files } from '#base/ports';
import { type EntryReader, readCheckpointsTail, SEARCH_BACK } from './checkpoints-file.ts';
import { epochNow } from './epochs.ts';
import { notTheLog } from './faults.ts';
import { epochOf, type JournalStop, journalPath, readJournal, rewriteJournals } from './journal.ts';
import { KEY_FILE, type LogKey, NEXT_KEY_FILE, readLogKey, writeLogKey } from './log-key.ts';
import { parseVerifierKey } from './note.ts';
import { textOf } from './own-events.ts';
import type { EventRecord, HeadKeeper } from './protocol.ts';
import { entryReader, firstEvent, lastLink, restoreTree } from './right-edge.ts';
import { type CutBytes, keepAside, pendingCuts } from './set-aside.ts';
import { bundlePath, encodeBundle, view } from './tiles.ts';
import { type FullTile, GrowingTree, leafHashOf, TILE_WIDTH, toHex } from './tree.ts';

export type RecoveryOptions = {
  readonly files: Files;
  readonly heads: HeadKeeper;
  /** The log's own directory. */
  readonly directory: string;
  /** Where the log's private key is kept, apart from the log. */
  readonly keys: string;
  /**
   * Takes the log as it stands when the acknowledged head is missing or older than the files, after
   * a restore. Only an operator may ask for it; the log records that it happened.
   */
  readonly adopt?: boolean;
};

/** What opening found, as `log.recovered` records it. */
type Recovered = { readonly kept: number; readonly cut: readonly CutBytes[] };

export type Found = {
  readonly total: number;
  readonly id: string;
  readonly epoch: string;
  readonly origin: string;
  /** Absent only when there is no log yet. */
  readonly key: LogKey | undefined;
  readonly tree: GrowingTree;
  readonly tiles: Map<number, FullTile[]>;
  readonly tail: Map<number, Buffer[]>;
  readonly folded: number;
  readonly prev: string;
  readonly signed: number;
  readonly news: number;
  readonly headSize: number;
  readonly adopted: boolean;
  readonly recovered: Recovered;
  /** A checkpoint that was signed but has no event yet. */
  readonly unrecorded?: JsonObject | undefined;
};

export async function recover(options: RecoveryOptions, origin: string): Promise<Found> {
  const { files, directory, keys } = options;
  const head = options.heads.read();
  const journals = await listJournals(files, directory);
  const folded = await foldedBundles(options, journals);
  const key = await readLogKey(files, keys, origin);
  const nextKey = await readLogKey(files, keys, origin, NEXT_KEY_FILE);
  const exists = folded > 0 || journals.length > 0 || head !== undefined;
  if (exists && key === undefined && (head !== undefined || folded > 0)) {
    throw notTheLog('log-key-missing', `${keys}/${KEY_FILE} is missing`, {
      file: `${keys}/${KEY_FILE}`,
    });
  }

  const tiles = new Map<number, FullTile[]>();
  const tree: GrowingTree = new GrowingTree((level, index, hashes) => {
    const bundle = Math.floor(tree.size / TILE_WIDTH);
    tiles.set(bundle, [...(tiles.get(bundle) ?? []), { level, index, hashes }]);
  });
  await restoreTree(files, directory, tree, folded);
  let prev = await lastLink(files, directory, folded);
  let first = folded > 0 ? await firstEvent(files, directory) : undefined;

  // The journals, as far as they hold.
  const tail = new Map<number, Buffer[]>();
  const macKeys = [key, nextKey].flatMap((one) => (one === undefined ? [] : [one.journalKey]));
  let stop: JournalStop | 'missing' | undefined;
  let stoppedAt: { journal: number; byte: number } | undefined;
  let rootAtHead = head?.size === tree.size ? toHex(tree.root()) : undefined;
  for (const [i, number] of journals.entries()) {
    if (number !== folded + i) {
      stop = 'missing';
      stoppedAt = { journal: number, byte: 0 };
      break;
    }
    const bytes = (await files.read(journalPath(directory, number))) ?? new Uint8Array();
    const read = readJournal(bytes, number * TILE_WIDTH, prev, epochOf(first), macKeys);
    first ??= read.records[0]?.event;
    for (const record of read.records) {
      tree.append(leafHashOf(record.entry));
      prev = record.entryHash;
      if (tree.size === head?.size) rootAtHead = toHex(tree.root());
    }
    if (read.records.length > 0)
      tail.set(
        number,
        read.records.map((record) => record.entry),
      );
    const short = read.records.length < TILE_WIDTH && i + 1 < journals.length;
    if (read.stop !== undefined || short) {
      stop = read.stop ?? 'torn';
      stoppedAt = { journal: number, byte: read.end };
      break;
    }
  }

  const id = epochOf(first);
  const epoch =
    id === undefined || first === undefined
      ? undefined
      : epochNow(origin, { epoch: id, origin: textOf(first, 'origin') });
  const total = tree.size;
  const headSize = head?.size ?? 0;
  const hadHead = head !== undefined || (folded === 0 && !(await hasCheckpoint(options)));
  const behind = headSize < folded * TILE_WIDTH;
  const adopted = !hadHead || behind;
  if (head !== undefined && epoch !== undefined && head.epoch !== epoch) {
    throw notTheLog('log-other', `the head is of log ${head.epoch}, not ${epoch}`, { size: total });
  }
  if (adopted && options.adopt !== true) {
    throw hadHead
      ? notTheLog('log-head-behind', `the head knows ${headSize} records, there are ${total}`, {
          acknowledged: headSize,
          size: total,
        })
      : notTheLog('log-head-missing', 'the acknowledged head is gone', { size: total });
  }
  if (head !== undefined) checkHead(head, { total, rootAtHead, stop, behind });
  await checkHalfFolded(files, directory, folded, tail);
  const entry = entryReader(files, directory, tail);
  const checkpoints = await readCheckpointsTail({ files, directory, total, entry });
  const keysNow = [key, nextKey].flatMap((one) => (one === undefined ? [] : [one.verifier]));
  if (!checkpoints.isSignedBy(keysNow)) {
    // A crash may have come between a rotation and the first checkpoint of the new key.
    const rotations = await recentRotations(entry, total);
    const before = rotations.flatMap((event) => parseVerifierKey(textOf(event, 'from')) ?? []);
    if (!checkpoints.isSignedBy(before)) {
      const file = `${directory}/checkpoints`;
      throw notTheLog(
        'log-checkpoint-wrong',
        "the newest checkpoint is not signed by the log's key",
        {
          file,
        },
      );
    }
  }
  // Nothing is changed before this line.
  const cut = [
    ...(await setAside(files, directory, journals, stoppedAt, stop, total)),
    ...(await checkpoints.repair()),
  ];
  const common = { tree, tiles, tail, folded, prev, origin, headSize, adopted };
  const nothing = { kept: 0, cut };
  if (total === 0 || id === undefined || epoch === undefined || key === undefined) {
    return { ...common, total: 0, id: '', epoch: '', key, signed: 0, news: 0, recovered: nothing };
  }
  const current = await finishRotation(options, { key, nextKey, id, tail, total, entry });
  if (total > headSize) await syncJournals(files, directory, tail);
  return {
    ...common,
    total,
    id,
    epoch,
    key: current,
    signed: checkpoints.signed,
    // Opening writes news anyway.
    news: total,
    recovered: { kept: total - headSize, cut },
    unrecorded: checkpoints.unrecorded,
  };
}

function checkHead(
  head: { readonly epoch: string; readonly size: number; readonly root: string },
  found: {
    readonly total: number;
    readonly rootAtHead: string | undefined;
    readonly stop: JournalStop | 'missing' | undefined;
    readonly behind: boolean;
  },
): void {
  const { total, stop } = found;
  const facts = { acknowledged: head.size, size: total, seq: total };
  if (total < head.size) {
    const isCut = stop === undefined || stop === 'torn' || stop === 'missing';
    throw isCut
      ? notTheLog(
          'log-cut',
          `it holds ${total} of ${head.size} records: record ${total} is gone`,
          facts,
        )
      : notTheLog(
          'log-rewritten',
          `record ${total} of ${head.size} is not as it was (${stop})`,
          facts,
        );
  }
  if (!found.behind && found.rootAtHead !== head.root) {
    throw notTheLog('log-rewritten', `the root of the first ${head.size} records differs`, {
      acknowledged: head.size,
      size: total,
    });
  }
}

/** A bundle may stand beside its journal when a crash came before the journal was removed. */
async function checkHalfFolded(
  files: Files,
  directory: string,
  folded: number,
  tail: ReadonlyMap<number, readonly Buffer[]>,
): Promise<void> {
  const bundle = await files.read(bundlePath(directory, folded));
  if (bundle === undefined) return;
  const entries = tail.get(folded) ?? [];
  if (entries.length === TILE_WIDTH && view(bundle).equals(encodeBundle(entries))) return;
  throw notTheLog(
    'log-rewritten',
    `${bundlePath(directory, folded)} is not what the journal says`,
    {
      file: bundlePath(directory, folded),
      seq: folded * TILE_WIDTH,
    },
  );
}

async function listJournals(files: Files, directory: string): Promise<readonly number[]> {
  const names = (await files.list(`${directory}/journal`)) ?? [];
  return names
    .filter((name) => /^(0|[1-9]\d{0,12})$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

async function foldedBundles(
  options: RecoveryOptions,
  journals: readonly number[],
): Promise<number> {
  const { files, directory } = options;
  if (journals.length > 0) return journals[0] as number;
  let count = Math.floor((options.heads.read()?.size ?? 0) / TILE_WIDTH);
  while ((await files.info(bundlePath(directory, count))) !== undefined) count += 1;
  return count;
}

async function hasCheckpoint(options: RecoveryOptions): Promise<boolean> {
  return (await options.files.info(`${options.directory}/checkpoints`)) !== undefined;
}

/**
 * Puts everything from the stop on into `recovered/`, then cuts it off, last file first. A crash in
 * the middle leaves a prefix of what was set aside, which is then known again.
 */
async function setAside(
  files: Files,
  directory: string,
  journals: readonly number[],
  stoppedAt: { readonly journal: number; readonly byte: number } | undefined,
  stop: JournalStop | 'missing' | undefined,
  total: number,
): Promise<readonly CutBytes[]> {
  if (stoppedAt !== undefined) {
    const later = journals.filter((number) => number > stoppedAt.journal);
    const parts: Uint8Array[] = [];
    for (const number of [stoppedAt.journal, ...later]) {
      const bytes = (await files.read(journalPath(directory, number))) ?? new Uint8Array();
      parts.push(number === stoppedAt.journal ? bytes.subarray(stoppedAt.byte) : bytes);
    }
    await keepAside(files, directory, total, stop ?? 'torn', Buffer.concat(parts));
    for (const number of later.reverse()) await files.remove(journalPath(directory, number));
    await files.truncate(journalPath(directory, stoppedAt.journal), stoppedAt.byte);
  }
  return pendingCuts(files, directory, total, (name) => !name.endsWith('.checkpoints'));
}

/** Goes on with a rotation that was under way: the record decides. */
async function finishRotation(
  options: RecoveryOptions,
  at: {
    readonly key: LogKey;
    readonly nextKey: LogKey | undefined;
    readonly id: string;
    readonly tail: ReadonlyMap<number, readonly Buffer[]>;
    readonly total: number;
    readonly entry: EntryReader;
  },
): Promise<LogKey> {
  if (at.nextKey === undefined) return at.key;
  const { files, directory, keys } = options;
  const { vkey } = at.nextKey.verifier;
  const rotations = await recentRotations(at.entry, at.total);
  const isRecorded = rotations.some((event) => event.more?.['to'] === vkey);
  if (isRecorded) {
    await rewriteJournals(files, directory, at.id, at.tail, at.nextKey);
    await writeLogKey(files, keys, at.nextKey, KEY_FILE);
  }
  await files.remove(`${keys}/${NEXT_KEY_FILE}`);
  return isRecorded ? at.nextKey : at.key;
}

async function recentRotations(entry: EntryReader, total: number): Promise<readonly EventRecord[]> {
  const found: EventRecord[] = [];
  for (let seq = total - 1; seq >= Math.max(0, total - SEARCH_BACK); seq -= 1) {
    const event = await entry(seq);
    if (event?.kind === 'log.key' || event?.kind === 'log.restored') found.push(event);
  }
  return found;
}

/** What a dead process wrote may still be in the page cache only. */
async function syncJournals(
  files: Files,
  directory: string,
  tail: ReadonlyMap<number, readonly Buffer[]>,
): Promise<void> {
  for (const bundle of tail.keys()) {
    const appender = await files.appender(journalPath(directory, bundle));
    try {
      await appender.sync();
    } finally {
      await appender.close();
    }
  }
}
