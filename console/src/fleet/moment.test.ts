import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  heights,
  momentAt,
  nextChange,
  PARTS,
  placeOf,
  question,
  SPANS,
  windowOf,
} from './moment.ts';

const NOW = Date.parse('2026-03-01T12:34:56Z');
const spans = fc.constantFrom(...SPANS.map(([name]) => name));

describe('the window of the slider', () => {
  it('holds now, or the moment that was chosen, and is the same question for a while', () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 0, max: 400 * 86_400_000 }), (span, ago) => {
        const chosen = new Date(NOW - ago).toISOString();
        const window = windowOf(span, NOW, chosen);
        assert.ok(window.fromMs <= NOW - ago && NOW - ago <= window.untilMs);
        assert.ok(window.untilMs - NOW < window.stepMs);
        assert.equal((window.untilMs - window.fromMs) / window.stepMs, PARTS);
        assert.deepEqual(windowOf(span, window.untilMs - 1), windowOf(span, window.untilMs - 2));
      }),
    );
  });

  it('finds each place again from the moment it stands for', () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 0, max: PARTS - 1 }), (span, place) => {
        const window = windowOf(span, NOW);
        assert.equal(placeOf(momentAt(place, window, NOW), window), place);
      }),
    );
    assert.equal(momentAt(PARTS, windowOf('1d', NOW), NOW), '', 'its end is now');
    assert.equal(placeOf('', windowOf('1d', NOW)), PARTS);
  });
});

describe('a chosen moment', () => {
  it('asks for what was chosen, and for nothing that is no time', () => {
    assert.deepEqual(question({ asOf: '', knownAt: '' }), {});
    assert.deepEqual(question({ asOf: 'yesterday"', knownAt: '2026-03-01T00:00:00Z' }), {
      knownAt: '2026-03-01T00:00:00Z',
    });
  });

  it('goes to the next change in either direction and stays where there is none', () => {
    const counts = [0, 3, 0, 0, 1, 0];
    assert.equal(nextChange(counts, 0, 1), 2);
    assert.equal(nextChange(counts, 2, 1), 5);
    assert.equal(nextChange(counts, 5, 1), undefined);
    assert.equal(nextChange(counts, 6, -1), 5);
    assert.equal(nextChange(counts, 5, -1), 2);
    assert.equal(nextChange(counts, 2, -1), undefined);
  });
});

it('shows a single change beside thousands', () => {
  const [none, one, many] = heights([0, 1, 50_000]);
  assert.equal(none, 0);
  assert.ok((one ?? 0) > 0.1);
  assert.equal(many, 1);
});
