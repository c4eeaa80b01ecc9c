/** `host/automation/tofu-apply`, with a program in the place of Terraform that tells how it was called. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '#base/digest';

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'host', 'automation', 'tofu-apply');
const SHELLS = ['sh', 'dash', 'bash', 'busybox'].filter(
  (shell) => spawnSync(shell, shell === 'busybox' ? ['true'] : ['-c', 'true']).status === 0,
);

type Rig = Disposable & {
  readonly words: Readonly<Record<string, string>>;
  run(
    shell: string,
    words: Readonly<Record<string, string>>,
    more?: readonly string[],
  ): number | null;
  called(): string | undefined;
};

function aRig(): Rig {
  const directory = mkdtempSync(join(tmpdir(), 'hf-apply-'));
  const at = (name: string): string => join(directory, name);
  mkdirSync(at('root'));
  for (const name of ['plan', 'cli']) writeFileSync(at(name), name);
  writeFileSync(
    at('terraform'),
    `#!/bin/sh\n{ env; echo "argv $*"; } >'${at('called')}'\nexit 3\n`,
    {
      mode: 0o755,
    },
  );
  const text = readFileSync(SCRIPT, 'utf8').replace('PATH=/usr', `PATH=${directory}:/usr`);
  writeFileSync(at('tofu-apply'), text);
  return {
    words: {
      program: 'terraform',
      root: at('root'),
      home: directory,
      cli: at('cli'),
      sha256: sha256('plan'),
      plan: at('plan'),
    },
    run: (shell, words, more = []) =>
      spawnSync(
        shell,
        [
          ...(shell === 'busybox' ? ['ash'] : []),
          at('tofu-apply'),
          ...Object.entries(words).flatMap(([name, value]) => [`--${name}`, value]),
          ...more,
        ],
        {
          env: {
            ...process.env,
            TF_CLI_ARGS: '-destroy',
            TF_VAR_x: 'y',
            AWS_PROFILE: 'z',
            HOLDFAST_JOB: 'j',
          },
        },
      ).status,
    called: () => {
      try {
        return readFileSync(at('called'), 'utf8');
      } catch {
        return undefined;
      }
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

describe('what applies a plan', () => {
  for (const shell of SHELLS)
    it(`applies that plan and nothing else, and ends as the program does: ${shell}`, () => {
      using rig = aRig();
      assert.equal(rig.run(shell, rig.words), 3);
      const called = rig.called() ?? '';
      const { root, plan } = rig.words;
      assert.ok(
        called.includes(
          `argv -chdir=${root} apply -input=false -no-color -lock-timeout=60s ${plan}\n`,
        ),
        called,
      );
      assert.doesNotMatch(called, /TF_CLI_ARGS|TF_VAR|AWS_/);
      assert.match(called, /^CHECKPOINT_DISABLE=1$/m);
      assert.match(called, /^HOLDFAST_JOB=j$/m, 'what a job started is found by it');
    });

  it('runs nothing where a word is not what it must be', () => {
    using rig = aRig();
    const { words } = rig;
    for (const [change, status] of [
      [{ program: 'sh' }, 64],
      [{ program: 'terraform destroy' }, 64],
      [{ root: 'root' }, 64],
      [{ root: `${words['root']}/../root` }, 64],
      [{ root: `${words['root']}/none` }, 65],
      [{ cli: '/nonexistent/cli' }, 65],
      [{ sha256: sha256('another plan') }, 66],
      [{ sha256: '' }, 66],
      [{ plan: '/nonexistent/plan' }, 66],
      [{ plan: '-destroy' }, 64],
    ] as const)
      assert.equal(rig.run('sh', { ...words, ...change }), status, JSON.stringify(change));
    assert.equal(rig.run('sh', words, ['-destroy']), 64);
    const { plan: _, ...less } = words;
    assert.equal(rig.run('sh', less), 64);
    assert.equal(rig.called(), undefined);
  });

  it('is a program that the host can start', () => {
    execFileSync('test', ['-x', SCRIPT]);
  });
});
