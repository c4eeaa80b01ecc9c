/** Files that a crash or someone left beside the log, and the bytes that were set aside. */
import { hash } from 'node:crypto';
import type { Files } from '#base/ports';
import { frameAt, journalPath } from './journal.ts';
import type { Layout } from './layout.ts';
import type { Findings } from './report.ts';
import { bundlePath, encodeBundle, view } from './tiles.ts';
import { TILE_WIDTH } from './tree.ts';

export type Leftovers = {
  /** Bundles that are whole. */
  readonly folded: number;
  /** Records in all. */
  readonly size: number;
  /** Tiles that wait for their bundle. */
  readonly waiting: ReadonlySet<string>;
  /** What events say was set aside. */
  readonly cuts: readonly {
    readonly seq: number;
    readonly file: string;
    readonly sha256: string;
  }[];
};

export async function checkLeftovers(
  files: Files,
  directory: string,
  layout: Layout,
  left: Leftovers,
  findings: Findings,
): Promise<void> {
  await checkStrays(files, directory, layout, left, findings);
  await checkRecovered(files, directory, layout, left, findings);
}

/** A journal that is folded already goes last; until then it must say the same. */
async function compareFolded(
  files: Files,
  directory: string,
  bundle: number,
  findings: Findings,
): Promise<void> {
  const file = journalPath(directory, bundle);
  const journal = await files.read(file);
  const bytes = await files.read(bundlePath(directory, bundle));
  if (journal === undefined || bytes === undefined) return;
  const entries: Buffer[] = [];
  for (let at = 0; ; ) {
    const frame = frameAt(view(journal), at);
    if (frame === undefined) break;
    entries.push(frame.entry);
    at = frame.end;
  }
  if (encodeBundle(entries).equals(bytes)) {
    findings.notes.push(`${file} is folded already and waits for its removal`);
  } else {
    const seq = bundle * TILE_WIDTH;
    findings.problem('stray-file', file, 'a journal says other than its bundle', { seq });
  }
}

async function checkStrays(
  files: Files,
  directory: string,
  layout: Layout,
  left: Leftovers,
  findings: Findings,
): Promise<void> {
  for (const [number, file] of layout.entries) {
    if (number < left.folded) continue;
    findings.problem('stray-file', file, 'a bundle stands beyond the log', {
      seq: number * TILE_WIDTH,
    });
  }
  for (const { level, index, file } of layout.tiles) {
    if (index < Math.floor(left.folded / TILE_WIDTH ** level) || left.waiting.has(file)) continue;
    findings.problem('stray-file', file, 'a tile stands beyond the log');
  }
  for (const number of layout.journals) {
    if (number < left.folded) await compareFolded(files, directory, number, findings);
  }
  for (const file of layout.strays) {
    findings.problem('stray-file', file, 'no part of the log has this name');
  }
}

async function checkRecovered(
  files: Files,
  directory: string,
  layout: Layout,
  left: Leftovers,
  findings: Findings,
): Promise<void> {
  for (const cut of left.cuts) {
    const bytes = await files.read(`${directory}/${cut.file}`);
    if (bytes !== undefined && hash('sha256', bytes, 'hex') === cut.sha256) continue;
    const what = bytes === undefined ? 'the bytes that were cut are gone' : 'they were changed';
    findings.problem('recovered-differs', cut.file, what, { seq: cut.seq });
  }
  const spoken = new Set(left.cuts.map((cut) => cut.file));
  for (const name of layout.recovered) {
    if (spoken.has(`recovered/${name}`)) continue;
    if (name.startsWith(`${left.size}.`)) {
      findings.notes.push(`recovered/${name} waits for its event`);
    } else {
      findings.problem('stray-file', `recovered/${name}`, 'no event speaks of it');
    }
  }
}
