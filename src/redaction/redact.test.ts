import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clean } from './index.ts';
import { SECRETS } from './samples.ts';

describe('a text with a secret', () => {
  it('is tried often enough', () => {
    assert.ok(SECRETS.length >= 150, `${SECRETS.length} texts with secrets`);
  });

  for (const [i, [text, gone, left]] of SECRETS.entries()) {
    it(`loses it and keeps the rest: ${i} ${JSON.stringify(text.slice(0, 40))}`, () => {
      const cleaned = clean(text);
      for (const secret of typeof gone === 'string' ? [gone] : gone) {
        assert.ok(!cleaned.text.includes(secret), `leaks ${secret}: ${cleaned.text}`);
      }
      for (const part of left ?? [])
        assert.ok(cleaned.text.includes(part), `lost ${part}: ${cleaned.text}`);
      assert.ok(cleaned.secrets > 0);
    });

    it(`is cleaned for good: ${i} ${JSON.stringify(text.slice(0, 40))}`, () => {
      const { text: once } = clean(text);
      assert.equal(clean(once).text, once);
    });
  }
});
