/** No row moves away under a pointer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ListRow } from './answers.ts';
import { inPlace, isInOrder, keyOf, once } from './steady.ts';

const rows = (names: string): ListRow[] =>
  names.split('').map((target) => ({ scope: 'main', target }) as unknown as ListRow);
const names = (of: readonly ListRow[]): string => of.map(({ target }) => target).join('');
const sorted = (text: string): string => text.split('').toSorted().join('');
const held = (before: string, now: string): string =>
  names(inPlace(rows(before).map(keyOf), rows(now)));

describe('rows that somebody looks at', () => {
  it('stay where they were while their order changes', () => {
    assert.equal(held('abcd', 'dcba'), 'abcd');
    assert.equal(held('abcd', 'bcda'), 'abcd');
  });

  it('give up only the places of those that went, to those that came', () => {
    assert.equal(held('abcd', 'xdba'), 'abxd');
    assert.equal(held('abcd', 'dba'), 'abd');
    assert.equal(held('abcd', 'dcbaxy'), 'abcdxy');
    assert.equal(held('', 'ba'), 'ba');
    assert.equal(held('abc', ''), '');
    assert.equal(held('abcd', 'dc'), 'dc');
  });

  it('are all there, each once, whatever came and went', () => {
    for (const [before, now] of [
      ['abcdef', 'fxbya'],
      ['abc', 'cdefab'],
      ['xyz', 'abc'],
    ] as const)
      assert.equal(sorted(held(before, now)), sorted(now));
    assert.equal(names(once([...rows('abca'), ...rows('b')])), 'abc');
  });

  it('are in order when each stands where the answer has it', () => {
    const now = rows('ab');
    assert.equal(isInOrder(now, now), true);
    assert.equal(isInOrder(now.toReversed(), now), false);
  });
});
