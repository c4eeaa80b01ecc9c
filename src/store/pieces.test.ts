import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { wildcard } from '#base/wildcard';
import { cpuMs } from '#test/cpu';
import { throwsFault } from '#test/throws-fault';
import { compareText } from './order.ts';
import { decodeStreams, encodeStreams, hasStream } from './stream-set.ts';

describe('a set of streams', () => {
  it('comes back from its bytes, and equal sets have equal bytes', () => {
    const streams = fc.uniqueArray(fc.oneof(fc.nat(40), fc.nat(0xffff_fffe)), { maxLength: 60 });
    fc.assert(
      fc.property(streams, fc.nat(40), (drawn, probe) => {
        const sorted = [...drawn].sort((a, b) => a - b);
        const decoded = decodeStreams(encodeStreams(sorted));
        assert.deepEqual([...decoded], sorted);
        assert.equal(hasStream(decoded, probe), drawn.includes(probe));
      }),
    );
  });

  it('of a whole inventory takes a few bytes', () => {
    const inventory = Array.from({ length: 10_000 }, (_, i) => 70_000 + i);
    assert.ok(encodeStreams(inventory).length <= 6);
  });

  it('that was cut or makes no sense is refused', async () => {
    for (const bytes of [[0x80], [5], [5, 0], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1]]) {
      await throwsFault(() => decodeStreams(Uint8Array.from(bytes)), 'store-damaged');
    }
  });
});

describe('a wildcard', () => {
  it('matches as the same pattern in a regular expression does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, candidate) => {
        const parts = pattern.split('*').map((part) => RegExp.escape(part));
        const expected = new RegExp(`^${parts.join('[^]*')}$`).test(candidate);
        assert.equal(wildcard(pattern).fits(candidate), expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes no longer for a hostile pattern', () => {
    const started = cpuMs();
    assert.equal(wildcard(`${'a*'.repeat(200)}b`).fits('a'.repeat(500)), false);
    assert.ok(cpuMs() - started < 1_000);
  });
});

it('text is ordered by its UTF-8 bytes', () => {
  const unit = fc.constantFrom(
    'a',
    'Z',
    '\u00e4',
    '\uffee',
    '\ud7ff',
    '\ue000',
    '\u{10000}',
    '\u{1f600}',
  );
  const text = fc.string({ unit, maxLength: 4 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
      assert.equal(Math.sign(compareText(a, b)), expected);
    }),
    { numRuns: 500 },
  );
});
