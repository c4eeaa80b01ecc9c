import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { cli } from './samples.ts';
import { CHAPTERS } from './tree.ts';

const script = async (shell: string): Promise<string> => (await cli(['completions', shell])).out;

describe('completions', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    it(`of ${shell} know every command and every option`, async () => {
      const text = await script(shell);
      for (const spec of CHAPTERS.flatMap(({ commands }) => commands)) {
        for (const each of 'commands' in spec ? [spec, ...spec.commands] : [spec]) {
          const name = each.usage.split(' ')[0] ?? '';
          assert.match(text, new RegExp(`\\b${name}\\b`), name);
          for (const { flags } of ('options' in each ? each.options : undefined) ?? []) {
            const option = flags.split(' ')[0] ?? '';
            assert.ok(text.includes(shell === 'fish' ? `-l ${option.slice(2)}` : option), option);
          }
        }
      }
    });
  }

  it('are an object with --json, like every answer', async () => {
    const { out } = await cli(['completions', 'fish', '--json']);
    assert.equal((JSON.parse(out) as { script: string }).script, await script('fish'));
  });

  it('complete in bash as a person expects', async () => {
    const text = await script('bash');
    const complete = (...words: readonly string[]): readonly string[] => {
      const run = `${text}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', run], { encoding: 'utf8' });
      assert.equal(stderr, '');
      return stdout.split('\n').filter((line) => line !== '');
    };
    assert.deepEqual(
      complete('holdfast', 'ba'),
      ['baseline', 'backup'].toSorted((a, b) => (a < b ? 1 : -1)),
    );
    assert.deepEqual(complete('holdfast', 'baseline', ''), ['bless', 'list', 'show', 'retire']);
    assert.deepEqual(complete('holdfast', '--home', '/x', 'target', 'r'), ['remove']);
    assert.deepEqual(complete('holdfast', 'query', '--as'), ['--as-of']);
    assert.deepEqual(complete('holdfast', 'query', '--type', 'k'), ['known_good']);
    assert.deepEqual(complete('holdfast', 'query', '--target', 'drift', '--kn'), ['--known-at']);
    assert.deepEqual(complete('holdfast', 'completions', 'z'), ['zsh']);
    assert.deepEqual(complete('holdfast', 'help', 'wai'), ['waive', 'waiver']);
  });

  it('are valid in whatever shells are here', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const checked = spawnSync(shell, ['-n'], { input: await script(shell), encoding: 'utf8' });
      if (checked.error === undefined) assert.equal(checked.status, 0, checked.stderr);
    }
  });
});
