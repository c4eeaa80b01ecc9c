import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anEvent } from '#samples/evidence';
import { throwsFault } from '#test/throws-fault';
import { ASSISTANT, aWorld, OPERATOR, type TestWorld } from '#test/world';

/** Whose clock shows the hour in which its log writes. */
async function aWorldNow(): Promise<TestWorld> {
  const world = await aWorld();
  world.at('2023-11-14T22:30:00Z');
  return world;
}

const asked = (world: TestWorld, input = {}) => world.value('assistant_activity', input);

describe('what assistants asked for', () => {
  it('is told by lease and operation, with what was refused', async () => {
    const world = await aWorldNow();
    await world.ask('query_facts', {}, { caller: ASSISTANT });
    await world.ask('query_facts', {}, { caller: ASSISTANT });
    await throwsFault(
      () => world.ask('query_facts', { limti: 1 }, { caller: ASSISTANT }),
      'invalid-input',
    );
    await throwsFault(() => world.ask('doctor', {}, { caller: ASSISTANT }), 'not-offered');
    await world.ask('query_facts', {});
    await world.events();
    const { callers, calls, complete, buckets } = await asked(world);
    assert.deepEqual([calls, complete, callers.length], [4, true, 1]);
    const [one] = callers;
    assert.equal(one.principal, 'assistant:stdio');
    assert.equal(one.onBehalfOf, 'operator:ada@local');
    assert.deepEqual([one.done, one.refused, one.denied, one.lastOperation], [2, 2, 1, 'doctor']);
    assert.deepEqual(
      one.operations.map((each: { operation: string; calls: number }) => [
        each.operation,
        each.calls,
      ]),
      [
        ['query_facts', 3],
        ['doctor', 1],
      ],
    );
    assert.equal(one.faults.length, 2);
    assert.equal(buckets.length, 48);
    assert.equal(buckets.at(-1).done + buckets.at(-1).refused, 4);
  });

  it('counts only what is new when it is asked again', async () => {
    const world = await aWorldNow();
    const read: number[] = [];
    const readLog = world.log.read.bind(world.log);
    world.log.read = (filter, limit, before) => {
      read.push(limit);
      return readLog(filter, limit, before);
    };
    await Promise.all(
      Array.from({ length: 600 }, () => world.log.append(anEvent({ surface: 'mcp-http' })).written),
    );
    await world.log.append(anEvent({ surface: 'mcp-http', principal: 'lease:a' })).durable;
    assert.equal((await asked(world)).calls, 601);
    const whole = read.splice(0).reduce((sum, limit) => sum + limit, 0);
    assert.ok(whole >= 601);
    await world.log.append(anEvent({ surface: 'api', principal: 'lease:a' })).durable;
    const { callers } = await asked(world, { principal: 'lease:a' });
    assert.equal(callers[0].calls, 2);
    assert.ok(read.reduce((sum, limit) => sum + limit, 0) < 10, read.join(' '));
  });

  it('forgets what lies before the span', async () => {
    const world = await aWorldNow();
    await world.log.append(anEvent({ surface: 'mcp-http' })).durable;
    world.at('2023-11-22T22:30:00Z');
    assert.equal((await asked(world)).calls, 0);
    assert.equal((await asked(world, { hours: 720 })).calls, 1);
  });

  it('shows whoever reaches less only what was done in their own name', async () => {
    const world = await aWorldNow();
    const by = (onBehalfOf: string) => anEvent({ surface: 'mcp-http', principal: 'l', onBehalfOf });
    await world.log.append(by('operator:bea')).durable;
    await world.log.append(by('operator:ada')).durable;
    await world.log.append(by('operator:bea@local')).durable;
    const [part] = OPERATOR.reach;
    assert.ok(part);
    const narrow = {
      ...OPERATOR,
      principal: 'operator:bea@console',
      reach: [{ ...part, targets: { ids: ['host:web-1'], tags: [] } }],
    };
    const { calls, callers } = await world.value('assistant_activity', {}, { caller: narrow });
    assert.deepEqual([calls, callers[0].onBehalfOf], [1, 'operator:bea']);
  });
});
