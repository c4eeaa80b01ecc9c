/**
 * Whatever the judge calls a look is run for real, in its normal form, and watched by strace: it
 * writes nothing, starts nothing, signals nobody, opens no secret and speaks to nobody outside.
 * A few hundred lines, or HOLDFAST_ORACLE_LINES; HOLDFAST_SEED begins elsewhere, and with a file in
 * HOLDFAST_ORACLE_STATE a campaign goes on where it was broken off.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  buildJudge,
  type CommandEntry,
  parseEntries,
  parsePlaces,
  SHIPPED_ENTRIES,
  SHIPPED_PATHS,
  tokenize,
} from '#commands';
import { ArgvGenerator } from '#test/argv-generator';
import { SEED } from '#test/seed';
import { strictOracle, whyNoStrace } from '#test/strace-oracle';
import { ATTACKS } from './attacks.ts';

const LINES = Number(process.env['HOLDFAST_ORACLE_LINES'] ?? 250);
const BATCH = 250;
/** Where a campaign that was broken off goes on. */
const STATE = process.env['HOLDFAST_ORACLE_STATE'];
/** Rootless, they build name spaces of their own first, and what they start for it outlives them. */
const NOT_HERE = new Set(['podman', 'docker', 'buildah', 'nerdctl', 'docker-compose']);
const ROOM = join(import.meta.dirname, '..', '..', 'src', 'commands');
const CORPUS = join(import.meta.dirname, 'corpus');
const PATH = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

const entries = SHIPPED_ENTRIES.flatMap((name) =>
  parseEntries(readFileSync(join(ROOM, 'entries', name), 'utf8'), name, true),
);
const places = parsePlaces(readFileSync(join(ROOM, SHIPPED_PATHS), 'utf8'), SHIPPED_PATHS, true);
const judge = buildJudge(entries, { ...places, networks: [], hosts: [] });
const split = (line: string): readonly string[] | null => {
  const read = tokenize(line);
  return 'argv' in read ? read.argv : null;
};
const isThere = (program: string): boolean =>
  !NOT_HERE.has(program) &&
  PATH.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** The lines of the corpus as examples of their programs, so that they are mutated too. */
function withCorpus(): readonly CommandEntry[] {
  const lines = readdirSync(CORPUS)
    .flatMap((name) => readFileSync(join(CORPUS, name), 'utf8').trimEnd().split('\n'))
    .map((text) => (JSON.parse(text) as { line: string }).line);
  const byProgram = Map.groupBy(lines, (line) => split(line)?.[0] ?? '');
  const more = entries.flatMap((entry) => {
    const examples = byProgram.get(entry.program) ?? [];
    const [form] = entry.forms;
    byProgram.delete(entry.program);
    return form === undefined || examples.length === 0
      ? []
      : [{ ...entry, options: [], forms: [{ ...form, verb: [], options: [], examples }] }];
  });
  return [...entries, ...more].filter(({ program }) => isThere(program));
}

