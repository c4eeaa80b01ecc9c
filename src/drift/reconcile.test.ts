import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Instant, instant, shift } from '#base/time';
import type { Finding } from '#model';
import { standings } from './exceptions.ts';
import type { ReconcileInput } from './reconcile.ts';
import { reconcileFindings } from './reconcile.ts';
import { aFinding, asDifference, aWaiver, LIFE, later, noon } from './samples.ts';

const tomorrow = instant('2026-03-02T12:00:00Z');
const none = { waivers: [], ignores: [] };

function seen(...findings: readonly Finding[]): ReconcileInput['current'] {
  return { findings: findings.map(asDifference), unsure: [] };
}

function reconcile(
  previous: readonly Finding[],
  current: ReconcileInput['current'],
  now: Instant = tomorrow,
): ReturnType<typeof reconcileFindings> {
  return reconcileFindings({
    ...LIFE,
    previous,
    current,
    exceptions: none,
    now,
  });
}

describe('a finding', () => {
  it('opens when it is first seen', () => {
    assert.deepEqual(reconcile([], seen(aFinding())).opened, [aFinding()]);
  });

  it('keeps the moment it was first seen while it stays, and moves the last one', () => {
    const again = aFinding({ firstSeen: later, lastSeen: tomorrow });
    const [confirmed] = reconcile([aFinding()], seen(again)).confirmed;
    assert.deepEqual(confirmed, aFinding({ lastSeen: tomorrow }));
  });

  it('is updated when it shows another value', () => {
    const worse = aFinding({ observed: 'failed' });
    const [updated] = reconcile([aFinding()], seen(worse)).updated;
    assert.equal(updated?.observed, 'failed');
    assert.equal(updated?.firstSeen, noon);
  });

  it('closes by itself when a look does not show it any more', () => {
    const result = reconcile([aFinding()], seen());
    assert.deepEqual(result.resolved, [aFinding({ status: 'resolved' })]);
    assert.deepEqual(result.standing, []);
  });

  it('stays as it is when nobody could look', () => {
    const doubtful = asDifference(aFinding());
    const result = reconcile([aFinding()], { findings: [], unsure: [doubtful] });
    assert.deepEqual(result.held, [aFinding()]);
    assert.deepEqual(result.standing, [aFinding()]);
  });

  it('is not seen again by a scan without a newer look', () => {
    const result = reconcile([aFinding()], seen(aFinding()));
    assert.deepEqual([result.held, result.confirmed], [[aFinding()], []]);
  });

  it('does not open from what an incomplete look leaves in doubt', () => {
    const doubtful = asDifference(aFinding());
    const result = reconcile([], { findings: [], unsure: [doubtful] });
    assert.deepEqual(result.standing, []);
    const resolved = aFinding({ status: 'resolved' });
    assert.deepEqual(reconcile([resolved], { findings: [], unsure: [doubtful] }).past, [resolved]);
  });

  it('that comes back is a new opening of the same finding, not before it was last seen', () => {
    const resolved = aFinding({ status: 'resolved' });
    const back = aFinding({ firstSeen: noon, lastSeen: tomorrow });
    const [opened] = reconcile([resolved], seen(back)).opened;
    assert.deepEqual(opened, aFinding({ firstSeen: later, lastSeen: tomorrow }));
  });
});

describe('a waiver', () => {
  const waiver = aWaiver({ expiresAt: tomorrow });
  const exceptions = { waivers: [waiver], ignores: [] };
  const statusAt = (now: Instant): unknown =>
    reconcileFindings({
      ...LIFE,
      previous: [],
      current: seen(aFinding()),
      exceptions,
      now,
    }).standing[0]?.status;

  it('is over at the microsecond it says', () => {
    assert.equal(statusAt(shift(tomorrow, -1)), 'waived');
    assert.equal(statusAt(tomorrow), 'open');
  });

  it('that ends reopens what is recorded, without a new look', () => {
    const recorded = [aFinding({ status: 'waived' })];
    assert.deepEqual(standings(recorded, exceptions, shift(tomorrow, -1)), recorded);
    assert.deepEqual(standings(recorded, exceptions, tomorrow), [aFinding()]);
  });

  it('changes the status of a finding and nothing else', () => {
    const result = reconcileFindings({
      ...LIFE,
      previous: [aFinding()],
      current: seen(aFinding()),
      exceptions,
      now: later,
    });
    assert.deepEqual(result.restated, [aFinding({ status: 'waived' })]);
    assert.deepEqual(result.standing, result.restated);
  });
});

describe('reconciling, whatever was known and is seen', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  const status = fc.constantFrom<Finding['status']>('open', 'waived', 'ignored', 'resolved');
  const finding = fc
    .record({ id: fc.constantFrom(...ids), status, observed: fc.constantFrom('x', 'y') })
    .map((each) => aFinding({ ...each, entity: `service:web-1/${each.id}` }));
  const findings = fc.uniqueArray(finding, { selector: (f) => f.id });

  it('never loses and never invents a finding', () => {
    fc.assert(
      fc.property(findings, findings, findings, (previous, now, doubt) => {
        const isSeen = (id: string): boolean => now.some((f) => f.id === id);
        const current: ReconcileInput['current'] = {
          findings: seen(...now).findings,
          unsure: seen(...doubt.filter((f) => !isSeen(f.id))).findings,
        };
        const r = reconcile(previous, current);
        const out = [
          r.opened,
          r.updated,
          r.confirmed,
          r.held,
          r.restated,
          r.resolved,
          r.past,
        ].flat();
        const expected = new Set([...previous, ...now].map((f) => f.id));
        assert.equal(out.length, expected.size);
        assert.deepEqual(new Set(out.map((f) => f.id)), expected);
        assert.deepEqual(
          new Set(r.standing),
          new Set([r.opened, r.updated, r.confirmed, r.held, r.restated].flat()),
        );
        assert.ok(r.standing.every((f) => f.status !== 'resolved'));
        assert.ok(out.every((f) => f.firstSeen <= f.lastSeen));
        for (const f of r.resolved) {
          assert.ok(previous.some((p) => p.id === f.id && p.status !== 'resolved'));
          assert.ok(!isSeen(f.id) && !doubt.some((d) => d.id === f.id));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('done twice changes nothing the second time', () => {
    fc.assert(
      fc.property(findings, findings, (previous, now) => {
        const once = reconcile(previous, seen(...now));
        const recorded = [...once.standing, ...once.resolved, ...once.past];
        const twice = reconcile(recorded, seen(...now));
        assert.deepEqual([twice.opened, twice.updated, twice.resolved], [[], [], []]);
        assert.deepEqual(twice.standing, once.standing);
      }),
      { numRuns: 500 },
    );
  });
});
