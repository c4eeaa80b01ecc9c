import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Json } from '#base/json';
import { formatInstant } from '#base/time';
import { nodeClock } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { CLI_CALLER } from './callers.ts';
import { checkDeclarations } from './declarations-check.ts';
import { openService, type Service } from './service.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-declared-'));
const home = join(root, 'home');
const repository = join(root, 'site');
after(() => rmSync(root, { recursive: true, force: true }));

const FLEET = `version: 1
targets:
  host:web-1:
    hostType: debian
    environment: test
    transport: none
    tags: [web]
    sources: [{ name: probe, kinds: [service, package], trusted: true }]
  host:db-1:
    hostType: debian
    environment: test
    transport: none
    sources: [{ name: probe, kinds: [service], trusted: true }]
`;
const SETTINGS = `version: 1
declarations:
  - git: site
    repository: ${repository}
    branch: main
findings:
  - entity: "service:*"
    owner: web team
`;
const BASELINE = `version: 1
for: {tags: [web]}
expect:
  - service: { nginx.service: { state.active: active } }
`;

function write(directory: string, name: string, text: string): void {
  mkdirSync(dirname(join(directory, name)), { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, name), text);
}

function git(...args: string[]): string {
  const env = { PATH: process.env['PATH'] ?? '', HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@x'];
  return execFileSync('git', ['-C', repository, ...who, ...args], { env, encoding: 'utf8' }).trim();
}

function commit(name: string, text: string): void {
  write(repository, name, text);
  git('add', '-A');
  git('commit', '-q', '-m', name);
}

type Found = {
  readonly id: string;
  readonly baseline: string;
  readonly entity: string;
  readonly kind: string;
  readonly status: string;
  readonly owner: string | null;
  readonly because: { readonly title: string; readonly at: string | null } | null;
};

describe('declarations of a data directory', () => {
  let service: Service;
  const ask = async (operation: string, input: Json): Promise<Json> =>
    (await service.perform({ operation, input, caller: CLI_CALLER })).value;
  const scan = async (target: string): Promise<readonly Found[]> =>
    ((await ask('drift_scan', { target })) as unknown as { findings: readonly Found[] }).findings;
  const observe = (target: string, active: string): Promise<Json> =>
    ask('ingest_observation', {
      target,
      source: 'probe',
      observedAt: formatInstant(nodeClock().now()),
      facts: [
        {
          entity: `service:${target.slice(5)}/nginx.service`,
          attribute: 'state.active',
          value: active,
        },
      ],
      complete: ['service'],
    });

  before(async () => {
    mkdirSync(home, { mode: 0o700 });
    mkdirSync(repository);
    git('init', '-q', '-b', 'main');
    commit('web.yaml', BASELINE);
    write(home, 'fleet.yaml', FLEET);
    const opened = await openService({ home, logSink: () => {} });
    assert.ok(opened !== undefined);
    service = opened;
  });
  after(() => service.close());

  it('are nothing until there is a file, and compared from then on, with file and line', async () => {
    await observe('host:web-1', 'failed');
    assert.deepEqual(await scan('host:web-1'), []);
    write(home, 'declarations.yaml', SETTINGS);
    const [found, ...more] = await scan('host:web-1');
    assert.equal(more.length, 0);
    assert.equal(found?.baseline, 'git:site');
    assert.equal(found.kind, 'changed');
    assert.equal(found.owner, 'web team');
    assert.equal(found.because?.at, 'web.yaml:4');
    assert.deepEqual(await scan('host:db-1'), []);
  });

  it('follow the head of the branch', async () => {
    commit('web.yaml', BASELINE.replace('state.active: active', 'state.active: failed'));
    assert.deepEqual(await scan('host:web-1'), []);
    commit('web.yaml', BASELINE);
    assert.equal((await scan('host:web-1')).length, 1);
  });

  it('are unknown while their repository does not hold, and nothing of theirs is resolved', async () => {
    await observe('host:web-1', 'inactive');
    commit('web.yaml', `${BASELINE}oops: 1\n`);
    const found = await scan('host:web-1');
    assert.deepEqual(
      found.map(({ entity, kind }) => [entity, kind]),
      [
        ['declaration:*', 'unknown'],
        ['service:web-1/nginx.service', 'changed'],
      ],
    );
    const unknown = found.find(({ kind }) => kind === 'unknown');
    assert.match(JSON.stringify(unknown?.because), /web\.yaml:5:1: unknown key/);
    await observe('host:web-1', 'inactive');
    assert.equal((await scan('host:web-1')).filter(({ kind }) => kind === 'changed').length, 1);
    commit('web.yaml', BASELINE);
    assert.equal((await scan('host:web-1')).length, 1);
  });

  it('are all unknown while the file does not hold', async () => {
    await observe('host:web-1', 'inactive');
    write(home, 'declarations.yaml', `${SETTINGS}oops: 1\n`);
    const found = await scan('host:web-1');
    assert.ok(
      found.some(
        ({ kind, because }) => kind === 'unknown' && /declarations/.test(because?.title ?? ''),
      ),
    );
    await observe('host:web-1', 'inactive');
    write(home, 'declarations.yaml', SETTINGS);
    const after = await scan('host:web-1');

    assert.deepEqual(
      after.map(({ kind }) => kind),
      ['changed'],
    );
  });

  it('are listed and shown, and what is observed is proposed on a branch', async () => {
    await observe('host:web-1', 'inactive');
    const { declarations } = (await ask('declaration_list', {})) as unknown as {
      readonly declarations: readonly { readonly id: string; readonly signature: string }[];
    };
    assert.deepEqual(
      declarations.map(({ id, signature }) => [id, signature]),
      [['git:site', 'unsigned']],
    );
    const shown = JSON.stringify(
      await ask('declaration_show', { declaration: 'git:site', target: 'web-1' }),
    );
    assert.match(shown, /"at":"web\.yaml:4"/);
    const missing = { declaration: 'git:other', target: 'web-1' };
    await throwsFault(() => ask('declaration_show', missing), 'unknown-declaration');
    const [found] = await scan('host:web-1');
    const head = git('rev-parse', 'main');
    const proposal = (await ask('declaration_propose', {
      finding: found?.id ?? '',
      reason: 'it only runs when asked',
    })) as unknown as { readonly branch: string; readonly diff: string };
    assert.match(
      proposal.diff,
      /^\+ {2}- service: \{ nginx\.service: \{ state\.active: inactive \} \}$/m,
    );
    assert.equal(git('rev-parse', 'main'), head);
    git('merge', '-q', '--ff-only', proposal.branch);
    assert.deepEqual(await scan('host:web-1'), []);
    const again = { finding: found?.id ?? '', reason: 'again' };
    await throwsFault(() => ask('declaration_propose', again), 'proposal-refused');
  });

  it('are checked without a service, also before they are committed', async () => {
    const check = async (path: string | null): Promise<readonly [boolean, string]> => {
      const told = (await checkDeclarations(home, path)) as { ok: boolean; problems: string[] };
      return [told.ok, told.problems.join('\n')];
    };
    assert.deepEqual(await check(null), [true, '']);
    const folder = join(root, 'draft');
    write(folder, 'a.yaml', 'version: 1\nextends: [b/c.yaml]\nfor: all\n');
    write(folder, 'b/c.yaml', 'version: 1\n');
    assert.deepEqual(await check(folder), [true, '']);
    write(folder, 'b/c.yaml', 'version: 1\nexpect: [{package: {x: {version: "${v}"}}}]\n');
    assert.match((await check(folder))[1], /b\/c\.yaml:2:\d+: no file defines a variable "v"/);
    write(folder, 'declarations.yaml', 'version: 2\n');
    assert.match((await check(join(folder, 'declarations.yaml')))[1], /declarations\.yaml:1:10/);
    assert.match((await check(join(folder, 'none.yaml')))[1], /there is no such file/);
  });
});
