/**
 * Fault switches of fleet hosts. Whatever they change lives in the host itself or in its network
 * namespace, and goes with it: nothing on this machine has to be put back.
 */
import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOCK, DISK_FULL, DISK_OK, OLD_HOST_KEYS, REKEY, STARTED } from './fault-scripts.ts';
import { FORWARDER_PORT } from './forwarder.ts';
import { entered, firstProcess, hostOf } from './hosts.ts';
import { reachable } from './networks.ts';
import { podman, run, well } from './podman.ts';

export const FAULTS = {
  hang: 'every process stops where it is; connections stay and say nothing',
  unhang: 'they go on',
  slow: 'SSH answers that many milliseconds later, each way; connections that stood are cut',
  drop: 'that many percent of what arrives is lost',
  partition: 'nothing arrives and nothing leaves',
  rekey: 'new host keys; `heal` brings the old ones back',
  'disk-full': 'no room below /var/lib/holdfast-host, /tmp and /var/tmp, which are small now',
  'disk-ok': 'room again',
  clock: 'date and ssh-keygen are that many seconds ahead, or behind when below zero',
  kill: 'as if the plug was pulled',
  start: 'boots again',
  heal: 'takes all of it back',
} as const;
export type FaultName = keyof typeof FAULTS;
/** Bounds of the amount, for those that take one. */
export const AMOUNTS: Readonly<Partial<Record<FaultName, readonly [number, number]>>> = {
  slow: [1, 60_000],
  drop: [1, 99],
  clock: [-315_360_000, 315_360_000],
};

/** `directory` is the fleet's. */
export type Faulted = {
  readonly name: string;
  readonly container: string;
  readonly directory: string;
};

export async function fault(host: Faulted, name: FaultName, amount = 0): Promise<void> {
  const [least, most] = AMOUNTS[name] ?? [0, 0];
  if (!Number.isInteger(amount) || amount < least || amount > most)
    throw new Error(`lab: ${name} takes a whole number from ${least} to ${most}, not ${amount}`);
  switch (name) {
    case 'hang':
      await must(['pause', host.container]);
      return;
    case 'unhang':
      await must(['unpause', host.container]);
      return;
    case 'slow':
      return slow(host, amount);
    case 'drop':
      return filter(host, [['PREROUTING', '-i', ...lossOf(amount)]]);
    case 'partition':
      return filter(host, [
        ['PREROUTING', '-i'],
        ['OUTPUT', '-o'],
      ]);
    case 'rekey':
      return inside(host, REKEY);
    case 'disk-full':
      return inside(host, DISK_FULL);
    case 'disk-ok':
      return inside(host, DISK_OK);
    case 'clock':
      return inside(host, CLOCK, `${amount}`);
    case 'kill':
      await must(['kill', host.container]);
      // Killed is not yet ended.
      await must(['wait', host.container]);
      return;
    case 'start':
      return start(host);
    case 'heal':
      return heal(host);
  }
}

async function heal(host: Faulted): Promise<void> {
  const format = ['inspect', '--format', '{{.State.Status}}', host.container];
  const state = (await must(format)).trim();
  if (state === 'paused') await must(['unpause', host.container]);
  if (state === 'exited') await start(host);
  await tables(host, ['raw', '-F'], ['nat', '-F', 'PREROUTING']);
  rmSync(delayFile(host), { force: true });
  await inside(host, `${DISK_OK}\n${OLD_HOST_KEYS}\n${CLOCK}`, '0');
}

async function start(host: Faulted): Promise<void> {
  rmSync(delayFile(host), { force: true });
  await must(['start', host.container]);
  await reachable(host.container.slice(0, -host.name.length).concat('front'));
  await hostOf(host.name, host.container).must(['sh', '-s'], { stdin: STARTED });
}

/** A forwarder in the host's own network stands before its sshd; it reads its delay from a file of the fleet. */
async function slow(host: Faulted, ms: number): Promise<void> {
  const file = delayFile(host);
  const isThere = existsSync(file);
  writeFileSync(file, `${ms}`);
  if (isThere) return;
  const pid = await firstProcess(host);
  const forwarder = join(import.meta.dirname, 'forwarder.ts');
  const network = [`--target=${pid}`, '--net', '--'];
  spawn('nsenter', [...network, process.execPath, forwarder, file, `${pid}`], {
    detached: true,
    stdio: 'ignore',
  }).unref();
  const listening = ['ss', '-Hltn', `sport = :${FORWARDER_PORT}`];
  for (let tries = 0; (await inNetwork(pid, listening)) === ''; tries++) {
    if (tries === 600) throw new Error(`lab: nothing stands before the sshd of ${host.name}`);
    await sleep(100);
  }
  const to = ['-j', 'REDIRECT', '--to-ports', `${FORWARDER_PORT}`];
  await tables(host, [
    'nat',
    '-A',
    'PREROUTING',
    '!',
    '-i',
    'lo',
    '-p',
    'tcp',
    '--dport',
    '22',
    ...to,
  ]);
  await inNetwork(pid, ['ss', '-K', 'sport = :22']);
}

function delayFile({ directory, name }: Faulted): string {
  return join(directory, `${name}.slow`);
}

function lossOf(percent: number): string[] {
  return ['-m', 'statistic', '--mode', 'random', '--probability', `${percent / 100}`];
}

/** Rules of one fault take the place of those of another. Each: the chain, which way, what else must hold. */
async function filter(host: Faulted, rules: readonly (readonly string[])[]): Promise<void> {
  const added = rules.map(([chain = '', way = '', ...rest]) =>
    ['raw', '-A', chain, '!', way, 'lo', ...rest].concat(['-j', 'DROP']),
  );
  await tables(host, ['raw', '-F'], ...added);
}

async function tables(host: Faulted, ...changes: readonly (readonly string[])[]): Promise<void> {
  const pid = await firstProcess(host);
  for (const [table = '', ...change] of changes)
    await inNetwork(pid, ['iptables', '-w', '-t', table, ...change]);
}

/** With this machine's program, in the host's network. */
async function inNetwork(pid: number, argv: readonly string[]): Promise<string> {
  const ran = await run(['nsenter', `--target=${pid}`, '--net', '--', ...argv]);
  return well(argv.join(' '), ran);
}

async function inside(host: Faulted, script: string, ...words: string[]): Promise<void> {
  await (await entered(host)).must(['/bin/sh', '-s', '--', ...words], { stdin: script });
}

async function must(argv: readonly string[]): Promise<string> {
  return well(`podman ${argv.join(' ')}`, await podman(argv));
}
