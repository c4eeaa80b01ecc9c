/**
 * The end of `checkpoints` at opening: the newest note must be ours, and recorded.
 *
 * Order of a signing is: note into `checkpoints`, note into `checkpoint`, event. So at most the last
 * note may lack its event, and only then may `checkpoint` lag behind.
 */
import { sha256 } from '#base/digest';
import type { JsonObject } from '#base/json';
import type { Files } from '#base/ports';
import { notTheLog } from './faults.ts';
import {
  type Checkpoint,
  isSignedBy,
  parseCheckpoint,
  parseNote,
  splitNotes,
  type VerifierKey,
} from './note.ts';
import type { EventRecord } from './protocol.ts';
import { type CutBytes, keepAside, pendingCuts } from './set-aside.ts';

export type EntryReader = (seq: number) => Promise<EventRecord | undefined>;

/** How many records back the newest `log.checkpoint` or `log.key` is looked for. */
export const SEARCH_BACK = 4096;
const TAIL_BYTES = 64 * 1024;

export type CheckpointsTail = {
  /** Leaves under the newest checkpoint. */
  readonly signed: number;
  readonly unrecorded: JsonObject | undefined;
  /** Whether the newest note is signed by one of the keys; true when there is none. */
  isSignedBy(keys: readonly VerifierKey[]): boolean;
  /** Cuts a torn note off, brings `checkpoint` up to date. */
  repair(): Promise<readonly CutBytes[]>;
};

export async function readCheckpointsTail(at: {
  readonly files: Files;
  readonly directory: string;
  readonly total: number;
  readonly entry: EntryReader;
}): Promise<CheckpointsTail> {
  const { files, directory, total } = at;
  const path = `${directory}/checkpoints`;
  const size = (await files.info(path))?.size ?? 0;
  const from = Math.max(0, size - TAIL_BYTES);
  const bytes = Buffer.from((await files.readRange(path, from, size)) ?? new Uint8Array());
  // Latin1 keeps byte positions; the dash of a signature line is three bytes.
  const start = from === 0 ? 0 : firstNote(bytes);
  const { notes, end } = splitNotes(bytes.subarray(start).toString('utf8'));
  const whole = Buffer.byteLength(bytes.subarray(start).toString('utf8').slice(0, end));
  const last = notes.at(-1);
  const parsed = last === undefined ? undefined : parseNote(last);
  const checkpoint = parsed === undefined ? undefined : parseCheckpoint(parsed.text);
  if (last !== undefined && checkpoint === undefined) throw wrong(path, 'the newest is unreadable');
  if (checkpoint !== undefined && checkpoint.size > total) {
    throw notTheLog(
      'log-cut',
      `a checkpoint was signed over ${checkpoint.size} records, there are ${total}: record ${total} is gone`,
      { acknowledged: checkpoint.size, size: total, seq: total },
    );
  }
  const recorded = await newestRecorded(at);
  const isRecorded = last !== undefined && recorded?.['note'] === sha256(last);
  if (recorded !== undefined && !isRecorded) {
    // The one before the last must then be the recorded one.
    const before = notes.at(-2);
    if (before === undefined || recorded['note'] !== sha256(before)) {
      throw wrong(
        path,
        `it does not end with the checkpoint over ${Number(recorded['size'])} records`,
      );
    }
  }
  const newest = await files.read(`${directory}/checkpoint`);
  const isCurrent = Buffer.from(newest ?? '').toString('utf8') === (last ?? '');
  if (isRecorded && !isCurrent) throw wrong(`${directory}/checkpoint`, 'it is not the newest one');
  return {
    signed: checkpoint?.size ?? 0,
    unrecorded:
      isRecorded || checkpoint === undefined ? undefined : recordOf(last as string, checkpoint),
    isSignedBy: (keys) => parsed === undefined || keys.some((key) => isSignedBy(parsed, key)),
    repair: async () => {
      const torn = bytes.subarray(start + whole);
      if (torn.length > 0) {
        await keepAside(files, directory, total, 'checkpoints', torn);
        await files.truncate(path, from + start + whole);
      }
      if (last !== undefined && !isCurrent) {
        await files.replace(`${directory}/checkpoint`, Buffer.from(last));
      }
      return pendingCuts(files, directory, total, (name) => name.endsWith('.checkpoints'));
    },
  };
}

/** Where the second note of a piece begins; the first one may be cut. */
function firstNote(bytes: Buffer): number {
  const dash = bytes.indexOf('\n\n— ');
  const end = dash < 0 ? -1 : bytes.indexOf('\n', dash + 5);
  return end < 0 ? 0 : end + 1;
}

async function newestRecorded(at: {
  readonly total: number;
  readonly entry: EntryReader;
}): Promise<JsonObject | undefined> {
  for (let seq = at.total - 1; seq >= Math.max(0, at.total - SEARCH_BACK); seq -= 1) {
    const event = await at.entry(seq);
    if (event?.kind === 'log.checkpoint') return event.more;
  }
  return undefined;
}

function recordOf(note: string, checkpoint: Checkpoint): JsonObject {
  return { size: checkpoint.size, root: checkpoint.root, note: sha256(note) };
}

function wrong(file: string, what: string): Error {
  return notTheLog('log-checkpoint-wrong', `${file}: ${what}`, { file });
}
