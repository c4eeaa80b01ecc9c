import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { nodeClock, nodeFiles, nodePrograms } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { GitRepository } from './git-repository.ts';
import { proposeChange } from './proposals.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-git-'));
after(() => rmSync(root, { recursive: true, force: true }));

const ENV = {
  PATH: process.env['PATH'] ?? '',
  HOME: root,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@x',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@x',
  // A commit begins nothing behind it.
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'maintenance.auto',
  GIT_CONFIG_VALUE_0: 'false',
  GIT_CONFIG_KEY_1: 'gc.auto',
  GIT_CONFIG_VALUE_1: '0',
};

function git(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-C', directory, '-c', 'safe.directory=*', ...args], {
    env: ENV,
    encoding: 'utf8',
  }).trim();
}

function write(directory: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

/** A work tree with one commit on main. */
function aRepository(name: string, files: Readonly<Record<string, string | Buffer>>): string {
  const directory = join(root, name);
  const empty = join(root, '.empty');
  if (!existsSync(empty)) {
    mkdirSync(empty);
    git(empty, 'init', '-q', '-b', 'main');
  }
  cpSync(empty, directory, { recursive: true });
  write(directory, files);
  git(directory, 'add', '-A', '-f');
  git(directory, 'commit', '-q', '-m', 'one');
  return directory;
}

const opened = (path: string): GitRepository =>
  new GitRepository(nodeFiles(), nodePrograms(), path);

async function readMain(path: string, folder = ''): Promise<readonly string[]> {
  const repository = opened(path);
  const { files } = await repository.read({ folder }, await repository.head('main'));
  return files.map(({ file, text }) => `${file}: ${text}`);
}

/** Everything in a directory of git but what reading may never touch anyway. */
function stateOf(directory: string): string {
  const all = readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted();
  return all.map((name) => name).join('\n');
}

describe('a repository of baselines', () => {
  it('is read at the head of a branch: committed files below a folder, and nothing of the work tree', async () => {
    const path = aRepository('plain', {
      'baselines/a.yaml': 'one\n',
      'baselines/deep/b.yml': 'two\n',
      'baselines/readme.md': 'no',
      'other/c.yaml': 'three\n',
      '.github/d.yaml': 'no',
    });
    write(path, { 'baselines/a.yaml': 'edited, not committed\n' });
    assert.deepEqual(await readMain(path, 'baselines'), [
      'baselines/a.yaml: one\n',
      'baselines/deep/b.yml: two\n',
    ]);
    assert.equal((await readMain(path)).length, 3);
    const bare = join(root, 'plain.git');
    execFileSync('git', ['clone', '-q', '--bare', path, bare], { env: ENV });
    assert.deepEqual(await readMain(bare, 'other'), ['other/c.yaml: three\n']);
  });

  it('tells with its stamp when a branch moved, packed or not', async () => {
    const path = aRepository('moving', { 'a.yaml': '1' });
    const stamp = async (): Promise<string | undefined> => {
      for (let i = 0; i < 100; i++) {
        const found = await opened(path).stamp('main');
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return undefined;
    };
    const first = await stamp();
    assert.ok(first !== undefined);
    assert.equal(await stamp(), first);
    write(path, { 'a.yaml': '2' });
    git(path, 'commit', '-qam', 'two');
    const second = await stamp();
    assert.notEqual(second, first);
    git(path, 'pack-refs', '--all');
    assert.notEqual(await stamp(), second);
    assert.equal((await opened(path).head('main')).length, 40);
  });

  it('says what is missing: the repository, the branch, git where a link or a file stands', async () => {
    await throwsFault(() => opened(join(root, 'nowhere')).head('main'), 'repository-unavailable');
    const path = aRepository('branches', { 'a.yaml': '1' });
    await throwsFault(() => opened(path).head('prod'), 'repository-unavailable');
    const link = join(root, 'link');
    symlinkSync(path, link);
    await throwsFault(
      async () => opened(join(root, 'linked')).head('main'),
      'repository-unavailable',
    );
    mkdirSync(join(root, 'linked'));
    symlinkSync(join(path, '.git'), join(root, 'linked', '.git'));
    await throwsFault(() => opened(join(root, 'linked')).head('main'), 'repository-unavailable');
    mkdirSync(join(root, 'pointed'));
    write(join(root, 'pointed'), { '.git': `gitdir: ${path}/.git\n` });
    await throwsFault(() => opened(join(root, 'pointed')).head('main'), 'repository-unavailable');
  });

  it('is refused with links, strange names, huge files and other bytes in place of baselines', async () => {
    const refusedWith = async (path: string, why: RegExp): Promise<void> => {
      const fault = await throwsFault(() => readMain(path), 'invalid-declarations');
      assert.match(fault.message, why);
    };
    const linked = aRepository('with-link', { 'a.yaml': '1' });
    symlinkSync('/etc/passwd', join(linked, 'b.yaml'));
    git(linked, 'add', '-A');
    git(linked, 'commit', '-qm', 'link');
    await refusedWith(linked, /b\.yaml: it is a link, and no link is followed/);
    await refusedWith(
      aRepository('names', { 'a\nb\u202e.yaml': '1' }),
      /"a\\nb\\u\{202e\}\.yaml": its name/,
    );
    await refusedWith(
      aRepository('huge', { 'a.yaml': Buffer.alloc(1_048_577, 0x20) }),
      /a\.yaml: it is larger than/,
    );
    await refusedWith(
      aRepository('bytes', { 'a.yaml': Buffer.from([0xff, 0xfe]) }),
      /a\.yaml is not UTF-8/,
    );
    const bytes = aRepository('raw-name', { 'a.yaml': '1' });
    writeFileSync(
      Buffer.concat([Buffer.from(`${bytes}/`), Buffer.from([0xff]), Buffer.from('.yaml')]),
      '1',
    );
    git(bytes, 'add', '-A');
    git(bytes, 'commit', '-qm', 'raw');
    await refusedWith(bytes, /no UTF-8/);
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`f${i}.yaml`, '']));
    await refusedWith(aRepository('many', many), /more than 500 baselines/);
  });

  it('is given up where its trees never end', async () => {
    const path = aRepository('bomb', { 'a.yaml': '1' });
    const made = (stdin: string): string =>
      execFileSync('git', ['-C', path, 'mktree'], {
        env: ENV,
        input: stdin,
        encoding: 'utf8',
      }).trim();
    const blob = git(path, 'rev-parse', 'HEAD:a.yaml');
    let tree = made(
      Array.from({ length: 10 }, (_, i) => `100644 blob ${blob}\tf${i}.yaml\n`).join(''),
    );
    for (let depth = 0; depth < 8; depth++)
      tree = made(Array.from({ length: 10 }, (_, i) => `040000 tree ${tree}\td${i}\n`).join(''));
    git(path, 'update-ref', 'refs/heads/main', git(path, 'commit-tree', tree, '-m', 'bomb'));
    await throwsFault(() => readMain(path), 'repository-unavailable');
  });
});

