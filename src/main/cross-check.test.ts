import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anEvent } from '#samples/evidence';
import { openMemoryStore, type Store } from '#store';
import { SimulatedDisk } from '#test/simulated-files';
import { LOG, openTestLog } from '#test/simulated-log';
import { aWorld, type TestWorld } from '#test/world';
import { crossCheck } from './cross-check.ts';

const ingest = async (world: TestWorld, minute: number): Promise<string> =>
  (
    await world.value('ingest_observation', {
      source: 'probe',
      target: 'host:web-1',
      observedAt: `2026-03-01T11:0${minute}:00Z`,
      facts: [{ entity: 'thing:a', attribute: 'v', value: minute }],
    })
  ).observationId as string;

const check = (world: TestWorld, store: Store): Promise<readonly string[]> =>
  crossCheck(world.disk.start(), LOG, store);

describe('facts beside the log', () => {
  it('hold when each observation has its event, drift and all', async () => {
    const world = await aWorld();
    for (const minute of [1, 2, 3]) await ingest(world, minute);
    // Into the second bundle, so that bundles and journals are both read.
    await Promise.all(
      Array.from({ length: 300 }, () => world.log.append(anEvent({ kind: 'test.filler' })).durable),
    );
    await ingest(world, 4);
    assert.deepEqual(await check(world, world.store), []);
  });

  it('do not hold with an observation that no event tells of', async () => {
    const world = await aWorld();
    await ingest(world, 1);
    const disk = new SimulatedDisk(2);
    await openTestLog(disk.start());
    const [problem] = await crossCheck(disk.start(), LOG, world.store);
    assert.match(problem ?? '', /no event tells of: obs_/);
  });

  it('do not hold when an observation of an earlier run is gone, and say which', async () => {
    const world = await aWorld();
    const id = await ingest(world, 1);
    const emptied = openMemoryStore();
    assert.deepEqual(await check(world, emptied), [], 'the next start settles what a crash left');
    await world.log.append(anEvent({ kind: 'service.started' })).durable;
    const [problem] = await check(world, emptied);
    assert.ok(problem?.includes(`gone: ${id}`) === true, String(problem));
  });

  it('hold when a later event says that it was not kept', async () => {
    const world = await aWorld();
    await ingest(world, 1);
    const [event] = (await world.events()).slice(-1);
    await world.log.append(anEvent({ kind: 'operation.undone', requestId: event?.requestId ?? '' }))
      .durable;
    await world.log.append(anEvent({ kind: 'service.started' })).durable;
    assert.deepEqual(await check(world, openMemoryStore()), []);
  });
});
