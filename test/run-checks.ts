/**
 * What `./check` runs once everything is installed. Runs every stage, also after one has failed;
 * counts each static check as one test; the last line is the whole truth, and so is the exit code.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import type { Tally } from './support/tally.ts';

const MINUTE = 60_000;
const STATIC_LIMIT_MS = 5 * MINUTE;
const FAST_LIMIT_MS = 5 * MINUTE;
// On a busy machine it may take half as long again, and is still worth its answer.
const SLOW_LIMIT_MS = 40 * MINUTE;
/** More slow suites than this do not fail because the machine is busy. */
const UNSTEADY_AT_MOST = 2;
/** As the test runner and Playwright say it: `test timed out after`, `locator.click: Timeout 30000ms exceeded`. */
const WAITED_IN_VAIN = / # (?:test timed out after \d+ms|[\w.]+: Timeout \d+ms exceeded)/;

/** These look at this whole machine, and would see what others open there. */
const LOOKING: ReadonlySet<string> = new Set([
  'clean-machine.slow.test.ts',
  'disk-full.slow.test.ts',
  'story.slow.test.ts',
]);

/** Begun first, the longest before the others: nothing long is left to run alone at the end. No two in a row with a browser. */
const LONGEST: readonly string[] = [
  'test/enrol.slow.test.ts',
  'test/console-journeys.slow.test.ts',
  'test/rollout.slow.test.ts',
  'test/ansible.slow.test.ts',
  'test/fleet-attacks.slow.test.ts',
  'test/console-story.slow.test.ts',
  'test/drift-scenarios.slow.test.ts',
  'test/attribution.slow.test.ts',
  'test/own-action.slow.test.ts',
  'test/kill-change.slow.test.ts',
  'test/console-attacks.slow.test.ts',
  'test/actions.slow.test.ts',
  'test/fleet-scenarios.slow.test.ts',
  'test/fleet-cut.slow.test.ts',
  'test/deploy.slow.test.ts',
  'src/authority/host.slow.test.ts',
  'test/bastion.slow.test.ts',
  'test/lab-fleet.slow.test.ts',
  'test/restore.slow.test.ts',
];

const ROOT = join(import.meta.dirname, '..');
const STATIC_CHECKS = {
  format: ['biome', 'ci', '--error-on-warnings', '--colors=off'],
  lint: [
    'oxlint',
    '--type-aware',
    '--deny-warnings',
    'src',
    'test',
    'bench',
    'lab',
    'verifier',
    'console',
  ],
  types: ['tsc', '-p', '.'],
  'types of the console': ['tsc', '-p', 'console'],
  'unused code': ['knip'],
} as const;

const total: Tally = { passed: 0, failed: [], skipped: [] };
const unsteady: string[] = [];

const [which = 'all', ...rest] = process.argv.slice(2);
if (!['all', 'fast', 'slow'].includes(which) || rest.length > 0) {
  process.stderr.write(`check: no such part: ${[which, ...rest].join(' ')}. See ./check --help\n`);
  process.exit(2);
}

process.chdir(ROOT);
const files = globSync([
  'src/**/*.test.ts',
  'test/**/*.test.ts',
  'bench/**/*.test.ts',
  'console/src/**/*.test.ts',
]).sort();
const seed = seedOf();
say(`seed ${seed}`);
const slow = files.filter((file) => file.endsWith('.slow.test.ts'));
const fast = files.filter((file) => !file.endsWith('.slow.test.ts'));

if (which !== 'slow') {
  await Promise.all(Object.entries(STATIC_CHECKS).map(staticCheck));
  // Two processes for two cores; what they say is shown one after the other.
  await Promise.all(
    [0, 1].map((half) =>
      tests(
        `fast tests, ${half === 0 ? 'one' : 'the other'} half`,
        fast.filter((_, i) => i % 2 === half),
        together,
        FAST_LIMIT_MS,
        'afterwards',
      ),
    ),
  );
}
if (which !== 'fast') {
  await tests(
    'slow tests, one by one',
    slow.filter((file) => LOOKING.has(basename(file))),
    inOrder(1),
    SLOW_LIMIT_MS,
    'at once',
  );
  await tests(
    // More than there are cores: most of the time they wait for hosts that boot and clocks that pass.
    'slow tests, three at a time',
    longestFirst(slow.filter((file) => !LOOKING.has(basename(file)))),
    inOrder(3),
    SLOW_LIMIT_MS,
    'at once',
  );
  await again();
}
conclude();

/**
 * What every random test draws from. It follows from the text of the tests: whoever checks the same
 * tree asks the same questions, and mending what they found does not change them.
 */
function seedOf(): number {
  const asked = process.env['HOLDFAST_SEED'];
  if (asked !== undefined) {
    if (/^\d{1,10}$/.test(asked) && Number(asked) < 2 ** 31) return Number(asked);
    process.stderr.write(`check: HOLDFAST_SEED is a number below 2147483648, not ${asked}\n`);
    process.exit(2);
  }
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest().readUInt32BE() >>> 1;
}

/**
 * Slow suites share two processors with each other and with hosts that boot. One that waited in vain is asked once more,
 * alone and with the same seed; what passes then is told at the end, to be mended all the same. Only where waiting is what
 * failed first: a wrong answer is a failure however rarely it comes, and may be a race of ours.
 */
