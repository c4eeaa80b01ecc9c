import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHANGE_STATES } from '#model';
import { type Change, isPart, PARTS, progressOf, shownOf } from './list.ts';

const aChange = (over: Partial<Change>): Change => ({
  changeId: 'chg_1',
  action: 'service.restart',
  state: 'previewed',
  tier: 'T1',
  targets: ['host:web-1'],
  reason: 'it hangs',
  requestedBy: 'assistant:stdio',
  onBehalfOf: 'operator:ada@local',
  createdAt: '2026-03-01T12:00:00Z',
  dryRun: false,
  undoes: null,
  plan: { steps: [{}, {}], expiresAt: '2026-03-01T13:00:00Z' },
  receipts: [],
  outcome: null,
  approvals: [],
  rollout: null,
  ...over,
});
const ALL = { part: 'all', find: '', tier: 'all', by: 'all' } as const;

describe('the list of changes', () => {
  it('puts each state in exactly one part', () => {
    assert.deepEqual(Object.values(PARTS).flat().toSorted(), [...CHANGE_STATES].toSorted());
    assert.ok(isPart('waiting') && !isPart('toString'));
  });

  it('is narrowed by part, tier, who asked, and every word', () => {
    const changes = [
      aChange({ changeId: 'a' }),
      aChange({ changeId: 'b', state: 'failed', tier: 'T2', requestedBy: 'operator:bea@console' }),
      aChange({ changeId: 'c', requestedBy: 'lease:lea_1', targets: ['host:db-1'] }),
    ];
    const ids = (filter: Parameters<typeof shownOf>[1]) =>
      shownOf(changes, filter)
        .map(({ changeId }) => changeId)
        .join('');
    assert.equal(ids(ALL), 'abc');
    assert.equal(ids({ ...ALL, part: 'waiting' }), 'ac');
    assert.equal(ids({ ...ALL, tier: 'T2' }), 'b');
    assert.equal(ids({ ...ALL, by: 'assistants' }), 'ac');
    assert.equal(ids({ ...ALL, by: 'people' }), 'b');
    assert.equal(ids({ ...ALL, find: 'RESTART db' }), 'c');
  });

  it('tells how far a rollout is, and how far the steps of what runs', () => {
    const rollout = {
      paused: null,
      batches: [
        { state: 'held', targets: [{ state: 'held' }, { state: 'failed' }] },
        { state: 'waiting', targets: [{ state: 'waiting' }] },
      ],
    };
    assert.deepEqual(progressOf(aChange({ rollout })), { done: 1, failed: 1, all: 3 });
    assert.equal(progressOf(aChange({})), null);
    const receipts = [
      { result: 'ok', direction: 'forward' },
      { result: 'ok', direction: 'inverse' },
    ];
    assert.deepEqual(progressOf(aChange({ state: 'executing', receipts })), {
      done: 1,
      failed: 0,
      all: 2,
    });
  });
});
