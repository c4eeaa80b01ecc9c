/**
 * A whole kernel on simulated time, randomness and disk.
 *
 * 1. One seed is one run: the same seed leaves the same bytes.
 * 2. Each I/O call of the log fails in turn (the 1st, the 2nd, ... until nothing is left to fail),
 *    by an error, by the process dying and by a power cut, while observations are ingested.
 * 3. Whatever was acknowledged is kept and on record; whatever was refused is neither kept nor
 *    claimed; nothing is half there; the log verifies when it is opened again.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import { asFault } from '#base/fault';
import { readPins } from '#evidence';
import { mulberry } from '#test/simulated-files';
import { KEYS, openTestLog, verifyTestLog } from '#test/simulated-log';
import { ASSISTANT, aWorld, type TestWorld } from '#test/world';
import { observationsOf } from '../src/main/cross-check.ts';
import { settleUnfinished } from '../src/main/settle.ts';

const SEEDS = Number(process.env['HOLDFAST_SEEDS'] ?? 5);

type Told = { readonly id: string | undefined; readonly code: string | undefined };

function observation(n: number, value: number): object {
  return {
    source: 'trusted-probe',
    target: 'host:web-1',
    observedAt: `2026-03-01T1${n % 2}:${String(n % 60).padStart(2, '0')}:00Z`,
    complete: n % 3 === 0 ? ['thing'] : [],
    facts: [{ entity: `thing:web-1/${n % 4}`, attribute: 'value', value }],
  };
}

async function ingest(world: TestWorld, n: number, value: number): Promise<Told> {
  try {
    const answer = await world.value('ingest_observation', observation(n, value), {
      caller: ASSISTANT,
    });
    return { id: answer.observationId, code: undefined };
  } catch (thrown) {
    return { id: undefined, code: asFault(thrown).code };
  }
}

describe('a simulated run', () => {
  it('is the same run for the same seed, byte for byte', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const [first, again, other] = [
        await randomRun(seed),
        await randomRun(seed),
        await randomRun(seed + 1_000),
      ];
      assert.equal(first, again, `seed ${seed}`);
      assert.notEqual(first, other);
    }
  });

  for (const kind of ['fail', 'kill', 'power-cut'] as const) {
    it(`keeps what it acknowledged and nothing else when call n of the log ends in: ${kind}`, async () => {
      let troubled = 0;
      for (let at = 1; ; at++) {
        const world = await aWorld();
        world.disk.breakAt(kind, at);
        const told: Told[] = [];
        for (let n = 0; n < 3; n++) told.push(await ingest(world, n, n));
        const untouched = !world.disk.wasBroken;
        for (const { id, code } of told) {
          if (id === undefined)
            assert.ok(code === 'log-unwritable' || code === 'not-committed', String(code));
          else assert.ok(world.store.read.hasObservation(id), `call ${at}: acknowledged and lost`);
        }
        assert.equal(
          world.store.read.counts().observations,
          told.filter((each) => each.id !== undefined).length,
        );
        assert.deepEqual(world.store.check(), []);
        await mustBeOnRecord(world, told, at);
        if (untouched) break;
        troubled += 1;
        assert.ok(at < 400, 'there seems to be no end of calls');
      }
      assert.ok(troubled >= 6, `only ${troubled} calls to fail`);
    });
  }
});

async function randomRun(seed: number): Promise<string> {
  const next = mulberry(seed);
  const world = await aWorld();
  for (let step = 0; step < 25; step++) {
    world.at(`2026-03-01T12:${String(step).padStart(2, '0')}:00Z`);
    const draw = next();
    if (draw < 0.7) await ingest(world, Math.floor(next() * 60), Math.floor(next() * 3));
    else if (draw < 0.8) await world.ask('baseline_bless', { target: 'host:web-1' }).catch(asFault);
    else await world.ask('query_facts', { kind: 'thing' });
  }
  const bytes = [...world.disk.snapshot()].map(([path, content]) => `${path} ${sha256(content)}`);
  return sha256(JSON.stringify([bytes, await world.value('fact_history', { entity: '*' })]));
}

/** Opens the log as the next process would, and looks for every acknowledged observation. */
async function mustBeOnRecord(world: TestWorld, told: readonly Told[], at: number): Promise<void> {
  const files = world.disk.start();
  const { log } = await openTestLog(files);
  await settleUnfinished(world.store, log);
  const events = await log.read({ operation: 'ingest_observation' }, 100);
  const observed = (kind: string): readonly string[] =>
    events
      .filter((event) => event.kind === kind && event.more !== undefined)
      .flatMap((event) => observationsOf(event).map(({ id }) => id));
  const [done, undone] = [new Set(observed('operation')), new Set(observed('operation.undone'))];
  for (const { id } of told) {
    assert.ok(id === undefined || done.has(id), `call ${at}: ${id} is not on record`);
  }
  for (const id of done) {
    const kept = world.store.read.hasObservation(id);
    assert.notEqual(kept, undone.has(id), `call ${at}: ${id} is kept and undone, or neither`);
  }
  await log[Symbol.asyncDispose]();
  const report = await verifyTestLog(files, await readPins(files, KEYS));
  assert.ok(report.ok, `call ${at}: ${JSON.stringify(report.problems)}`);
}
