import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatFrame, parseAnswer } from './frames.ts';

const HEAD = [
  'holdfast-answer 1',
  'verdict refused',
  'code nonce-spent',
  'detail it%20ran%20%E2%9C%93',
  'time 1795258936',
  'stopped no',
  'state -',
];
const whole = (items: readonly string[], bodies: string, head = HEAD): Buffer =>
  Buffer.from(`${[...head, ...items, 'end'].join('\n')}\n${bodies}`);

describe('an answer of a host', () => {
  it('is read whole, with its items as bytes', () => {
    const answer = parseAnswer(whole(['item stdout 4', 'item receipt 0'], 'a\nb\0'));
    assert.ok(answer);
    assert.equal(answer.code, 'nonce-spent');
    assert.equal(answer.detail, 'it ran ✓');
    assert.equal(answer.time, 1_795_258_936);
    assert.deepEqual([...answer.items.keys()], ['stdout', 'receipt']);
    assert.equal(Buffer.from(answer.items.get('stdout') ?? []).toString(), 'a\nb\0');
  });

  const broken: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.from('')],
    ['a banner before it', Buffer.concat([Buffer.from('welcome\n'), whole([], '')])],
    ['a byte behind it', whole(['item stdout 1'], 'ab')],
    ['less than promised', whole(['item stdout 2'], 'a')],
    ['an item twice', whole(['item stdout 0', 'item stdout 0'], '')],
    ['a length that is none', whole(['item stdout 1e9'], '')],
    ['a negative length', whole(['item stdout -1'], '')],
    ['a refusal without a code', whole([], '', HEAD.with(2, 'code -'))],
    ['a code while all is well', whole([], '', HEAD.with(1, 'verdict ok'))],
    ['a time that is none', whole([], '', HEAD.with(4, 'time now'))],
    ['a detail that is not UTF-8', whole([], '', HEAD.with(3, 'detail %FF'))],
    ['a line of markup', whole([], '', HEAD.with(6, 'state <b>'))],
    ['another order of lines', whole([], '', HEAD.toReversed())],
  ];
  for (const [what, bytes] of broken) {
    it(`is none with ${what}`, () => assert.equal(parseAnswer(bytes), undefined));
  }

  it('cut anywhere is none', () => {
    const good = whole(['item stdout 3'], 'abc');
    for (let n = 0; n < good.length; n++) {
      assert.equal(parseAnswer(good.subarray(0, n)), undefined, `${n} bytes`);
    }
  });
});

describe('a frame', () => {
  it('says the length of each item in bytes, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (bodies) => {
        const frame = Buffer.from(
          formatFrame(
            'run',
            bodies.map((body) => ['order', body] as const),
          ),
        );
        const end = frame.indexOf('\nend\n') + 5;
        const lengths = [
          ...frame
            .subarray(0, end)
            .toString()
            .matchAll(/^item order (\d+)$/gm),
        ];
        assert.deepEqual(
          lengths.map(([, length]) => Number(length)),
          bodies.map((body) => Buffer.byteLength(body)),
        );
        assert.equal(frame.subarray(end).toString(), Buffer.from(bodies.join('')).toString());
      }),
    );
  });
});
