/**
 * `./start --lab`: three hosts to play with, and Holdfast beside them with a data directory of its own.
 *
 * Nothing of the person's own fleet is read or written, and nothing is signed in anybody's name: what
 * needs a person is printed for them to type.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { localTargetId, parseInventory } from '#inventory';
import { fault } from './faults.ts';
import { type KeptHost, keptHosts, knownKeys, makeFleet, removeKept, SSH_CONFIG } from './fleet.ts';
import { whyNoLab } from './hosts.ts';
import { CACHE, ROOT, run } from './podman.ts';

const HOME = join(CACHE, 'home');
const HOLDFAST = join(ROOT, 'bin', 'holdfast');
/** A program, and the package of Debian it is in. */
const NEEDED = {
  podman: 'podman',
  runc: 'runc',
  netavark: 'netavark',
  'aardvark-dns': 'aardvark-dns',
  iptables: 'iptables',
  debootstrap: 'debootstrap',
  ip: 'iproute2',
  ssh: 'openssh-client',
  nsenter: 'util-linux',
} as const;
const EXIT_UNAVAILABLE = 6;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function installed(): Promise<string | undefined> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(NEEDED)) {
    const look = 'command -v "$1" || test -x "/usr/lib/podman/$1"';
    if ((await run(['sh', '-c', look, 'sh', program])).exit !== 0) missing.push(name);
  }
  if (missing.length === 0) return undefined;
  say(`lab: installing ${missing.join(', ')}`);
  const install = `apt-get -qq update && exec apt-get -qq install -y --no-install-recommends "$@"`;
  const ran = spawnSync('sh', ['-c', install, 'sh', ...missing], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', process.stderr, process.stderr],
  });
  return ran.status === 0 ? undefined : `apt-get could not install ${missing.join(', ')}`;
}

/** The three hosts, new ones unless there is a fleet; or why not. */
async function fleetUp(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'containers of a lab need root: sudo ./start --lab';
  const why = (await installed()) ?? (await whyNoLab(say, 'fleet'));
  if (why !== undefined) return why;
  const hosts = await keptHosts();
  if (hosts.length === 0 || !existsSync(SSH_CONFIG)) {
    await removeKept();
    await makeFleet({ hosts: 3, isKept: true });
  }
  // After this machine was started again, for one.
  for (const { name, container, state } of hosts)
    if (!state.startsWith('Up')) await fault({ name, container, directory: CACHE }, 'heal');
  writeInventory(await keptHosts());
  return undefined;
}

/** The inventory, where it is of other hosts: the person's edits end with the hosts they were about. */
function writeInventory(hosts: readonly KeptHost[]): void {
  const path = join(HOME, 'fleet.yaml');
  const there = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (hosts.some(({ name }) => knownKeys(name).some((key) => there.includes(key)))) return;
  const targets = hosts.map(({ name, address }) => {
    const key = knownKeys(name).find((each) => each.startsWith('ssh-ed25519 '));
    return `  host:${name}:
    hostType: debian
    environment: lab
    transport: ssh
    address: ${address}
${key === undefined ? '' : `    hostKey: ${key}\n`}`;
  });
  const networks = new Set(hosts.map(({ address }) => address.replace(/\d+$/, '0/24')));
  const text = `# The hosts of the lab, and this machine. Made by ./start --lab, and again with new hosts.
version: 1
networks: [${[...networks].join(', ')}]
targets:
  ${localTargetId(hostname())}:
    hostType: linux
    environment: development
    transport: local
${targets.join('')}`;
  parseInventory(text, path);
  mkdirSync(HOME, { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
}

async function next(): Promise<void> {
  const hosts = (await keptHosts()).map(({ name }) => name);
  const first = hosts[0] ?? 'web-1';
  const help = await run([HOLDFAST, 'enroll', '--help'], { timeoutMs: 120_000 });
  const enrol = /^Usage: holdfast enroll/m.test(help.stdout)
    ? [
        'Enrol them, as the person who answers for them; each step asks for your word or passphrase:',
        '  bin/holdfast operator add you',
        `  bin/holdfast operator recovery --recovery-key ${join(HOME, 'recovery')}`,
        `  bin/holdfast enroll --from ${SSH_CONFIG} --ssh-config ${SSH_CONFIG} --batch`,
      ]
    : ['This version has no `holdfast enroll` yet: the hosts are listed, and not looked at.'];
  const lines = [
    '',
    `Hosts of the lab: ${hosts.join(', ')} (an account ops that may sudo). What to try, in another terminal:`,
    '',
    `  cd ${ROOT}`,
    `  export HOLDFAST_HOME=${HOME} HOLDFAST_KEY=${join(HOME, 'operator')}`,
    '  bin/holdfast target list',
    '',
    ...enrol,
    '',
    'Look around and break things:',
    `  ssh -F ${SSH_CONFIG} ${first}`,
    `  npm run lab -- fault ${first} hang      # all faults: npm run lab -- help; back: fault ${first} heal`,
    '  npm run lab -- status',
    '  npm run lab -- down                    # the hosts go; the data directory stays',
    '',
  ];
  for (const line of lines) say(line);
}

const why = await fleetUp();
if (why !== undefined) {
  say(`lab: no hosts here: ${why}`);
  process.exitCode = EXIT_UNAVAILABLE;
} else {
  await next();
  const served = spawn(HOLDFAST, ['up', ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, HOLDFAST_HOME: HOME },
  });
  // The terminal tells both; the one that serves ends first.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => served.kill(signal));
  served.once('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 1;
    process.exit();
  });
}
