import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instant } from '#base/time';
import { type BlockedRow, MOST_BLOCKED } from './blocked.ts';
import { openMemoryStore } from './sqlite/store.ts';

const row = (id: string, count: number, lastAt: number, body = {}): BlockedRow => ({
  id,
  count,
  firstAt: 1 as Instant,
  lastAt: lastAt as Instant,
  body,
});

describe('refused commands in the store', () => {
  it('are kept, grow, and come back in order', async () => {
    await using store = openMemoryStore();
    await store.write(({ blocked }) => {
      assert.equal(blocked.keep(row('a', 1, 5)), undefined);
      assert.equal(blocked.keep(row('b', 1, 6)), undefined);
      blocked.keep(row('a', 2, 7, { more: [1] }));
      blocked.keepNote('tally', { total: 3 });
      blocked.keepNote('tally', { total: 4 });
    });
    assert.deepEqual(store.blocked.all(), [row('a', 2, 7, { more: [1] }), row('b', 1, 6)]);
    assert.deepEqual(store.blocked.byId('b'), row('b', 1, 6));
    assert.equal(store.blocked.byId('c'), undefined);
    assert.deepEqual(store.blocked.note('tally'), { total: 4 });
    assert.equal(store.blocked.note('shadow'), undefined);
    assert.deepEqual(store.check(), []);
  });

  it('never lose a count, whoever writes', async () => {
    await using store = openMemoryStore();
    await store.write(({ blocked }) => blocked.keep(row('a', 3, 5)));
    for (const wrong of [
      row('a', 3, 6),
      row('a', 2, 6),
      { ...row('a', 4, 6), firstAt: 2 as Instant },
    ])
      await assert.rejects(store.write(({ blocked }) => blocked.keep(wrong)));
    assert.deepEqual(store.blocked.all(), [row('a', 3, 5)]);
  });

  it('take no more than their places: the least is pushed out and told', async () => {
    await using store = openMemoryStore();
    await store.write(({ blocked }) => {
      blocked.keep(row('kept', 2, 1));
      for (let n = 1; n < MOST_BLOCKED; n++) blocked.keep(row(`n${n}`, 1, 10 + n));
      assert.equal(blocked.keep(row('new', 1, 9_999))?.id, 'n1');
      assert.equal(blocked.keep(row('newer', 1, 9_999))?.id, 'n2');
    });
    const rows = store.blocked.all();
    assert.equal(rows.length, MOST_BLOCKED);
    assert.ok(rows.some(({ id }) => id === 'kept'));
    assert.ok(!rows.some(({ id }) => id === 'n1'));
  });

  it('are gone with their transaction when it fails', async () => {
    await using store = openMemoryStore();
    const failing = store.write(({ blocked }) => {
      blocked.keep(row('a', 1, 5));
      throw new Error('no');
    });
    await assert.rejects(failing);
    assert.deepEqual(store.blocked.all(), []);
  });
});
