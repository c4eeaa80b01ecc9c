/** What an operator signs as `baselines`: everything that decides what is told, and to whom. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { nodeFiles, nodeMachineFiles, nodePrograms } from '#machine';
import { pathsOf } from './data-directory.ts';
import { DeclarationsKeeper } from './declarations-keeper.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-signed-'));
const home = join(root, 'home');
const repository = join(root, 'site');
after(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(home, { mode: 0o700 });
mkdirSync(repository);
mkdirSync(dirname(pathsOf(home).declarationsSigned), { recursive: true, mode: 0o700 });

const STORED = 'a'.repeat(64);

function git(...args: string[]): void {
  const env = { PATH: process.env['PATH'] ?? '', HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@x'];
  execFileSync('git', ['-C', repository, ...who, ...args], { env });
}

function commit(weight: string): void {
  const text = `version: 1\nfor: {tags: [web]}\nexpect:\n  - service: { nginx.service: { state.active: ${weight} } }\n`;
  writeFileSync(join(repository, 'web.yaml'), text);
  git('add', '-A');
  git('commit', '-q', '-m', weight);
}

/** Always a new one: what is kept between two readings is another matter. */
async function digestNow(): Promise<{
  readonly digest: string;
  readonly keeper: DeclarationsKeeper;
}> {
  const keeper = new DeclarationsKeeper({
    files: nodeFiles(),
    programs: nodePrograms(),
    machineFiles: nodeMachineFiles(),
    paths: pathsOf(home),
    inventory: () => Promise.reject(new Error('none')),
    wasStored: async (digest) => digest === STORED,
  });
  return { digest: await keeper.digest(STORED), keeper };
}

describe('what is signed as baselines', () => {
  it('is what is stored alone, as long as there is no file', async () => {
    assert.equal((await digestNow()).digest, STORED);
  });

  it('holds every branch of a repository, also where a file is named alike', async () => {
    git('init', '-q', '-b', 'main');
    commit('active');
    git('checkout', '-q', '-b', 'staging');
    writeFileSync(
      join(home, 'declarations.yaml'),
      `version: 1\ndeclarations:\n${['main', 'staging']
        .map((name) => `  - { git: ${name}, repository: ${repository}, branch: ${name} }\n`)
        .join('')}`,
    );
    const signed = await digestNow();
    commit('inactive');
    const edited = await digestNow();
    assert.notEqual(edited.digest, signed.digest);
    await signed.keeper.settle(signed.digest, signed.digest);
    assert.deepEqual(await edited.keeper.settle(edited.digest, signed.digest), [
      `web.yaml in ${repository} (staging)`,
    ]);
    rmSync(join(home, 'declarations.yaml'));
  });

  it('lets no rule that nobody signed keep a finding from being told', async () => {
    const file = join(home, 'declarations.yaml');
    const ignore = '  - { entity: "port:*", ignore: noise, severity: info, owner: web }\n';
    const write = (rules: string): void =>
      writeFileSync(file, `version: 1\n${rules === '' ? '' : `findings:\n${rules}`}`);
    const told = async (signed: string | undefined): Promise<unknown> => {
      const { digest, keeper } = await digestNow();
      await keeper.settle(digest, signed);
      return keeper.drift.rules().map((rule) => [rule.ignore, rule.severity, rule.owner]);
    };
    write('');
    const before = await digestNow();
    await before.keeper.settle(before.digest, before.digest);
    write(ignore);
    assert.deepEqual(await told(before.digest), [[null, null, 'web']]);
    // Nobody can sign yet, or somebody did.
    const { digest } = await digestNow();
    assert.deepEqual(await told(undefined), [['noise', 'info', 'web']]);
    assert.deepEqual(await told(digest), [['noise', 'info', 'web']]);
    // Something else was edited: what was signed of them holds.
    writeFileSync(join(home, 'notices.yaml'), 'version: 1\n');
    assert.deepEqual(await told(digest), [['noise', 'info', 'web']]);
    rmSync(join(home, 'notices.yaml'));
    // By the same process, what was signed goes on.
    const { keeper } = await digestNow();
    await keeper.settle(digest, digest);
    assert.equal(keeper.drift.isWhole?.(), true);
    write('');
    const edited = await keeper.digest(STORED);
    await keeper.settle(edited, digest);
    assert.equal(keeper.drift.rules()[0]?.ignore, 'noise');
    assert.equal(keeper.drift.isWhole?.(), false);
    rmSync(file);
    await keeper.settle(await keeper.digest(STORED), digest);
    assert.equal(keeper.drift.isWhole?.(), false);
    write(ignore);
    // Nobody knows what was.
    rmSync(pathsOf(home).declarationsSigned);
    assert.deepEqual(await told('f'.repeat(64)), [[null, null, 'web']]);
    rmSync(file);
  });

  it('was signed without a file only where nothing but what is stored was signed, whatever lies beside it', async () => {
    const file = join(home, 'access.yaml');
    writeFileSync(file, 'version: 1\n');
    const { digest, keeper } = await digestNow();
    await keeper.settle(digest, digest);
    assert.equal((await keeper.signedPart('access.yaml', digest))?.text, 'version: 1\n');
    rmSync(file);
    // Somebody who edits files has the program read that there was never any such file.
    for (const name of ['baselines or waivers', 'x', 'access.yaml']) {
      const parts = [{ name, digest, text: 'roles: {}\n' }];
      writeFileSync(pathsOf(home).declarationsSigned, JSON.stringify({ digest, parts }));
      const next = await digestNow();
      await next.keeper.settle(next.digest, digest);
      assert.equal(await next.keeper.signedPart('access.yaml', digest), undefined, name);
    }
    const alone = await digestNow();
    await alone.keeper.settle(STORED, STORED);
    assert.equal(await (await digestNow()).keeper.signedPart('access.yaml', STORED), null);
  });

  for (const name of ['notices.yaml', 'server.yaml', 'access.yaml'])
    it(`holds who is told, what is reached and who may ask: ${name} edited or taken away is another digest`, async () => {
      const file = join(home, name);
      writeFileSync(file, 'version: 1\n');
      const signed = await digestNow();
      await signed.keeper.settle(signed.digest, signed.digest);
      assert.notEqual(signed.digest, STORED);
      writeFileSync(file, 'version: 1\nnotices: []\n');
      const edited = await digestNow();
      assert.notEqual(edited.digest, signed.digest);
      assert.deepEqual(await edited.keeper.settle(edited.digest, signed.digest), [name]);
      rmSync(file);
      const gone = await digestNow();
      assert.equal(gone.digest, STORED);
      assert.deepEqual(await gone.keeper.settle(gone.digest, signed.digest), [name]);
    });
});
