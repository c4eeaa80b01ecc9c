import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '#base/time';
import { readMoment } from './times.ts';

const NOW = instant('2026-03-01T12:00:00.000001Z');
const local = (...parts: [number, number, number, number?, number?, number?]): string =>
  new Date(...parts).toISOString().replace('Z', '000Z');

describe('a moment that a person types', () => {
  it('is read exactly as RFC 3339, with any offset', () => {
    assert.equal(
      readMoment('2026-01-31T09:30:00.123456+05:30', NOW),
      '2026-01-31T04:00:00.123456Z',
    );
    assert.equal(readMoment(' 2026-01-31T09:30:00z ', NOW), '2026-01-31T09:30:00.000000Z');
  });

  for (const [text, moment] of [
    ['now', '2026-03-01T12:00:00.000001Z'],
    ['15m ago', '2026-03-01T11:45:00.000001Z'],
    ['-15m', '2026-03-01T11:45:00.000001Z'],
    ['-90s', '2026-03-01T11:58:30.000001Z'],
    ['2 hours ago', '2026-03-01T10:00:00.000001Z'],
    ['1h30m ago', '2026-03-01T10:30:00.000001Z'],
    ['1 day 6 hours ago', '2026-02-28T06:00:00.000001Z'],
    ['2 WEEKS AGO', '2026-02-15T12:00:00.000001Z'],
    ['in 7d', '2026-03-08T12:00:00.000001Z'],
    ['+1min', '2026-03-01T12:01:00.000001Z'],
  ] as const) {
    it(`counts from now: ${text}`, () => assert.equal(readMoment(text, NOW), moment));
  }

  it('without a zone is meant where the person is', () => {
    const today = new Date(NOW / 1_000);
    const [y, m, d] = [today.getFullYear(), today.getMonth(), today.getDate()];
    assert.equal(readMoment('2026-01-31', NOW), local(2026, 0, 31));
    assert.equal(readMoment('2026-01-31 09:30', NOW), local(2026, 0, 31, 9, 30));
    assert.equal(readMoment('2026-01-31T09:30:05', NOW), local(2026, 0, 31, 9, 30, 5));
    assert.equal(readMoment('yesterday', NOW), local(y, m, d - 1));
    assert.equal(readMoment('yesterday at 9:05', NOW), local(y, m, d - 1, 9, 5));
    assert.equal(readMoment('today', NOW), local(y, m, d));
    assert.equal(readMoment('tomorrow 18:00', NOW), local(y, m, d + 1, 18));
    assert.equal(readMoment('09:30', NOW), local(y, m, d, 9, 30));
  });

  for (const text of [
    '',
    'soon',
    '15',
    '15 parsecs ago',
    'ago',
    '-',
    '+',
    'in',
    '2026-02-30',
    '2026-02-30 09:00',
    '25:00',
    '2026-1-1',
    'yesterday noon',
    `${'1h'.repeat(30_000)}!`,
  ]) {
    it(`is refused, with what would do: ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(() => readMoment(text, NOW), { code: 'invalid-time', kind: 'invalid' });
    });
  }
});
