/** The body of a request to a witness (C2SP tlog-witness, "add-checkpoint"), written and read. */
import { type Checkpoint, type Note, parseCheckpoint, parseNote } from '../note.ts';

/** tlog-witness: a proof has no more than 63 lines. */
const PROOF_MOST = 63;
export const REQUEST_BYTES_MOST = 64 * 1024;

export type AddCheckpoint = {
  /** The size that the proof starts from; 0 when the witness knows none. */
  readonly old: number;
  /** Hex, as everywhere inside. */
  readonly proof: readonly string[];
  readonly text: string;
  readonly note: Note;
  readonly checkpoint: Checkpoint;
};

export function addCheckpointBody(old: number, proof: readonly string[], note: string): string {
  const lines = proof.map((hash) => `${Buffer.from(hash, 'hex').toString('base64')}\n`);
  return `old ${old}\n${lines.join('')}\n${note}`;
}

/**
 * `undefined` when it is not exactly such a body. Checkpoints with extension lines are not taken:
 * what they mean is not for this witness to say.
 */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint | undefined {
  if (body.length > REQUEST_BYTES_MOST) return undefined;
  let whole: string;
  try {
    whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
  const gap = whole.indexOf('\n\n');
  if (gap < 0) return undefined;
  const [first = '', ...lines] = whole.slice(0, gap).split('\n');
  const m = /^old (0|[1-9]\d{0,15})$/.exec(first);
  const old = Number(m?.[1]);
  if (m === null || !Number.isSafeInteger(old) || lines.length > PROOF_MOST) return undefined;
  const proof: string[] = [];
  for (const line of lines) {
    const hash = Buffer.from(line, 'base64');
    if (hash.length !== 32 || hash.toString('base64') !== line) return undefined;
    proof.push(hash.toString('hex'));
  }
  const text = whole.slice(gap + 2);
  const note = parseNote(text);
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) return undefined;
  if (!Number.isSafeInteger(checkpoint.size)) return undefined;
  return { old, proof, text, note, checkpoint };
}
