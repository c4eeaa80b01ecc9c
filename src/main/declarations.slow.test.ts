/** What should be is in force as an operator signed it: an edit of any file of it freezes changes, and says which. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { NAMESPACES } from '#authority';
import { aKey } from '#samples/authority';
import { aChangeHome, ask, mustOpen, PERSON, propose } from '#test/change-home';
import type { Service } from './service.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-signed-'));
const repository = join(root, 'site');
after(() => rmSync(root, { recursive: true, force: true }));

const catalogue = (scratch: string, account: string): string => `version: 1
actions:
  - id: own.touch
    version: 1
    summary: Make a file
    family: own
    tier: T2
    sideEffect: data
    steps:
      - run: [touch, ${scratch}/made]
        runAs: ${account}
        effect: Makes a file
        inverse: none
    verify:
      probes:
        - run: [test, -e, ${scratch}/made]
`;
const SETTINGS = `version: 1
declarations:
  - git: site
    repository: ${repository}
    branch: main
`;

function git(...args: string[]): string {
  const env = { PATH: process.env['PATH'] ?? '', HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@x'];
  return execFileSync('git', ['-C', repository, ...who, ...args], { env, encoding: 'utf8' }).trim();
}

function commit(name: string, text: string): void {
  writeFileSync(join(repository, name), text);
  git('add', '-A');
  git('commit', '-q', '-m', name);
}

async function sign(service: Service): Promise<void> {
  const page = await ask<{ order: string; says: string[] }>(service, 'config_page', {
    request: { kind: 'sign' },
  });
  const signatures = [aKey(PERSON).sign(NAMESPACES.config, page.order)];
  await ask(service, 'config_apply', { order: page.order, signatures });
}

const mayChange = async (service: Service): Promise<string> =>
  (await propose(service, 'own.touch', {})).state;

async function frozenBy(service: Service, why: RegExp): Promise<void> {
  const { state, decision } = await propose(service, 'own.touch', {});
  assert.equal(state, 'refused');
  assert.equal(decision.because, 'config-unsigned');
  assert.match(decision.says, why);
}

describe('signed declarations', () => {
  it('freeze changes when any of their files is edited, and name it', async () => {
    mkdirSync(repository);
    git('init', '-q', '-b', 'main');
    commit('web.yaml', 'version: 1\nfor: all\n');
    using home = await aChangeHome({ catalogue });
    const settings = join(home.path, 'declarations.yaml');
    {
      await using service = await mustOpen(home.path);
      // What was signed before there was any such file stays in force.
      assert.equal(await mayChange(service), 'previewed');
      writeFileSync(settings, SETTINGS);
      await frozenBy(service, /baselines \(declarations\.yaml, web\.yaml in /);
      rmSync(settings);
      assert.equal(await mayChange(service), 'previewed');
      writeFileSync(settings, SETTINGS);
      await sign(service);
      assert.equal(await mayChange(service), 'previewed');
      const before = git('rev-parse', 'main');
      commit('db.yaml', 'version: 1\n');
      await frozenBy(service, /baselines \(db\.yaml in /);
      const status = await ask<{ changed: string[] }>(service, 'config_status');
      assert.match(status.changed.join(), /db\.yaml in /);
      git('reset', '-q', '--hard', before);
      assert.equal(await mayChange(service), 'previewed');
      commit('web.yaml', 'version: 1\nfor: all\nexpect: []\n');
    }
    await using service = await mustOpen(home.path);
    await frozenBy(service, /baselines \(web\.yaml in /);
    const { declarations } = await ask<{ declarations: { signature: string }[] }>(
      service,
      'declaration_list',
    );
    assert.equal(declarations[0]?.signature, 'unsigned');
    await sign(service);
    assert.equal(await mayChange(service), 'previewed');
    rmSync(join(repository, '.git', 'HEAD'));
    await frozenBy(service, /git site/);
    const doctor = await ask<{ checks: { name: string; ok: boolean; says?: string }[] }>(
      service,
      'doctor',
    );
    const found = doctor.checks.find(({ name }) => name === 'declarations');
    assert.equal(found?.ok, false);
    assert.match(found.says ?? '', /there is no repository/);
  });
});
