/** Makes a data directory for this machine. What is there already stays as it is. */
import { hostname } from 'node:os';
import type { Made } from '#cli';
import { parseInventory, sampleInventory } from '#inventory';
import { nodeFiles } from '#machine';
import { HOST_TYPES, type HostType } from '#model';
import { pathsOf } from './data-directory.ts';
import { privateHome } from './private-directory.ts';

export async function initialise(home: string): Promise<Made> {
  const files = nodeFiles();
  const paths = pathsOf(home);
  await privateHome(files, paths.home);
  const made = { home, inventory: paths.inventory };
  if ((await files.info(paths.inventory)) !== undefined) return { ...made, created: false };
  const text = sampleInventory({ hostname: hostname(), hostType: await thisHostType() });
  parseInventory(text, paths.inventory);
  await files.replace(paths.inventory, Buffer.from(text), 0o600);
  return { ...made, created: true };
}

async function thisHostType(): Promise<HostType> {
  const release = await nodeFiles().read('/etc/os-release');
  const id = /^ID="?([a-z]+)"?$/m.exec(
    release === undefined ? '' : Buffer.from(release).toString('utf8'),
  )?.[1];
  return HOST_TYPES.find((type) => type === id) ?? 'linux';
}
