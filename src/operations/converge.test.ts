/** From findings to proposed changes, through the kernel and the change road of a paper fleet. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reachOf } from '#access';
import type { Json } from '#base/json';
import { aChangeKernel } from '#test/change-kernel';
import { aChangeWorld } from '#test/change-world';
import type { Caller } from './operation.ts';

const OPERATOR: Caller = {
  principal: 'operator:root@local',
  onBehalfOf: 'operator:root@local',
  surface: 'cli',
  profile: 'operator',
  session: 'cli',
  reach: reachOf('operator'),
};

type Change = {
  readonly targets: string[];
  readonly action: string;
  readonly state: string;
  readonly reason: string;
};

// oxlint-disable-next-line typescript/explicit-module-boundary-types -- read off what it answers
async function aDriftedFleet() {
  const world = await aChangeWorld();
  const { kernel } = aChangeKernel(world);
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are JSON, and the assertions check them
  const ask = async (operation: string, input: Json): Promise<any> =>
    (await kernel.perform({ operation, input, caller: OPERATOR })).value;
  const say = (host: string, unit: string, attribute: string, value: Json): void =>
    void world.facts.set(`host:${host} service:${host}/${unit} ${attribute}`, value);
  for (const host of ['web-1', 'web-2']) {
    say(host, 'nginx.service', 'state.active', 'active');
    say(host, 'nginx.service', 'user', 'www-data');
  }
  await world.record();
  for (const target of ['host:web-1', 'host:web-2'])
    await ask('baseline_bless', { target, reason: 'as it should be' });
  await world.signConfig();
  for (const host of ['web-1', 'web-2']) {
    say(host, 'nginx.service', 'state.active', 'inactive');
    world.set(host, 'nginx.service', 'inactive');
  }
  say('web-1', 'nginx.service', 'user', 'root');
  const drift = async (): Promise<readonly { id: string; attribute: string; target: string }[]> => {
    await world.record();
    // What flaps by nature is believed when it was seen again.
    for (let i = 0; i < 4; i++) {
      world.pass(120);
      await world.record();
      for (const target of ['host:web-1', 'host:web-2']) await ask('drift_refresh', { target });
    }
    return (await ask('drift_scan', {})).findings;
  };
  return { world, ask, drift };
}

describe('converging', () => {
  it('is told with what explains a finding, and so is that there is no way', async () => {
    const { ask, drift } = await aDriftedFleet();
    const told: Record<string, Json> = {};
    for (const { id, target, attribute } of await drift())
      told[`${target} ${attribute}`] = (await ask('explain_finding', { finding: id })).wayBack;
    const [start] = (
      told['host:web-1 state.active'] as { ways: { action: string; tier: string }[] }
    ).ways;
    assert.deepEqual([start?.action, start?.tier], ['service.start@1', 'T1']);
    const none = told['host:web-1 user'] as { ways: unknown[]; says: string };
    assert.deepEqual(none.ways, []);
    assert.match(none.says, /accept it/);
  });

  it('proposes one change for all targets that need the same, and tells what has no way back', async () => {
    const { ask, drift } = await aDriftedFleet();
    const findings = await drift();
    const stopped = findings.filter(({ attribute }) => attribute === 'state.active');
    assert.equal(stopped.length, 2, JSON.stringify(findings));
    const shown = await ask('way_back', { findings: stopped.map(({ id }) => id) });
    assert.deepEqual(
      shown.ways.map(({ ways }: { ways: { action: string }[] }) => ways[0]?.action),
      ['service.start@1', 'service.start@1'],
    );
    const told = await ask('drift_converge', {
      findings: [...findings.map(({ id }) => id), 'finding_ffffffffffffffff'],
      reason: 'the site is down',
    });
    const changes = told.changes as readonly Change[];
    assert.deepEqual(
      changes.map(({ action, targets, state }) => [action, targets, state]),
      [['service.start@1', ['host:web-1', 'host:web-2'], 'previewed']],
    );
    assert.match(changes[0]?.reason ?? '', /^the site is down \(converge finding_/);
    const left = (told.left as readonly { says: string }[]).map(({ says }) => says);
    assert.equal(left.length, 2);
    assert.ok(left.some((says) => says.startsWith('no action says')));
    assert.ok(left.some((says) => says.startsWith('no such finding')));
  });

  it('rolls out in batches when asked, and proposes nothing for what is over', async () => {
    const { world, ask, drift } = await aDriftedFleet();
    const ids = (await drift())
      .filter(({ attribute }) => attribute === 'state.active')
      .map(({ id }) => id);
    const rolled = await ask('drift_converge', { findings: ids, rollout: { batch: 1 } });
    assert.equal(rolled.changes[0]?.rollout?.batches.length, 2);
    for (const host of ['web-1', 'web-2'])
      world.facts.set(`host:${host} service:${host}/nginx.service state.active`, 'active');
    await drift();
    const over = await ask('drift_converge', { findings: ids });
    assert.deepEqual(over.changes, []);
    assert.deepEqual(
      over.left.map(({ says }: { says: string }) => says),
      ['it is resolved already', 'it is resolved already'],
    );
  });
});
