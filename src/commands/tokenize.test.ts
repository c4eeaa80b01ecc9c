import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cpuMs } from '#test/cpu';
import { tokenize } from './tokenize.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 1_000);

function argv(line: string): readonly string[] {
  const tokens = tokenize(line);
  assert.ok('argv' in tokens, `${line}: ${JSON.stringify(tokens)}`);
  return tokens.argv;
}

function code(line: string): string {
  const tokens = tokenize(line);
  assert.ok('code' in tokens, `${JSON.stringify(line)} is taken: ${JSON.stringify(tokens)}`);
  return tokens.code;
}

describe('a line', () => {
  it('is split at blanks, with quotes and backslashes as POSIX has them', () => {
    assert.deepEqual(argv("  cat\t'a b'  c\\ d e\"f g\"h '' \n"), [
      'cat',
      'a b',
      'c d',
      'ef gh',
      '',
    ]);
    assert.deepEqual(argv(`a "b\\"c\\\\d\\$e\\\`f\\g"`), ['a', 'b"c\\d$e`f\\g']);
    assert.deepEqual(argv(String.raw`find . -name \*.log -exec x \;`).slice(3), [
      '*.log',
      '-exec',
      'x',
      ';',
    ]);
  });

  it('keeps what a shell would leave alone', () => {
    for (const word of [
      'stash@{0}',
      'a#b',
      'a~',
      'x=y',
      '{}',
      'a^b',
      '%h',
      '+x',
      'a]',
      '!x',
      'http://h/~u',
    ])
      assert.deepEqual(argv(`p ${word}`), ['p', word]);
  });

  it('is refused where it needs a shell, and never when that is quoted', () => {
    for (const piece of [
      'a;b',
      'a&b',
      'a|b',
      'a<b',
      'a>b',
      'a(b',
      'a)',
      '$a',
      '`a`',
      '*',
      'a?',
      '[a',
      '~',
      '~root',
      'x=~',
      'a:~',
      '{a,b}',
      'x{1..3}',
      '#a',
      '"$a"',
      '"`a`"',
      'a\nb',
    ])
      assert.equal(code(`p ${piece}`), 'needs-shell', piece);
    for (const piece of ['a;b', 'a|b', '$a', '`a`', '*', '~', '{a,b}', '#a'])
      assert.deepEqual(argv(`p '${piece}'`), ['p', piece]);
  });

  it('does not begin with a reserved word or a variable', () => {
    for (const word of [
      '!',
      '{',
      '}',
      'if',
      'while',
      'for',
      'case',
      'until',
      'function',
      'then',
      'select',
      'coproc',
    ])
      assert.equal(code(`${word} x`), 'needs-shell', word);
    assert.equal(code('A=b ls'), 'env-prefix');
    assert.equal(code('LD_PRELOAD=/tmp/x.so ls'), 'env-prefix');
    assert.equal(code('A+=b ls'), 'env-prefix');
    assert.deepEqual(argv('time ls'), ['time', 'ls']);
  });

  it('is malformed when it is not whole, not UTF-8, too long, or holds controls', () => {
    for (const line of [
      '',
      '  ',
      "cat 'a",
      'cat "a',
      'cat a\\',
      'a\u0000b',
      'a\rb',
      'a \u001b[1m',
      "a '\t'",
      "a 'x\ny'",
      'a \ud800',
      'a \u0085',
      `a ${'x'.repeat(65_536)}`,
      `a${' b'.repeat(256)}`,
      "''",
    ])
      assert.equal(code(line), 'malformed', JSON.stringify(line.slice(0, 20)));
  });

  it('looks like what it is', () => {
    for (const line of [
      'сat x',
      'cat\u00a0/etc/hosts',
      "cat 'a\u202eb'",
      "cat '\u200b'",
      'cat é',
      'cat –n x',
      'cat \\é',
      'a \u{e0041}',
    ])
      assert.equal(code(line), 'look-alike', line);
    assert.deepEqual(argv("grep 'naïve' x"), ['grep', 'naïve', 'x']);
  });

  it('is read in time proportional to it, whatever it is, and never with anything thrown', () => {
    const pieces = fc.constantFrom(...`'"\\ \t\n;|{},.~#=ab$*é\u202e`.split(''));
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        tokenize(parts.join(''));
      }),
      { numRuns: RUNS },
    );
    const hostile = [
      '{'.repeat(65_000),
      `'${'{,'.repeat(32_000)}`,
      '\\x'.repeat(32_000),
      `${'"" '.repeat(200)}${'~'.repeat(60_000)}`,
    ];
    for (const line of hostile) {
      const from = cpuMs();
      tokenize(line);
      assert.ok(cpuMs() - from < 200, line.slice(0, 10));
    }
  });
});
