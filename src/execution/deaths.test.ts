/**
 * Dies at every named point, with the host behaving in every way, and starts again over what is
 * left. `HOLDFAST_DEATHS` sets how many scripts beyond those fixed here, `HOLDFAST_SEED` which.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChangeRoad, FaultPoint } from '#execution';
import {
  ASSISTANT,
  aChangeWorld,
  aProposal,
  OPERATOR,
  untilDeath,
  type World,
} from '#test/change-world';
import { SEED } from '#test/seed';
import { mulberry } from '#test/simulated-files';
import type { SimulatedFault } from '#test/simulated-host';
import { FAULT_POINTS } from './protocol.ts';

const MORE = Number(process.env['HOLDFAST_DEATHS'] ?? 20);
const HOST_FAULTS: readonly SimulatedFault[] = [
  'unreachable',
  'request-lost',
  'answer-lost',
  'answers-late',
  'dies-before',
  'dies-after',
  'is-stopped',
];

type Script = {
  readonly dieAt: FaultPoint | undefined;
  readonly skip: number;
  readonly host: SimulatedFault | undefined;
  /** The second start dies too. */
  readonly dieAgainAt: FaultPoint | undefined;
};

/** Everything that a change goes through: proposed, approved, run, undone, and a stop at the end. */
async function live(road: ChangeRoad, world: World): Promise<void> {
  const { changeId } = await road.propose(
    ASSISTANT,
    aProposal({ action: 'service.stop', arguments: { unit: 'ssh.service' }, idempotencyKey: 'k' }),
  );
  await world.approve(changeId, 'alice', road);
  await road.undo(OPERATOR, changeId, 'not after all').catch(() => {});
  await road.stop(OPERATOR, { kind: 'target', name: 'host:web-1' }, 'enough');
}

async function play({ dieAt, skip, host, dieAgainAt }: Script): Promise<World> {
  const world = await aChangeWorld();
  const name = JSON.stringify({ dieAt, skip, host, dieAgainAt });
  if (host !== undefined) world.host().fail(host);
  const first = world.begin(dieAt, skip);
  await first.road.resume();
  await untilDeath(
    first.life,
    live(first.road, world).catch(() => {}),
  );
  const second = world.begin(dieAgainAt);
  await untilDeath(second.life, second.road.resume());
  const last = world.begin();
  await last.road.resume();
  for (let n = 0; n < 3; n++) {
    world.pass(60);
    await last.road.tick();
  }
  await holds(world, last.road, name);
  return world;
}

const AT_REST = new Set([
  'previewed',
  'confirmed',
  'failed',
  'rolled-back',
  'refused',
  'cancelled',
  'ambiguous',
]);

async function holds(world: World, road: ChangeRoad, name: string): Promise<void> {
  const events = await world.events();
  const { changes } = road.list(OPERATOR, {}, 100);
  const started = world.host().started.map(({ part }) => part);
  assert.deepEqual(world.store.check(), [], name);
  // Nothing is run twice.
  assert.equal(new Set(started.map(({ nonce }) => nonce)).size, started.length, name);
  const forward = started.filter(({ direction }) => direction === 'forward').length;
  assert.ok(forward <= 1 && started.length - forward <= 1, name);
  const known = new Set<string>();
  for (const { changeId, state } of changes) {
    const of = events
      .filter(({ more }) => more?.['change'] === changeId)
      .map(({ kind, more }) => ({ kind, more }));
    const at = (kind: string): number => of.findLastIndex((event) => event.kind === kind);
    assert.ok(AT_REST.has(state), `${name}: ${state}`);
    const own = new Set(world.store.changes.attempts(changeId).map(({ id }) => id));
    // No effect without an intent on record.
    if (started.some(({ nonce }) => own.has(nonce)))
      assert.ok(at('change.intent') >= 0, `${name}: an effect without intent`);
    for (const { nonce } of started) if (own.has(nonce)) known.add(nonce);
    // No intent without an outcome after it.
    if (at('change.intent') >= 0) {
      const ended = Math.max(at('change.outcome'), at('change.undone'));
      assert.ok(ended > at('change.intent'), `${name}: ${of.map(({ kind }) => kind).join(' ')}`);
      assert.equal(of[ended]?.more?.['state'], state, `${name}: the last word is not the state`);
    }
    // Known where it can be known: the host says what it ran.
    const unsettled = state === 'ambiguous';
    const isUnknown = world.host().receipts.some((text) => text.includes('result unknown'));
    if (unsettled) assert.ok(isUnknown || started.length > 0, `${name}: ambiguous for nothing`);
    if (state === 'confirmed') assert.equal(forward, 1, `${name}: confirmed and never run`);
  }
  assert.equal(known.size, started.length, `${name}: an effect of no change`);
}

describe('a death on the change road', () => {
  it('passes every point when nothing dies', async () => {
    const world = await aChangeWorld();
    const { road, life } = world.begin();
    await live(road, world);
    assert.deepEqual(
      FAULT_POINTS.filter((point) => !life.passed.includes(point)),
      [],
    );
    await holds(world, road, 'alive');
    assert.equal(road.list(OPERATOR, {}, 1).changes[0]?.state, 'rolled-back');
  });

  for (const dieAt of FAULT_POINTS) {
    it(`at ${dieAt} loses nothing, doubles nothing and leaves nothing unsaid`, async () => {
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
        dieAt: pick(FAULT_POINTS),
        skip: next() < 0.3 ? 1 : 0,
        host: next() < 0.6 ? pick(HOST_FAULTS) : undefined,
        dieAgainAt: next() < 0.4 ? pick(FAULT_POINTS) : undefined,
      });
    }
  });
});
