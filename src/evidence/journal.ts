/**
 * The journal: where a record lives until its bundle of 256 is full.
 *
 * `journal/<bundle number>` holds frames: the entry's length as big-endian uint16, the entry, and 16
 * bytes of HMAC over (epoch, seq, SHA-256 of the entry), which carries the chain. A torn frame is a
 * crash; a whole frame that does not authenticate was written by someone without the key.
 */
import { hash } from 'node:crypto';
import type { Files } from '#base/ports';
import { decodeEvent, EVENT_START } from './event-form.ts';
import { type JournalKey, type LogKey, MAC_BYTES } from './log-key.ts';
import type { EventRecord } from './protocol.ts';
import { view } from './tiles.ts';
import { TILE_WIDTH } from './tree.ts';

export const FRAME_OVERHEAD = 2 + MAC_BYTES;

export function journalPath(directory: string, bundle: number): string {
  return `${directory}/journal/${bundle}`;
}

export type Frame = {
  readonly entry: Buffer;
  readonly mac: string;
  /** Byte after the frame. */
  readonly end: number;
};

/** The frame at a byte, or `undefined` when there is no whole one. */
export function frameAt(journal: Buffer, at: number): Frame | undefined {
  if (at + 2 > journal.length) return undefined;
  const from = at + 2;
  const to = from + journal.readUInt16BE(at);
  const end = to + MAC_BYTES;
  if (end > journal.length) return undefined;
  return { entry: journal.subarray(from, to), mac: journal.toString('latin1', to, end), end };
}

/** Why the bytes after the last good frame are not a frame. */
export type JournalStop =
  /** The start of a frame, or zeros: what a crash leaves. */
  | 'torn'
  /** A whole frame whose code does not hold. */
  | 'not-authentic'
  /** A whole frame that is not an event of this place, or bytes no frame of ours begins with. */
  | 'not-a-record'
  /** An authentic record whose `prev` is not the hash of the one before: two histories were mixed. */
  | 'broken-link';

export type JournalRead = {
  readonly records: readonly JournalRecord[];
  /** Byte after the last good frame. */
  readonly end: number;
  readonly stop: JournalStop | undefined;
};

export type JournalRecord = {
  readonly entry: Buffer;
  readonly entryHash: string;
  readonly event: EventRecord;
};

/**
 * Reads frames as far as they hold. `keys` undefined means authenticity cannot be judged and only
 * the chain is checked; an empty `prev` means that the link before is not known.
 */
export function readJournal(
  bytes: Uint8Array,
  firstSeq: number,
  prev: string,
  epoch: string | undefined,
  keys: readonly JournalKey[] | undefined,
): JournalRead {
  const journal = view(bytes);
  const records: JournalRecord[] = [];
  let at = 0;
  let link = prev;
  let of = epoch;
  const stopped = (stop: JournalStop | undefined): JournalRead => ({ records, end: at, stop });
  while (at < journal.length) {
    const frame = records.length < TILE_WIDTH ? frameAt(journal, at) : undefined;
    if (frame === undefined) {
      if (records.length === TILE_WIDTH) return stopped('not-a-record');
      return stopped(looksTorn(journal.subarray(at)) ? 'torn' : 'not-a-record');
    }
    const seq = firstSeq + records.length;
    const event = decodeEvent(frame.entry);
    const entryHash = hash('sha256', frame.entry, 'hex');
    of ??= epochOf(event);
    if (event === undefined && endsInZeros(journal, frame)) return stopped('torn');
    const codes = of === undefined ? [] : keys?.map((key) => key.mac(of as string, seq, entryHash));
    if (codes !== undefined && !codes.includes(frame.mac)) {
      const isLost = codes.some((code) => isCutShort(frame.mac, code));
      return stopped(isLost && endsInZeros(journal, frame) ? 'torn' : 'not-authentic');
    }
    if (event === undefined || event.seq !== seq) return stopped('not-a-record');
    if (link !== '' && event.prev !== link) return stopped('broken-link');
    records.push({ entry: frame.entry, entryHash, event });
    link = entryHash;
    at = frame.end;
  }
  return stopped(undefined);
}

/** The epoch that the first event of a log names. */
export function epochOf(event: EventRecord | undefined): string | undefined {
  const epoch = event?.seq === 0 ? event.more?.['epoch'] : undefined;
  return typeof epoch === 'string' && /^[0-9a-f]{32}$/.test(epoch) ? epoch : undefined;
}

/** Lost blocks read as zeros: what was written is then followed by nothing else. */
function looksTorn(rest: Buffer): boolean {
  const written = rest.subarray(0, endOfWritten(rest));
  if (written.length < 2) return true;
  const start = written.toString('latin1', 2, 2 + EVENT_START.length);
  return EVENT_START.startsWith(start);
}

/** Whether the zeros at the end of the journal reach back into a frame. */
function endsInZeros(journal: Buffer, frame: Frame): boolean {
  return endOfWritten(journal) < frame.end;
}

function endOfWritten(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}

/** A code whose end was lost. One that is lost whole could be anyone's: that is not accepted. */
function isCutShort(found: string, code: string): boolean {
  const kept = found.replace(/\0+$/, '');
  return kept !== '' && code.startsWith(kept);
}

/** Writes every journal again with the codes of `key`. */
export async function rewriteJournals(
  files: Files,
  directory: string,
  epoch: string,
  tail: ReadonlyMap<number, readonly Buffer[]>,
  key: LogKey,
): Promise<void> {
  for (const [bundle, entries] of tail) {
    const parts: Buffer[] = [];
    for (const [i, entry] of entries.entries()) {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      const entryHash = hash('sha256', entry, 'hex');
      const mac = key.journalKey.mac(epoch, bundle * TILE_WIDTH + i, entryHash);
      parts.push(length, entry, Buffer.from(mac, 'latin1'));
    }
    await files.replace(journalPath(directory, bundle), Buffer.concat(parts));
  }
}
