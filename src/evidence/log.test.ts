import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalJson, type Json } from '#base/json';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import { openTestLog } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { encodeEvent } from './event-form.ts';

describe('an event log', () => {
  it('keeps the order of the append calls and chains every record to the one before', async () => {
    const disk = new SimulatedDisk();
    const { log } = await openTestLog(disk.start());
    const places = await Promise.all(
      Array.from({ length: 600 }, (_, i) => log.append(anEvent({ requestId: `r${i}` })).durable),
    );
    assert.deepEqual(
      places.map((place) => place.seq),
      Array.from({ length: 600 }, (_, i) => i + 1),
    );
    const all = await log.read({ operation: 'query_facts' }, 1000);
    assert.deepEqual(
      all.map((event) => event.requestId),
      Array.from({ length: 600 }, (_, i) => `r${599 - i}`),
    );
    await log[Symbol.asyncDispose]();
  });

  it('tells whoever was answered what they asked, also before it is synced', async () => {
    const { log } = await openTestLog(new SimulatedDisk().start());
    for (const requestId of ['first', 'second']) {
      await log.append(anEvent({ requestId })).written;
      assert.equal((await log.read({}, 1))[0]?.requestId, requestId);
    }
    await log[Symbol.asyncDispose]();
  });

  it('is found again as it was left', async () => {
    const disk = new SimulatedDisk();
    const first = await openTestLog(disk.start());
    for (let i = 0; i < 700; i += 1) first.log.append(anEvent());
    await first.log.append(anEvent()).durable;
    await first.log[Symbol.asyncDispose]();
    const again = await openTestLog(disk.start());
    const size = again.log.size;
    const [newest] = await again.log.read({}, 1);
    assert.equal(newest?.kind, 'service.started');
    assert.equal(newest?.seq, size - 1);
    assert.deepEqual(await again.log.read({ operation: 'log.recovered' }, 10), []);
    await again.log[Symbol.asyncDispose]();
  });

  it('refuses an event that is too big, and goes on', async () => {
    const { log } = await openTestLog(new SimulatedDisk().start());
    const big = log.append(anEvent({ arguments: 'x'.repeat(65_535) }));
    await throwsFault(() => big.written, 'event-too-big');
    await throwsFault(() => big.durable, 'event-too-big');
    assert.equal((await log.append(anEvent()).durable).seq, 1);
    await log[Symbol.asyncDispose]();
  });

  it('writes canonical JSON', () => {
    for (const more of [undefined, { b: [1, { z: 'ü\u0000"', a: null }], a: 1e21 }]) {
      const event = anEvent(more === undefined ? {} : { more, traceId: 't', onBehalfOf: 'ada' });
      const record = { ...event, v: 1, seq: 7, time: '2026-01-01T00:00:00.000000Z', prev: 'ab' };
      assert.equal(
        encodeEvent(event, 7, '2026-01-01T00:00:00.000000Z', 'ab'),
        canonicalJson(record as unknown as Json),
      );
    }
  });
});
