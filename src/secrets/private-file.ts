/** Files that an operator named: of secrets, which must be ours alone; of pins, which must not be others' to change. */
import type { MachineFiles } from '#base/ports';
import { keyFault } from './faults.ts';

const MOST_BYTES = 64 * 1024;
const ROOT = 0;

export type Looking = { readonly look: MachineFiles; readonly uid: number };

/** Throws unless it is a regular file of ours that nobody else may read or write. */
export async function mustBePrivate({ look, uid }: Looking, path: string): Promise<void> {
  const info = await look.stat(path).catch(() => undefined);
  if (info?.kind !== 'file' || info.uid !== uid || (info.mode & 0o077) !== 0)
    throw keyFault('secret-file', path);
}

export async function readPrivate(looking: Looking, path: string): Promise<Uint8Array> {
  await mustBePrivate(looking, path);
  return readBounded(looking, path);
}

/** A certificate or a public key: of ours or root's, and nobody else may write it. */
export async function readPin(looking: Looking, path: string): Promise<string> {
  const info = await looking.look.stat(path).catch(() => undefined);
  const isOurs = info?.uid === looking.uid || info?.uid === ROOT;
  if (info?.kind !== 'file' || !isOurs || (info.mode & 0o022) !== 0)
    throw keyFault('secret-file', path);
  return Buffer.from(await readBounded(looking, path)).toString('latin1');
}

async function readBounded({ look }: Looking, path: string): Promise<Uint8Array> {
  const bytes = await look.read(path, MOST_BYTES).catch(() => undefined);
  if (bytes === undefined) throw keyFault('secret-file', path);
  return bytes;
}

/** A token or a secret id: one word that may stand in a header. */
export async function readWord(looking: Looking, path: string): Promise<string> {
  const word = Buffer.from(await readPrivate(looking, path))
    .toString('latin1')
    .replace(/\r?\n$/, '');
  if (!isWord(word)) throw keyFault('secret-file', path);
  return word;
}

/** So many lines of text, and nothing else: an account and its password. */
export async function readLines(
  looking: Looking,
  path: string,
  count: number,
): Promise<readonly string[]> {
  const text = Buffer.from(await readPrivate(looking, path)).toString('utf8');
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  if (lines.length !== count || !lines.every((line) => /^[^\p{Cc}\uFFFD]{1,512}$/u.test(line)))
    throw keyFault('secret-file', path);
  return lines;
}

export function isWord(word: string): boolean {
  return /^[\x21-\x7e]{1,16384}$/.test(word);
}
