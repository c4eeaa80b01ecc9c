/** The records of a bundle beside the leaves of its tile: the inner loop of verification. */
import { hash } from 'node:crypto';
import { decodeEvent, EVENT_START } from './event-form.ts';
import type { EventRecord } from './protocol.ts';
import { view } from './tiles.ts';
import type { Hash } from './tree.ts';

/** What the chain is judged by. */
export type RecordLinks = { readonly seq: number; readonly prev: string; readonly time: string };

export type VerifiedRecord = {
  readonly links: RecordLinks | undefined;
  /** The whole event when it is one of the log's own (`log.*`). */
  readonly own: EventRecord | undefined;
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
    records.push({ ...readEntry(entry), entryHash: hash('sha256', entry, 'hex'), leaf, leafHolds });
    at = end;
  }
  return { records, surplus: bytes.length - at, firstDifferent };
}

/**
 * In canonical form nothing nested stands after `prev`, and no string can hold the marks looked for:
 * its quotes would be escaped. So the links are read in place, which takes a third of what parsing
 * does; hashes cover every byte anyway. What does not look like that is parsed.
 */
function readEntry(entry: Buffer): Pick<VerifiedRecord, 'links' | 'own'> {
  const text = entry.toString('latin1');
  const prev = text.lastIndexOf(PREV);
  const seq = text.indexOf(SEQ, prev);
  const time = text.indexOf(TIME, seq);
  const isPlain =
    prev > 0 && seq > 0 && time > 0 && text.startsWith(EVENT_START) && text.endsWith(END);
  if (!isPlain || text.includes(OWN)) return parseEntry(entry);
  const from = seq + SEQ.length;
  const links = {
    seq: Number(text.slice(from, text.indexOf(',', from))),
    prev: text.slice(prev + PREV.length, prev + PREV.length + 64),
    time: text.slice(time + TIME.length, time + TIME.length + 27),
  };
  return { links, own: undefined };
}

function parseEntry(entry: Buffer): Pick<VerifiedRecord, 'links' | 'own'> {
  const event = decodeEvent(entry);
  return { links: event, own: event?.kind.startsWith('log.') === true ? event : undefined };
}

const PREV = ',"prev":"';
const SEQ = '","seq":';
const TIME = '],"time":"';
const END = ',"v":1}';
const OWN = ',"kind":"log.';
