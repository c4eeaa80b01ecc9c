import assert from 'node:assert/strict';
import { it } from 'node:test';
import { unitText } from './service-unit.ts';

it('ends the service alone when it stops: jobs of changes go on', () => {
  for (const manager of ['system', 'user'] as const)
    assert.match(unitText('/data', manager), /^KillMode=process$/m);
});
