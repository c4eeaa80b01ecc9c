import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Looked } from '#adapters';
import { Fault } from '#base/fault';
import { ASSISTANT, aChangeWorld, aProposal, OPERATOR } from '#test/change-world';
import { openChangeRoad } from './index.ts';
import type { RoadPorts } from './ports.ts';

const said = (stdout: string, exit = 0): Looked => ({
  exit,
  stdout: Buffer.from(stdout),
  stderr: Buffer.alloc(0),
  cut: false,
});

/** A road over the paper fleet whose hosts answer commands as `readOn` says. */
async function aRoad(readOn: RoadPorts['readOn'], clock?: RoadPorts['clock']) {
  const world = await aChangeWorld();
  const ports = world.ports(world.begin().life);
  return {
    world,
    road: openChangeRoad({ ...ports, readOn, ...(clock === undefined ? {} : { clock }) }),
  };
}

const diagnose = (
  args: Record<string, string | number>,
  action = 'host.diagnose',
  targets = ['host:web-1'],
) => aProposal({ action, targets, arguments: args });

describe('a diagnosis on the road', () => {
  it('runs at once for an assistant, is on record, and its plan names every command', async () => {
    const asked: string[] = [];
    const { road, world } = await aRoad(async (_target, argv) => {
      asked.push(argv.join(' '));
      return said('');
    });
    const view = await road.propose(ASSISTANT, diagnose({ checks: 'disk,time' }));
    assert.equal(view.state, 'closed', JSON.stringify(view.decision));
    assert.equal(view.tier, 'T0');
    assert.deepEqual(
      view.plan.steps.map(({ argv }) => argv.join(' ')).toSorted(),
      asked.toSorted(),
    );
    assert.match(view.output ?? '', /^host:web-1 at .*not known/);
    assert.equal(world.sent.length, 0);
    assert.deepEqual(
      (await world.events()).map(({ kind }) => kind),
      ['change.outcome'],
    );
  });

  it('of a dry run asks nothing', async () => {
    const { road } = await aRoad(() => assert.fail('asked'));
    const view = await road.propose(ASSISTANT, { ...diagnose({}), dryRun: true });
    assert.equal(view.output, null);
    assert.ok(view.plan.steps.length > 10);
  });

  it('asks at most four at once of each target, and all targets at the same time', async () => {
    const now = new Map<string, number>();
    let most = 0;
    let together = 0;
    const { road } = await aRoad(async ({ id }) => {
      now.set(id, (now.get(id) ?? 0) + 1);
      most = Math.max(most, now.get(id) ?? 0);
      together = Math.max(
        together,
        [...now.values()].reduce((sum, each) => sum + each, 0),
      );
      await Promise.resolve();
      await Promise.resolve();
      now.set(id, (now.get(id) ?? 0) - 1);
      return said('');
    });
    await road.propose(ASSISTANT, diagnose({}, 'host.diagnose', ['host:web-1', 'host:web-2']));
    assert.equal(most, 4);
    assert.equal(together, 8);
  });

  it('of one hung command leaves its part unknown, and answers the rest', async () => {
    const { road, world } = await aRoad((_target, argv) =>
      argv[0] === 'df' ? new Promise(() => {}) : Promise.resolve(said('{"filesystems":[]}')),
    );
    const started = world.clock.monotonicMs();
    const view = await road.propose(ASSISTANT, diagnose({ checks: 'disk' }));
    assert.match(view.output ?? '', /- disk: space and inodes .*no answer came in the time/);
    assert.doesNotMatch(view.output ?? '', /Nothing wrong seen/);
    assert.ok(world.clock.monotonicMs() - started < 20_000);
  });

  it('ends in its time when everything hangs, and says so of each part', async () => {
    const { road, world } = await aRoad(() => new Promise(() => {}));
    const started = world.clock.monotonicMs();
    const view = await road.propose(ASSISTANT, diagnose({}));
    assert.ok(world.clock.monotonicMs() - started <= 55_000);
    assert.doesNotMatch(view.output ?? '', /Nothing wrong seen/);
    assert.match(view.output ?? '', /the time for the whole diagnosis was over/);
  });

  it('does not go on asking a host that cannot be reached, and says why', async () => {
    let asked = 0;
    const { road } = await aRoad(async () => {
      asked++;
      throw new Fault('unavailable', 'no-route', 'cannot be reached');
    });
    const view = await road.propose(ASSISTANT, diagnose({}));
    assert.equal(asked, 4);
    assert.match(view.output ?? '', /the host could not be asked \(no-route\)/);
    assert.doesNotMatch(view.output ?? '', /Nothing wrong seen|: nothing wrong seen/);
  });

  it('goes on when one connection broke', async () => {
    const { road } = await aRoad(async (_target, argv) => {
      if (argv[0] === 'df') throw new Fault('unavailable', 'connection-lost', 'gone');
      return said('{"filesystems":[]}');
    });
    const { output } = await road.propose(ASSISTANT, diagnose({ checks: 'disk' }));
    assert.match(output ?? '', /: 1 part not known/);
  });

  it('of a read that the host refuses leaves that part unknown', async () => {
    const { road } = await aRoad(async (_target, argv) => {
      if (argv[0] === 'findmnt') throw new Fault('refused', 'host-refused', 'no');
      return said('h\n/dev/vda1 ext4 1000 10 990 100 1 99 /\n');
    });
    const { output } = await road.propose(ASSISTANT, diagnose({ checks: 'disk' }));
    assert.match(output ?? '', /- disk: mounted filesystems: the host does not let it be read/);
  });

  it('stays within the room of an answer, also for many targets, and cleans secrets', async () => {
    const long =
      `2026-11-21T14:00:00+0000 h app[1]: password=hunter2hunter2 ${'é'.repeat(300)}\n`.repeat(900);
    const { road } = await aRoad(async () => said(long));
    for (const proposal of [
      diagnose({ lines: 1_000 }, 'logs.read', ['host:web-1', 'host:web-2']),
      diagnose({}, 'host.diagnose', ['host:web-1', 'host:web-2']),
    ]) {
      const { output } = await road.propose(OPERATOR, proposal);
      assert.ok(Buffer.byteLength(output ?? '') <= 65_536);
      assert.doesNotMatch(output ?? '', /hunter2/);
      assert.match(output ?? '', /^host:web-2 at /m);
    }
  });

  it('is answered for a host that takes no orders', async () => {
    const world = await aChangeWorld();
    const road = openChangeRoad({
      ...world.ports(world.begin().life),
      enrolled: async () => undefined,
      readOn: async () => said('h\n/dev/vda1 ext4 1000 10 990 100 1 99 /\n'),
    });
    const { state, output } = await road.propose(ASSISTANT, diagnose({ checks: 'disk' }));
    assert.equal(state, 'closed');
    assert.match(output ?? '', /ext4/);
    const change = await road.propose(ASSISTANT, aProposal());
    assert.equal(change.decision.because, 'no-adapter');
  });

  it('refuses arguments that cannot be meant', async () => {
    const { road } = await aRoad(() => assert.fail('asked'));
    for (const proposal of [
      diagnose({ checks: 'disk,disk' }),
      diagnose({ checks: 'everything' }),
      diagnose({ unit: 'nginx.service', file: '/var/log/syslog' }, 'logs.read'),
      diagnose({ file: '/etc/shadow' }, 'logs.read'),
      diagnose({}, 'host.compare'),
      diagnose({ unit: 'other.service' }, 'service.status'),
    ]) {
      const { state, decision } = await road.propose(ASSISTANT, proposal);
      assert.equal(state, 'refused', JSON.stringify(proposal));
      assert.match(decision.because, /^(?:invalid-arguments|untyped-value)$/);
    }
  });

  it('covered by a stop, asks nothing', async () => {
    const { road } = await aRoad(() => assert.fail('asked'));
    await road.stop(OPERATOR, { kind: 'target', name: 'host:web-1' }, 'no');
    assert.equal((await road.propose(ASSISTANT, diagnose({}))).decision.because, 'stopped');
  });
});

describe('the comparison of two hosts', () => {
  it('tells what differs, how old it is, and asks no host', async () => {
    const { road, world } = await aRoad(() => assert.fail('asked'));
    world.facts.set('host:web-1 service:web-1/nginx.service state.enabled', 'enabled');
    world.facts.set('host:web-2 service:web-2/nginx.service state.enabled', 'disabled');
    await world.record();
    const { output } = await road.propose(
      ASSISTANT,
      diagnose({ parts: 'units,packages' }, 'host.compare', ['host:web-1', 'host:web-2']),
    );
    assert.match(output ?? '', /^host:web-1 and host:web-2, as both were known at /);
    assert.match(output ?? '', /^\| service nginx\.service state\.enabled: enabled \/ disabled$/m);
    assert.match(output ?? '', /^\| service ssh\.service state\.load: loaded \/ not there$/m);
    assert.match(output ?? '', /^- host:web-1 service: \d+$/m);
    // Nobody observed packages here: that they do not differ is not known.
    assert.match(output ?? '', /package of host:web-1 was never observed/);
    assert.doesNotMatch(output ?? '', /The same on both: .*packages/);
  });
});
