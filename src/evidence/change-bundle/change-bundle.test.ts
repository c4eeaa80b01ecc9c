/** A bundle that holds, and everything that is changed in it found under its code. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { aKey } from '#samples/authority';
import { bundle, CHANGE, operators, parts, wrongParts } from './samples.ts';
import { type BundlePins, verifyBundle } from './verify.ts';

const alice = aKey('alice');

const codes = (text: string, pins: BundlePins): readonly string[] => {
  const { problems, undecided } = verifyBundle(text, pins);
  return [...problems, ...undecided].map(({ code }) => code);
};

describe('the bundle of a change', () => {
  it('holds under the keys that an auditor pins, and says who signed', async () => {
    const { text, pins } = await bundle();
    const report = verifyBundle(text, pins);
    assert.deepEqual([report.verdict, report.problems, report.undecided], ['holds', [], []]);
    assert.deepEqual(report.operators, ['alice']);
    assert.equal(report.change, CHANGE);
  });

  it('cannot be decided for want of keys, and never holds under others', async () => {
    const { text, pins } = await bundle();
    assert.deepEqual(
      codes(text, { logKeys: [] }).toSorted((a, b) => (a < b ? -1 : 1)),
      ['host-keys', 'log-key', 'operators'],
    );
    const eve = aKey('eve').line;
    assert.deepEqual(codes(text, { ...pins, hosts: new Map([['host:web-1', eve]]) }), [
      'receipt-signature',
    ]);
    const others = operators.replace(alice.line, eve);
    assert.deepEqual(codes(text, { ...pins, operators: others }), [
      'signer-unknown',
      'quorum-not-met',
    ]);
    const { pins: foreign } = await bundle();
    assert.equal(codes(text, foreign).length, 0, 'the same seed makes the same key');
  });

  it('names what was changed before it was signed', async () => {
    for (const [code, of] of wrongParts()) {
      const { text, pins } = await bundle(of);
      assert.ok(codes(text, pins).includes(code), `${code}: ${codes(text, pins).join()}`);
    }
  });

  it('needs an intent before and an outcome after', async () => {
    for (const [code, events] of [
      ['event-missing', [['change.intent', '']]],
      ['event-order', [['change.outcome', 'confirmed']]],
      [
        'event-order',
        [
          ['change.outcome', 'confirmed'],
          ['change.intent', ''],
        ],
      ],
      [
        'event-order',
        [
          ['change.intent', ''],
          ['change.intent', ''],
          ['change.outcome', 'confirmed'],
        ],
      ],
      [
        'state-differs',
        [
          ['change.intent', ''],
          ['change.outcome', 'failed'],
        ],
      ],
    ] as const) {
      const { text, pins } = await bundle(parts(), events as unknown as [string, string][]);
      assert.ok(codes(text, pins).includes(code), code);
    }
  });

  it('does not hold with any character changed', async () => {
    const { text, pins } = await bundle();
    for (let at = 0; at < text.length - 1; at += 41) {
      const other = text[at] === 'A' ? 'B' : 'A';
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      assert.notEqual(verifyBundle(changed, pins).verdict, 'holds', `at ${at}`);
    }
    fc.assert(
      fc.property(
        fc.nat(text.length - 2),
        fc.nat(9),
        fc.string({ maxLength: 9 }),
        (at, cut, put) => {
          const changed = text.slice(0, at) + put + text.slice(at + cut);
          const isSame = changed.trim() === text.trim();
          assert.ok(
            isSame ||
              verifyBundle(changed, pins).verdict !== 'holds' ||
              changed.replaceAll(/\s/g, '') === text.trim(),
          );
        },
      ),
      { numRuns: 60 },
    );
    fc.assert(
      fc.property(
        fc.json(),
        (json) => verifyBundle(json, pins).problems[0]?.code === 'not-a-bundle',
      ),
    );
  });
});
