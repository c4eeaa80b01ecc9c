/**
 * The emergency stop of the real service, with real programs under the real host script: what runs is
 * ended with everything it started, what was to follow never begins, and only a signature ends it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { asFault } from '#base/fault';
import { aKey } from '#samples/authority';
import {
  aChangeHome,
  approve,
  ask,
  type ChangeHome,
  mustOpen,
  PERSON,
  propose,
  TARGET,
  type View,
} from '#test/change-home';
import { throwsFault } from '#test/throws-fault';
import { ASSISTANT } from '#test/world';
import type { Service } from '../src/main/service.ts';

/** The promise is one second on a quiet machine; the tests leave room for a busy one. */
const LOOSELY_MS = 15_000;

const catalogue = (scratch: string, account: string): string => `version: 1
actions:
  - id: mark.add
    version: 1
    summary: Makes a mark
    family: mark
    capability: actions.change
    tier: T2
    sideEffect: state
    hostTypes: [linux]
    stabiliseSeconds: 0
    cooldownSeconds: 0
    arguments:
      name: { type: name, summary: Which one }
    steps:
      - run: [touch, --, "${scratch}/{name}"]
        effect: Marks {name}
        runAs: ${account}
        inverse:
          run: [rm, --, "${scratch}/{name}"]
          effect: Takes the mark away
    verify:
      probes:
        - run: [test, -d, "${scratch}"]
`;
const runbook = (account: string): string => `version: 1
runbook:
  id: runbook.three
  version: 1
  summary: Three steps, of which the second takes long
  family: mark
  tier: T2
  sideEffect: state
  hostTypes: [linux]
  stabiliseSeconds: 0
  cooldownSeconds: 0
  steps:
    - action: mark.add@1
      with: { name: first }
    - script: long.sh
      effect: Takes long
      runAs: ${account}
      timeoutSeconds: 300
      inverse: none
    - action: mark.add@1
      with: { name: third }
  verify:
    probes:
      - run: [test, -d, /tmp]
`;
/** A child, and a grandchild in a session of its own that is deaf to SIGTERM. */
const long = (scratch: string): string => `#!/bin/sh
echo $$ > ${scratch}/program
sleep 300 &
echo $! > ${scratch}/child
setsid sh -c 'trap "" TERM; echo $$ > ${scratch}/grandchild; sleep 300 & wait; sleep 300' &
wait
`;

