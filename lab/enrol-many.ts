/**
 * A batch of real hosts, enrolled with one signature, and how long it takes:
 *
 *   bin/holdfast-node lab/enrol-many.ts 100 [AT-ONCE]
 */
import { anEnroller } from '#test/enrolment';
import { fleetUnavailable, startFleet } from '#test/fleet';

type Outcome = {
  readonly hosts: readonly {
    readonly state: string;
    readonly ms: number;
    readonly code: string | null;
    readonly says: string;
  }[];
};

const [many = '20', atOnce = '8'] = process.argv.slice(2);
const why = await fleetUnavailable();
if (why !== false) {
  process.stderr.write(`lab: no hosts here: ${why}\n`);
  process.exit(75);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seconds = (since: number): string => ((performance.now() - since) / 1_000).toFixed(1);

await using fleet = await startFleet({ hosts: Number(many) });
await using one = await anEnroller([]);
const began = performance.now();
const batch = [
  'enroll',
  '--from',
  fleet.sshConfig,
  '--form',
  'ssh_config',
  '--ssh-config',
  fleet.sshConfig,
  '--batch',
  '--at-once',
  atOnce,
  '--yes',
  '--no-sign',
];
const { out, err, code } = await one.cli(...batch);
const { hosts } = JSON.parse(out === '' ? '{"hosts":[]}' : out) as Outcome;
const installed = seconds(began);
const waits = hosts.filter(({ state }) => state === 'pending').length;
for (const { code: fault, says } of hosts.filter(({ state }) => state === 'failed').slice(0, 5))
  say(`  ${fault}: ${says}`);
if (hosts.length === 0) say(err);
const signing = performance.now();
if (waits > 0) await one.sign();
const each = hosts.map(({ ms }) => ms).toSorted((a, b) => a - b);
const at = (share: number): string =>
  ((each[Math.floor((each.length - 1) * share)] ?? 0) / 1_000).toFixed(1);
say(
  `${waits} of ${many} hosts, ${atOnce} at once: installed in ${installed} s (each: median ${at(0.5)} s, slowest ${at(1)} s), signed once in ${seconds(signing)} s; exit ${code}`,
);
const list = await one.must<{ hosts: { state: string }[] }>(0, 'hosts');
say(`${list.hosts.filter(({ state }) => state === 'enrolled').length} enrolled`);
