/** The catalogue in force: what is shipped, and the operator's own actions and runbooks beside `fleet.yaml`. */
import { join } from 'node:path';
import type { Files } from '#base/ports';
import {
  type Action,
  buildCatalogue,
  type Catalogue,
  parseActions,
  parseRunbook,
  SHIPPED_FILES,
} from '#catalogue';
import { type PublishedActions, parsePublished } from '#rehearsal';
import type { Paths } from './data-directory.ts';
import { stampOfFolder } from './file-stamp.ts';
import { Kept } from './kept.ts';
import { ROOT } from './program-version.ts';
import { readTextFolder } from './text-folder.ts';

const SHIPPED = join(ROOT, 'src', 'catalogue', 'actions');
const isYaml = (name: string): boolean => name.endsWith('.yaml');

export function catalogueKeeper(files: Files, paths: Paths): () => Promise<Catalogue> {
  let shipped: readonly Action[] | undefined;
  const kept = new Kept(
    () => {
      const stamps = [stampOfFolder(paths.catalogue), stampOfFolder(paths.runbooks)];
      return stamps.includes(undefined) ? undefined : stamps.join('\n');
    },
    async () => {
      shipped ??= await readShipped(files);
      const own = (await readTextFolder(files, paths.catalogue, isYaml)) ?? [];
      const books = (await readTextFolder(files, paths.runbooks, isYaml)) ?? [];
      const { byDigest } = await readPublished(files, paths);
      return buildCatalogue({
        actions: [...shipped, ...own.flatMap(({ text, path }) => parseActions(text, path, false))],
        runbooks: books.map(({ text, path }) => parseRunbook(text, path, false)),
        published: new Set(byDigest.keys()),
      });
    },
  );
  return () => kept.get();
}

/** What has passed its contract test: a file in the catalogue's folder, so part of what is signed. */
export function publishedFile({ catalogue }: Paths): string {
  return join(catalogue, 'published.jsonl');
}

export async function readPublished(files: Files, paths: Paths): Promise<PublishedActions> {
  const bytes = await files.read(publishedFile(paths));
  return parsePublished(Buffer.from(bytes ?? '').toString('utf8'));
}

async function readShipped(files: Files): Promise<readonly Action[]> {
  const read: Action[] = [];
  for (const name of SHIPPED_FILES) {
    const path = join(SHIPPED, name);
    const bytes = await files.read(path);
    read.push(...parseActions(Buffer.from(bytes ?? '').toString('utf8'), `shipped/${name}`, true));
  }
  return read;
}
