import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  choicesOf,
  daysAhead,
  type Finding,
  grouped,
  narrowed,
  ownerOf,
  valueText,
} from './findings.ts';

const aFinding = (over: Partial<Finding>): Finding => ({
  id: 'finding_1',
  scope: 'main/main',
  target: 'host:web-1',
  baseline: 'b',
  declared: 'blessed',
  entity: 'service:web-1/nginx.service',
  attribute: 'state.active',
  kind: 'changed',
  severity: 'warning',
  observed: 'inactive',
  desired: 'active',
  notBefore: null,
  firstSeen: '2026-03-01T11:00:00Z',
  lastSeen: '2026-03-01T11:00:00Z',
  status: 'open',
  owner: null,
  because: null,
  ...over,
});
const ALL = { find: '', severity: 'all', declared: 'all', owner: 'all', target: 'all' };
const FOUND = [
  aFinding({ id: 'a' }),
  aFinding({ id: 'b', target: 'host:db-1', severity: 'critical', owner: 'bea' }),
  aFinding({ id: 'c', target: 'host:web-10', severity: 'info', declared: 'cis' }),
  aFinding({ id: 'd', target: 'host:web-2', severity: 'info' }),
];
const ids = (findings: readonly Finding[]): string => findings.map(({ id }) => id).join('');

describe('a board of findings', () => {
  it('is narrowed by every word and every filter', () => {
    assert.equal(ids(narrowed(FOUND, ALL)), 'abcd');
    assert.equal(ids(narrowed(FOUND, { ...ALL, find: 'NGINX db' })), 'b');
    assert.equal(ids(narrowed(FOUND, { ...ALL, severity: 'info' })), 'cd');
    assert.equal(ids(narrowed(FOUND, { ...ALL, owner: 'nobody', declared: 'blessed' })), 'ad');
    assert.equal(ids(narrowed(FOUND, { ...ALL, target: 'host:web-1' })), 'a');
  });

  it('has the worst group first, and equal ones in the order people count', () => {
    assert.deepEqual(
      grouped(FOUND, 'target').map(({ name }) => name),
      ['host:db-1', 'host:web-1', 'host:web-2', 'host:web-10'],
    );
    assert.deepEqual(grouped(FOUND, 'owner')[1]?.counts, { warning: 1, info: 2 });
  });

  it('offers what there is, most of it first', () => {
    assert.deepEqual(choicesOf(FOUND, ownerOf), [
      ['nobody', 3],
      ['bea', 1],
    ]);
  });

  it('writes values and ends in one line', () => {
    assert.equal(valueText({ a: [1, null] }), '{"a":[1,null]}');
    assert.equal(valueText(undefined), 'nothing');
    assert.equal(daysAhead(7, Date.parse('2026-03-01T12:00:00.123Z')), '2026-03-08T12:00:00Z');
  });
});
