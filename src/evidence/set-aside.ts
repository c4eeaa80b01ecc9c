/**
 * `recovered/`: bytes that were cut off after a crash, kept as they were.
 *
 * A file is named `<seq>.<n>.<because>`, where record `seq` is the `log.recovered` (or `log.opened`)
 * event that speaks of it: opening writes that event before any other.
 */
import { sha256 } from '#base/digest';
import type { Files } from '#base/ports';
import { view } from './tiles.ts';

export type CutBytes = {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly because: string;
};

/** Keeps `bytes` durably, unless an earlier try at the same place already holds them. */
export async function keepAside(
  files: Files,
  directory: string,
  seq: number,
  because: string,
  bytes: Uint8Array,
): Promise<void> {
  if (bytes.length === 0) return;
  await files.makeDirectory(`${directory}/recovered`);
  const names = await namesFor(files, directory, seq);
  for (const name of names) {
    const kept = await files.read(`${directory}/recovered/${name}`);
    if (!name.endsWith(`.${because}`) || kept === undefined) continue;
    if (view(kept.subarray(0, bytes.length)).equals(view(bytes))) return;
  }
  const path = `${directory}/recovered/${seq}.${names.length + 1}.${because}`;
  await files.replace(path, bytes);
}

/** What was set aside and waits for the event at `seq` to say so. */
export async function pendingCuts(
  files: Files,
  directory: string,
  seq: number,
  wanted: (name: string) => boolean,
): Promise<readonly CutBytes[]> {
  const cuts: CutBytes[] = [];
  for (const name of await namesFor(files, directory, seq)) {
    const bytes = await files.read(`${directory}/recovered/${name}`);
    if (bytes === undefined || !wanted(name)) continue;
    const because = name.split('.')[2] as string;
    const file = `recovered/${name}`;
    cuts.push({ file, bytes: bytes.length, sha256: sha256(bytes), because });
  }
  return cuts;
}

async function namesFor(files: Files, directory: string, seq: number): Promise<readonly string[]> {
  const names = (await files.list(`${directory}/recovered`)) ?? [];
  return names.filter((name) => name.startsWith(`${seq}.`) && !name.endsWith('.tmp'));
}
