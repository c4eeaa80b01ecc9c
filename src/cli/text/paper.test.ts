import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Paper, type Piece } from './paper.ts';
import { cut, padEnd, widthOf } from './width.ts';
import { age, brief, moment, safeJson } from './words.ts';

const COLUMNS = [
  { head: 'NAME', least: 6, once: true },
  { head: 'N', align: 'right' },
  { head: 'WHAT', least: 6 },
] as const;

function table(rows: readonly (readonly Piece[])[], columns?: number, colour = false): string {
  const paper = new Paper({ columns, colour });
  paper.table(COLUMNS, rows);
  return paper.toString();
}

describe('a table', () => {
  it('lines up, also with wide and combining characters', () => {
    assert.equal(
      table([
        ['漢字', '1', 'a'],
        ['e\u0301t\u00e9', '22', 'b'],
        ['x', '333', '🎉!'],
      ]),
      'NAME    N  WHAT\n漢字    1  a\ne\u0301t\u00e9    22  b\nx     333  🎉!\n',
    );
  });

  it('is cut to the terminal, the widest column first, with an ellipsis', () => {
    const text = table([['a-rather-long-name', '1', 'words that go on and on']], 30);
    assert.equal(text, 'NAME          N  WHAT\na-rather-lo…  1  words that g…\n');
    for (const line of text.trimEnd().split('\n')) assert.ok(widthOf(line) <= 30, line);
  });

  it('is whole where nobody looks', () => {
    assert.match(table([['n'.repeat(300), '1', 'w'.repeat(300)]]), /n{300} {2}1 {2}w{300}\n/);
  });

  it('shows what repeats once, on a terminal only, so that lines can be searched', () => {
    const rows = [
      ['same', '1', 'a'],
      ['same', '2', 'b'],
    ];
    assert.equal(table(rows, 40), 'NAME  N  WHAT\nsame  1  a\n      2  b\n');
    assert.equal(table(rows), 'NAME  N  WHAT\nsame  1  a\nsame  2  b\n');
  });

  it('is coloured only when asked', () => {
    const row: Piece[] = [{ text: 'x', tone: 'bad' }, '1', 'y'];
    assert.equal(
      table([row], 40, true),
      '\u001b[2mNAME  N  WHAT\u001b[0m\n\u001b[31mx   \u001b[0m  1  y\n',
    );
    assert.ok(!table([row], 40, false).includes('\u001b'));
  });

  it('never lets anything through that a terminal obeys or an eye cannot see', () => {
    const pieces = [
      '\u001b[31m',
      '\u001b]8;;http://x\u0007',
      '\u009b2J',
      '\u0000',
      '\r',
      '\n',
      '\b',
      '\u202e',
      '\u2066',
      '\u200b',
      '\ufeff',
      '\u{e0041}',
      '\ud800',
      'ok',
      '漢',
      '\t',
      '\u2028',
      '\u0085',
      '\u001bP',
      '\u001b\\',
      '\u007f',
    ];
    const hostile = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 6 })), {
        maxLength: 8,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        hostile,
        hostile,
        hostile,
        fc.integer({ min: 10, max: 60 }),
        (a, b, c, columns) => {
          const paper = new Paper({ columns, colour: false });
          paper.table(COLUMNS, [[a, '1', b]]);
          paper.line(a, { text: b, tone: 'bad' }, c);
          paper.whole(c);
          paper.block(JSON.stringify({ a, b, c }, null, 2));
          assert.doesNotMatch(
            paper.toString(),
            /(?!\n)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u,
          );
          assert.equal(paper.toString().split('\n').length, 3 + 1 + 5 + 1);
        },
      ),
      { numRuns: 120 },
    );
  });
});

describe('a width', () => {
  it('counts columns, not characters', () => {
    for (const [text, width] of [
      ['', 0],
      ['abc', 3],
      ['漢字', 4],
      ['한글', 4],
      ['e\u0301', 1],
      ['🎉', 2],
      ['ｆｕ', 4],
      ['ß→…', 3],
    ] as const)
      assert.equal(widthOf(text), width, text);
  });

  it('is never exceeded by what is cut', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 0, max: 20 }),
        (text, columns) => {
          assert.ok(widthOf(cut(text, columns)) <= Math.max(columns, 0));
          if (widthOf(text) <= columns) assert.equal(cut(text, columns), text);
          assert.ok(widthOf(padEnd(cut(text, columns), columns)) === columns);
        },
      ),
    );
  });
});

describe('words', () => {
  it('tell ages as a person would', () => {
    const ages = [0, 1, 59, 60, 3_599, 3_600, 172_799, 172_800, 31_536_000].map(age);
    assert.deepEqual(ages, [
      'just now',
      '1 s',
      '59 s',
      '1 min',
      '59 min',
      '1 h',
      '47 h',
      '2 d',
      '365 d',
    ]);
  });

  it('show values and moments in one line', () => {
    assert.deepEqual([null, '', 'a b', 0, [1, { a: true }], undefined].map(brief), [
      'null',
      '""',
      'a b',
      '0',
      '[1,{"a":true}]',
      '',
    ]);
    assert.equal(moment('2026-01-31T09:30:05.000001Z'), '2026-01-31 09:30:05Z');
    assert.equal(moment(null), '');
  });

  it('write JSON that parses to the same and acts on nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.boolean(), (value, pretty) => {
        const text = safeJson(value as never, pretty);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        assert.doesNotMatch(
          text,
          /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u,
        );
        if (!pretty) assert.ok(!text.includes('\n'));
      }),
      { numRuns: 300 },
    );
  });
});
