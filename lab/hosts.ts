/**
 * Real hosts for tests: containers that boot systemd, on this machine and gone with their maker.
 *
 * A bare host has no network unless it is asked for, and the checkout is mounted read-only at
 * /opt/holdfast, so Holdfast can run inside; what Node compiled of it is kept for the next host.
 * Hosts that are reached over SSH are fleet hosts (fleet.ts). Hosts whose maker died are removed by
 * the next one who makes any, and end by themselves after half an hour.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureImage, IMAGE, type Image, imageName } from './image.ts';
import { LIFE_SECONDS, ours, PREFIX, reap, remove, thisOwner } from './owned.ts';
import { CACHE, LABEL, podman, type Ran, ROOT, type RunOptions, run, well } from './podman.ts';

const NETWORK = 'holdfast-lab';
const BOOT_MS = 60_000;
/** Where bin/holdfast-node has Node keep what it compiled. */
const COMPILED = 'node_modules/.cache/holdfast';

export type HostOptions = {
  /** A bridge of the lab's own, without a way out, where hosts have names; or nothing but loopback (the default). */
  readonly network?: 'none' | 'lab';
};

export interface Host extends AsyncDisposable {
  readonly name: string;
  readonly container: string;
  /** What stands before an argv to run it there. */
  readonly door: readonly [string, ...string[]];
  exec(argv: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Its standard output; throws with what it said when it does not exit 0. */
  must(argv: readonly string[], options?: RunOptions): Promise<string>;
  /** Puts a file there, with its directories. */
  copy(content: string | Uint8Array, path: string, mode?: string): Promise<void>;
}

/** Why there can be no lab host here, or nothing when there can. Makes the image on the way. */
export async function whyNoLab(
  say: (line: string) => void,
  image: Image = 'bare',
): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it needs root';
  const tools = ['podman', 'runc', 'debootstrap', 'tar', 'chroot'];
  if (image === 'fleet') tools.push('ssh', 'ssh-keygen', 'nsenter', 'ip', 'ss', 'iptables');
  for (const tool of tools) {
    const found = await run(['sh', '-c', 'command -v "$1"', 'sh', tool]);
    if (found.exit !== 0) return `${tool} is not installed`;
  }
  await reap();
  try {
    await ensureImage(image, say);
  } catch (trouble) {
    return trouble instanceof Error ? trouble.message : String(trouble);
  }
  const tried = await podman(['run', '--rm', '--network=none', imageName(image), 'true']);
  return tried.exit === 0 ? undefined : `no containers here: ${tried.stderr.trim().slice(-300)}`;
}

/** A booted host. It is removed when disposed of, and when this process ends. */
export async function startHost(
  name: string,
  { network = 'none' }: HostOptions = {},
): Promise<Host> {
  if (network === 'lab') await ensureNetwork();
  const host = hostOf(name, `${PREFIX}${process.pid}-${name}`);
  ours.containers.add(host.container);
  try {
    await runContainer(host, IMAGE, [
      '--rm',
      `--label=${LABEL}=${thisOwner()}`,
      `--volume=${ROOT}:/opt/holdfast:ro`,
      `--volume=${compiled()}:/opt/holdfast/${COMPILED}`,
      ...(network === 'lab'
        ? [`--network=${NETWORK}`, `--network-alias=${name}`]
        : ['--network=none']),
      `--timeout=${LIFE_SECONDS}`,
    ]);
    await booted(host);
  } catch (trouble) {
    await host[Symbol.asyncDispose]();
    throw trouble;
  }
  return host;
}

/** Starts the container; systemd in it may still be starting. */
export async function runContainer(
  { name, container }: Host,
  image: string,
  options: readonly string[],
): Promise<void> {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) throw new Error(`lab: not a name for a host: ${name}`);
  const usual = [`--name=${container}`, `--hostname=${name}`, '--systemd=always'];
  well(`the start of ${name}`, await podman(['run', '-d', ...usual, ...options, image]));
}

/** A host that runs already. */
export function hostOf(
  name: string,
  container: string,
  door: readonly [string, ...string[]] = ['podman', 'exec', '-i', container],
): Host {
  const exec: Host['exec'] = (argv, options) => run([...door, ...argv], options);
  const must: Host['must'] = async (argv, options) =>
    well(`${argv.join(' ')} on ${name}`, await exec(argv, options));
  return {
    name,
    container,
    door,
    exec,
    must,
    copy: async (content, path, mode = '0644') => {
      await must(['install', '-D', '-m', mode, '/dev/stdin', path], { stdin: content });
    },
    [Symbol.asyncDispose]: () => remove([{ kind: 'container', name: container }]),
  };
}

/**
 * The same host through another door: twenty times as fast as podman's, for whoever asks often. What
 * is run stays in the control group of the caller, and has all of root's capabilities.
 */
export async function entered(host: Pick<Host, 'name' | 'container'>): Promise<Host> {
  const door = ['nsenter', `--target=${await firstProcess(host)}`, '--all'] as const;
  return hostOf(host.name, host.container, [...door]);
}

/** The number of a host's systemd on this machine. */
export async function firstProcess({ container }: Pick<Host, 'container'>): Promise<number> {
  const format = ['inspect', '--format', '{{.State.Pid}}', container];
  return Number(well('podman inspect', await podman(format)));
}

/** Without it every start of a program there reads all of its source again: two seconds instead of half of one. */
function compiled(): string {
  // What is mounted read-only has to have the place for the other mount.
  mkdirSync(join(ROOT, COMPILED), { recursive: true });
  const path = join(CACHE, 'compiled');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

async function booted(host: Host): Promise<void> {
  const deadline = performance.now() + BOOT_MS;
  let state = '';
  while (performance.now() < deadline) {
    state = (await host.exec(['systemctl', 'is-system-running'])).stdout.trim();
    if (state === 'running' || state === 'degraded') return;
    await sleep(200);
  }
  throw new Error(`lab: ${host.name} did not boot within ${BOOT_MS / 1000} s: ${state}`);
}

async function ensureNetwork(): Promise<void> {
  if ((await podman(['network', 'exists', NETWORK])).exit === 0) return;
  well('podman network create', await podman(['network', 'create', '--internal', NETWORK]));
}
