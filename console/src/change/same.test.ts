import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ownEntity, sameOnTargets } from './same.ts';

describe('what is the same on several targets', () => {
  it('is told once, with its targets, in the order of the plan', () => {
    const steps = [
      { target: 'host:a', argv: ['x'] },
      { target: 'host:b', argv: ['y'] },
      { target: 'host:c', argv: ['x'] },
      { target: 'host:c', argv: ['x'] },
    ];
    assert.deepEqual(
      sameOnTargets(steps).map(({ item, targets }) => [item.argv[0], targets]),
      [
        ['x', ['host:a', 'host:c']],
        ['y', ['host:b']],
      ],
    );
  });

  it('leaves out of an entity only the name of its own target', () => {
    assert.equal(ownEntity('host:web-1', 'service:web-1/nginx'), 'service:‹target›/nginx');
    assert.equal(ownEntity('host:web-1', 'host:web-1'), '‹target›');
    for (const other of ['service:web-10/nginx', 'host:web-2', 'web-1/x', 'service:x/web-1/y'])
      assert.equal(ownEntity('host:web-1', other), other);
  });

  it('keeps apart what is of another target', () => {
    const on = (target: string, entity: string) => ({ target, entity });
    const same = sameOnTargets(
      [on('host:a', 'service:a/x'), on('host:b', 'service:b/x'), on('host:c', 'service:a/x')],
      ({ target, entity }) => ownEntity(target, entity),
    );
    assert.deepEqual(
      same.map(({ targets }) => targets),
      [['host:a', 'host:b'], ['host:c']],
    );
  });
});
