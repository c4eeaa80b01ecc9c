import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contentOf, loadPolicies, SHIPPED_CONTENT } from './load.ts';
import { shippedFiles } from './samples.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

describe('the shipped policies', () => {
  it('are the ones whose validation a start may leave out', () => {
    assert.equal(contentOf(shippedFiles()), SHIPPED_CONTENT);
  });

  it('are valid, when they are validated like anybody else’s', () => {
    const [first, ...rest] = shippedFiles();
    assert.ok(first);
    loadPolicies([{ ...first, text: `${first.text}\n` }, ...rest], DEFAULT_SETTINGS);
  });

  it('with one word more are validated again', () => {
    const wrong = shippedFiles().map((file) =>
      file.path.endsWith('look.cedar')
        ? { ...file, text: file.text.replace('context.held', 'context.hold') }
        : file,
    );
    assert.throws(() => loadPolicies(wrong, DEFAULT_SETTINGS), { code: 'invalid-policy' });
  });
});
