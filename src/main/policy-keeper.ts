/**
 * The policies and settings in force: the operator's own folder `policy/`, or what is shipped while
 * there is none. A folder that cannot be read, or does not hold, leaves nothing in force.
 */

import { join } from 'node:path';
import { CAPABILITIES, PROFILES } from '#access';
import { sha256 } from '#base/digest';
import type { Files } from '#base/ports';

import {
  DEFAULT_SETTINGS,
  type LoadedPolicies,
  loadPolicies,
  type PolicyFile,
  parseSettings,
  type Settings,
  SHIPPED_FILES,
} from '#policy';
import type { Paths } from './data-directory.ts';
import { stampOfFolder } from './file-stamp.ts';
import { Kept } from './kept.ts';
import { ROOT } from './program-version.ts';
import { readTextFolder, type TextFile } from './text-folder.ts';

export const SHIPPED_POLICIES = join(ROOT, 'src', 'policy', 'shipped');
export const SETTINGS_FILE = 'settings.yaml';
const VOCABULARY = { profiles: Object.keys(PROFILES), capabilities: [...CAPABILITIES] };

export type PoliciesInForce = {
  readonly engine: LoadedPolicies;
  readonly settings: Settings;
  readonly files: readonly PolicyFile[];
  /** SHA-256 over everything that decides. */
  readonly digest: string;
};

export function policyKeeper(files: Files, paths: Paths): () => Promise<PoliciesInForce> {
  const kept = new Kept(
    () => stampOfFolder(paths.policy),
    async () => {
      const own = await readOwnPolicy(files, paths);
      const settingsFile = own?.find(({ name }) => name === SETTINGS_FILE);
      const settings =
        settingsFile === undefined
          ? DEFAULT_SETTINGS
          : parseSettings(settingsFile.text, `policy/${SETTINGS_FILE}`);
      const ownPolicies = (own ?? []).filter(({ name }) => name !== SETTINGS_FILE);
      const policies =
        ownPolicies.length > 0
          ? ownPolicies.map(({ name, text }) => ({ path: `policy/${name}`, text }))
          : await readShipped(files);
      const engine = loadPolicies(policies, settings, VOCABULARY);
      return { engine, settings, files: policies, digest: sha256(engine.digest) };
    },
  );
  return () => kept.get();
}

/** The operator's own files; `undefined` while there is no such folder. */
export function readOwnPolicy(
  files: Files,
  paths: Pick<Paths, 'policy'>,
): Promise<readonly TextFile[] | undefined> {
  return readTextFolder(
    files,
    paths.policy,
    (name) => /\.(?:cedar|cedarschema)$/.test(name) || name === SETTINGS_FILE,
  );
}

/** What may be written there: a plain name in the folder itself. */
export function isPolicyName(name: string): boolean {
  return name === SETTINGS_FILE || /^[a-z0-9][a-z0-9_-]{0,63}\.(?:cedar|cedarschema)$/.test(name);
}

export async function readShipped(files: Files): Promise<readonly PolicyFile[]> {
  const read: PolicyFile[] = [];
  for (const name of SHIPPED_FILES) {
    const bytes = await files.read(join(SHIPPED_POLICIES, name));
    read.push({ path: `shipped/${name}`, text: Buffer.from(bytes ?? '').toString('utf8') });
  }
  return read;
}
