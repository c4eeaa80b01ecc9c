/** Good values for tests: what ships, and a judge over it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandEntry, Surroundings } from './entry.ts';
import { buildJudge, type Judge } from './judge.ts';
import { parseEntries } from './read-entries.ts';
import { parsePlaces } from './read-paths.ts';
import { SHIPPED_PATHS } from './shipped.ts';

const ENTRIES = join(import.meta.dirname, 'entries');

export function shippedText(file: string): string {
  return readFileSync(join(ENTRIES, file), 'utf8');
}

export function shippedFiles(): readonly string[] {
  return readdirSync(ENTRIES)
    .filter((file) => file.endsWith('.yaml'))
    .toSorted();
}

let shipped: readonly CommandEntry[] | null = null;

/** Read once: the files are large. */
export function shippedEntries(): readonly CommandEntry[] {
  shipped ??= shippedFiles().flatMap((file) => parseEntries(shippedText(file), file, true));
  return shipped;
}

export function someSurroundings(over: Partial<Surroundings> = {}): Surroundings {
  const text = readFileSync(join(import.meta.dirname, SHIPPED_PATHS), 'utf8');
  const { paths } = parsePlaces(text, SHIPPED_PATHS, true);
  return { paths, networks: ['10.0.0.0/8', 'fd12::/16'], hosts: ['web-1', 'db-1'], ...over };
}

export function shippedJudge(over: Partial<Surroundings> = {}): Judge {
  return buildJudge(shippedEntries(), someSurroundings(over));
}

/** A judge over the entries of `yaml` alone. */
export function aJudge(yaml: string, over: Partial<Surroundings> = {}): Judge {
  return buildJudge(
    parseEntries(`family: test\nentries:\n${yaml}`, 'test.yaml', true),
    someSurroundings(over),
  );
}
