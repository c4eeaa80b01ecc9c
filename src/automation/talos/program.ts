/**
 * `talosctl`, asked only what changes nothing: a fixed list of questions, one node, an environment that is a
 * list. What is changed goes by the change road, through `host/automation/talos-run`.
 */
import { Fault } from '#base/fault';
import type { Programs } from '#base/ports';

/** Everything that a look may ask; `health` waits, and ends by itself. */
export const QUESTIONS = {
  version: ['version'],
  status: ['get', 'machinestatus', '-o', 'json'],
  type: ['get', 'machinetype', '-o', 'json'],
  services: ['get', 'services', '-o', 'json'],
  members: ['get', 'members', '-o', 'json'],
  config: ['get', 'machineconfig', '-o', 'json'],
  health: ['health', '--wait-timeout', '30s'],
} as const;
export type Question = keyof typeof QUESTIONS;

const BYTES = 8 * 1024 * 1024;
const ASK_MS = 20_000;
const HEALTH_MS = 45_000;

export type Node = {
  readonly programs: Programs;
  /** File with the credentials; endpoints are what it says. */
  readonly config: string;
  readonly address: string;
  readonly home: string;
};

/** What it says, or why not: its own words are not repeated, they quote what the node said. */
export async function ask(node: Node, question: Question): Promise<string> {
  const ran = await node.programs.run({
    argv: [
      'talosctl',
      '--talosconfig',
      node.config,
      '--nodes',
      node.address,
      ...QUESTIONS[question],
    ],
    timeoutMs: question === 'health' ? HEALTH_MS : ASK_MS,
    maxBytes: BYTES,
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C',
      HOME: node.home,
    },
  });
  if (ran.ended === 'exited' && ran.exit === 0) return Buffer.from(ran.stdout).toString('utf8');
  const what = QUESTIONS[question].slice(0, 2).join(' ');
  if (ran.ended === 'missing')
    throw new Fault(
      'unavailable',
      'program-missing',
      'the program is not installed: talosctl. Install it where /usr/local/bin:/usr/bin:/bin finds it',
    );
  const said = Buffer.from(ran.stderr).toString('utf8');
  const how = ran.ended === 'exited' ? `exit ${ran.exit ?? 'none'}` : ran.ended;
  throw new Fault(
    'unavailable',
    'talosctl-failed',
    `a node could not be asked: talosctl ${what} of ${node.address}: ${how}. ${advice(said)}`,
  );
}

function advice(said: string): string {
  if (/PermissionDenied|not authorized/i.test(said))
    return 'The role of its talosconfig does not go so far: os:reader may ask everything but the machine configuration, which needs os:admin';
  if (/Unavailable|connection refused|i\/o timeout|deadline/i.test(said))
    return 'It is out of reach: see that it runs, and that the endpoints of its talosconfig are right';
  if (/certificate|x509/i.test(said))
    return 'Its certificates do not fit: see whether its talosconfig is of this cluster, and not expired';
  return 'Ask it by hand with the same talosconfig to see why, then look again';
}
