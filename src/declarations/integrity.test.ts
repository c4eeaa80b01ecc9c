import assert from 'node:assert/strict';
import { it } from 'node:test';
import { aboutOf } from './cis/samples.ts';
import { integrityMaker } from './integrity.ts';

it('integrity closes what AIDE tells, and needs it to have ended', () => {
  const made = integrityMaker.compile(null, { name: 'aide', at: 'x:1' }, aboutOf([]));
  const part = { kind: 'integrity', source: 'collector.aide' };
  assert.deepEqual([made.id, made.closed, made.needs], ['integrity:aide', [part], [part]]);
});
