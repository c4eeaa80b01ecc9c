/** The records of a bundle beside the leaves of its tile: the inner loop of verification. */
import { hash } from 'node:crypto';
import { decodeEvent } from './event-form.ts';
import type { EventRecord } from './protocol.ts';
import { view } from './tiles.ts';
import type { Hash } from './tree.ts';

export type VerifiedRecord = {
  /** Strings outside ASCII may be wrong, except in the log's own events. */
  readonly event: EventRecord | undefined;
  readonly entryHash: string;
  readonly leaf: Hash;
  /** Whether the tile has this leaf; true when there is no tile to ask. */
  readonly leafHolds: boolean;
};

export type BundleRecords = {
  readonly records: readonly VerifiedRecord[];
  /** Bytes after the last whole entry. */
  readonly surplus: number;
  /** Index of the first leaf that the tile does not have. */
  readonly firstDifferent: number | undefined;
};

export function bundleRecords(
  bundle: Uint8Array,
  tile: readonly Hash[] | undefined,
): BundleRecords {
  const bytes = view(bundle);
  const records: VerifiedRecord[] = [];
  let firstDifferent: number | undefined;
  let at = 0;
  while (at + 2 <= bytes.length) {
    const low = bytes[at + 1] as number;
    const end = at + 2 + (((bytes[at] as number) << 8) | low);
    if (end > bytes.length) break;
    const entry = bytes.subarray(at + 2, end);
    // The byte before the entry stands in for the leaf prefix, so nothing is copied.
    bytes[at + 1] = 0;
    const leaf = hash('sha256', bytes.subarray(at + 1, end), 'latin1');
    bytes[at + 1] = low;
    const leafHolds = tile === undefined || tile[records.length] === leaf;
    if (!leafHolds) firstDifferent ??= records.length;
    records.push({ event: parse(entry), entryHash: hash('sha256', entry, 'hex'), leaf, leafHolds });
    at = end;
  }
  return { records, surplus: bytes.length - at, firstDifferent };
}

function parse(entry: Buffer): EventRecord | undefined {
  try {
    // Hashes cover the exact bytes; what is judged here is ASCII. Latin1 decodes twice as fast.
    const event = JSON.parse(entry.toString('latin1')) as EventRecord | null;
    if (typeof event !== 'object' || event === null || event.v !== 1) return undefined;
    if (typeof event.prev !== 'string' || typeof event.kind !== 'string') return undefined;
    return event.kind.startsWith('log.') ? decodeEvent(entry) : event;
  } catch {
    return undefined;
  }
}
