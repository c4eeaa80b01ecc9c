/** Two implementations of docs/bundle.md, held together: this one and the standalone file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { bundle, host, operators, parts, wrongParts } from './samples.ts';
import { verifyBundle } from './verify.ts';

const home = mkdtempSync(join(tmpdir(), 'holdfast-bundle-'));
after(() => rmSync(home, { recursive: true }));
writeFileSync(join(home, 'operators'), operators);

/** Codes that the standalone verifier finds. */
function standalone(text: string, logKey: string): readonly string[] {
  const file = join(home, 'bundle.json');
  writeFileSync(file, text);
  const pins = ['--log-key', logKey, '--host-key', `host:web-1=${host.line}`, '--json'];
  const asked = ['bundle', file, '--operators', join(home, 'operators')].concat(pins);
  const run = spawnSync(process.execPath, ['verifier/holdfast-verifier.mjs'].concat(asked));
  const { findings } = JSON.parse(String(run.stdout)) as { findings: readonly { code: string }[] };
  return findings.map(({ code }) => code);
}

describe('two verifiers of a bundle', () => {
  it('find nothing where nothing is wrong, and the same where something is', async () => {
    for (const [code, of] of [['', parts()] as const, ...wrongParts()]) {
      const { text, pins } = await bundle(of);
      const first = verifyBundle(text, pins).problems.map((problem) => problem.code as string);
      const second = standalone(text, pins.logKeys[0] ?? '');
      if (code === '') {
        assert.deepEqual([first, second], [[], []]);
        continue;
      }
      assert.ok(first.includes(code), `${code}: ${first.join()}`);
      assert.ok(second.includes(code), `${code}, standalone: ${second.join()}`);
    }
  });
});
