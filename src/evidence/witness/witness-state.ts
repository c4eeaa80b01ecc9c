/**
 * What a witness cosigned last: one note for each log, with the log's signature and its own, in one
 * file that is replaced as a whole. Its own cosignature is what the file is believed by.
 */
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';
import {
  type Checkpoint,
  parseCheckpoint,
  parseNote,
  splitNotes,
  type VerifierKey,
} from '../note.ts';
import { cosignedAt } from './cosignature.ts';

const STATE = 'cosigned';

export type Seen = Checkpoint & { readonly note: string };

/** `undefined` when there is no file. Without a key, only whether there is something is told. */
export async function readWitnessState(
  files: Files,
  directory: string,
  key: VerifierKey | undefined,
): Promise<Map<string, Seen> | undefined> {
  const bytes = await files.read(`${directory}/${STATE}`);
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes).toString('utf8');
  const { notes, end } = splitNotes(text);
  if (end !== text.length) throw unreadable(directory);
  const seen = new Map<string, Seen>();
  for (const one of notes) {
    const note = parseNote(one);
    const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
    const isOurs = key === undefined || (note !== undefined && cosignedAt(note, key) !== undefined);
    if (checkpoint === undefined || !isOurs || seen.has(checkpoint.origin)) {
      throw unreadable(directory);
    }
    seen.set(checkpoint.origin, { ...checkpoint, note: one });
  }
  return seen;
}

export async function writeWitnessState(
  files: Files,
  directory: string,
  seen: ReadonlyMap<string, Seen>,
): Promise<void> {
  const notes = [...seen.values()].map(({ note }) => note);
  await files.replace(`${directory}/${STATE}`, Buffer.from(notes.join('')), 0o600);
}

function unreadable(directory: string): Fault {
  return new Fault(
    'broken',
    'witness-state-unreadable',
    `what the witness cosigned cannot be read, or is not by its key: ${directory}/${STATE}. Restore its files`,
  );
}
