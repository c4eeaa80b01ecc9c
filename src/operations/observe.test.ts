import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '#base/time';
import { aWorld } from '#test/world';
import type { TargetLook } from './operation.ts';

const observedAt = instant('2026-03-01T11:59:59Z');

describe('observing a target', () => {
  it('leaves out what cannot be kept, and says so of its own kind only', async () => {
    const look = (collector: string, kind: string, value: string): TargetLook['looks'][number] => ({
      collector,
      source: 'collector.local',
      observedAt,
      facts: [
        { entity: `${kind}:web-1/a`, attribute: 'note', value },
        { entity: `${kind}:web-1/b`, attribute: 'note', value: 'small' },
      ],
      complete: [kind],
      shortfalls: [],
      durationMs: 1,
    });
    const world = await aWorld({
      observe: async (target) => ({
        target,
        unreachable: null,
        looks: [look('big', 'thing', 'x'.repeat(1_100_000)), look('small', 'other', 'y')],
      }),
    });
    await world.ask('observe', {});
    const { facts, coverage } = await world.value('query_facts', { attribute: 'note' });
    assert.deepEqual(
      facts.map((fact: { entity: string }) => fact.entity),
      ['other:web-1/a', 'other:web-1/b', 'thing:web-1/b'],
    );
    const statuses = coverage.map((row: { kind: string; status: string; reason: string }) => [
      row.kind,
      row.status,
      row.reason,
    ]);
    assert.deepEqual(
      statuses.filter(([kind]: string[]) => kind !== '*'),
      [
        ['other', 'complete', null],
        ['thing', 'partial', 'a fact was left out: value-too-big'],
      ],
    );
  });
});
