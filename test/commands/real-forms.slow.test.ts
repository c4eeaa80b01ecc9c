/**
 * The normal form of what is called a look is run beside what was typed, and does the same: a
 * judge that changes what is meant would answer another question. Unprivileged, in the reader's
 * environment, for every example of a read form and every line of the corpora whose program is here.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  buildJudge,
  parseEntries,
  parsePlaces,
  SHIPPED_ENTRIES,
  SHIPPED_PATHS,
  tokenize,
} from '#commands';
import { READER_ENVIRONMENT } from '#test/strace-oracle';

const ROOM = join(import.meta.dirname, '..', '..', 'src', 'commands');
const CORPUS = join(import.meta.dirname, 'corpus');
const NOBODY = 65534;
const SECONDS = 20;
/** One line in so many; all of them with HOLDFAST_REAL_FORMS=all. */
const SHARE = 12;
const ALL = process.env['HOLDFAST_REAL_FORMS'] === 'all';
/** What they start outlives them, or they wait for what is not here. */
const NOT_HERE = new Set([
  'podman',
  'docker',
  'buildah',
  'nerdctl',
  'docker-compose',
  'kubectl',
  'sleep',
]);
/** What they say is another thing a moment later, in more than its figures. */
const UNSTEADY = new Set(
  'rg ag systemd-cgls top htop atop ps w who uptime free vmstat iostat mpstat pidstat sar dstat lsof fuser pmap ss netstat date hwclock timedatectl ntpq chronyc tload slabtop lsns shuf mktemp uuidgen pstree pgrep dig host nslookup ping tracepath traceroute mtr lslocks nstat rtacct ip tcpdump systemd-cgtop sensors nproc time ipcs prlimit numastat ifstat lnstat sysctl stat find ls du df ethtool rdma chrt taskset'.split(
    ' ',
  ),
);

const judge = buildJudge(
  SHIPPED_ENTRIES.flatMap((name) =>
    parseEntries(readFileSync(join(ROOM, 'entries', name), 'utf8'), name, true),
  ),
  {
    ...parsePlaces(readFileSync(join(ROOM, SHIPPED_PATHS), 'utf8'), SHIPPED_PATHS, true),
    networks: [],
    hosts: [],
  },
);

function lines(): readonly string[] {
  const examples = SHIPPED_ENTRIES.flatMap((name) =>
    parseEntries(readFileSync(join(ROOM, 'entries', name), 'utf8'), name, true),
  ).flatMap(({ forms }) => forms.flatMap((form) => form.examples));
  const corpora = readdirSync(CORPUS)
    .filter((name) => name.startsWith('reads'))
    .flatMap((name) => readFileSync(join(CORPUS, name), 'utf8').trimEnd().split('\n'))
    .map((text) => (JSON.parse(text) as { line: string }).line);
  const all = [...new Set([...examples, ...corpora])];
  return ALL ? all : all.filter((_line, i) => i % SHARE === 0);
}

function isThere(program: string): boolean {
  return (READER_ENVIRONMENT['PATH'] as string).split(':').some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

type Run = {
  readonly status: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
};

function run([program, ...words]: readonly string[]): Run {
  const did = spawnSync(program as string, words, {
    cwd: '/',
    env: READER_ENVIRONMENT,
    uid: NOBODY,
    gid: NOBODY,
    input: '',
    timeout: SECONDS * 1_000,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1_048_576,
    encoding: 'latin1',
  });
  return { status: did.status, signal: did.signal, out: did.stdout ?? '', err: did.stderr ?? '' };
}

/** Figures, process numbers and moments are not what is meant; how much there is of it is. */
function shape(program: string, text: string): string {
  if (UNSTEADY.has(program)) return text === '' ? 'nothing' : 'something';
  return text.replaceAll(/\d+/g, 'N').replaceAll(/ +/g, ' ');
}

/** What is not the same, `slow` when neither ends in time, or nothing. */
function difference(
  line: string,
  argv: readonly string[],
  normalForm: readonly [string, ...string[]],
): string | undefined {
  const [first, second] = [run(argv), run(normalForm)];
  if (first.signal !== null || second.signal !== null)
    return second.signal !== null && first.signal === null
      ? `${line}: only the normal form does not end: ${normalForm.join(' ')}`
      : 'slow';
  const is = `${JSON.stringify(argv)} is run as ${JSON.stringify(normalForm)}`;
  // Trees are read without what the rules of paths keep, so without stumbling over it.
  const stumbles =
    first.status === 2 &&
    second.status === 0 &&
    normalForm.some((word) => word.startsWith('--exclude') || word.startsWith('--glob=!'));
  if (first.status !== second.status && !stumbles)
    return `${is}: exit ${first.status} and ${second.status}: ${second.err.slice(0, 160)}`;
  return shape(normalForm[0], first.out) === shape(normalForm[0], second.out)
    ? undefined
    : `${is}: other output (${first.out.length} and ${second.out.length} bytes)`;
}

const whyNot = process.getuid?.() === 0 ? false : 'it takes root to run as nobody';

describe('normal forms, run for real', { skip: whyNot }, () => {
  it('do what was typed', { timeout: 3_600_000 }, (t) => {
    let [same, absent, untold, slow] = [0, 0, 0, 0];
    const missing = new Set<string>();
    const different: string[] = [];
    for (const line of lines()) {
      const typed = tokenize(line);
      const told = judge.judgeLine(line);
      if (!('argv' in typed) || told.class !== 'read' || told.normalForm === null) {
        untold += 1;
        continue;
      }
      const [program] = told.normalForm;
      if (NOT_HERE.has(program) || !isThere(program)) {
        absent += 1;
        missing.add(program);
        continue;
      }
      if (typed.argv.join('\0') === told.normalForm.join('\0')) {
        same += 1;
        continue;
      }
      // What changes by itself between two runs does not do so twice over.
      const problem =
        difference(line, typed.argv, told.normalForm) &&
        difference(line, typed.argv, told.normalForm);
      if (problem === undefined) same += 1;
      else if (problem === 'slow') slow += 1;
      else different.push(problem);
    }
    t.diagnostic(
      `${same} the same, ${different.length} different, ${slow} too slow; ${absent} of programs that are not here, ${untold} not called looks`,
    );
    t.diagnostic(`not here: ${[...missing].sort().join(' ')}`);
    assert.deepEqual(different, []);
  });
});
