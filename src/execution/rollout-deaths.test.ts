/**
 * Dies at every named point of a rollout, with a host behaving in every way, and starts again over what is left: it
 * never goes on by itself, and a person who lets it go on finds nothing run twice. `HOLDFAST_DEATHS` sets how many
 * scripts beyond those fixed here, `HOLDFAST_SEED` which.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChangeRoad, FaultPoint } from '#execution';
import { ASSISTANT, OPERATOR, untilDeath, type World } from '#test/change-world';
import { aRollout, atRest, aWideWorld, TEN, touched } from '#test/rollout-world';
import { SEED } from '#test/seed';
import { mulberry } from '#test/simulated-files';
import type { SimulatedFault } from '#test/simulated-host';
import { FAULT_POINTS, ROLLOUT_FAULT_POINTS } from './protocol.ts';

const MORE = Number(process.env['HOLDFAST_DEATHS'] ?? 4);
const HOSTS = TEN.slice(0, 6);
const HOST_FAULTS: readonly SimulatedFault[] = [
  'unreachable',
  'request-lost',
  'answer-lost',
  'answers-late',
  'dies-before',
  'dies-after',
];
/** Those that a rollout passes before it is undone. */
const POINTS: readonly FaultPoint[] = [
  ...ROLLOUT_FAULT_POINTS,
  'recheck-passed',
  'intent-event-durable',
  'intent-committed',
  'before-dispatch',
  'after-dispatch',
  'receipt-recorded',
  'verification-started',
  'outcome-event-durable',
  'outcome-committed',
];

const STOP = { action: 'service.stop', arguments: { unit: 'nginx.service' }, targets: HOSTS };

/** A batch, a pause, a person who lets it go on, another batch, a pause, and its end. */
async function live(
  { road, life }: { readonly road: ChangeRoad; readonly life: { readonly dead: boolean } },
  world: World,
): Promise<void> {
  const { changeId } = await road.propose(
    ASSISTANT,
    aRollout({ batch: 2, waitSeconds: 600, maxFailures: 1 }, { ...STOP, idempotencyKey: 'k' }),
  );
  await world.approve(changeId, 'alice', road);
  await road.pauseRollout(OPERATOR, changeId, 'look').catch(() => {});
  await atRest(world, changeId, road, life);
  world.pass(600);
  await road.resumeRollout(OPERATOR, changeId, 'go').catch(() => {});
  await road.pauseRollout(OPERATOR, changeId, 'look again').catch(() => {});
  await atRest(world, changeId, road, life);
  await road.endRollout(OPERATOR, changeId, 'enough').catch(() => {});
}

type Script = {
  readonly dieAt: FaultPoint | undefined;
  readonly skip: number;
  readonly host: SimulatedFault | undefined;
  readonly dieAgainAt: FaultPoint | undefined;
};

async function play(script: Script): Promise<World> {
  const { dieAt, skip, host, dieAgainAt } = script;
  const name = JSON.stringify(script);
  const world = await aWideWorld({ hosts: HOSTS });
  for (const id of HOSTS) world.set(id.slice('host:'.length), 'nginx.service', 'active');
  await world.record();
  if (host !== undefined) world.host('host:n1').fail(host);
  const first = world.begin(dieAt, skip);
  await first.road.resume();
  await untilDeath(
    first.life,
    live(first, world).catch(() => {}),
  );
  const ran = touched(world);
  const second = world.begin(dieAgainAt);
  await untilDeath(second.life, second.road.resume());
  const last = world.begin();
  await last.road.resume();
  for (let n = 0; n < 3; n++) {
    world.pass(60);
    await last.road.tick();
  }
  if (first.life.dead) assert.deepEqual(touched(world), ran, `${name}: it went on by itself`);
  const [change] = last.road.list(OPERATOR, {}, 10).changes;
  if (change === undefined) return world;
  holds(world, last.road, change.changeId, name);
  if (change.state === 'executing') {
    assert.ok(change.rollout?.paused != null, `${name}: it runs, and nobody runs it`);
    world.pass(600);
    await last.road.resumeRollout(OPERATOR, change.changeId, 'go on', 6);
    for (let n = 0; n < 6; n++) {
      const { state } = await atRest(world, change.changeId, last.road);
      if (state !== 'executing') break;
      world.pass(600);
      await last.road
        .resumeRollout(OPERATOR, change.changeId, 'go on again', 6)
        .catch(() => last.road.tick());
    }
    holds(world, last.road, change.changeId, `${name}, and let go on`);
    const { state } = last.road.get(OPERATOR, change.changeId);
    assert.notEqual(state, 'executing', `${name}: it never ends`);
    const events = (await world.events()).filter(
      ({ more }) => more?.['change'] === change.changeId,
    );
    const word = events.findLast(({ kind }) => kind === 'change.outcome');
    assert.equal(word?.more?.['state'], state, `${name}: the last word is not the state`);
  }
  return world;
}

function holds(world: World, road: ChangeRoad, id: string, name: string): void {
  assert.deepEqual(world.store.check(), [], name);
  const attempts = world.store.changes.attempts(id);
  const own = new Set(attempts.map((attempt) => attempt.id));
  const { rollout } = road.get(OPERATOR, id);
  const shown = new Map(
    rollout?.batches.flatMap(({ targets }) => targets).map((one) => [one.target, one.state]),
  );
  for (const target of HOSTS) {
    const { started } = world.host(target);
    assert.ok(started.length <= 1, `${name}: ${target} ran twice`);
    for (const { part } of started)
      assert.ok(own.has(part.nonce), `${name}: an effect without an attempt on record`);
    // Nobody says of what was never begun that it failed, nor of what ran that it was untouched.
    const wasBegun = attempts.some((attempt) => attempt.target === target);
    const state = shown.get(target) ?? 'untouched';
    if (!wasBegun)
      assert.ok(['waiting', 'untouched'].includes(state), `${name}: ${target} ${state}`);
    else assert.ok(['held', 'failed', 'running'].includes(state), `${name}: ${target} ${state}`);
  }
}

describe('a death during a rollout', () => {
  it('passes every point when nothing dies', async () => {
    const world = await aWideWorld({ hosts: HOSTS });
    for (const id of HOSTS) world.set(id.slice('host:'.length), 'nginx.service', 'active');
    const one = world.begin();
    const { road, life } = one;
    await live(one, world);
    assert.deepEqual(
      POINTS.filter((point) => !life.passed.includes(point)),
      [],
    );
    assert.ok(FAULT_POINTS.length > 0);
    const [change] = road.list(OPERATOR, {}, 1).changes;
    assert.equal(change?.outcome?.code, 'rollout-ended', JSON.stringify(change?.outcome));
    assert.equal(touched(world).length, 4);
  });

  for (const dieAt of POINTS) {
    it(`at ${dieAt} begins nothing by itself, doubles nothing and leaves nothing unsaid`, async () => {
      await play({ dieAt, skip: 0, host: undefined, dieAgainAt: undefined });
    });
  }

  for (const host of HOST_FAULTS) {
    it(`of a host that is ${host} is told for what it is`, async () => {
      await play({ dieAt: undefined, skip: 0, host, dieAgainAt: undefined });
    });
  }

  it(`in ${MORE} other ways keeps its promises too`, async () => {
    const next = mulberry(SEED);
    const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)] as T;
    for (let n = 0; n < MORE; n++) {
      await play({
        dieAt: pick(POINTS),
        skip: Math.floor(next() * 3),
        host: next() < 0.6 ? pick(HOST_FAULTS) : undefined,
        dieAgainAt: next() < 0.4 ? pick(POINTS) : undefined,
      });
    }
  });
});
