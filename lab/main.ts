/**
 * `npm run lab -- …`: a fleet of lab hosts that stays until it is taken down. See README.md.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { AMOUNTS, FAULTS, type FaultName, fault } from './faults.ts';
import {
  type FleetOptions,
  type KeptHost,
  keptHosts,
  makeFleet,
  removeKept,
  SSH_CONFIG,
} from './fleet.ts';
import { whyNoLab } from './hosts.ts';
import { isKind, KINDS } from './kinds.ts';
import { CACHE } from './podman.ts';

const USAGE = `usage: npm run lab -- up [--hosts N] [--kind KIND]…
       npm run lab -- down | status
       npm run lab -- ssh|exec HOST [COMMAND…]
       npm run lab -- fault HOST FAULT [AMOUNT]
kinds:
${table(KINDS)}
faults:
${table(FAULTS)}`;
/** sysexits: cannot be had here, and used wrongly. */
const EXIT = { unavailable: 75, usage: 64 } as const;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

function table(rows: Readonly<Record<string, string>>): string {
  return Object.entries(rows)
    .map(([name, what]) => {
      const amount = AMOUNTS[name as FaultName] === undefined ? '' : ' N';
      return `  ${`${name}${amount}`.padEnd(12)} ${what}`;
    })
    .join('\n');
}

async function up(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: { hosts: { type: 'string', default: '3' }, kind: { type: 'string', multiple: true } },
  });
  const hosts = Number(values.hosts);
  const kinds = (values.kind ?? []).filter((kind) => kind !== 'plain');
  if (!Number.isInteger(hosts) || hosts < 0 || !kinds.every(isKind)) return misused();
  if ((await keptHosts()).length > 0) {
    say('lab: there is a fleet already; take it down first: npm run lab -- down');
    await status();
    return EXIT.usage;
  }
  const why = await whyNoLab(say, 'fleet');
  if (why !== undefined) {
    say(`lab: no hosts here: ${why}`);
    return EXIT.unavailable;
  }
  // What one that failed half way may have left.
  await removeKept();
  const began = performance.now();
  const options = { hosts, kinds, isKept: true } as FleetOptions;
  const fleet = await makeFleet(options);
  say(`lab: ${fleet.hosts.length} hosts in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  await status();
  return 0;
}

async function status(): Promise<number> {
  const hosts = await keptHosts();
  if (hosts.length === 0) {
    print('No hosts. Make some: npm run lab -- up --hosts 3');
    return 0;
  }
  const row = (...cells: string[]): void =>
    print(cells.map((cell, index) => cell.padEnd([14, 10, 16][index] ?? 0)).join(''));
  row('HOST', 'KIND', 'ADDRESS', 'STATE');
  for (const { name, kind, address, state } of hosts) row(name, kind, address, state);
  print(`\nssh -F ${SSH_CONFIG} ${hosts[0]?.name ?? ''}`);
  return 0;
}

async function worked(host: KeptHost, [name = '', amount]: readonly string[]): Promise<number> {
  if (!Object.hasOwn(FAULTS, name)) return misused();
  const place = { name: host.name, container: host.container, directory: CACHE };
  await fault(place, name as FaultName, amount === undefined ? undefined : Number(amount));
  return 0;
}

function misused(): number {
  say(USAGE);
  return EXIT.usage;
}

async function main([verb = '', name = '', ...rest]: readonly string[]): Promise<number> {
  const inherited = (program: string, argv: readonly string[]): number =>
    spawnSync(program, argv, { stdio: 'inherit' }).status ?? 1;
  switch (verb) {
    case 'up':
      return up([name, ...rest].filter((word) => word !== ''));
    case 'status':
      return status();
    case 'down':
      say(`lab: ${await removeKept()} hosts removed`);
      return 0;
    case 'exec':
    case 'ssh':
    case 'fault': {
      const host = (await keptHosts()).find((each) => each.name === name);
      if (host === undefined) {
        say(`lab: no host is called ${name}: npm run lab -- status`);
        return EXIT.usage;
      }
      if (verb === 'fault') return worked(host, rest);
      return verb === 'ssh'
        ? inherited('ssh', ['-F', SSH_CONFIG, name, ...rest])
        : inherited('podman', ['exec', '-i', host.container, ...rest]);
    }
    default:
      return misused();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (trouble) {
  say(trouble instanceof Error ? trouble.message : String(trouble));
  process.exitCode = 1;
}
