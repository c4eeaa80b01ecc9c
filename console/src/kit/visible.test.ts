import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sentence, visible } from './visible.ts';

const shown = (text: string): string =>
  visible(text)
    .map((piece) => (piece.isEscape ? `<${piece.text}>` : piece.text))
    .join('');

describe('text of others, made visible', () => {
  it('writes out what turns around, hides, or speaks to a terminal', () => {
    assert.equal(shown('a\u202eb'), 'a<\\u{202e}>b');
    assert.equal(shown('\u001b[31mred'), '<\\x1b>[31mred');
    assert.equal(shown('pay\u200bpal'), 'pay<\\u{200b}>pal');
    assert.equal(shown('\u0000\r'), '<\\x00><\\x0d>');
    assert.equal(shown('tag \u{e0041}'), 'tag <\\u{e0041}>');
    assert.equal(shown('half \ud800'), 'half <\\u{d800}>');
    assert.equal(shown('\u3164 \u00ad'), '<\\u{3164}> <\\xad>');
    assert.equal(shown(`a${'\u0301'.repeat(9)}`), `a${'\u0301'.repeat(8)}<\\u{301}>`);
  });

  it('leaves every script, lines and tabs as they are', () => {
    for (const text of ['héllo wörld', '日本語', 'שלום', 'a\n\tb', '<b>&amp;</b>', ''])
      assert.equal(shown(text), text);
  });

  it('loses nothing and leaves nothing that has no sign of its own', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 40 }), (points) => {
        const text = String.fromCodePoint(...points);
        const pieces = visible(text);
        const escapes = pieces.filter(({ isEscape }) => isEscape).length;
        const plain = pieces.filter(({ isEscape }) => !isEscape).map((piece) => piece.text);
        assert.equal(Array.from(plain.join('')).length + escapes, Array.from(text).length);
        assert.doesNotMatch(plain.join(''), /[^\P{C}\t\n]/u);
      }),
    );
  });
});

describe('what the service says, as a sentence', () => {
  it('begins large where it is a word, and leaves names and commands alone', () => {
    assert.equal(sentence('nobody knows: no record says who'), 'Nobody knows: no record says who');
    for (const text of [
      'systemctl',
      'host:web-1 is gone',
      '/etc is full',
      'n17.service failed',
      '',
    ])
      assert.equal(sentence(text), text);
  });
});
