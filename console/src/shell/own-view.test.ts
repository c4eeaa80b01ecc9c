import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ownView } from './own-view.ts';

const ORIGIN = 'https://holdfast.example';

describe('where signing in leads', () => {
  it('is the view that was asked for, with what it shows', () => {
    assert.equal(ownView('/changes?show=pending', ORIGIN), '/changes?show=pending');
    assert.equal(ownView('/changes/chg_1#x', ORIGIN), '/changes/chg_1');
  });

  it('is the overview for whatever leads elsewhere', () => {
    const elsewhere = [
      undefined,
      '',
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
      '/sign-in?next=/sign-in',
      'changes',
      '/\t/evil.example',
      '/\n/evil.example',
      '/.//evil.example',
      '/a/..//evil.example',
    ];
    for (const next of elsewhere)
      assert.match(ownView(next, ORIGIN), /^\/(?:$|[^/\\])/, String(next));
    assert.equal(ownView('//evil.example', ORIGIN), '/');
    assert.equal(ownView('/sign-in', ORIGIN), '/');
  });
});
