/**
 * The tokenizer beside real shells: where it claims an argv, dash and bash make the same one.
 *
 * 1. Lines are made of pieces a shell cares about, at random.
 * 2. Those the tokenizer takes are written into one script, with the program that records its words before each.
 * 3. Each shell runs the script; what was recorded must be what the tokenizer said.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { tokenize } from './tokenize.ts';

const RUNS = Number(process.env['HOLDFAST_TOKENIZE_RUNS'] ?? 20_000);
const PIECES = [
  'a',
  'b1',
  ' ',
  '  ',
  '\t',
  "'",
  '"',
  '\\',
  '$',
  '`',
  '*',
  '?',
  '[',
  ']',
  '~',
  '#',
  '{',
  '}',
  ',',
  '..',
  '=',
  ':',
  '!',
  '%',
  '^',
  '-',
  '+',
  '@',
  ';',
  '|',
  '&',
  '<',
  '>',
  '(',
  ')',
  "'x y'",
  '"x y"',
  '\\ ',
  '\\n',
  '"\\""',
  '"\\$"',
  '\\\\',
  '{}',
  '{a}',
  'if',
  'time',
  '/',
  '.',
  "''",
  '"é"',
];

describe('the tokenizer', () => {
  for (const shell of ['/usr/bin/dash', '/usr/bin/bash']) {
    const reason = existsSync(shell) ? false : `no ${shell} here: install it`;
    it(`claims no argv that ${shell} would not make`, { skip: reason }, () => {
      const lines = fc
        .sample(fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 9 }), RUNS)
        .map((pieces) => `rec ${pieces.join('')}`);
      const taken = lines.flatMap((line) => {
        const tokens = tokenize(line);
        return 'argv' in tokens ? [{ line, argv: tokens.argv }] : [];
      });
      assert.ok(taken.length > RUNS / 20, `only ${taken.length} lines were taken`);
      const script = `rec() { printf '%s\\0' "$#" "$@"; }\n${taken.map(({ line }) => line).join('\n')}\n`;
      const { stdout, status, stderr } = spawnSync(shell, ['-s'], {
        input: script,
        encoding: 'utf8',
        maxBuffer: 256 * 1_048_576,
        cwd: '/proc/self/net',
        env: { LC_ALL: 'C.UTF-8', HOME: '/nowhere' },
      });
      assert.equal(status, 0, stderr);
      const fields = stdout.split('\0');
      let at = 0;
      for (const { line, argv } of taken) {
        const count = Number(fields[at]);
        assert.deepEqual(fields.slice(at + 1, at + 1 + count), argv.slice(1), JSON.stringify(line));
        at += 1 + count;
      }
      assert.equal(at, fields.length - 1);
    });
  }
});
