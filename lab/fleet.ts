/**
 * A fleet: hosts with addresses, reached over SSH as an operator reaches theirs, with an ssh_config and
 * the host keys they really have. Hosts of kind `inner` stand behind the bastion on a network that this
 * machine has no address on. Fleets of different processes share nothing; none has a way out.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type FaultName, fault } from './faults.ts';
import { type Host, hostOf, runContainer } from './hosts.ts';
import { imageName } from './image.ts';
import { type Kind, SETUP } from './kinds.ts';
import { at, attached, makeNetwork, type Network, reachable } from './networks.ts';
import {
  KEPT,
  LIFE_SECONDS,
  ours,
  ownDirectory,
  owned,
  PREFIX,
  remove,
  thisOwner,
} from './owned.ts';
import { CACHE, LABEL, podman, run, well } from './podman.ts';

const HOST_LABEL = 'holdfast.lab.host';
const AT_ONCE = 4;
const FIRST = 10;
export const MOST_HOSTS = 200;
/** Of the kept fleet. */
export const SSH_CONFIG = join(CACHE, 'ssh_config');
const INOTIFY = '/proc/sys/fs/inotify/max_user_instances';
/** How many of those the programs of one host hold, with room to spare. */
const INOTIFY_EACH = 12;

type Place = {
  readonly name: string;
  readonly kind: Kind;
  readonly address: string;
  /** The address on the inner network, of a bastion. */
  readonly inside: string | null;
};

export interface FleetHost extends Host {
  readonly kind: Kind;
  readonly address: string;
  readonly port: 22;
  /** The bastion to go through. */
  readonly via: string | null;
  /** Its public host keys when it was made: `<type> <base64>`. */
  readonly hostKeys: readonly string[];
  /** Works a fault switch: milliseconds of `slow`, percent of `drop`, seconds of `clock`. */
  fault(name: FaultName, amount?: number): Promise<void>;
}

export interface Fleet extends AsyncDisposable {
  readonly hosts: readonly FleetHost[];
  /** Throws for a name that no host has. */
  host(name: string): FleetHost;
  /** Where the files below are, and what a test wants to go with the fleet. */
  readonly directory: string;
  readonly sshConfig: string;
  readonly knownHosts: string;
  /** The private key of the account `ops`, on every host. */
  readonly operatorKey: string;
}

export type FleetOptions = {
  /** How many of kind plain: web-1, web-2, … */
  readonly hosts: number;
  /** One more host for each: busybox-1, bastion-1, … */
  readonly kinds?: readonly Exclude<Kind, 'plain'>[];
  /** Stays until it is taken down, also when its maker has ended. There is one such fleet. */
  readonly isKept?: boolean;
};

let made = 0;

export async function makeFleet({
  hosts,
  kinds = [],
  isKept = false,
}: FleetOptions): Promise<Fleet> {
  const wanted = [...Array<Kind>(hosts).fill('plain'), ...kinds];
  if (wanted.length < 1 || wanted.length > MOST_HOSTS)
    throw new Error(`lab: a fleet has 1 to ${MOST_HOSTS} hosts`);
  if (wanted.includes('inner') && !wanted.includes('bastion'))
    throw new Error('lab: inner hosts need a bastion');
  allowInotify(wanted.length);
  const prefix = `${PREFIX}${isKept ? KEPT : `${process.pid}-${++made}`}-`;
  const directory = isKept ? CACHE : ownDirectory();
  const owner = isKept ? KEPT : thisOwner();
  const networks: string[] = [];
  const containers: string[] = [];
  const dispose = async (): Promise<void> => {
    const each = (kind: 'container' | 'network') => (name: string) => ({ kind, name });
    await remove([...containers.map(each('container')), ...networks.map(each('network'))]);
    if (isKept) return;
    rmSync(directory, { recursive: true, force: true });
    ours.directories.delete(directory);
  };
  const withNetwork = async (which: 'front' | 'back'): Promise<Network> => {
    const name = `${prefix}${which}`;
    const network = await makeNetwork(name, owner);
    networks.push(name);
    if (!isKept) ours.networks.add(name);
    return network;
  };
  try {
    const operatorKey = await ensureOperatorKey();
    const front = await withNetwork('front');
    const back = wanted.includes('inner') ? await withNetwork('back') : undefined;
    const places = wanted.map((kind, index): Place => {
      const nth = wanted.slice(0, index + 1).filter((each) => each === kind).length;
      const inside = back === undefined ? null : at(back, FIRST + index);
      return {
        name: `${kind === 'plain' ? 'web' : kind}-${nth}`,
        kind,
        address: kind === 'inner' && inside !== null ? inside : at(front, FIRST + index),
        inside: kind === 'bastion' ? inside : null,
      };
    });
    const names = places.map(({ name, address }) => `--add-host=${name}:${address}`);
    const start = async (place: Place): Promise<void> => {
      const container = `${prefix}${place.name}`;
      containers.push(container);
      if (!isKept) ours.containers.add(container);
      const options = [
        `--label=${LABEL}=${owner}`,
        `--label=${HOST_LABEL}=${JSON.stringify(place)}`,
        '--dns=127.0.0.1',
        // Small enough to be filled; without a size it would be half of this machine's memory.
        '--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777,size=64m',
        ...names,
        attached(
          place.kind === 'inner' && back !== undefined ? back : front,
          place.address,
          'eth0',
        ),
        ...(place.inside !== null && back !== undefined
          ? [attached(back, place.inside, 'eth1')]
          : []),
        ...(isKept ? [] : [`--timeout=${LIFE_SECONDS}`]),
      ];
      await runContainer(hostOf(place.name, container), imageName('fleet'), options);
    };
    await inTurns(places, start);
    await reachable(front.name);
    const key = readFileSync(`${operatorKey}.pub`, 'utf8').trim();
    const ready = await inTurns(places, async (place) => {
      const host = hostOf(place.name, `${prefix}${place.name}`);
      const told = await host.must(['sh', '-s', place.kind, key], { stdin: SETUP });
      return fleetHost(place, host, directory, told.trim().split('\n'));
    });
    return { ...described(ready, directory, operatorKey), [Symbol.asyncDispose]: dispose };
  } catch (trouble) {
    await dispose();
    throw trouble;
  }
}

