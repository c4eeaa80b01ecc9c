import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ListRow } from './answers.ts';
import { sameRows } from './same-rows.ts';

const row = (target: string, more: Partial<ListRow> = {}): ListRow => ({
  target,
  scope: 'acme',
  hostType: 'debian',
  environment: 'lab',
  transport: 'ssh',
  address: null,
  criticality: 'normal',
  owner: null,
  tags: [],
  redundancySet: null,
  state: 'healthy',
  seenAt: null,
  ageSeconds: 1,
  kinds: { complete: 1, partial: 0, stale: 0, unreachable: 0 },
  reason: null,
  findings: { critical: 0, warning: 0, info: 0 },
  os: null,
  kernel: null,
  lastChange: null,
  ...more,
});

it('rows of another moment are the same values only where they say the same', () => {
  const before = [row('host:a'), row('host:b'), row('host:c')];
  const after = [
    row('host:c', { ageSeconds: 900 }),
    row('host:a', { state: 'stale' }),
    row('host:b', { scope: 'other' }),
    row('host:d'),
  ];
  const shown = sameRows(before, after);
  assert.deepEqual(
    shown.map(({ target, state, scope }) => [target, state, scope]),
    after.map(({ target, state, scope }) => [target, state, scope]),
  );
  assert.equal(shown[0], before[2]);
  assert.deepEqual(shown.slice(1), after.slice(1));
});
