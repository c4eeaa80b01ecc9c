import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant, shift } from '#base/time';
import { observeReport } from './observe-report.ts';
import {
  endReport,
  gatheringOf,
  type ReportParser,
  type RunEvidence,
  type ToolReport,
  whyIncomplete,
} from './report.ts';

const now = instant('2026-03-01T12:00:00Z');
const anHourAgo = instant('2026-03-01T11:00:00Z');
const aReport = (change: Partial<ToolReport> = {}): ToolReport => ({
  target: 'host:web-1',
  host: 'web-1.example.org',
  isFromTarget: true,
  bytes: new Uint8Array(),
  now,
  maxAgeSeconds: 7_200,
  ...change,
});
const good: RunEvidence = { isFinished: true, ranAt: anHourAgo, host: 'web-1' };

const parserOf = (evidence: RunEvidence): ReportParser => ({
  name: 'tool',
  source: 'collector.tool',
  kinds: ['package', 'user'],
  parse: (report) => {
    const seen = gatheringOf(report);
    seen.add('package', 'bash', { version: '5.2' });
    return endReport(seen, ['package', 'user'], evidence, report);
  },
});
const observed = (evidence: RunEvidence, change: Partial<ToolReport> = {}) =>
  observeReport(parserOf(evidence), { ...aReport(change), tookMs: 3, undatedAt: now });

describe('a report of a tool', () => {
  it('is complete when the run ended, is young enough and is of this host', () => {
    const look = observed(good);
    assert.deepEqual(look.complete, ['package', 'user']);
    assert.deepEqual(look.shortfalls, []);
    assert.equal(look.observedAt, anHourAgo);
  });

  it('is never complete without evidence, and says why', () => {
    const cases: readonly (readonly [RunEvidence, Partial<ToolReport>, RegExp])[] = [
      [{ ...good, isFinished: false }, {}, /came to its end/],
      [{ ...good, ranAt: null }, {}, /when it ran/],
      [good, { maxAgeSeconds: 3_599 }, /older than 3599/],
      [{ ...good, ranAt: shift(now, 301_000_000) }, {}, /future/],
      [{ ...good, host: 'web-2' }, {}, /another host/],
      [{ ...good, host: 'web-10' }, {}, /another host/],
      [{ ...good, host: '' }, {}, /another host/],
      [{ ...good, host: null }, { isFromTarget: false }, /of which host/],
    ];
    for (const [evidence, change, why] of cases) {
      const look = observed(evidence, change);
      assert.deepEqual(look.complete, []);
      assert.equal(look.shortfalls.length, 2);
      for (const { reason } of look.shortfalls) assert.match(reason, why);
    }
  });

  it('keeps the facts of one that is old, and none of one that is of another host', () => {
    assert.equal(observed(good, { maxAgeSeconds: 1 }).facts.length, 1);
    assert.equal(observed({ ...good, host: 'db-1' }).facts.length, 0);
    assert.equal(observed({ ...good, host: null }, { isFromTarget: false }).facts.length, 0);
  });

  it('is of no moment of ours when it is of another host', () => {
    assert.equal(observed({ ...good, host: 'db-1' }).observedAt, now);
    assert.equal(observed(good, { maxAgeSeconds: 1 }).observedAt, anHourAgo);
  });

  it('knows a host by its key and by what it calls itself, with or without a domain', () => {
    for (const host of ['web-1', 'WEB-1', 'web-1.example.org', 'web-1.other'])
      assert.equal(whyIncomplete({ ...good, host }, aReport()), null);
    assert.equal(whyIncomplete({ ...good, host: 'box' }, aReport({ host: 'box.lan' })), null);
    assert.notEqual(whyIncomplete({ ...good, host: 'box' }, aReport({ host: null })), null);
  });

  it('leaves its kinds partial when its parser throws, without a word of the report', () => {
    const parser: ReportParser = {
      ...parserOf(good),
      parse: () => {
        throw new TypeError('text of the report');
      },
    };
    const look = observeReport(parser, { ...aReport(), tookMs: 1, undatedAt: now });
    assert.equal(look.observedAt, now);
    assert.deepEqual(
      look.shortfalls.map(({ reason }) => reason),
      ['the report was not understood', 'the report was not understood'],
    );
  });

  it('dates nothing into the future', () => {
    assert.equal(observed({ ...good, ranAt: shift(now, 60_000_000) }).observedAt, now);
  });
});