describe('what is called a look, under strace', { skip: whyNoStrace() }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-oracle-'));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  const srv = join(scratch, 'srv');
  layOut(srv);
  const oracle = strictOracle(scratch, places);

  it('does none of what a look must not do', { timeout: 24 * 3_600_000 }, (t) => {
    const generator = new ArgvGenerator(withCorpus(), split, SEED);
    const done = resume();
    const classes = new Map<string, number>(ATTACKS.map(({ name }) => [name, 0]));
    const told = new Map<string, number>();
    const late = new Map<string, number>();
    const seen = new Set<string>();
    const begun = performance.now();
    let [generated, ran, waiting] = [0, 0, [] as (readonly string[])[]];
    const flush = (): void => {
      const { misdeeds, ended, ran: more } = oracle.run(waiting);
      ran += more;
      done.ran += more;
      done.generated = generated;
      for (const { index, stopped } of ended)
        if (stopped) count(late, (waiting[index] as readonly string[]).join(' '));
      done.stopped += ended.filter(({ stopped }) => stopped).length;
      done.misdeeds.push(...misdeeds.map(({ argv, what }) => `${JSON.stringify(argv)} ${what}`));
      waiting = [];
      if (STATE !== undefined) writeFileSync(STATE, JSON.stringify(done));
    };
    const from = done.generated;
    const enough = done.ran >= LINES ? 0 : LINES - done.ran;
    while (ran < enough && generated < from + LINES * 500) {
      const argv = generator.next().map((word) => word.replaceAll('/srv/', `${srv}/`));
      generated += 1;
      for (const { name, is } of ATTACKS) if (is(argv)) count(classes, name);
      const said = generated % 3 === 0 ? judge.judgeLine(argv.join(' ')) : judge.judge(argv);
      count(told, said.class);
      if (said.class !== 'read' || said.normalForm === null) continue;
      const key = said.normalForm.join('\0');
      if (seen.has(key) || !isThere(said.normalForm[0])) continue;
      seen.add(key);
      // What an earlier part of this campaign has run is told again by the seed, and not run again.
      if (generated <= from) continue;
      waiting.push(said.normalForm);
      if (waiting.length === Math.min(BATCH, enough - ran)) flush();
    }
    if (waiting.length > 0) flush();
    const seconds = (performance.now() - begun) / 1_000;
    t.diagnostic(
      `seed ${SEED}: ${generated} generated (${list(told)}), ${done.ran} different looks run, ${ran} of them now, ${(ran / seconds).toFixed(1)} a second; ${done.stopped} ended by the time limit; ${done.misdeeds.length} findings`,
    );
    t.diagnostic(`classes: ${list(classes)}`);
    if (process.env['HOLDFAST_ORACLE_LATE'] !== undefined)
      t.diagnostic([...late.keys()].join('\n'));
    assert.deepEqual(done.misdeeds, []);
    // So few lines may pass one by, whatever the seed.
    const untried = [...classes].filter(([, count]) => count === 0);
    assert.ok(untried.length <= (LINES < 2_000 ? 3 : 0), `not tried: ${list(new Map(untried))}`);
  });

  it('sees what a command does that is no look', () => {
    const { misdeeds } = oracle.run([
      ['touch', '/tmp/holdfast-oracle-touched'],
      ['env', 'id'],
      ['cat', '/etc/hosts'],
      ['sh', '-c', 'kill -TERM 1'],
      ['dig', '+time=1', '+tries=1', '@192.0.2.1', 'x.example'],
      ['head', '-c', '1', '/proc/self/environ'],
    ]);
    const seen = misdeeds.map(({ argv, what }) => `${argv[0]} ${what.split(' ', 1)[0]}`);
    rmSync('/tmp/holdfast-oracle-touched', { force: true });
    for (const each of ['touch writes', 'env starts', 'sh signals', 'head opens'])
      assert.ok(seen.includes(each), `${each} in ${seen.join(', ')}`);
    if (isThere('dig')) assert.ok(seen.includes('dig speaks'));
    assert.ok(!seen.some((each) => each.startsWith('cat')));
  });
});

type Done = { seed: number; generated: number; ran: number; stopped: number; misdeeds: string[] };

function resume(): Done {
  const begin: Done = { seed: SEED, generated: 0, ran: 0, stopped: 0, misdeeds: [] };
  if (STATE === undefined || !existsSync(STATE)) return begin;
  const done = JSON.parse(readFileSync(STATE, 'utf8')) as Done;
  assert.equal(done.seed, SEED, 'a campaign goes on with its own seed');
  return done;
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function list(map: ReadonlyMap<string, number>): string {
  return [...map].map(([key, times]) => `${key} ${times}`).join(', ');
}

/** What the corpus names below /srv, and a repository whose configuration would run programs. */
function layOut(srv: string): void {
  const app = join(srv, 'app');
  mkdirSync(join(app, 'logs'), { recursive: true });
  const files: Readonly<Record<string, string>> = {
    'app/config.json': '{"name":"x","a":{"b":[{"c":1}]},"items":[{"name":"n","status":"failed"}]}',
    'app/package.json': '{"name":"x","dependencies":{"y":"1"}}',
    'app/list.json': '[{"size":1},{"size":2}]',
    'app/config.yaml': 'a:\n  b: 1\n',
    'app/notes.txt': 'one\ntwo\n',
    'app/data.b64': 'aGVsbG8=\n',
    'app/pom.xml': '<project><version>1</version></project>',
    'app/deps.txt': 'a b\nb c\n',
    'app/README.md': '# x\n',
    'app/.gitattributes': '*.md diff=evil filter=evil\n',
    'app/logs/app.log': 'error one\nwarn two\n',
    'a.txt': 'a\nb\n',
    'b.txt': 'b\nc\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(srv, name), text);
  const git = (...words: string[]): void =>
    void execFileSync(
      'git',
      ['-C', app, '-c', 'user.name=x', '-c', 'user.email=x@x.example', ...words],
      {
        stdio: 'ignore',
      },
    );
  if (!isThere('git')) return;
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'one');
  writeFileSync(join(app, 'README.md'), '# y\n');
  for (const [key, value] of [
    ['core.fsmonitor', 'id'],
    ['core.pager', 'id'],
    ['diff.external', 'id'],
    ['diff.evil.textconv', 'id'],
    ['diff.evil.command', 'id'],
    ['gpg.program', 'id'],
    ['core.sshCommand', 'id'],
  ] as const)
    git('config', key, value);
}
