/**
 * What the lab has made on this machine and who owns it: containers and networks, by a label. They go
 * with their maker; those of a maker that was killed go when the next one comes. `kept` ones stay
 * until they are taken down.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, LABEL, podman, well } from './podman.ts';

export const PREFIX = 'holdfast-lab-';
export const KEPT = 'kept';
const FLEETS = join(CACHE, 'fleets');
/** A host that is not kept ends by itself. */
export const LIFE_SECONDS = 1800;

/** What this process has made and not yet removed. */
export const ours = {
  containers: new Set<string>(),
  networks: new Set<string>(),
  directories: new Set<string>(),
};

export type Owned = {
  readonly kind: 'container' | 'network';
  readonly name: string;
  readonly owner: string;
};

/** This process and no other that once had or will have its number. */
export function thisOwner(): string {
  return `${process.pid}.${startedAt(process.pid)}`;
}

export async function owned(): Promise<Owned[]> {
  // Networks are listed with all their labels as one text, and have no other.
  const rows = async (kind: Owned['kind'], argv: string[], format: string): Promise<Owned[]> => {
    const asked = [...argv, '--filter', `label=${LABEL}`, '--format', format];
    const told = well(`podman ${argv.join(' ')}`, await podman(asked));
    return told.split('\n').flatMap((line) => {
      const [name = '', owner = ''] = line.replace(`${LABEL}=`, '').split(' ');
      return owner === '' ? [] : [{ kind, name, owner }];
    });
  };
  return [
    ...(await rows('container', ['ps', '-a'], `{{.Names}} {{index .Labels "${LABEL}"}}`)),
    ...(await rows('network', ['network', 'ls'], '{{.Name}} {{.Labels}}')),
  ];
}

/** Removes what belongs to makers that are no more. */
export async function reap(): Promise<void> {
  await remove((await owned()).filter(({ owner }) => owner !== KEPT && isGone(owner)));
  if (!existsSync(FLEETS)) return;
  for (const name of readdirSync(FLEETS))
    if (isGone(name.split('-')[0] ?? ''))
      rmSync(join(FLEETS, name), { recursive: true, force: true });
}

/** For the files of a fleet of this process. */
export function ownDirectory(): string {
  mkdirSync(FLEETS, { recursive: true });
  const directory = mkdtempSync(join(FLEETS, `${thisOwner()}-`));
  ours.directories.add(directory);
  return directory;
}

function isGone(owner: string): boolean {
  const [pid = '', started = ''] = owner.split('.');
  return startedAt(Number(pid)) !== started;
}

/** Containers first: a network in use stays. A network that somebody else has just removed is fine. */
export async function remove(
  things: readonly Pick<Owned, 'kind' | 'name'>[],
  { isStrict = false } = {},
): Promise<void> {
  const named = (kind: Owned['kind']): string[] =>
    things.filter((each) => each.kind === kind).map(({ name }) => name);
  const [containers, networks] = [named('container'), named('network')];
  if (containers.length > 0) {
    const ran = await podman(['rm', '-f', '-i', '-t', '0', ...containers], { timeoutMs: 120_000 });
    if (isStrict) well('podman rm', ran);
    for (const name of containers) ours.containers.delete(name);
  }
  if (networks.length > 0) {
    const ran = await podman(['network', 'rm', ...networks]);
    if (isStrict) well('podman network rm', ran);
    for (const name of networks) ours.networks.delete(name);
  }
}

/** When a process began, in the kernel's ticks: with its number it is one process and no other. */
function startedAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return 'gone';
  }
}

process.once('exit', () => {
  const { containers, networks, directories } = ours;
  if (containers.size > 0) spawnSync('podman', ['rm', '-f', '-i', '-t', '0', ...containers]);
  if (networks.size > 0) spawnSync('podman', ['network', 'rm', ...networks]);
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});
