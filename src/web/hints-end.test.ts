import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Reach, reachOf } from '#access';
import { type Instant, shift } from '#base/time';
import { SimulatedClock } from '#test/simulated-clock';
import { throwsFault } from '#test/throws-fault';
import type { Asker } from './asker.ts';
import { Hints } from './hints.ts';
import { WEB_LIMITS } from './limits.ts';

type World = {
  readonly clock: SimulatedClock;
  readonly hints: Hints;
  /** Of whoever is asked about; `undefined`: nobody any more. */
  reach: Reach | undefined;
  readonly asker: (over?: Partial<Asker>) => Asker;
};

function aWorld(limits: Partial<typeof WEB_LIMITS> = {}): World {
  const clock = new SimulatedClock();
  const world: World = {
    clock,
    hints: new Hints(clock, { ...WEB_LIMITS, ...limits }),
    reach: reachOf('observer'),
    asker: (over) => ({
      caller: {
        principal: 'lease:lease_1',
        onBehalfOf: 'operator:ada@console',
        surface: 'api',
        profile: 'observer',
        session: 'lease:lease_1',
        reach: reachOf('observer'),
      },
      person: null,
      endsAt: shift(clock.now(), 3_600_000_000),
      reachNow: async () => world.reach,
      ...over,
    }),
  };
  return world;
}

const never = new AbortController().signal;

/** What a stream said until now, and whether it is over. */
function read(stream: ReadableStream<Uint8Array>) {
  const said = { text: '', isOver: false };
  void (async () => {
    for await (const part of stream) said.text += new TextDecoder().decode(part);
    said.isOver = true;
  })();
  return said;
}

describe('an answer', () => {
  it('is told to nobody who is not here any more at the moment when it is there', async () => {
    const { hints, asker } = aWorld();
    assert.equal(await hints.whileHere(asker(), never, async () => 'told'), 'told');
    const world = aWorld();
    const answer = await world.hints.whileHere(world.asker(), never, async () => {
      // Nobody says so, and nothing checks, until the answer is there.
      world.reach = undefined;
      return 'not told';
    });
    assert.equal(answer, undefined);
    const unknown = asker({ reachNow: () => Promise.reject(new Error('cannot be read')) });
    assert.equal(await hints.whileHere(unknown, never, async () => 'not told'), undefined);
  });

  it('is waited for no longer than what was brought lasts, and the look hears of that', async () => {
    const { clock, hints, asker } = aWorld();
    const endsAt: Instant = shift(clock.now(), 2_000_000);
    let heard: AbortSignal | undefined;
    const asked = hints.whileHere(asker({ endsAt }), never, async (signal) => {
      heard = signal;
      return new Promise<string>(() => {});
    });
    await clock.pass(1_999);
    assert.equal(heard?.aborted, false);
    await clock.pass(1);
    assert.equal(await asked, undefined);
    assert.equal(heard?.aborted, true);
  });
});

describe('a stream of hints', () => {
  it('tells what may be heard at that moment, and what is for people to no lease', async () => {
    const world = aWorld();
    const { clock, hints } = world;
    const said = read(hints.follow(world.asker(), never));
    for (const topic of ['sessions', 'log', 'leases', 'changes'] as const) hints.publish(topic);
    world.reach = reachOf('metrics');
    await clock.pass(WEB_LIMITS.gatherMs);
    assert.equal(said.text, 'retry: 2000\n\n');
    world.reach = reachOf('operator');
    for (const topic of ['sessions', 'log'] as const) hints.publish(topic);
    await clock.pass(WEB_LIMITS.gatherMs);
    assert.equal(said.text, 'retry: 2000\n\ndata: {"topic":"log"}\n\n');
  });

  it('is over with what was brought, with whoever brought it, or with the service', async () => {
    for (const end of [
      async ({ clock }: World) => clock.pass(5_000),
      async (world: World) => {
        world.reach = undefined;
        await world.clock.pass(WEB_LIMITS.checkMs);
      },
      async (world: World) => {
        world.reach = undefined;
        world.hints.check();
        await world.clock.pass(0);
      },
      async ({ hints, clock }: World) => {
        hints.close();
        await clock.pass(0);
      },
    ]) {
      const world = aWorld();
      const endsAt: Instant = shift(world.clock.now(), 5_000_000);
      const said = read(world.hints.follow(world.asker({ endsAt }), never));
      await world.clock.pass(4_000);
      assert.deepEqual([said.isOver, world.hints.open], [false, 1]);
      await end(world);
      assert.deepEqual([said.isOver, world.hints.open], [true, 0], end.toString());
    }
  });

  it('is one of few for each and of some for all, and the room is free once one is over', async () => {
    const { clock, hints, asker } = aWorld({ streams: 1, allStreams: 2 });
    const of = (session: string): Asker => asker({ caller: { ...asker().caller, session } });
    const gone = new AbortController();
    read(hints.follow(of('one'), gone.signal));
    await throwsFault(() => hints.follow(of('one'), never), 'too-many-requests');
    read(hints.follow(of('two'), never));
    await throwsFault(() => hints.follow(of('three'), never), 'too-many-requests');
    gone.abort();
    await clock.pass(0);
    read(hints.follow(of('one'), never));
    assert.equal(hints.open, 2);
  });

  it('is over for whoever does not read it', async () => {
    const { clock, hints, asker } = aWorld();
    hints.follow(asker(), never);
    for (let i = 0; i < 80 && hints.open > 0; i++) {
      hints.publish('changes');
      await clock.pass(WEB_LIMITS.gatherMs);
    }
    assert.equal(hints.open, 0);
  });
});
