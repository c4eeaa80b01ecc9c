/**
 * Plans as they were saved: a file that can be applied, and beside it what is known of it. Both hold secrets
 * and stay in our own directory. A file that is not byte for byte what was saved is no plan any more.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import type { Files } from '#base/ports';
import type { ResourceChange } from './read-plan.ts';

const SUFFIX = '.tfplan';
const KEPT = 12;
const MODE = 0o600;
const NAME = /^plan-[0-9a-f]{16}$/;

export type KeptPlan = {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly basis: string;
  readonly madeAt: string;
  readonly program: string;
  readonly version: string;
  readonly counts: Readonly<Record<ResourceChange['action'], number>>;
  /** Masked. */
  readonly changes: Json;
};

/** Newest first; what was altered, or is no plan of ours, is not among them. */
export async function keptPlans(files: Files, directory: string): Promise<readonly KeptPlan[]> {
  const found: KeptPlan[] = [];
  for (const file of (await files.list(directory)) ?? []) {
    const name = file.endsWith('.json') ? file.slice(0, -'.json'.length) : '';
    if (!NAME.test(name)) continue;
    const about = await aboutOf(files, `${directory}/${file}`);
    const path = `${directory}/${name}${SUFFIX}`;
    if (about === undefined || about.name !== name) continue;
    const isFile = (await files.info(path))?.kind === 'file';
    const bytes = isFile ? await files.read(path) : undefined;
    if (bytes !== undefined && sha256(bytes) === about.sha256) found.push({ ...about, path });
  }
  return found.toSorted((a, b) => (a.madeAt < b.madeAt ? 1 : a.madeAt > b.madeAt ? -1 : 0));
}

async function aboutOf(files: Files, path: string): Promise<KeptPlan | undefined> {
  const bytes = await files.read(path);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as KeptPlan;
  } catch {
    return undefined;
  }
}

/** Keeps a plan under the name of its bytes; the oldest go, never the one that is kept now. */
export async function keepPlan(
  files: Files,
  directory: string,
  bytes: Uint8Array,
  about: Omit<KeptPlan, 'name' | 'path' | 'sha256'>,
): Promise<KeptPlan> {
  const digest = sha256(bytes);
  const name = `plan-${digest.slice(0, 16)}`;
  const path = `${directory}/${name}${SUFFIX}`;
  const kept: KeptPlan = { ...about, name, path, sha256: digest };
  await files.replace(path, bytes, MODE);
  const text = canonicalJson(kept as unknown as Json);
  await files.replace(`${directory}/${name}.json`, Buffer.from(text), MODE);
  await prune(files, directory, name);
  return kept;
}

async function prune(files: Files, directory: string, newest: string): Promise<void> {
  const keep = new Set(
    (await keptPlans(files, directory)).slice(0, KEPT).map(({ name }) => name),
  ).add(newest);
  for (const file of (await files.list(directory)) ?? []) {
    const name = file.replace(/\.(?:json|tfplan)$/, '');
    if (NAME.test(name) && !keep.has(name)) await files.remove(`${directory}/${file}`);
  }
}
