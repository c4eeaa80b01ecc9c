/**
 * Cosignatures of witnesses (C2SP tlog-cosignature, "cosignature/v1").
 *
 * The signature of such a line is eight bytes of POSIX time, big-endian, then Ed25519 over
 * `cosignature/v1`, `time <seconds>` and the text of the checkpoint, each with its line feed. It says
 * that at that time this was the largest consistent checkpoint the witness knew, and nothing of
 * what the log holds.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import {
  COSIGNATURE,
  type Note,
  parseVerifierKey,
  type VerifierKey,
  verifierKey,
} from '../note.ts';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** Key ids of cosignatures are over the type 0x04, so a log's key is never taken for a witness's. */
export function parseWitnessKey(vkey: string): VerifierKey | undefined {
  return parseVerifierKey(vkey, COSIGNATURE);
}

export function witnessKey(name: string, key: KeyObject): VerifierKey {
  return verifierKey(name, key, COSIGNATURE);
}

/** A signature line with its line feed. */
export function cosign(text: string, name: string, key: KeyObject, seconds: number): string {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(seconds));
  const signature = sign(undefined, signedText(text, String(seconds)), key);
  const { id } = witnessKey(name, key);
  const bytes = Buffer.concat([Buffer.from(id, 'hex'), time, signature]);
  return `— ${name} ${bytes.toString('base64')}\n`;
}

/** The time of this witness's one cosignature, in seconds; `undefined` when there is none that holds. */
export function cosignedAt(note: Note, witness: VerifierKey): number | undefined {
  const own = note.signatures.filter((s) => s.name === witness.name && s.id === witness.id);
  const bytes = own.length === 1 ? own[0]!.signature : undefined;
  if (bytes?.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined;
  const time = bytes.readBigUInt64BE(0);
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const signed = signedText(note.text, String(time));
  return verify(undefined, signed, witness.key, bytes.subarray(TIME_BYTES))
    ? Number(time)
    : undefined;
}

/** Whether a line by this witness's name and id is there, whatever it is worth. */
export function claimsCosignature(note: Note, witness: VerifierKey): boolean {
  return note.signatures.some((s) => s.name === witness.name && s.id === witness.id);
}

function signedText(text: string, seconds: string): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
}
