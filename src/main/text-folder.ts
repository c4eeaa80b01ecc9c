/** A folder of text files that an operator may edit at any time. */
import { join } from 'node:path';
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';

const MOST_FILES = 256;
const MOST_BYTES = 1024 * 1024;

export type TextFile = { readonly path: string; readonly name: string; readonly text: string };

/** `undefined` when the folder is not there; a fault when anything in it cannot be read as told. */
export async function readTextFolder(
  files: Files,
  folder: string,
  wanted: (name: string) => boolean,
): Promise<readonly TextFile[] | undefined> {
  const names = await files.list(folder);
  if (names === undefined) return undefined;
  const read: TextFile[] = [];
  for (const name of names
    .filter(wanted)
    .toSorted()
    .slice(0, MOST_FILES + 1)) {
    if (read.length === MOST_FILES)
      throw unreadable(folder, `it holds more than ${MOST_FILES} files`);
    const path = join(folder, name);
    const info = await files.info(path);
    if (info?.kind !== 'file') throw unreadable(path, 'it is no plain file');
    if (info.size > MOST_BYTES) throw unreadable(path, `it is larger than ${MOST_BYTES} bytes`);
    const bytes = await files.read(path);
    if (bytes === undefined) throw unreadable(path, 'it went away');
    try {
      read.push({ path, name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) });
    } catch {
      throw unreadable(path, 'it is not UTF-8');
    }
  }
  return read;
}

function unreadable(path: string, why: string): Fault {
  return new Fault('unavailable', 'unreadable-file', `a file cannot be used: ${path}: ${why}`);
}
