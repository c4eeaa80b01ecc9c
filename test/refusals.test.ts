/** Refusal codes are promises: each is listed for people, and none is listed that is never given. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { REFUSALS, ROLLOUT_PAUSES } from '#model';

const codesIn = (page = ''): readonly string[] =>
  [...page.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => String(code));

describe('the page of refusals', () => {
  it('lists exactly the codes that there are', () => {
    const page = readFileSync('docs/refusals.md', 'utf8');
    const listed = codesIn(page.split('\n## ')[0]);
    assert.deepEqual(new Set(listed), new Set<string>(REFUSALS));
    assert.equal(listed.length, REFUSALS.length);
  });

  it('lists exactly the reasons for which a rollout pauses, and no outcome that there is not', () => {
    const page = readFileSync('docs/refusals.md', 'utf8').split('\n## Rollouts')[1];
    assert.deepEqual(new Set(codesIn(page)), new Set<string>(ROLLOUT_PAUSES));
    const source = globSync('src/execution/*rollout*.ts')
      .filter((file) => !file.endsWith('.test.ts'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const outcomes = ['some-failed', 'rollout-ended', 'expired', 'stopped'];
    for (const code of [...ROLLOUT_PAUSES, ...outcomes]) {
      assert.ok(source.includes(`'${code}'`), code);
      assert.ok(page?.includes(`\`${code}\``), code);
    }
  });

  it('lists nothing that no code gives', () => {
    const source = globSync('src/**/*.ts')
      .filter((file) => !file.endsWith('.test.ts') && !file.endsWith('model/change.ts'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const policies = globSync('src/policy/shipped/*').map((file) => readFileSync(file, 'utf8'));
    const all = source + policies.join('\n');
    assert.deepEqual(
      REFUSALS.filter((code) => !new RegExp(`['"\`]${code}['"\`]`).test(all)),
      [],
    );
  });
});