describe('a hostile repository', () => {
  const marker = join(root, 'it-ran');
  const script = join(root, 'evil');
  let path = '';

  before(() => {
    writeFileSync(script, `#!/bin/sh\necho "$0 $*" >> ${marker}\nexec cat\n`);
    chmodSync(script, 0o755);
    path = aRepository('hostile', {
      'a.yaml': 'version: 1 # before\n',
      '.gitattributes': '*.yaml filter=evil diff=evil text eol=crlf ident\n',
      '.gitmodules': '[submodule "x"]\n path = x\n url = ext::sh -c x\n update = !evil\n',
    });
    const settings: Readonly<Record<string, string>> = {
      'core.fsmonitor': script,
      'core.hooksPath': join(path, '.git', 'hooks'),
      'core.pager': script,
      'core.editor': script,
      'core.sshCommand': script,
      'core.gitProxy': script,
      'core.askPass': script,
      'core.alternateRefsCommand': script,
      'filter.evil.clean': script,
      'filter.evil.smudge': script,
      'filter.evil.process': script,
      'filter.evil.required': 'true',
      'diff.external': script,
      'diff.evil.command': script,
      'diff.evil.textconv': script,
      'gpg.program': script,
      'commit.gpgSign': 'true',
      'user.signingKey': 'x',
      'credential.helper': script,
      'protocol.ext.allow': 'always',
      'remote.origin.url': `ext::${script} x`,
      'remote.origin.promisor': 'true',
      'remote.origin.uploadpack': script,
      'extensions.partialClone': 'origin',
      'core.repositoryFormatVersion': '1',
      'uploadpack.packObjectsHook': script,
      'alias.ls-tree': `!${script}`,
      'alias.cat-file': `!${script}`,
      'trailer.x.command': script,
      'interactive.diffFilter': script,
      'core.attributesFile': join(root, 'attributes'),
      'core.worktree': root,
      'gc.auto': '1',
      'sequence.editor': script,
    };
    writeFileSync(join(root, 'attributes'), '* filter=evil diff=evil\n');
    mkdirSync(join(path, '.git', 'info'), { recursive: true });
    writeFileSync(join(path, '.git', 'info', 'attributes'), '* filter=evil diff=evil\n');
    for (const hook of [
      'reference-transaction',
      'post-commit',
      'pre-commit',
      'post-index-change',
      'update',
      'post-update',
      'fsmonitor-watchman',
      'post-rewrite',
      'pre-auto-gc',
      'commit-msg',
      'prepare-commit-msg',
      'applypatch-msg',
    ])
      symlinkSync(script, join(path, '.git', 'hooks', hook));
    const config = join(path, '.git', 'config');
    for (const [name, value] of Object.entries(settings))
      execFileSync('git', ['config', '--file', config, name, value], { env: ENV });
  });

  it('runs nothing when it is read', async () => {
    assert.deepEqual(await readMain(path), ['a.yaml: version: 1 # before\n']);
    assert.ok(!existsSync(marker), existsSync(marker) ? readFileSync(marker, 'utf8') : '');
  });

  it('fetches nothing that it lacks', async () => {
    const blob = git(
      path,
      '-c',
      'core.fsmonitor=false',
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'extensions.partialClone=',
      'rev-parse',
      'main:a.yaml',
    );
    const object = join(path, '.git', 'objects', blob.slice(0, 2), blob.slice(2));
    const kept = readFileSync(object);
    rmSync(object);
    rmSync(marker, { force: true });
    try {
      await throwsFault(() => readMain(path), 'invalid-repository');
    } finally {
      writeFileSync(object, kept);
    }
    assert.ok(!existsSync(marker), existsSync(marker) ? readFileSync(marker, 'utf8') : '');
  });

  it('runs nothing when a change is proposed, and nothing of it moves', async () => {
    rmSync(marker, { force: true });
    const repository = opened(path);
    const head = await repository.head('main');
    const files = stateOf(path)
      .split('\n')
      .filter((name) => !name.startsWith('.git/objects'));
    const proposal = await proposeChange(
      {
        repository,
        branch: 'main',
        file: 'a.yaml',
        edit: (text) => text.replace('before', 'after'),
        message: 'accept it',
        author: { name: 'eve <x>\n', email: null },
      },
      nodeClock(),
    );
    assert.match(proposal.branch, /^holdfast\/[0-9a-f]{12}$/);
    assert.equal(proposal.parent, head);
    assert.match(proposal.diff, /^-version: 1 # before\n\+version: 1 # after$/m);
    assert.equal(await repository.head('main'), head);
    assert.equal(await repository.head(proposal.branch), proposal.commit);
    assert.ok(!existsSync(marker), existsSync(marker) ? readFileSync(marker, 'utf8') : '');
    const now = stateOf(path)
      .split('\n')
      .filter((name) => !name.startsWith('.git/objects'));
    assert.deepEqual(
      now.filter((name) => !files.includes(name)),
      ['.git/refs/heads/holdfast', `.git/refs/heads/${proposal.branch}`],
    );
  });
});

describe('a proposal', () => {
  const asked = (path: string, file: string, edit: (text: string) => string) => ({
    repository: opened(path),
    branch: 'main',
    file,
    edit,
    message: 'observed is right\n\nFinding finding_1',
    author: { name: 'ann', email: 'ann@example.org' },
  });

  it('changes one file and keeps every other, whatever its name and mode', async () => {
    const path = aRepository('tree', {
      'b/c/a.yaml': 'x: 1\n',
      'b/c/other': '2',
      'b/wéird \n name': '3',
      'run.sh': '#!/bin/sh\n',
    });
    chmodSync(join(path, 'run.sh'), 0o755);
    symlinkSync('run.sh', join(path, 'link'));
    git(path, 'add', '-A');
    git(path, 'commit', '-qm', 'two');
    const edit = (): string => 'x: 2\n';
    const proposal = await proposeChange(asked(path, 'b/c/a.yaml', edit), nodeClock());
    assert.equal(git(path, 'diff', '--name-only', 'main', proposal.branch), 'b/c/a.yaml');
    assert.equal(git(path, 'show', `${proposal.branch}:b/c/a.yaml`), 'x: 2');
    assert.equal(
      git(path, 'log', '-1', '--format=%an <%ae>|%cn|%s', proposal.branch),
      'ann <ann@example.org>|Holdfast|observed is right',
    );
    assert.equal(git(path, 'status', '--porcelain'), '');
    git(path, 'fsck', '--strict');
    // The same again is the same branch, also a moment later.
    assert.deepEqual(await proposeChange(asked(path, 'b/c/a.yaml', edit), nodeClock()), proposal);
  });

  it('refuses what is no file there, and what changes nothing', async () => {
    const path = aRepository('refusing', { 'b/a.yaml': 'x: 1\n' });
    symlinkSync('/etc/passwd', join(path, 'l.yaml'));
    git(path, 'add', '-A');
    git(path, 'commit', '-qm', 'two');
    for (const file of ['l.yaml', 'b', 'no.yaml', 'c/a.yaml', 'b/a.yaml/x'])
      await throwsFault(
        () =>
          proposeChange(
            asked(path, file, () => 'x'),
            nodeClock(),
          ),
        'proposal-refused',
      );
    await throwsFault(
      () =>
        proposeChange(
          asked(path, 'b/a.yaml', (text) => text),
          nodeClock(),
        ),
      'proposal-refused',
    );
    assert.equal(git(path, 'branch', '--list', 'holdfast/*'), '');
  });
});
