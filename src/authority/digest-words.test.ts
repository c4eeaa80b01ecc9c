import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestWords } from './digest-words.ts';

describe('digest words', () => {
  it('are the first 66 bits by the English list of BIP-39', () => {
    assert.equal(digestWords('0'.repeat(64)), 'abandon abandon abandon abandon abandon abandon');
    assert.equal(digestWords('f'.repeat(64)), 'zoo zoo zoo zoo zoo zoo');
    // 00000000001 00000000010 …: words 1 and 2, then zeros.
    const bits = `${'1'.padStart(11, '0')}${'10'.padStart(11, '0')}`.padEnd(256, '0');
    const hex = BigInt(`0b${bits}`).toString(16).padStart(64, '0');
    assert.equal(digestWords(hex), 'ability able abandon abandon abandon abandon');
    assert.equal(digestWords(`sha256:${hex}`), digestWords(hex));
  });

  it('do not depend on the bits behind', () => {
    const digest = `${'7'.repeat(16)}4${'0'.repeat(47)}`;
    assert.equal(digestWords(digest), digestWords(`${'7'.repeat(16)}7${'f'.repeat(47)}`));
    assert.notEqual(digestWords(digest), digestWords(`${'7'.repeat(16)}8${'0'.repeat(47)}`));
  });

  it('are of a digest only', () => {
    assert.throws(() => digestWords('abc'));
  });
});
