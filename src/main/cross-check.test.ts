import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { nodeFiles } from '#machine';
import { anEvent } from '#samples/evidence';
import { type ChangeRow, openMemoryStore, openSqliteStore, type Store } from '#store';
import {
  ASSISTANT,
  aChangeWorld,
  aProposal,
  OPERATOR as CHANGE_OPERATOR,
} from '#test/change-world';
import { aHome } from '#test/holdfast';
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

describe('changes beside the log', () => {
  /** The store as it is, with the rows of changes as somebody left them. */
  const withRows = (
    store: Store,
    alter: (rows: readonly ChangeRow[]) => readonly ChangeRow[],
  ): Store =>
    Object.assign(Object.create(store) as Store, {
      changes: Object.assign(Object.create(store.changes) as Store['changes'], {
        inStates: (states: Parameters<Store['changes']['inStates']>[0]) =>
          alter(store.changes.inStates(states)),
      }),
      read: store.read,
      recorded: () => [],
    });

  it('hold when each stands where its last event put it, and not when a row was put elsewhere', async () => {
    const world = await aChangeWorld();
    await world.road.resume();
    await world.road.propose(ASSISTANT, aProposal());
    const { changeId } = await world.road.propose(ASSISTANT, aProposal({ reason: 'once more' }));
    await world.road.cancel(CHANGE_OPERATOR, changeId, 'not needed');
    const held = (alter: (rows: readonly ChangeRow[]) => readonly ChangeRow[]) =>
      crossCheck(world.disk.start(), LOG, withRows(world.store, alter));
    assert.deepEqual(await held((rows) => rows), []);
    const revived = await held((rows) =>
      rows.map((row) => (row.id === changeId ? { ...row, state: 'previewed' } : row)),
    );
    assert.match(revived.join(), /stands where no event put it: chg_\w+ is previewed/);
    const back = await held((rows) =>
      rows.map((row) =>
        row.id === changeId ? { ...row, state: 'previewed', rev: row.rev - 1 } : row,
      ),
    );
    assert.match(back.join(), /stands where no event put it/);
    const gone = await held((rows) => rows.filter(({ id }) => id !== changeId));
    assert.match(gone.join(), /an event tells of a change that is gone: chg_/);
    const made = await held((rows) => [
      ...rows,
      ...rows.map((row) => ({ ...row, id: 'chg_made' })),
    ]);
    assert.match(made.join(), /a change is kept that no event tells of: chg_made/);
  });
});

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

  for (const [what, sql] of Object.entries({
    'a value': `UPDATE fact SET value = '"eve"'`,
    'a time of validity': 'UPDATE fact SET valid_from = valid_from - 1',
    'who set it': 'UPDATE fact SET lag = 1 WHERE seen_from = 2',
    'the name of an entity': "UPDATE entity SET name = 'thing:b'",
    'the name of an attribute': "UPDATE attribute SET name = 'w'",
    'a target': "UPDATE origin SET target = 'host:web-2'",
    'an actor': "UPDATE word SET text = 'operator:eve@local' WHERE text LIKE 'operator:%'",
    'the time of an observation':
      'UPDATE observation SET observed_at = observed_at + 1 WHERE op = 1',
    'a row taken out': 'DELETE FROM fact WHERE seen_from = 1',
    'a row put in': 'INSERT INTO fact VALUES (1, 1, 2, 0, NULL, \'"eve"\')',
    'a closing': 'UPDATE fact SET seen_to = 3 WHERE seen_from = 1',
  })) {
    it(`do not hold when ${what} was changed in the database file`, async () => {
      await using directory = await aHome();
      const path = join(directory.path, 'facts.sqlite');
      const store = await openSqliteStore({ path, files: nodeFiles() });
      const world = await aWorld({ store });
      for (const minute of [1, 2, 3]) await ingest(world, minute);
      assert.deepEqual(await check(world, store), []);
      await store[Symbol.asyncDispose]();
      const database = new DatabaseSync(path);
      const triggers = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .all();
      for (const { name } of triggers) database.exec(`DROP TRIGGER "${String(name)}"`);
      database.exec(sql);
      database.close();
      await using tampered = await openSqliteStore({ path, files: nodeFiles() });
      const problems = await check(world, tampered);
      assert.match(problems[0] ?? '', /was changed since: obs_|no event tells of/, what);
    });
  }
});
