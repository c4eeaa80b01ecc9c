/** Makes the bundle of one change out of what the change road has and what the log proves. */
import { sha256 } from '#base/digest';
import { Fault, invariant } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import type { Files } from '#base/ports';
import { newestNote } from '../anchoring/notes-file.ts';
import { type DsseSignature, envelopeText } from '../dsse.ts';
import { parseCheckpoint, parseNote, textOfNote } from '../note.ts';
import type { EventRecord } from '../protocol.ts';
import { leafHash, toHex, verifyInclusion } from '../tree.ts';
import {
  type BundleEvent,
  type BundleParts,
  type BundlePredicate,
  PAYLOAD_TYPE,
  PREDICATE_TYPE,
  STATEMENT_TYPE,
} from './parts.ts';

/** What is needed of the open log; `Log` has it. */
export type BundledLog = {
  checkpoint(): Promise<void>;
  inclusionProof(seq: number, size: number): Promise<readonly string[]>;
  sign(payloadType: string, payload: Uint8Array): DsseSignature;
};

/**
 * The text of the bundle. `events` are the change's, read from the log; a checkpoint is signed if none
 * covers them yet. Among those that do, one that is known outside is taken before a newer one.
 */
export async function makeBundle(
  from: { readonly log: BundledLog; readonly files: Files; readonly directory: string },
  change: string,
  parts: BundleParts,
  events: readonly EventRecord[],
): Promise<string> {
  const { log, files, directory } = from;
  if (events.length === 0) throw noEvents(change);
  await log.checkpoint();
  const ordered = events.toSorted((a, b) => a.seq - b.seq);
  const covered = (ordered.at(-1)?.seq ?? 0) + 1;
  const { note, timestamps } = await chooseCheckpoint(files, directory, covered);
  const checkpoint = parseCheckpoint(textOfNote(note));
  invariant(checkpoint, 'the log has a checkpoint after one was signed');
  const proved: BundleEvent[] = [];
  for (const event of ordered) {
    const record = canonicalJson(event as unknown as Json);
    const { seq } = event;
    const proof = await log.inclusionProof(seq, checkpoint.size);
    const claim = { leaf: toHex(leafHash(record)), seq, proof, ...checkpoint };
    // What does not hold here would not hold anywhere.
    invariant(verifyInclusion(claim), 'an event that was read is in the log');
    proved.push({
      record,
      seq,
      proof: proof.map((hex) => Buffer.from(hex, 'hex').toString('base64')),
    });
  }
  const predicate: BundlePredicate = { ...parts, events: proved, checkpoint: note, timestamps };
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: change, digest: { sha256: sha256(canonicalJson(parts.plan)) } }],
    predicateType: PREDICATE_TYPE,
    predicate: predicate as unknown as Json,
  };
  const payload = Buffer.from(canonicalJson(statement));
  return envelopeText({
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    signatures: [log.sign(PAYLOAD_TYPE, payload)],
  });
}

type Chosen = Pick<BundlePredicate, 'timestamps'> & { readonly note: string };

async function chooseCheckpoint(files: Files, directory: string, covered: number): Promise<Chosen> {
  const covers = (note: string): boolean =>
    (parseCheckpoint(textOfNote(note))?.size ?? 0) >= covered;
  const stamped = await stampedHashes(files, directory, covered);
  const tokensOf = async (note: string): Promise<Chosen['timestamps']> => {
    const of = sha256(textOfNote(note));
    const path = stamped.get(of);
    const token = path === undefined ? undefined : await files.read(path);
    return token === undefined ? [] : [{ of, token: Buffer.from(token).toString('base64') }];
  };
  const isStamped = (note: string): boolean => stamped.has(sha256(textOfNote(note)));
  const isCosigned = (note: string): boolean => (parseNote(note)?.signatures.length ?? 0) > 1;
  const search: readonly (readonly [file: string, accepts: (note: string) => boolean])[] = [
    ['cosigned', (note) => isCosigned(note) && isStamped(note)],
    ['cosigned', isCosigned],
    ['checkpoints', isStamped],
    ['checkpoints', () => true],
  ];
  for (const [file, accepts] of search) {
    const path = `${directory}/${file}`;
    const note = await newestNote(files, path, (one) => covers(one) && accepts(one));
    if (note === undefined) continue;
    const text = textOfNote(note);
    return { note: await merged(files, directory, note, text), timestamps: await tokensOf(note) };
  }
  throw new Fault(
    'unavailable',
    'no-checkpoint',
    `no checkpoint covers the events of this change yet: ${covered} records. Try again in a minute`,
  );
}

/** Two witnesses leave two notes with one text: the bundle has the lines of both. */
async function merged(
  files: Files,
  directory: string,
  note: string,
  text: string,
): Promise<string> {
  const lines = new Set(
    note
      .slice(text.length + 1)
      .split('\n')
      .filter(Boolean),
  );
  await newestNote(files, `${directory}/cosigned`, (other) => {
    if (textOfNote(other) === text) {
      for (const line of other
        .slice(text.length + 1)
        .split('\n')
        .filter(Boolean))
        lines.add(line);
    }
    return false;
  });
  return `${text}\n${[...lines].map((line) => `${line}\n`).join('')}`;
}

async function stampedHashes(
  files: Files,
  directory: string,
  covered: number,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await files.list(`${directory}/timestamps`)) ?? []) {
    const m = /^(\d{1,16})\.([0-9a-f]{64})$/.exec(name);
    if (m !== null && Number(m[1]) >= covered) found.set(m[2]!, `${directory}/timestamps/${name}`);
  }
  return found;
}

function noEvents(change: string): Fault {
  return new Fault(
    'missing',
    'no-events',
    `the log has no event of this change: ${change}. Give the id of a change that was proposed here`,
  );
}
