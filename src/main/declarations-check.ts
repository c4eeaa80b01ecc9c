/** Files of declarations held against their forms, without a service: before they are committed or signed. */
import { basename, join, relative } from 'node:path';
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import { type Instant, parseInstant } from '#base/time';
import {
  type About,
  type ContentFile,
  GIT_LIMITS,
  gitMaker,
  readDeclarationSettings,
} from '#declarations';
import { type Inventory, parseInventory } from '#inventory';
import { nodeFiles, nodeMachineFiles, nodePrograms } from '#machine';
import { pathsOf } from './data-directory.ts';
import { SETTINGS_FILE } from './declaration-content.ts';
import { DeclarationsKeeper } from './declarations-keeper.ts';

/** Of a check only: no declaration of a file depends on it. */
const ANY_MOMENT: Instant = parseInstant('2026-01-01T00:00:00Z');
const MOST_DEPTH = 9;
const FILE_BYTES = 1_048_576;

export async function checkDeclarations(home: string, path: string | null): Promise<Json> {
  const checked: string[] = [];
  const problems: string[] = [];
  const inventory = await inventoryOf(home);
  try {
    if (path === null) await checkHome(home, inventory, checked, problems);
    else await checkPath(path, inventory, checked, problems);
  } catch (thrown) {
    problems.push(asFault(thrown).message);
  }
  return { ok: problems.length === 0, checked, problems: [...new Set(problems)] };
}

/** Without one, files are only read: what they come to differs from target to target. */
async function inventoryOf(home: string): Promise<Inventory | undefined> {
  try {
    const bytes = await nodeFiles().read(pathsOf(home).inventory);
    if (bytes === undefined) return undefined;
    return parseInventory(Buffer.from(bytes).toString('utf8'), 'fleet.yaml');
  } catch {
    return undefined;
  }
}

async function checkHome(
  home: string,
  inventory: Inventory | undefined,
  checked: string[],
  problems: string[],
): Promise<void> {
  const keeper = new DeclarationsKeeper({
    files: nodeFiles(),
    programs: nodePrograms(),
    machineFiles: nodeMachineFiles(),
    paths: pathsOf(home),
    inventory: async () => inventory ?? parseInventory('version: 1\n', 'fleet.yaml'),
    wasStored: async () => false,
  });
  const now = await keeper.refresh();
  checked.push(...now.sources.map(({ id }) => id));
  problems.push(...now.problems.map(({ message }) => message));
  for (const target of inventory?.targets ?? [])
    for (const source of keeper.sourcesOf(target)) {
      if (source.problem !== null) continue;
      collect(problems, () => source.make({ target, facts: () => [], now: ANY_MOMENT }));
    }
}

async function checkPath(
  path: string,
  inventory: Inventory | undefined,
  checked: string[],
  problems: string[],
): Promise<void> {
  const info = await nodeMachineFiles().stat(path);
  if (info?.kind === 'file' && basename(path) === SETTINGS_FILE) {
    readDeclarationSettings(await textAt(path), basename(path));
    checked.push(basename(path));
    return;
  }
  const files =
    info?.kind === 'directory'
      ? await filesBelow(path)
      : [{ file: basename(path), text: await textAt(path) }];
  checked.push(...files.map(({ file }) => file));
  const baselines = gitMaker.read(files);
  for (const target of inventory?.targets ?? []) {
    const about: About = { target, facts: () => [], now: ANY_MOMENT };
    collect(problems, () => gitMaker.compile(baselines, { name: 'check', at: path }, about));
  }
}

function collect(problems: string[], make: () => unknown): void {
  try {
    make();
  } catch (thrown) {
    problems.push(asFault(thrown).message);
  }
}

/** As they would be read from a repository: hidden ones are of others, and no link is followed. */
async function filesBelow(root: string): Promise<readonly ContentFile[]> {
  const machine = nodeMachineFiles();
  const found: ContentFile[] = [];
  const walk = async (directory: string, depth: number): Promise<void> => {
    for (const name of (await machine.list(directory)) ?? []) {
      const path = join(directory, name);
      const kind = name.startsWith('.') ? undefined : (await machine.stat(path))?.kind;
      if (kind === 'directory' && depth < MOST_DEPTH) await walk(path, depth + 1);
      else if (kind === 'file' && /\.ya?ml$/.test(name) && found.length <= GIT_LIMITS.files)
        found.push({ file: relative(root, path), text: await textAt(path) });
    }
  };
  await walk(root, 0);
  return found;
}

async function textAt(path: string): Promise<string> {
  const bytes = await nodeMachineFiles().read(path, FILE_BYTES);
  if (bytes === undefined)
    throw new Fault('missing', 'file-missing', `there is no such file: ${path}. Correct the path`);
  return new TextDecoder('utf-8').decode(bytes);
}
