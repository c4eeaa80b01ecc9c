/** The catalogue in force: what is shipped, and the operator's own actions and runbooks beside `fleet.yaml`. */
import { join } from 'node:path';
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import type { Files } from '#base/ports';
import {
  type Action,
  buildCatalogue,
  type Catalogue,
  parseActions,
  parseRunbook,
  type Runnable,
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

/**
 * As an operator signs it: actions, commands and, where there are any, what `automation.yaml` names and
 * `collectors.yaml` itself, in one.
 */
export function catalogueDigestOf(
  { digest }: Catalogue,
  commands: string,
  automation: string | undefined,
  collectors: string | undefined,
): string {
  const all: Json[] =
    automation === undefined ? [digest, commands] : [digest, commands, automation];
  if (collectors !== undefined) all.push({ collectors });
  return digestOf(all).replace(/^sha256:/, '');
}

export function catalogueKeeper(files: Files, paths: Paths): () => Promise<Catalogue> {
  let shipped: readonly Action[] | undefined;
  const kept = new Kept(
    () => {
      const stamps = [stampOfFolder(paths.catalogue), stampOfFolder(paths.runbooks)];
      return stamps.includes(undefined) ? undefined : stamps.join('\n');
    },
    async () => {
      shipped ??= await readShipped(files);
      return catalogueOf([...shipped, ...(await readOwn(files, paths))], files, paths);
    },
  );
  return () => kept.get();
}

export async function catalogueOf(
  all: readonly Runnable[],
  files: Files,
  paths: Paths,
): Promise<Catalogue> {
  const { byDigest } = await readPublished(files, paths);
  return buildCatalogue({
    actions: all.filter((each) => each.kind === 'action'),
    runbooks: all.filter((each) => each.kind === 'runbook'),
    published: new Set(byDigest.keys()),
  });
}

/** The operator's own. */
export async function readOwn(files: Files, paths: Paths): Promise<readonly Runnable[]> {
  const own = (await readTextFolder(files, paths.catalogue, isYaml)) ?? [];
  const books = (await readTextFolder(files, paths.runbooks, isYaml)) ?? [];
  return [
    ...own.flatMap(({ text, path }) => parseActions(text, path, false)),
    ...books.map(({ text, path }) => parseRunbook(text, path, false)),
  ];
}

/** What has passed its contract test: a file in the catalogue's folder, so part of what is signed. */
export function publishedFile({ catalogue }: Paths): string {
  return join(catalogue, 'published.jsonl');
}

export async function readPublished(files: Files, paths: Paths): Promise<PublishedActions> {
  const bytes = await files.read(publishedFile(paths));
  return parsePublished(Buffer.from(bytes ?? '').toString('utf8'));
}

export async function readShipped(files: Files): Promise<readonly Action[]> {
  const read: Action[] = [];
  for (const name of SHIPPED_FILES) {
    const path = join(SHIPPED, name);
    const bytes = await files.read(path);
    read.push(...parseActions(Buffer.from(bytes ?? '').toString('utf8'), `shipped/${name}`, true));
  }
  return read;
}
