/**
 * Real hosts for tests: containers that boot systemd, on this machine and gone with their maker.
 *
 *   bin/holdfast-node lab/hosts.ts up web-1
 *   bin/holdfast-node lab/hosts.ts exec web-1 systemctl status lab-web
 *   bin/holdfast-node lab/hosts.ts down web-1     (or: down, for all that were made with up)
 *
 * The checkout is mounted read-only at /opt/holdfast, so Holdfast can run inside. A host has no network
 * unless it is asked for. Hosts whose maker died are removed by the next one who makes any, and end
 * by themselves after half an hour.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureImage, IMAGE } from './image.ts';
import { LABEL, podman, type Ran, ROOT, type RunOptions, run, well } from './podman.ts';

const PREFIX = 'holdfast-lab-';
const KEPT = 'kept';
const NETWORK = 'holdfast-lab';
const LIFE_SECONDS = 1800;
const BOOT_MS = 60_000;
/** Hosts of this process that are still up. */
const OURS = new Set<string>();

export type HostOptions = {
  /** A bridge of the lab's own, without a way out, where hosts have names; or nothing but loopback (the default). */
  readonly network?: 'none' | 'lab';
  /** Stays until `down`, also when its maker has ended. */
  readonly isKept?: boolean;
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
export async function whyNoLab(say: (line: string) => void): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it needs root';
  for (const tool of ['podman', 'runc', 'debootstrap', 'tar', 'chroot']) {
    const found = await run(['sh', '-c', 'command -v "$1"', 'sh', tool]);
    if (found.exit !== 0) return `${tool} is not installed`;
  }
  await reap();
  try {
    await ensureImage(say);
  } catch (trouble) {
    return trouble instanceof Error ? trouble.message : String(trouble);
  }
  const tried = await podman(['run', '--rm', '--network=none', IMAGE, 'true']);
  return tried.exit === 0 ? undefined : `no containers here: ${tried.stderr.trim().slice(-300)}`;
}

/** A booted host. It is removed when disposed of, and when this process ends. */
export async function startHost(name: string, options: HostOptions = {}): Promise<Host> {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) throw new Error(`lab: not a name for a host: ${name}`);
  const { network = 'none', isKept = false } = options;
  if (network === 'lab') await ensureNetwork();
  const owner = isKept ? KEPT : `${process.pid}.${startedAt(process.pid)}`;
  const container = `${PREFIX}${isKept ? KEPT : process.pid}-${name}`;
  const host = hostOf(name, container);
  if (!isKept) OURS.add(container);
  try {
    well(
      `the start of ${name}`,
      await podman([
        'run',
        '-d',
        '--rm',
        `--name=${container}`,
        `--hostname=${name}`,
        `--label=${LABEL}=${owner}`,
        '--systemd=always',
        `--volume=${ROOT}:/opt/holdfast:ro`,
        ...(network === 'lab'
          ? [`--network=${NETWORK}`, `--network-alias=${name}`]
          : ['--network=none']),
        ...(isKept ? [] : [`--timeout=${LIFE_SECONDS}`]),
        IMAGE,
      ]),
    );
    await booted(host);
  } catch (trouble) {
    await host[Symbol.asyncDispose]();
    throw trouble;
  }
  return host;
}

/** A host that runs already, such as one made with `up`. */
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
    [Symbol.asyncDispose]: async () => {
      await podman(['rm', '-f', '-i', '-t', '0', container]);
      OURS.delete(container);
    },
  };
}

/**
 * The same host through another door: twenty times as fast as podman's, for whoever asks often. What
 * is run stays in the control group of the caller.
 */
export async function entered({ name, container }: Host): Promise<Host> {
  const format = ['inspect', '--format', '{{.State.Pid}}', container];
  const pid = well('podman inspect', await podman(format)).trim();
  return hostOf(name, container, ['nsenter', `--target=${pid}`, '--all']);
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

/** Removes hosts whose maker is no more. */
async function reap(): Promise<void> {
  for (const { container, owner } of await hosts()) {
    const [pid = '', started = ''] = owner.split('.');
    if (owner === KEPT || startedAt(Number(pid)) === started) continue;
    await podman(['rm', '-f', '-i', '-t', '0', container]);
  }
}

async function hosts(): Promise<{ container: string; owner: string }[]> {
  const format = `{{.Names}} {{index .Labels "${LABEL}"}}`;
  const { stdout } = await podman(['ps', '-a', '--filter', `label=${LABEL}`, '--format', format]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [container = '', owner = ''] = line.split(' ');
      return { container, owner };
    });
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
  if (OURS.size > 0) spawnSync('podman', ['rm', '-f', '-i', '-t', '0', ...OURS]);
});

async function main([verb = '', name = '', ...argv]: readonly string[]): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const container = `${PREFIX}${KEPT}-${name}`;
  switch (verb) {
    case 'up': {
      const why = await whyNoLab(say);
      if (why === undefined) {
        await startHost(name, { isKept: true, network: argv[0] === '--network' ? 'lab' : 'none' });
        return 0;
      }
      say(`lab: no hosts here: ${why}`);
      return 75;
    }
    case 'exec':
      return (
        spawnSync('podman', ['exec', '-i', container, ...argv], { stdio: 'inherit' }).status ?? 1
      );
    case 'down': {
      const kept = (await hosts()).filter(({ owner }) => owner === KEPT);
      const chosen = name === '' ? kept : kept.filter((each) => each.container === container);
      for (const each of chosen) await podman(['rm', '-f', '-i', '-t', '0', each.container]);
      return 0;
    }
    default:
      say('usage: lab/hosts.ts up NAME [--network] | exec NAME COMMAND… | down [NAME]');
      return 2;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