async function again(): Promise<void> {
  const fileOf = (failure: string): string => failure.slice(0, failure.indexOf(': '));
  const firsts = new Map(total.failed.toReversed().map((failure) => [fileOf(failure), failure]));
  const files = [...firsts]
    .filter(([file, failure]) => slow.includes(file) && WAITED_IN_VAIN.test(failure))
    .map(([file]) => file);
  if (files.length === 0 || files.length > UNSTEADY_AT_MOST) return;
  for (const file of files) {
    const isOf = (failure: string): boolean => fileOf(failure) === file;
    const before = total.failed.filter(isOf);
    total.failed = total.failed.filter((failure) => !isOf(failure));
    const kept = { passed: total.passed, skipped: total.skipped };
    await tests(`once more, alone: ${file}`, [file], inOrder(1), SLOW_LIMIT_MS, 'at once');
    const passed = total.passed - kept.passed;
    // Those of it that passed were counted the first time.
    Object.assign(total, kept);
    if (total.failed.some((failure) => isOf(failure) || failure.startsWith('once more'))) continue;
    if (passed < before.length) total.failed.push(...before);
    else {
      total.passed += before.length;
      unsteady.push(...before);
    }
  }
}

function longestFirst(files: readonly string[]): readonly string[] {
  const known = LONGEST.filter((file) => files.includes(file));
  if (known.length < LONGEST.length)
    total.failed.push('LONGEST names slow tests that are not there');
  return [...known, ...files.filter((file) => !known.includes(file))];
}

type Runner = (report: string) => readonly string[];

/** All files in one process. */
function together(report: string): readonly string[] {
  return [
    // With room for what is young, little of it is carried over: nearly all that a test makes ends with it.
    '--max-semi-space-size=64',
    '--test',
    '--test-isolation=none',
    '--test-timeout=120000',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(ROOT, 'test/support/tally.ts')}`,
    `--test-reporter-destination=${report}`,
  ];
}

/** A process for each file: `node --test` would begin them in the order of the alphabet. */
function inOrder(atOnce: number): Runner {
  const program = join(ROOT, 'test/run-in-order.ts');
  return (report) => ['--test-timeout=1200000', program, report, String(atOnce)];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function staticCheck([name, [tool, ...options]]: [
  string,
  readonly [string, ...string[]],
]): Promise<void> {
  const started = Date.now();
  const { code, output } = await run(join('node_modules', '.bin', tool), options, STATIC_LIMIT_MS);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (code === 0) {
    total.passed += 1;
    say(`✔ ${name} (${seconds} s)`);
  } else {
    total.failed.push(name);
    say(`✖ ${name} (${seconds} s)\n${output}`);
  }
}

async function tests(
  name: string,
  chosen: readonly string[],
  runner: Runner,
  limitMs: number,
  shown: 'at once' | 'afterwards',
): Promise<void> {
  if (shown === 'at once') say(`\n${name}: ${chosen.length} files`);
  if (chosen.length === 0) {
    total.failed.push(`${name}: no test files found`);
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-check-'));
  try {
    const report = join(scratch, 'tally.json');
    const { code, output } = await run(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        `--import=${join(ROOT, 'test/support/seed.ts')}`,
        ...runner(report),
        ...chosen,
      ],
      limitMs,
      shown === 'at once',
    );
    if (shown === 'afterwards') say(`\n${name}: ${chosen.length} files\n${output}`);
    const tally = readTally(report);
    total.passed += tally?.passed ?? 0;
    total.failed.push(...(tally?.failed ?? []));
    total.skipped.push(...(tally?.skipped ?? []));
    // A runner that died, or saw no test, must not look like a good one.
    const explained = tally !== undefined && (code === 0 || tally.failed.length > 0);
    if (!explained || tally.passed + tally.failed.length + tally.skipped.length === 0) {
      total.failed.push(`${name}: the test runner ended without a full account (${String(code)})`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function readTally(path: string): Tally | undefined {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  return text === '' ? undefined : (JSON.parse(text) as Tally);
}

/** Runs a program in a group of its own, so that nothing it started outlives its limit. */
async function run(
  program: string,
  options: readonly string[],
  limitMs: number,
  isShown = false,
): Promise<{ code: number | string; output: string }> {
  const { HOLDFAST_HOME: _, ...environment } = process.env;
  const child = spawn(program, options, {
    detached: true,
    stdio: isShown ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    env: {
      ...environment,
      HOLDFAST_SEED: String(seed),
      PATH: [join(ROOT, 'node_modules', '.bin'), environment['PATH']].join(delimiter),
    },
  });
  const kill = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // Ended already.
    }
  };
  const interrupt = (): void => {
    kill('SIGKILL');
    process.exit(130);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const limit = setTimeout(() => {
    say(`✖ ${program} took longer than ${limitMs / MINUTE} minutes and was stopped`);
    kill('SIGKILL');
  }, limitMs);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code: code ?? signal ?? 'no code', output }));
    });
  } finally {
    clearTimeout(limit);
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    kill('SIGKILL');
  }
}

function conclude(): void {
  const allowed = new Set(
    readFileSync(join(ROOT, 'test/allowed-skips.txt'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
  say('');
  for (const skip of total.skipped) {
    const isAllowed = allowed.has(skip.split(' # ')[0] ?? '');
    say(`SKIPPED ${skip}`);
    if (process.env['CI'] !== 'true' || isAllowed) continue;
    total.failed.push(
      `${skip}\n    not in test/allowed-skips.txt, so with CI=true it counts as failed as well`,
    );
  }
  for (const each of unsteady) say(`UNSTEADY, passed when it was run alone: ${each}`);
  // Told again at the end: of thousands of lines, these are what a person looks for.
  for (const failure of total.failed) say(`FAILED ${failure}`);
  if (total.failed.length > 0)
    say(`\nThe seed was ${seed}: HOLDFAST_SEED=${seed} ./check asks the same again.`);
  say(`${total.passed} passed, ${total.failed.length} failed, ${total.skipped.length} skipped`);
  process.exitCode = total.failed.length === 0 ? 0 : 1;
}
