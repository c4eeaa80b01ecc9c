import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Overview } from './answers.ts';
import { failedSince, needsOf, seenShare } from './need.ts';

const NONE = { unreachable: 0, never: 0, stale: 0, odd: 0, partial: 0, healthy: 0 };
const overview = (over: Partial<Overview> = {}): Overview => ({
  at: { asOf: '', knownAt: '' },
  targets: 3,
  states: { ...NONE, healthy: 3 },
  scopes: [],
  ages: [],
  kinds: { complete: 1, partial: 0, stale: 0, unreachable: 0 },
  findings: { critical: 0, warning: 0, info: 0 },
  worst: [],
  log: { writable: true, reason: null },
  ...over,
});
const calm = { waiting: 0, ambiguous: [], failed: [], config: undefined };
const change = (createdAt: string) => ({
  changeId: 'c',
  state: 'failed',
  tier: 'T1',
  action: 'a',
  targets: [],
  reason: '',
  requestedBy: 'x',
  createdAt,
});

describe('what needs somebody', () => {
  it('is nothing while all is well, and names what stops everything first', () => {
    assert.deepEqual(needsOf({ ...calm, overview: overview() }), []);
    const all = needsOf({
      overview: overview({
        states: { ...NONE, unreachable: 2, stale: 1, never: 1 },
        findings: { critical: 1, warning: 4, info: 9 },
        log: { writable: false, reason: 'no space' },
      }),
      waiting: 1,
      ambiguous: [change('')],
      failed: [change('')],
      config: { status: 'changed', changed: ['fleet.yaml'] },
    });
    assert.deepEqual(
      all.map(({ id }) => id),
      [
        'log',
        'config',
        'approvals',
        'ambiguous',
        'failed',
        'critical',
        'unreachable',
        'stale',
        'warning',
        'never',
      ],
    );
    assert.match(all[2]?.says ?? '', /^1 change waits/);
  });

  it('is told of approvals also while the fleet cannot be read', () => {
    const needs = needsOf({ ...calm, overview: undefined, waiting: 2 });
    assert.deepEqual(
      needs.map(({ says }) => says),
      ['2 changes wait for your signature'],
    );
  });

  it('leaves out failures of long ago', () => {
    const kept = failedSince(
      [change('2026-03-01T00:00:00Z'), change('2026-01-01T00:00:00Z')],
      Date.parse('2026-02-01T00:00:00Z'),
    );
    assert.equal(kept.length, 1);
  });
});

it('never says that all of a fleet is seen while one target is not', () => {
  assert.equal(seenShare({ targets: 1_000, states: { ...NONE, healthy: 999, stale: 1 } }), 99);
  assert.equal(seenShare({ targets: 2, states: { ...NONE, healthy: 2 } }), 100);
  assert.equal(seenShare({ targets: 0, states: NONE }), 0);
});
