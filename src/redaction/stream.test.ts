import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { clean, cleanStream } from './index.ts';
import { SECRETS } from './samples.ts';

function streamed(pieces: readonly (string | Uint8Array)[]): string {
  const stream = cleanStream();
  return pieces.map((piece) => stream.push(piece)).join('') + stream.end();
}

/** Splits where the numbers say, each at least one apart. */
function split<T extends string | Uint8Array>(whole: T, cuts: readonly number[]): T[] {
  const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
  const pieces: T[] = [];
  let from = 0;
  for (const to of [...places, whole.length]) {
    pieces.push(whole.slice(from, to) as T);
    from = to;
  }
  return pieces;
}

const RUNS = Number(process.env['REDACTION_RUNS'] ?? 150);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(...SECRETS.map(([sample]) => sample)),
  fc.constantFrom(
    '\n',
    ' ',
    '\x1b',
    '\x1b[',
    '\x1b]0;',
    '\x9b',
    '\u200b',
    '\ud83d',
    '\ude00',
    'password',
    '=',
    ': ',
    '"',
    '%3D',
    '\\',
  ),
  fc.nat({ max: 9000 }).map((n) => 'log line with nothing in it\n'.repeat(n / 30)),
);
const texts = fc.array(text, { maxLength: 12 }).map((parts) => parts.join(''));

describe('a stream', () => {
  it('says what the whole says, however it is split', () => {
    fc.assert(
      fc.property(texts, fc.array(fc.nat(), { maxLength: 12 }), (whole, cuts) => {
        assert.equal(streamed(split(whole, cuts)), clean(whole).text);
      }),
      { numRuns: RUNS },
    );
  });

  it('says what the whole says for texts much longer than it holds', () => {
    fc.assert(
      fc.property(
        fc.array(texts, { minLength: 40, maxLength: 60 }),
        fc.nat({ max: 60_000 }),
        (parts, size) => {
          const whole = parts.join('\n');
          const step = size + 1_000;
          const cuts = Array.from({ length: Math.ceil(whole.length / step) }, (_, i) => i * step);
          assert.equal(streamed(split(whole, cuts)), clean(whole).text);
        },
      ),
      { numRuns: Math.ceil(RUNS / 50) },
    );
  });

  it('finds a secret in every split of its bytes', () => {
    for (const [sample] of SECRETS.slice(0, 240)) {
      const bytes = Buffer.from(sample);
      const expected = clean(bytes).text;
      for (let i = 1; i < bytes.length; i += 7) {
        assert.equal(streamed([bytes.subarray(0, i), bytes.subarray(i)]), expected);
      }
    }
  });

  it('holds back little and hides a secret longer than it holds', () => {
    const stream = cleanStream();
    let out = stream.push('password="');
    for (let i = 0; i < 200; i++) out += stream.push('hunter2-'.repeat(1_000));
    out += stream.push('"\nnext line\n');
    out += stream.end();
    assert.equal(out, 'password="[redacted:password]\nnext line\n');
  });

  it('gives out text while it comes in', () => {
    const stream = cleanStream();
    let given = 0;
    let pushed = 0;
    for (let i = 0; i < 400; i++) {
      const piece = 'a quiet line of a log\n'.repeat(100);
      pushed += piece.length;
      given += stream.push(piece).length;
      assert.ok(pushed - given < 140_000);
    }
  });
});
