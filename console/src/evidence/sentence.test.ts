/** Events as sentences. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Event, sentenceOf } from './sentence.ts';

const EVENT: Event = {
  seq: 7,
  time: '2026-01-01T00:00:00Z',
  kind: 'operation',
  principal: 'operator:ada@console',
  onBehalfOf: 'operator:ada@console',
  surface: 'console',
  operation: 'query_facts',
  outcome: 'done',
  fault: null,
  targets: [],
  tainted: false,
  decision: { verdict: 'allow', because: 'profile operator' },
  requestId: 'req_1',
};

describe('an event of the log', () => {
  it('is a sentence with the change, the targets and the lease that it is about', () => {
    const approved = {
      ...EVENT,
      kind: 'change.approved',
      operation: 'change.approved',
      arguments: { action: 'own.touch@1' },
      more: { change: 'chg_1' },
      targets: ['host:a', 'host:b', 'host:c', 'host:d'],
    };
    assert.deepEqual(sentenceOf(approved), {
      says: 'approved a change',
      of: [
        { kind: 'change', id: 'chg_1', name: 'own.touch' },
        ...['host:a', 'host:b', 'host:c'].map((id) => ({ kind: 'target', id, name: id })),
      ],
    });
    const revoked = { ...EVENT, operation: 'lease_revoke', arguments: { id: 'lease_1' } };
    assert.deepEqual(sentenceOf(revoked).of, [{ kind: 'lease', id: 'lease_1', name: 'lease_1' }]);
    const rejected = { ...EVENT, operation: 'change_reject', arguments: { changeId: 'chg_2' } };
    assert.equal(sentenceOf(rejected).of[0]?.id, 'chg_2');
  });

  it('says what policy said of a change', () => {
    const says = (verdict: string): string =>
      sentenceOf({ ...EVENT, kind: 'change.decided', decision: { verdict, because: '' } }).says;
    assert.match(says('needs-approval'), /waits for a person/);
    assert.match(says('deny'), /not allowed/);
    assert.match(says('allow'), /which is allowed/);
  });

  it('is said also where nobody wrote a sentence for it, and whatever it holds', () => {
    assert.equal(sentenceOf({ ...EVENT, operation: 'fleet_map' }).says, 'asked for fleet map');
    assert.match(sentenceOf({ ...EVENT, kind: 'a.new-one' }).says, /wrote down a new one/);
    for (const odd of [null, 7, [], 'x', { change: 7, changeId: {}, action: null }] as const) {
      const { of } = sentenceOf({ ...EVENT, arguments: odd, more: { change: odd } });
      assert.deepEqual(of, []);
    }
    const foreign = sentenceOf({ ...EVENT, arguments: { changeId: '../settings' } });
    assert.deepEqual(foreign.of, []);
  });
});
