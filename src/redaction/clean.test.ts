import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cpuMs } from '#test/cpu';
import { asciiJson, clean, forTerminal, isNeutral, neutralise, safeJson } from './index.ts';
import { SECRETS } from './samples.ts';

const RUNS = Number(process.env['REDACTION_RUNS'] ?? 150);
/** Ranges written out here and not taken from the code under test. */
const HARMFUL: readonly (readonly [number, number])[] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfdd0, 0xfdef],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0xfffe, 0xffff],
  [0x1d173, 0x1d17a],
  [0x1fffe, 0x1ffff],
  [0xe0000, 0xe0fff],
];

function isHarmful(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (HARMFUL.some(([from, to]) => code >= from && code <= to)) return true;
  }
  return false;
}

const ACTING =
  '\x00 \x07 \x08 \x1b \x1b[31m \x1b]8;;http://x\x07 \x1bP \x1b\\ \x9b \x9d \x9c \x7f \r \u202e \u2066 \u200b \u200d \ufeff \u00ad \u2028 \ufe0f \u{e0041} \ud800 \udc00 \uffff \u{1fffe}';
const SAYING =
  'password token key = : " \' { } [ ] \\ %3D &quot; < > , ; & -----BEGIN\x20RSA\x20PRIVATE\x20KEY----- [redacted:token]';
const strange = fc.constantFrom(...ACTING.split(' '), ...SAYING.split(' '), '\n', ' ', ': ');
const mixed = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      strange,
      fc.constantFrom(...SECRETS.map(([sample]) => `\n${sample}\n\n`)),
    ),
    { maxLength: 16 },
  )
  .map((parts) => parts.join(''));

describe('clean text', () => {
  it('holds nothing that acts or hides, and cleaning it again changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(mixed, fc.uint8Array({ maxLength: 200 })), (input) => {
        const { text } = clean(input);
        assert.ok(!isHarmful(text));
        assert.ok(text.isWellFormed());
        assert.equal(neutralise(text), text);
        assert.ok(isNeutral(text));
        const again = clean(text);
        assert.equal(again.text, text);
        assert.equal(again.altered, false);
      }),
      { numRuns: RUNS * 4 },
    );
  });

  it('loses a secret that stands between a name and its value', () => {
    const { text } = clean('<password note="AKIAWLNH4SIN6B6DHAOZ">hunter2-Zq8</password>');
    assert.equal(text, '<password note="[redacted:key]">[redacted:password]</password>');
  });

  it('takes a marker for the answer, whatever else the words could mean', () => {
    const told = 'echo x1-Zq8 | docker login --password-stdin\nadmin_password = "hunter2-Zq8"\n';
    const { text } = clean(told);
    assert.match(text, /admin_password = "\[redacted:password\]"/);
    assert.equal(clean(text).text, text);
  });

  it('is one line for a terminal', () => {
    fc.assert(
      fc.property(mixed, (input) => {
        const line = forTerminal(input);
        assert.ok(!/[\n\t]/.test(line) && !isHarmful(line));
      }),
      { numRuns: RUNS },
    );
  });

  it('says how much was cut, and never cuts a marker or a character in two', () => {
    fc.assert(
      fc.property(mixed, fc.nat({ max: 200 }), (input, maxChars) => {
        const { text, cut } = clean(input, { maxChars });
        assert.ok(text.length <= Math.max(maxChars, 0));
        assert.ok(text.isWellFormed());
        assert.ok(!/\[redacted:[a-z-]*$/.test(text));
        if (cut > 0 && maxChars > 60) assert.match(text, / \[cut: \d+ characters\]$/);
        const whole = clean(input).text;
        if (cut === 0) assert.equal(text, whole);
        assert.equal(clean(text, { maxChars }).text, text);
      }),
      { numRuns: RUNS },
    );
  });

  it('tells bytes that were no text from bytes that were', () => {
    assert.deepEqual(clean(Buffer.from('Größe')), {
      text: 'Größe',
      altered: false,
      secrets: 0,
      cut: 0,
    });
    assert.equal(clean(Buffer.from([0x61, 0xff])).altered, true);
    assert.equal(clean(Buffer.from('\ufffd')).altered, false);
  });

  it('is exact in JSON, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (input) => {
        assert.equal(JSON.parse(asciiJson(input)), input);
        assert.equal(JSON.parse(safeJson(input)), input);
        assert.match(asciiJson(input), /^[\x20-\x7e]*$/);
        assert.ok(!isHarmful(safeJson(input)));
      }),
      { numRuns: RUNS },
    );
  });
});

describe('escape sequences', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['\x1b[31mred\x1b[0m', 'red'],
    ['\x9b31mred\x9b0m', 'red'],
    ['\x1b]0;title\x07text', 'text'],
    ['\x1b]0;title\x1b\\text', 'text'],
    ['\x9d0;title\x9ctext', 'text'],
    ['\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['\x1bPq payload\x1b\\text', 'text'],
    ['\x90q payload\x9ctext', 'text'],
    ['\x1b_apc\x1b\\text', 'text'],
    ['\x1b^pm\x1b\\text', 'text'],
    ['\x1bXsos\x1b\\text', 'text'],
    ['a\x1b(Bb', 'ab'],
    ['a\x1bcb', 'ab'],
    ['a\x1b[38;5;1', 'a'],
    ['a\x1b]0;never ends\nnext line', 'a\nnext line'],
    ['a\x1b]0;never ends', 'a'],
    ['a\x1b', 'a'],
    ['a\x1b[3\x001mb', 'ab'],
    ['a\x1b[3\x18b', 'ab'],
    ['a\r\nb', 'a\nb'],
    ['x\u0000y\u0007z', 'xyz'],
    ['\ud83d\x1b[m\ude00', '😀'],
  ];
  for (const [input, output] of cases) {
    it(`go whole: ${JSON.stringify(input)}`, () => assert.equal(neutralise(input), output));
  }
});

describe('cleaning', () => {
  const quarter = 30_000;
  const patterns = [
    'a',
    '=',
    '"',
    '-----BEGIN',
    '-----BEGIN RSA PRIVATE KEY-----\n',
    'eyJ',
    'eyJa.',
    'https://',
    '://a:',
    '\x1b',
    '\x1b]',
    '\\"',
    '\\\\',
    'password=',
    'password: a ',
    'password="',
    '"password":"',
    '{"password":{',
    'password=[',
    '$6$a$',
    'sk-',
    'mysql -p',
    'curl -u a:',
    '%3D',
    'cGFzc3dvcm',
    'Authorization: Digest ',
    'Cookie: a=b;',
    '[redacted:',
    ':5432:',
    ':::',
    '<password ',
    'password: |\n  ',
    'ｐ',
    '{',
    '\t',
    '\u200b',
  ];
  for (const pattern of patterns) {
    it(`takes time in proportion to its input: ${JSON.stringify(pattern)}`, () => {
      const text = pattern.repeat(Math.ceil((4 * quarter) / pattern.length));
      const started = cpuMs();
      clean(text);
      // Far above what it takes, far below what a quadratic rule would.
      assert.ok(cpuMs() - started < 3_000);
    });
  }
});