describe('an emergency stop', () => {
  let home: ChangeHome;
  let service: Service;
  before(async () => {
    home = await aChangeHome({
      catalogue,
      runbooks: (scratch, account) => ({ 'own.yaml': runbook(account), 'long.sh': long(scratch) }),
    });
    service = await mustOpen(home.path);
  });
  after(async () => {
    await service.close();
    home[Symbol.dispose]();
  });

  const at = (name: string): string => join(home.scratch, name);
  const alive = (): string[] =>
    ['program', 'child', 'grandchild'].filter((name) => isAlive(readFileSync(at(name), 'utf8')));
  const refused = async (why: RegExp): Promise<void> => {
    const view = await propose(service, 'mark.add', { name: 'never' });
    assert.equal(view.decision.because, 'stopped', view.decision.says);
    assert.match(view.decision.says, why);
  };
  const allowed = async (): Promise<View> => {
    const view = await propose(service, 'mark.add', { name: 'never' });
    assert.equal(view.state, 'previewed', view.decision.says);
    return view;
  };
  /** Signs the three steps and waits until the second runs. */
  const begun = async (): Promise<{ id: string; done: Promise<View> }> => {
    for (const name of ['first', 'third', 'program', 'child', 'grandchild'])
      rmSync(at(name), { force: true });
    const { changeId, state, decision } = await propose(service, 'runbook.three', {});
    assert.equal(state, 'previewed', decision.says);
    const done = approve(service, changeId);
    done.catch(() => {});
    for (let tries = 0; !existsSync(at('grandchild')); tries++) {
      assert.ok(tries < 600, 'the second step did not begin');
      await sleep(50);
    }
    for (let tries = 0; alive().length < 3 && tries < 600; tries++) await sleep(50);
    assert.deepEqual(alive(), ['program', 'child', 'grandchild']);
    return { id: changeId, done };
  };
  const lift = async (stopId: string): Promise<void> => {
    const page = await ask<{ order: string; namespace: string }>(service, 'stop_lift_page', {
      stopId,
    });
    const signature = aKey(PERSON).sign(page.namespace, page.order);
    await ask(service, 'stop_lift', { stopId, order: page.order, signature });
  };
  const stops = async (): Promise<string[]> =>
    (await ask<{ stops: { id: string }[] }>(service, 'stops_list')).stops.map(({ id }) => id);

  it('ends what runs with everything it started, and what follows never begins', async (test) => {
    const { id, done } = await begun();
    const tripped = Date.now();
    const stopping = ask(service, 'emergency_stop', {
      subject: 'target',
      name: TARGET,
      reason: 'enough',
    });
    await refused(/enough/);
    const refusing = Date.now() - tripped;
    for (let tries = 0; alive().length > 0 && tries < 1_000; tries++) await sleep(25);
    const dead = Date.now() - tripped;
    assert.deepEqual(alive(), []);
    await stopping;
    const view = await done;
    test.diagnostic(`no new work after ${refusing} ms, nothing left running after ${dead} ms`);
    assert.ok(refusing < LOOSELY_MS && dead < LOOSELY_MS, `${refusing} ms, ${dead} ms`);
    assert.equal(view.state, 'failed', JSON.stringify(view.outcome));
    assert.equal(view.outcome?.code, 'stopped');
    assert.deepEqual(
      view.receipts.map(({ step, result }) => [step, result]),
      [
        [1, 'exited'],
        [2, 'stopped'],
      ],
    );
    assert.ok(existsSync(at('first')) && !existsSync(at('third')));
    assert.match(view.next, /holdfast undo/);

    // Kept: it is on record, and another start finds it, also without its file.
    const { events } = await ask<{ events: { kind: string; more: { change?: string } }[] }>(
      service,
      'events_list',
      { limit: 200 },
    );
    const kinds = events.filter(({ more }) => more?.change === id).map(({ kind }) => kind);
    assert.ok(events.some(({ kind }) => kind === 'change.stopped'));
    assert.ok(kinds.includes('change.outcome'), kinds.join());
    const [stopId = ''] = await stops();
    await service.close();
    rmSync(join(home.path, 'stops', `${stopId}.json`));
    service = await mustOpen(home.path);
    assert.deepEqual(await stops(), [stopId]);
    await refused(/enough/);
    // While it holds, nothing is taken back either.
    await throwsFault(
      () => ask(service, 'change_undo', { changeId: id, reason: 'as it was' }),
      'stopped',
    );

    // Only a signature ends it: not an assistant, not another's key, not another document.
    const page = await ask<{ order: string; namespace: string }>(service, 'stop_lift_page', {
      stopId,
    });
    const attempts: [signature: string, caller: undefined | typeof ASSISTANT][] = [
      [aKey('mallory').sign(page.namespace, page.order), undefined],
      [aKey(PERSON).sign('holdfast-change@1', page.order), undefined],
      [aKey(PERSON).sign(page.namespace, `${page.order} `), undefined],
      ['', undefined],
      [aKey(PERSON).sign(page.namespace, page.order), ASSISTANT],
    ];
    for (const [signature, caller] of attempts) {
      const input = { stopId, order: page.order, signature };
      await assert.rejects(ask(service, 'stop_lift', input, caller));
      assert.deepEqual(await stops(), [stopId]);
    }
    await lift(stopId);
    assert.deepEqual(await stops(), []);
    const undone = await ask<View>(service, 'change_undo', { changeId: id, reason: 'as it was' });
    // A step was cut short, so the way back is a change of its own, looked at and signed.
    assert.equal(undone.state, 'previewed', JSON.stringify(undone.outcome));
    const back = await approve(service, undone.changeId);
    assert.equal(back.state, 'confirmed', JSON.stringify(back.outcome));
    assert.ok(!existsSync(at('first')), 'the part that ran is taken back');
  });

  it('is a file named STOP, also for what runs', async (test) => {
    const { done } = await begun();
    const put = Date.now();
    writeFileSync(join(home.path, 'STOP'), '');
    const view = await done;
    const took = Date.now() - put;
    test.diagnostic(`what ran was over after ${took} ms`);
    assert.ok(took < 2 * LOOSELY_MS, `${took} ms`);
    assert.equal(view.outcome?.code, 'stopped', JSON.stringify(view.outcome));
    for (let tries = 0; alive().length > 0 && tries < 1_000; tries++) await sleep(25);
    assert.deepEqual(alive(), [], 'nothing is left running');
    assert.ok(!existsSync(at('third')));
    await refused(/STOP/);
    await service.close();
    service = await mustOpen(home.path);
    await refused(/STOP/);
    // The host that was told keeps to it until somebody signs, also when the file is taken away.
    rmSync(join(home.path, 'STOP'));
    await refused(/service:holdfast/);
    writeFileSync(join(home.path, 'STOP'), '');
    await refused(/STOP/);
    for (const id of (await stops()).toSorted()) await lift(id);
    assert.deepEqual(await stops(), []);
    assert.ok(!existsSync(join(home.path, 'STOP')));
    await approveAndSee(await allowed());
  });

  it('is assumed where the stops cannot be read', async () => {
    const waiting = await allowed();
    renameSync(join(home.path, 'stops'), join(home.path, 'stops.away'));
    writeFileSync(join(home.path, 'stops'), 'not a directory');
    await refused(/cannot be read/);
    const view = await approve(service, waiting.changeId).catch(asFault);
    assert.ok(!existsSync(at('never')), JSON.stringify(view));
    await service.close();
    service = await mustOpen(home.path);
    await refused(/cannot be read/);
    rmSync(join(home.path, 'stops'));
    mkdirSync(join(home.path, 'stops'));
    writeFileSync(join(home.path, 'stops', `stop_${'0'.repeat(24)}.json`), '{"v":1}');
    await refused(/cannot be read/);
    rmSync(join(home.path, 'stops'), { recursive: true });
    renameSync(join(home.path, 'stops.away'), join(home.path, 'stops'));
    await approveAndSee(await allowed());
  });

  async function approveAndSee({ changeId }: View): Promise<void> {
    const done = await approve(service, changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify(done.outcome ?? done.decision));
    rmSync(at('never'));
  }
});

/** A process that nobody has waited for yet is dead. */
function isAlive(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid.trim()}/stat`, 'utf8');
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}
