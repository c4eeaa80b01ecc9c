import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OPERATIONS } from '#operations';
import { topicsOf } from './hint-topics.ts';

const done = (operation: string): readonly string[] =>
  topicsOf({ kind: 'operation', operation, outcome: 'done' });

describe('hints of what moved', () => {
  it('come of no look and of no answer that only tells: nobody asks again because somebody asked', () => {
    for (const each of OPERATIONS) {
      const { name, effect } = each;
      if (effect === 'look' || (effect === 'change' && each.reads === true))
        assert.deepEqual(done(name), [], name);
    }
    for (const name of [
      'config_status',
      'operators_list',
      'approval_page',
      'doctor',
      'lease_list',
      'explain_finding',
    ])
      assert.deepEqual(done(name), [], name);
  });

  it('come of operations that there are', () => {
    const names = new Set(OPERATIONS.map(({ name }) => name));
    for (const name of [
      'observe',
      'change_approve',
      'emergency_stop',
      'lease_revoke',
      'config_apply',
      'session_end',
      'target_add',
    ])
      assert.ok(names.has(name) && done(name).length > 0, name);
  });

  it('come of what the road and the doors did by themselves, and of nothing that was refused', () => {
    const of = (kind: string): readonly string[] =>
      topicsOf({ kind, operation: 'x', outcome: 'done' });
    assert.deepEqual(of('change.outcome'), ['changes', 'log']);
    assert.ok(of('session.opened').includes('sessions'));
    assert.deepEqual(of('log.checkpoint'), ['log']);
    assert.deepEqual(
      topicsOf({ kind: 'operation', operation: 'run_action', outcome: 'refused' }),
      [],
    );
  });
});
