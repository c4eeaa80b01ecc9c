/**
 * `tofu` and `terraform`, run with fixed words and an environment that is a list: nothing of ours is inherited,
 * nobody is asked anything, and nothing is installed over the network.
 */
import { Fault } from '#base/fault';
import type { ProgramResult, Programs } from '#base/ports';
import type { Stack } from '../settings.ts';

export const JSON_BYTES = 32 * 1024 * 1024;
const TEXT_BYTES = 4 * 1024 * 1024;
const SHOW_MS = 60_000;
const LOCK_SECONDS = 20;

/** Where providers would be installed from: nowhere. What is there already is used. */
export const CLI_SETTINGS = `# Kept by Holdfast: providers are what \`init\` put below the configuration, and come from nowhere else.
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path = "/nonexistent"
  }
}
`;

export type Bench = {
  readonly programs: Programs;
  readonly stack: Pick<Stack, 'root' | 'program'>;
  /** Files of ours: settings of the program, and what it takes for its home. */
  readonly cli: string;
  readonly home: string;
  readonly planMs: number;
};

export function environmentOf({ cli, home }: Pick<Bench, 'cli' | 'home'>): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    HOME: home,
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    TF_CLI_CONFIG_FILE: cli,
  };
}

/** Saves a plan as `out`. */
export async function makePlan(bench: Bench, out: string, isRefreshOnly: boolean): Promise<void> {
  const words = ['-input=false', '-no-color', `-lock-timeout=${LOCK_SECONDS}s`];
  await run(
    bench,
    ['plan', ...words, ...(isRefreshOnly ? ['-refresh-only'] : []), `-out=${out}`],
    bench.planMs,
    TEXT_BYTES,
  );
}

export function showPlan(bench: Bench, file: string): Promise<string> {
  return run(bench, ['show', '-json', '-no-color', file], SHOW_MS, JSON_BYTES);
}

/** The state whole, secrets too: for the two words of it that say which one it is. */
export function pullState(bench: Bench): Promise<string> {
  return run(bench, ['state', 'pull'], SHOW_MS, JSON_BYTES);
}

async function run(
  bench: Bench,
  words: readonly [string, ...string[]],
  timeoutMs: number,
  maxBytes: number,
): Promise<string> {
  const { program, root } = bench.stack;
  const ran = await bench.programs.run({
    argv: [program, `-chdir=${root}`, ...words],
    timeoutMs,
    maxBytes,
    env: environmentOf(bench),
  });
  if (ran.ended === 'exited' && ran.exit === 0) return Buffer.from(ran.stdout).toString('utf8');
  throw faultOf(bench, words[0], ran, timeoutMs);
}

/** Its own words are not repeated: they quote values of the configuration. */
function faultOf(
  { stack: { program, root } }: Bench,
  verb: string,
  ran: ProgramResult,
  timeoutMs: number,
): Fault {
  const what = `${program} ${verb} in ${root}`;
  switch (ran.ended) {
    case 'missing':
      return new Fault(
        'unavailable',
        'program-missing',
        `the program is not installed: ${program}. Install it where /usr/local/bin:/usr/bin:/bin finds it, or name the other one in automation.yaml`,
      );
    case 'timeout':
      return failed(`${what}: took longer than ${timeoutMs / 1_000} s and was ended`);
    case 'too-much':
      return failed(`${what}: said more than is read of it and was ended`);
    case 'signal':
      return failed(`${what}: ended by a signal`);
    case 'exited':
      return failed(`${what}: exit ${ran.exit ?? 'none'}. ${advice(ran, program, root)}`);
  }
}

const KNOWN: readonly (readonly [RegExp, (program: string, root: string) => string])[] = [
  [
    /\b(?:terraform|tofu) init\b|Module not installed|initialization required/i,
    (program, root) =>
      `It is not initialised: have its owner run ${program} -chdir=${root} init -input=false, and look again`,
  ],
  [
    /state lock/i,
    () => 'Its state is locked: wait for who holds it, or see its documentation on force-unlock',
  ],
  [
    /No value for required variable/i,
    () => 'A variable has no value: give it in a terraform.tfvars of the directory',
  ],
];

function advice(ran: ProgramResult, program: string, root: string): string {
  const said = `${Buffer.from(ran.stderr).toString('utf8')}\n${Buffer.from(ran.stdout).toString('utf8')}`;
  const known = KNOWN.find(([pattern]) => pattern.test(said))?.[1](program, root);
  return known ?? `Run ${program} -chdir=${root} plan as its owner to see why, then look again`;
}

function failed(what: string): Fault {
  return new Fault('unavailable', 'tofu-failed', `a stack could not be looked at: ${what}`);
}