export type KeptHost = Place & { readonly container: string; readonly state: string };

/** The hosts of the kept fleet as they stand, also those that are not running. */
export async function keptHosts(): Promise<KeptHost[]> {
  const format = `{{.Names}}\t{{.State}}\t{{index .Labels "${HOST_LABEL}"}}`;
  const filter = ['--filter', `label=${LABEL}=${KEPT}`, '--filter', `label=${HOST_LABEL}`];
  const told = well('podman ps', await podman(['ps', '-a', ...filter, '--format', format]));
  return told
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [container = '', state = '', place = '{}'] = line.split('\t');
      return { ...(JSON.parse(place) as Place), container, state };
    })
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** The host keys that a host of the kept fleet had when it was made. */
export function knownKeys(name: string): string[] {
  const lines = readFileSync(join(CACHE, 'known_hosts'), 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith(`${name},`))
    .map((line) => line.slice(line.indexOf(' ') + 1));
}

export async function removeKept(): Promise<number> {
  const kept = (await owned()).filter(({ owner }) => owner === KEPT);
  await remove(kept, { isStrict: true });
  for (const name of ['ssh_config', 'known_hosts']) rmSync(join(CACHE, name), { force: true });
  return kept.filter(({ kind }) => kind === 'container').length;
}

function fleetHost(
  { name, kind, address }: Place,
  host: Host,
  directory: string,
  hostKeys: readonly string[],
): FleetHost {
  return {
    ...host,
    kind,
    address,
    port: 22,
    via: kind === 'inner' ? 'bastion-1' : null,
    hostKeys,
    fault: (switched, amount) =>
      fault({ name, container: host.container, directory }, switched, amount),
  };
}

/** Writes the files that OpenSSH reads, and describes the fleet by them. */
function described(
  hosts: readonly FleetHost[],
  directory: string,
  operatorKey: string,
): Omit<Fleet, typeof Symbol.asyncDispose> {
  const sshConfig = join(directory, 'ssh_config');
  const knownHosts = join(directory, 'known_hosts');
  const lines = hosts.flatMap(({ name, address, hostKeys }) =>
    hostKeys.map((key) => `${name},${address} ${key}\n`),
  );
  writeFileSync(knownHosts, lines.join(''));
  const entries = hosts.map(
    ({ name, address, via }) =>
      `Host ${name}\n  HostName ${address}\n${via === null ? '' : `  ProxyJump ${via}\n`}`,
  );
  const usual = [
    'User ops',
    `IdentityFile ${operatorKey}`,
    'IdentitiesOnly yes',
    'IdentityAgent none',
    `UserKnownHostsFile ${knownHosts}`,
    'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes',
    'UpdateHostKeys no',
    'ConnectTimeout 10',
  ];
  // A jump reads this file too, since it is given by its path.
  writeFileSync(
    sshConfig,
    `${entries.join('\n')}\nHost *\n${usual.map((line) => `  ${line}\n`).join('')}`,
  );
  return {
    hosts,
    host: (name) => {
      const found = hosts.find((each) => each.name === name);
      if (found === undefined) throw new Error(`lab: no host of this fleet is called ${name}`);
      return found;
    },
    directory,
    sshConfig,
    knownHosts,
    operatorKey,
  };
}

/** One key for every fleet of this machine. It opens lab hosts and nothing else. */
async function ensureOperatorKey(): Promise<string> {
  const path = join(CACHE, 'operator', 'key');
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const half = mkdtempSync(join(CACHE, 'key-'));
  const key = ['-N', '', '-C', 'ops of the lab', '-f', join(half, 'key')];
  well('ssh-keygen', await run(['ssh-keygen', '-q', '-t', 'ed25519', ...key]));
  try {
    renameSync(half, join(CACHE, 'operator'));
  } catch (trouble) {
    rmSync(half, { recursive: true, force: true });
    // Whoever was quicker has made both halves of one.
    if (!existsSync(path)) throw trouble;
  }
  return path;
}

/** The kernel counts these per user for the whole machine, and its usual limit is enough for ten hosts. */
function allowInotify(hosts: number): void {
  const wanted = 128 + hosts * INOTIFY_EACH;
  if (Number(readFileSync(INOTIFY, 'utf8')) < wanted) writeFileSync(INOTIFY, `${wanted}`);
}

/** Some at a time; the answers are in the order of `items`. */
async function inTurns<Item, Answer>(
  items: readonly Item[],
  use: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const left = items.entries();
  const turn = async (): Promise<void> => {
    for (const [index, item] of left) answers[index] = await use(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, turn));
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
  return answers;
}
