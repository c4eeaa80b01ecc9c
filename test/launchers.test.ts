/**
 * The shell around the program: a copy of `bin` beside a small lockfile, an npm of our own that
 * "installs" this Node, and nothing else in PATH but the system's plain tools.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

const BIN = join(import.meta.dirname, '..', 'bin');
const TOOLS = [
  'sh',
  'dirname',
  'readlink',
  'cmp',
  'cp',
  'mv',
  'mkdir',
  'touch',
  'rm',
  'uname',
  'id',
  'sleep',
  'ln',
  'flock',
];
const NODE_PACKAGE = `node-linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`;
const UNAVAILABLE = 6;

describe('the launcher', () => {
  let place = '';
  let checkout = '';
  let path = '';

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'holdfast-launcher-'));
    checkout = join(place, 'a checkout');
    path = join(place, 'tools');
    mkdirSync(checkout);
    mkdirSync(path);
    cpSync(BIN, join(checkout, 'bin'), { recursive: true });
    for (const tool of TOOLS) {
      const found = execFileSync('sh', ['-c', `command -v ${tool} || true`], { encoding: 'utf8' });
      if (found.trim() !== '') symlinkSync(found.trim(), join(path, tool));
    }
    lock('1.0.0');
    npm('');
    writeFileSync(join(place, 'say.mjs'), 'console.log(JSON.stringify(process.argv.slice(2)));');
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  function lock(version: string): void {
    const packages = {
      '': {},
      'node_modules/some': { version },
      'node_modules/tool': { version, dev: true },
    };
    writeFileSync(join(checkout, 'package-lock.json'), JSON.stringify({ packages }));
  }

  /** `before` is what it does first, in the checkout. */
  function npm(before: string): void {
    const script = `#!/bin/sh
      echo "$*" >> '${place}/npm-calls'
      echo 'npm speaks on standard output'
      ${before}
      rm -rf node_modules
      mkdir -p node_modules/${NODE_PACKAGE}/bin
      ln -s '${process.execPath}' node_modules/${NODE_PACKAGE}/bin/node
      cp package-lock.json node_modules/.package-lock.json`;
    writeFileSync(join(path, 'npm'), script, { mode: 0o755 });
  }

  const npmCalls = (): string[] =>
    spawnSync('cat', [join(place, 'npm-calls')], { encoding: 'utf8' })
      .stdout.split('\n')
      .slice(0, -1);

  const run = (program: string, ...words: string[]) =>
    spawnSync(program, words, { encoding: 'utf8', cwd: '/', env: { PATH: path, HOME: place } });

  const launch = (...words: string[]) =>
    run(join(checkout, 'bin/holdfast-node'), join(place, 'say.mjs'), ...words);

  it('installs once, for production, and leaves standard output to the program', () => {
    const first = launch('a b', '', '*', "'");
    assert.equal(first.stdout, '["a b","","*","\'"]\n', first.stderr);
    assert.match(first.stderr, /installing dependencies and Node 26/);
    assert.deepEqual(npmCalls().length, 1);
    assert.match(npmCalls()[0] ?? '', /^ci --omit=dev /);
    const second = launch();
    assert.equal(second.stderr, '');
    assert.equal(npmCalls().length, 1);
  });

  it('works through links, from any directory', () => {
    symlinkSync(join(checkout, 'bin/holdfast-node'), join(place, 'one'));
    symlinkSync('one', join(place, 'two'));
    assert.equal(run(join(place, 'two'), join(place, 'say.mjs'), 'x').stdout, '["x"]\n');
  });

  it('installs again when the lockfile says something else', () => {
    launch();
    lock('2.0.0');
    assert.equal(launch('x').stdout, '["x"]\n');
    assert.equal(npmCalls().length, 2);
  });

  it('takes what npm installed by itself, also the development tools', () => {
    execFileSync(join(path, 'npm'), ['ci'], { cwd: checkout, env: { PATH: path } });
    assert.equal(launch().stderr, '');
    assert.equal(run(join(checkout, 'bin/install-dependencies'), 'development').status, 0);
    assert.equal(npmCalls().length, 1);
  });

  it('installs the development tools over a production install, and then leaves them', () => {
    npm('');
    launch();
    const held = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8'));
    delete held.packages['node_modules/tool'];
    writeFileSync(join(checkout, 'node_modules/.package-lock.json'), JSON.stringify(held));
    assert.equal(run(join(checkout, 'bin/install-dependencies'), 'development').status, 0);
    assert.match(npmCalls()[1] ?? '', /^ci --include=dev /);
    launch();
    assert.equal(npmCalls().length, 2);
  });

  it('does an interrupted install again', () => {
    npm('mkdir -p node_modules; kill -9 $$');
    assert.equal(launch().status, UNAVAILABLE);
    npm('');
    assert.equal(launch('x').stdout, '["x"]\n');
  });

  it('installs once when two start at once', async () => {
    npm('sleep 0.5');
    const both = await Promise.all(
      ['one', 'two'].map(
        (word) =>
          new Promise<string>((resolve, reject) => {
            const child = spawn(
              join(checkout, 'bin/holdfast-node'),
              [join(place, 'say.mjs'), word],
              {
                env: { PATH: path, HOME: place },
                stdio: ['ignore', 'pipe', 'ignore'],
              },
            );
            let text = '';
            child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
            child.on('error', reject).on('close', () => resolve(text));
          }),
      ),
    );
    assert.deepEqual(both, ['["one"]\n', '["two"]\n']);
    assert.equal(npmCalls().length, 1);
  });

  for (const [what, prepare, says] of [
    ['npm is missing', () => rmSync(join(path, 'npm')), /npm is not installed/],
    ['npm fails', () => npm('exit 1'), /npm could not install the dependencies/],
    [
      'npm left out the pinned Node',
      () => npm('mkdir node_modules; exit 0'),
      /npm left out the package/,
    ],
  ] as const) {
    it(`says so when ${what}, and does not go on`, () => {
      prepare();
      const { status, stdout, stderr } = launch();
      assert.equal(status, UNAVAILABLE, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, says);
    });
  }

  it('hands the words of a command to the program', () => {
    mkdirSync(join(checkout, 'src/main'), { recursive: true });
    writeFileSync(
      join(checkout, 'src/main/cli.ts'),
      'console.log(JSON.stringify(process.argv.slice(2)) as string);',
    );
    assert.equal(run(join(checkout, 'bin/holdfast'), 'query', 'a *').stdout, '["query","a *"]\n');
    cpSync(join(BIN, '..', 'start'), join(checkout, 'start'));
    assert.equal(run(join(checkout, 'start'), '--once').stdout, '["up","--once"]\n');
  });
});
