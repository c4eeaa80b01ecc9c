/**
 * Whatever the judge calls a look is run for real, in its normal form, and watched by strace: it
 * writes nothing, starts nothing, signals nobody, opens no secret and speaks to nobody outside.
 * A few hundred lines, or HOLDFAST_ORACLE_LINES; HOLDFAST_SEED begins elsewhere.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
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
import { type Misdeed, strictOracle, whyNoStrace } from '#test/strace-oracle';
import { ATTACKS } from './attacks.ts';

const LINES = Number(process.env['HOLDFAST_ORACLE_LINES'] ?? 400);
const SEED = Number(process.env['HOLDFAST_SEED'] ?? 1);
const BATCH = 40;
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
    const counts = new Map<string, number>(ATTACKS.map(({ name }) => [name, 0]));
    const misdeeds: Misdeed[] = [];
    const seen = new Set<string>();
    const begun = performance.now();
    let [generated, looks, ran, stopped, waiting] = [0, 0, 0, 0, [] as (readonly string[])[]];
    const flush = (): void => {
      const done = oracle.run(waiting);
      ran += done.ran;
      stopped += done.stopped;
      misdeeds.push(...done.misdeeds);
      waiting = [];
    };
    while (ran < LINES && generated < LINES * 500) {
      const argv = generator.next().map((word) => word.replaceAll('/srv/', `${srv}/`));
      generated += 1;
      for (const { name, is } of ATTACKS)
        if (is(argv)) counts.set(name, (counts.get(name) ?? 0) + 1);
      const told = generated % 3 === 0 ? judge.judgeLine(argv.join(' ')) : judge.judge(argv);
      if (told.class !== 'read' || told.normalForm === null) continue;
      looks += 1;
      const key = JSON.stringify(told.normalForm);
      if (seen.has(key) || !isThere(told.normalForm[0])) continue;
      seen.add(key);
      waiting.push(told.normalForm);
      if (waiting.length === BATCH) flush();
    }
    if (waiting.length > 0) flush();
    const seconds = (performance.now() - begun) / 1_000;
    t.diagnostic(
      `${generated} generated, ${looks} called looks, ${ran} run, ${stopped} ended by the time limit, ${(ran / seconds).toFixed(1)} lines/s`,
    );
    for (const [name, count] of counts) t.diagnostic(`${name}: ${count}`);
    assert.deepEqual(
      misdeeds.map(({ argv, what }) => `${JSON.stringify(argv)} ${what}`),
      [],
    );
    assert.deepEqual(
      [...counts].filter(([, count]) => count === 0),
      [],
      'each class is tried',
    );
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
