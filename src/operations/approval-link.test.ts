import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '#base/json';
import { withApprovalUrl } from './approval-link.ts';

const linked = (value: Json): Json =>
  withApprovalUrl({ requestId: 'req_1', value, notices: [] }, 'https://holdfast.example').value;

describe('the page where a person decides', () => {
  it('is beside a change that waits, and grants nothing', () => {
    const waiting = { state: 'previewed', changeId: 'chg_1/../x', says: 'y' };
    assert.deepEqual(linked(waiting), {
      ...waiting,
      approvalUrl: 'https://holdfast.example/changes/chg_1%2F..%2Fx',
    });
  });

  it('is beside nothing else', () => {
    for (const value of [
      null,
      'previewed',
      ['previewed'],
      { state: 'previewed' },
      { state: 'previewed', changeId: 7 },
      { state: 'done', changeId: 'chg_1' },
      { state: 'previewed', changeId: 'chg_1', dryRun: true },
    ] as Json[])
      assert.deepEqual(linked(value), value);
  });
});
