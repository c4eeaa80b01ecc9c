/**
 * Witnesses: others who saw the log, and signed that it only ever grew. Their keys are named by the service at first; from
 * then on this browser knows them, and another key under the same name is found.
 */
import { type KeyInLine, keyFor } from './key-line.ts';
import {
  type Checkpoint,
  COSIGNATURE,
  cosignedAt,
  isSignedBy,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
} from './note.ts';
import { verifyConsistency } from './tree.ts';

export type WitnessTold = {
  readonly key: string;
  readonly cosigned: { readonly note: string; readonly proof: readonly string[] } | null;
};

/** `open`: it could not be decided. */
export type Found = { readonly verdict: 'holds' | 'fails' | 'open'; readonly says: string };

export const nameOf = (vkey: string): string => vkey.split('+', 1)[0] ?? '';

/** One finding for each witness that is named, or was. */
export async function checkWitnesses(
  told: readonly WitnessTold[],
  known: readonly string[],
  keys: readonly KeyInLine[],
  checkpoint: Checkpoint,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const witness of told) found.push(await checkWitness(witness, known, keys, checkpoint));
  for (const vkey of known.filter((one) => !told.some(({ key }) => nameOf(key) === nameOf(one))))
    found.push({
      verdict: 'open',
      says: `the witness ${nameOf(vkey)}, which this browser knew, is not named any more: ask why`,
    });
  return found;
}

async function checkWitness(
  { key: vkey, cosigned }: WitnessTold,
  known: readonly string[],
  keys: readonly KeyInLine[],
  { size, root }: Checkpoint,
): Promise<Found> {
  const name = nameOf(vkey);
  const fails = (says: string): Found => ({ verdict: 'fails', says });
  const before = known.find((one) => nameOf(one) === name);
  if (before !== undefined && before !== vkey)
    return fails(`the witness ${name} has another key than the one this browser knew`);
  const key = await parseVerifierKey(vkey, COSIGNATURE);
  if (key === undefined) return fails(`the key of the witness ${name} is not one`);
  if (cosigned === null) return { verdict: 'open', says: `${name} has not cosigned anything yet` };
  const note = parseNote(cosigned.note);
  const earlier = note === undefined ? undefined : parseCheckpoint(note.text);
  const signer = earlier === undefined ? undefined : keyFor(keys, earlier.size);
  if (note === undefined || earlier === undefined || signer === undefined)
    return fails(`what ${name} cosigned is not a checkpoint`);
  if (earlier.origin !== signer.name || !(await isSignedBy(note, signer)))
    return fails(`what ${name} cosigned is not signed by this log`);
  const time = await cosignedAt(note, key);
  if (time === undefined) return fails(`the cosignature of ${name} does not hold`);
  const claim = { earlier: earlier.size, earlierRoot: earlier.root, size, root };
  if (!(await verifyConsistency({ ...claim, proof: cosigned.proof })))
    return fails(`${name} was shown other records than this browser: there are two logs`);
  const behind = size - earlier.size;
  return {
    verdict: 'holds',
    says: `${name} saw the same ${earlier.size} records${behind === 0 ? '' : `, ${behind} fewer than there are now`}, and cosigned them at ${timeText(time)}${before === undefined ? '; its key is seen here for the first time' : ''}`,
  };
}

const timeText = (seconds: number): string =>
  seconds < 8e12
    ? `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`
    : 'a time beyond all calendars';
