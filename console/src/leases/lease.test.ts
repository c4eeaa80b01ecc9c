import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressConfigs, configsFor, durations, targetsText, usageOf } from './lease.ts';

const URL_TEXT = 'https://holdfast.example.org/mcp';

describe('a lease', () => {
  it('says where it reaches', () => {
    assert.equal(targetsText({ scopes: 'all', targets: 'all' }), 'every target');
    assert.equal(targetsText({ scopes: ['a/b'], targets: 'all' }), 'every target of a/b');
    assert.equal(
      targetsText({ scopes: 'all', targets: { ids: ['host:web-1'], tags: ['dns'] } }),
      'host:web-1, tag dns',
    );
    assert.equal(targetsText({ scopes: 'all', targets: { ids: [], tags: [] } }), 'no target');
  });

  it('is offered only for as long as one may last', () => {
    const values = durations(60, 14_400, 86_400).map(([value]) => value);
    assert.deepEqual(values, ['300', '900', '3600', '14400', '28800', '86400']);
    assert.deepEqual(
      durations(600, 900, 1_800).map(([, says]) => says),
      ['15 minutes (usual)'],
    );
  });
});

describe('the configuration of a client', () => {
  it('has address and bearer in each form, and no bearer where it signs in by itself', () => {
    for (const { text, id } of configsFor(URL_TEXT, 'hf_secret')) {
      assert.ok(text.includes('hf_secret'), id);
      assert.ok(text.includes('https://holdfast.example.org'), id);
    }
    for (const { text, id } of addressConfigs(URL_TEXT)) {
      assert.ok(text.includes(URL_TEXT), id);
      assert.doesNotMatch(text, /bearer/i);
    }
  });
});

describe('what a lease was used for', () => {
  it('is told by capability, with what is held and never used', () => {
    const usage = usageOf(
      ['facts.read', 'drift.read'],
      [
        { operation: 'query_facts', calls: 3 },
        { operation: 'fact_history', calls: 2 },
        { operation: 'doctor', calls: 1 },
        { operation: 'gone', calls: 9 },
      ],
      new Map([
        ['query_facts', 'facts.read'],
        ['fact_history', 'facts.read'],
        ['doctor', 'service.admin'],
      ]),
    );
    assert.deepEqual(
      usage.map(({ capability, isHeld, calls }) => [capability, isHeld, calls]),
      [
        ['facts.read', true, 5],
        ['service.admin', false, 1],
        ['drift.read', true, 0],
      ],
    );
  });
});
