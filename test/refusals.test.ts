/** Refusal codes are promises: each is listed for people, and none is listed that is never given. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { REFUSALS } from '#model';

describe('the page of refusals', () => {
  it('lists exactly the codes that there are', () => {
    const page = readFileSync('docs/refusals.md', 'utf8');
    const listed = [...page.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => String(code));
    assert.deepEqual(new Set(listed), new Set<string>(REFUSALS));
    assert.equal(listed.length, REFUSALS.length);
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
