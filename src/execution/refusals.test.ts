/** What must not run does not run, says why, and leaves it on record. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import { asFault } from '#base/fault';
import { buildCatalogue } from '#catalogue';
import { DEFAULT_SETTINGS } from '#policy';
import { aKey } from '#samples/authority';
import { shippedActions } from '#samples/catalogue';
import {
  ASSISTANT,
  aChangeWorld,
  aProposal,
  FLEET,
  OPERATOR,
  type World,
} from '#test/change-world';
import { throwsFault } from '#test/throws-fault';

const HOME = '/data/home';

async function proposed(world: World, over: Parameters<typeof aProposal>[0] = {}): Promise<string> {
  const view = await world.road.propose(ASSISTANT, aProposal(over));
  assert.equal(view.state, 'previewed', JSON.stringify(view.decision));
  return view.changeId;
}

async function refusedWith(
  world: World,
  over: Parameters<typeof aProposal>[0],
  code: string,
): Promise<void> {
  const view = await world.road.propose(ASSISTANT, aProposal(over));
  assert.equal(view.state, 'refused');
  assert.equal(view.decision.because, code, view.decision.says);
  assert.equal(view.decision.verdict, 'deny');
  assert.deepEqual(world.road.get(OPERATOR, view.changeId), view);
  assert.equal(world.sent.length, 0);
}

describe('a proposal', () => {
  it('names what it means, or gets candidates', async () => {
    const world = await aChangeWorld();
    const ask = (over: Parameters<typeof aProposal>[0]) => () =>
      world.road.propose(ASSISTANT, aProposal(over));
    const fault = await throwsFault(ask({ targets: ['host:web-9'] }), 'unknown-target');
    assert.match(fault.message, /web-1/);
    await throwsFault(ask({ action: 'service.restrat' }), 'unknown-action');
    await refusedWith(
      world,
      { arguments: { unit: 'nginx.service', force: true } },
      'invalid-arguments',
    );
    await refusedWith(world, { arguments: { unit: 'evil.service' } }, 'untyped-value');
  });

  it('is refused where nobody has seen the action keep its contract', async () => {
    const own = shippedActions().map((each) => ({
      ...each,
      origin: { ...each.origin, shipped: false },
    }));
    const world = await aChangeWorld({ catalogue: buildCatalogue({ actions: own, runbooks: [] }) });
    await refusedWith(world, {}, 'not-published');
    const look = aProposal({ action: 'service.status' });
    assert.notEqual((await world.road.propose(ASSISTANT, look)).state, 'refused');
  });

  it('takes no argument on the word of a source that is not trusted', async () => {
    const world = await aChangeWorld();
    await world.store.write((transaction) =>
      transaction.record({
        id: 'obs_probe',
        scope: 'main/main',
        target: 'host:web-1',
        source: 'probe',
        type: 'observed',
        observedAt: world.clock.now(),
        recordedAt: Math.max(
          world.clock.now(),
          (transaction.reader.lastRecordedAt() ?? 0) + 1,
        ) as never,
        complete: [],
        shortfalls: [],
        facts: [{ entity: 'service:web-1/evil.service', attribute: 'state.load', value: 'loaded' }],
        actor: 'assistant:stdio',
        reason: null,
        sha256: sha256('x'),
      }),
    );
    await refusedWith(world, { arguments: { unit: 'evil.service' } }, 'untyped-value');
  });

  it('is refused by mode, ceiling and capability, naming the policy', async () => {
    const readonly = await aChangeWorld({ settings: { mode: 'readonly' } });
    await refusedWith(readonly, {}, 'above-mode');
    const world = await aChangeWorld();
    const low = await world.road.propose({ ...ASSISTANT, ceiling: 'T1' }, aProposal());
    assert.equal(low.decision.because, 'above-ceiling');
    const none = await world.road.propose({ ...ASSISTANT, capabilities: [] }, aProposal());
    assert.equal(none.decision.because, 'not-permitted');
    assert.ok(none.decision.policies.length > 0);
  });

  it('waits for operators, a signed config and a recovery key', async () => {
    const world = await aChangeWorld();
    world.state.hasRecovery = false;
    await refusedWith(world, {}, 'no-recovery-key');
    world.state.hasRecovery = true;
    world.state.baselines = sha256('edited');
    await refusedWith(world, {}, 'config-unsigned');
    world.state.baselines = sha256('baselines');
    world.state.restored = 'of yesterday';
    await refusedWith(world, {}, 'restored');
    world.state.restored = null;
    await world.revoke('alice');
    await world.revoke('bob');
    await refusedWith(world, {}, 'no-operator');
  });

  it('gives the same answer to the same key, to many callers at once', async () => {
    const world = await aChangeWorld();
    const ask = () => world.road.propose(ASSISTANT, aProposal({ idempotencyKey: 'k' }));
    const all = await Promise.all(Array.from({ length: 20 }, ask));
    assert.equal(new Set(all.map(({ changeId }) => changeId)).size, 1);
    assert.equal((await ask()).state, 'previewed');
    await throwsFault(
      () => world.road.propose(ASSISTANT, aProposal({ idempotencyKey: 'k', reason: 'else' })),
      'idempotency-key-reused',
    );
  });

  it('is only looked at when it is a dry run', async () => {
    const world = await aChangeWorld();
    const dry = await world.road.propose(ASSISTANT, aProposal({ dryRun: true }));
    assert.equal(dry.state, 'closed');
    assert.equal(dry.decision.verdict, 'needs-approval');
    assert.equal(dry.plan.steps.length, 1);
    await throwsFault(() => world.approve(dry.changeId), 'not-pending');
    assert.equal(world.sent.length, 0);
  });

  it('of a reading action is answered at once, clean and bounded', async () => {
    const world = await aChangeWorld();
    const look = await world.road.propose(
      ASSISTANT,
      aProposal({ action: 'service.status', arguments: { unit: 'nginx.service' } }),
    );
    assert.equal(look.state, 'closed', JSON.stringify(look.decision));
    assert.equal(look.tier, 'T0');
    assert.match(look.output ?? '', /nginx\.service/);
    assert.equal(world.sent.length, 0);
    const events = await world.events();
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['change.outcome'],
    );
  });
});

describe('an approved change', () => {
  const changes: [what: string, change: (world: World) => unknown, code: string][] = [
    [
      'an argument of its plan',
      (world) =>
        world.edit(`UPDATE change SET body = replace(body, 'nginx.service', 'ssh.service')`),
      'state-moved',
    ],
    [
      'its stored plan',
      (world) =>
        world.edit(
          `UPDATE change_move SET detail = replace(detail, 'nginx.service', 'sshd.service')`,
        ),
      'bad-signature',
    ],
    [
      'its stored order',
      (world) => world.edit(`UPDATE change_order SET text = replace(text, 'quorum 1', 'quorum 0')`),
      'bad-signature',
    ],
    [
      'a stored part',
      (world) =>
        world.edit(
          `UPDATE change_order SET parts = replace(parts, 'nginx.service', 'sshd.service')`,
        ),
      'bad-signature',
    ],
    [
      'a fact that it rests on',
      (world) => world.set('web-1', 'nginx.service', 'active'),
      'state-moved',
    ],
    [
      'the policy, signed anew',
      async (world) => {
        world.state.settings = { ...world.state.settings, decideByHours: 23 };
        await world.signConfig();
      },
      'state-moved',
    ],
    [
      'the policy, unsigned',
      (world) => {
        world.state.settings = { ...world.state.settings, decideByHours: 23 };
      },
      'config-unsigned',
    ],
    [
      'the profile of its target',
      async (world) => {
        world.state.fleet = FLEET.replace('environment: test', 'environment: lab');
        await world.signConfig();
      },
      'state-moved',
    ],
    [
      'the inventory, unsigned',
      (world) => {
        world.state.fleet = `${FLEET}# edited\n`;
      },
      'config-unsigned',
    ],
    [
      'a stop',
      (world) => world.road.stop(OPERATOR, { kind: 'target', name: 'host:web-1' }, 'no'),
      'stopped',
    ],
    [
      'a freeze',
      async (world) => {
        world.state.settings = { ...world.state.settings, mode: 'readonly' };
        await world.signConfig();
      },
      'policy-denied',
    ],
  ];
  for (const [what, change, code] of changes) {
    it(`does not run when ${what} is another between signature and dispatch`, async () => {
      const world = await aChangeWorld();
      const id = await proposed(world);
      const page = await world.road.approvalPage(OPERATOR, id);
      const signature = world.sign('alice', page.envelope);
      const { road, life } = world.begin();
      await road.resume();
      const at = life.at.bind(life);
      life.at = async (point) => {
        if (point === 'approval-recorded') await change(world);
        return at(point);
      };
      const approved = await road
        .approve(OPERATOR, { changeId: id, signature, typedTarget: null, reason: null })
        .catch(asFault);
      const view = world.road.get(OPERATOR, id);
      assert.equal(view.state, 'refused', JSON.stringify([view.outcome, approved]));
      assert.equal(view.decision.because, code, view.decision.says);
      assert.equal(world.sent.length, 0, 'nothing was sent');
      assert.equal(world.host().started.length, 0);
    });
  }

  it('says what is different', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    const page = await world.road.approvalPage(OPERATOR, id);
    world.set('web-1', 'nginx.service', 'activating');
    const view = await world.road.approve(OPERATOR, {
      changeId: id,
      signature: world.sign('alice', page.envelope),
      typedTarget: null,
      reason: null,
    });
    assert.match(view.decision.says, /state\.current.*failed.*activating/s);
  });

  it('runs nothing because a row says approved', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    await world.road.approvalPage(OPERATOR, id);
    world.edit(`UPDATE change SET state = 'approved', rev = rev + 1;
      INSERT INTO change_move SELECT id, rev, state, updated_at, 'me', '{}' FROM change;
      INSERT INTO approval VALUES ('${id}', 'alice', 1, 'separate', 1, 'forged', '{}')`);
    await throwsFault(() => world.approve(id), 'already-approved');
    const { road } = world.begin();
    await road.resume();
    await road.tick();
    assert.equal(road.get(OPERATOR, id).state, 'failed');
    assert.equal(road.get(OPERATOR, id).outcome?.code, 'not-started');
    assert.equal(world.sent.length, 0);
  });

  it('counts no forged approval towards a quorum', async () => {
    const world = await aChangeWorld();
    await world.rules({ T2: { quorum: 2, assurance: 'same-user' } });
    const id = await proposed(world);
    const page = await world.road.approvalPage(OPERATOR, id);
    world.edit(`INSERT INTO approval VALUES ('${id}', 'bob', 1, 'separate', 1, 'forged', '{}')`);
    const view = await world.road.approve(OPERATOR, {
      changeId: id,
      signature: world.sign('alice', page.envelope),
      typedTarget: null,
      reason: null,
    });
    assert.equal(view.state, 'refused');
    assert.equal(view.decision.because, 'bad-signature');
    assert.equal(world.sent.length, 0);
  });
});

describe('an approval', () => {
  it('is made by an operator, with a key in force, over what was shown', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    await throwsFault(() => world.road.approvalPage(ASSISTANT, id), 'not-permitted');
    const page = await world.road.approvalPage(OPERATOR, id);
    const give =
      (signature: string, by = OPERATOR) =>
      () =>
        world.road.approve(by, { changeId: id, signature, typedTarget: null, reason: null });
    const good = world.sign('alice', page.envelope);
    await throwsFault(give(good, ASSISTANT), 'not-permitted');
    await throwsFault(give(good, { ...OPERATOR, surface: 'mcp-http' }), 'not-permitted');
    await throwsFault(give(world.sign('mallory', page.envelope)), 'unknown-signer');
    await throwsFault(give(world.sign('recovery', page.envelope)), 'unknown-signer');
    await throwsFault(give(world.sign('alice', `${page.envelope} `)), 'bad-signature');
    await throwsFault(give(aKey('alice').sign('holdfast-run@1', page.envelope)), 'bad-signature');
    await throwsFault(give(`${good}${good}`), 'bad-signature');
    await throwsFault(give('nonsense'), 'bad-signature');
    const other = await proposed(world, { arguments: { unit: 'ssh.service' } });
    const otherPage = await world.road.approvalPage(OPERATOR, other);
    await throwsFault(give(world.sign('alice', otherPage.envelope)), 'bad-signature');
    assert.equal(world.sent.length, 0);
    assert.equal((await give(good)()).state, 'confirmed');
    await throwsFault(give(good), 'already-approved');
    assert.equal(world.sent.length, 1);
  });

  it('comes in time, and anew when what was signed had to run earlier', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    const page = await world.road.approvalPage(OPERATOR, id);
    const late = world.sign('alice', page.envelope);
    world.pass(16 * 60);
    await throwsFault(
      () =>
        world.road.approve(OPERATOR, {
          changeId: id,
          signature: late,
          typedTarget: null,
          reason: null,
        }),
      'expired',
    );
    const again = await world.road.approvalPage(OPERATOR, id);
    assert.notEqual(again.envelope, page.envelope);
    await throwsFault(
      () =>
        world.road.approve(OPERATOR, {
          changeId: id,
          signature: late,
          typedTarget: null,
          reason: null,
        }),
      'bad-signature',
    );
    world.pass(24 * 3_600);
    await throwsFault(() => world.approve(id), 'expired');
    await world.road.tick();
    assert.equal(world.road.get(OPERATOR, id).state, 'expired');
    await throwsFault(() => world.approve(id), 'expired');
    assert.equal(world.sent.length, 0);
  });

  it('waits for as many operators as the host wants, who sign the same bytes', async () => {
    const world = await aChangeWorld();
    await world.rules({ T2: { quorum: 2, assurance: 'same-user' } });
    const id = await proposed(world);
    const first = await world.approve(id, 'alice');
    assert.equal(first.state, 'previewed');
    await throwsFault(() => world.approve(id, 'alice'), 'already-approved');
    assert.equal(world.sent.length, 0);
    for (const host of world.hosts.values()) assert.equal(host.started.length, 0);
    const second = await world.approve(id, 'bob');
    // The simulated hosts were configured for a quorum of one; the order asks for two, and both are there.
    assert.equal(second.state, 'confirmed', JSON.stringify(second.outcome));
    assert.equal(world.sent[0]?.signatures.length, 2);
  });

  it('by many at once runs once', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    const page = await world.road.approvalPage(OPERATOR, id);
    const all = await Promise.allSettled(
      ['alice', 'bob', 'alice', 'bob', 'alice'].flatMap((operator) =>
        Array.from({ length: 10 }, () =>
          world.road.approve(OPERATOR, {
            changeId: id,
            signature: world.sign(operator, page.envelope),
            typedTarget: null,
            reason: null,
          }),
        ),
      ),
    );
    assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal(world.sent.length, 1);
    assert.equal(world.host().started.length, 1);
  });

  it('is someone else’s where four eyes are asked for', async () => {
    const eyes = { tier: 'T2', environments: null, when: 'always' } as const;
    const world = await aChangeWorld({ settings: { fourEyes: [eyes] } });
    const id = await proposed(world);
    await throwsFault(() => world.approve(id, 'alice'), 'four-eyes');
    assert.equal((await world.approve(id, 'bob')).state, 'confirmed');
  });

  it('of a T3 change takes the target’s name and a reason, typed', async () => {
    const world = await aChangeWorld();
    world.facts.set('host:web-1 host:web-1 boot.id', 'one');
    await world.record();
    const view = await world.road.propose(
      OPERATOR,
      aProposal({ action: 'host.reboot', arguments: {} }),
    );
    assert.equal(view.state, 'previewed', JSON.stringify(view.decision));
    const id = view.changeId;
    await throwsFault(() => world.approve(id, 'bob'), 'name-not-typed');
    await throwsFault(
      () => world.approve(id, 'bob', world.road, { typedTarget: 'web-1', reason: 'kernel' }),
      'name-not-typed',
    );
    await throwsFault(
      () => world.approve(id, 'bob', world.road, { typedTarget: 'host:web-1' }),
      'name-not-typed',
    );
    await throwsFault(
      () => world.approve(id, 'alice', world.road, { typedTarget: 'host:web-1', reason: 'kernel' }),
      'four-eyes',
    );
    assert.equal(world.sent.length, 0);
  });

  it('leaves nothing unspent where others read', async () => {
    const world = await aChangeWorld();
    await world.rules({ T2: { quorum: 2, assurance: 'same-user' } });
    const id = await proposed(world);
    const page = await world.road.approvalPage(OPERATOR, id);
    await world.approve(id, 'alice');
    const nonce =
      world.store.changes.orders(id)[0]?.parts[0]?.match(/nonce ([0-9a-f]{32})/)?.[1] ?? '?';
    const signature = world.store.changes.approvals(id)[0]?.signature ?? '?';
    const told = JSON.stringify([world.road.get(ASSISTANT, id), await world.events()]);
    for (const secret of [
      nonce,
      signature.split('\n')[1] ?? '?',
      page.envelope,
      JSON.stringify(page.envelope).slice(1, -1),
    ])
      assert.ok(!told.includes(secret), secret.slice(0, 60));
  });
});

describe('guards', () => {
  it('let as many through as they allow, however many ask at once', async () => {
    const guards = {
      ...DEFAULT_SETTINGS.guards,
      cooldownSeconds: 0,
      flap: { times: 100, withinSeconds: 10 },
      budget: { ...DEFAULT_SETTINGS.guards.budget, perCallerHour: 3 },
    };
    const world = await aChangeWorld({ settings: { guards } });
    const ids: string[] = [];
    for (let n = 0; n < 12; n++) ids.push(await proposed(world));
    const pages = await Promise.all(ids.map((id) => world.road.approvalPage(OPERATOR, id)));
    const all = await Promise.all(
      pages.map((page, i) =>
        world.road.approve(OPERATOR, {
          changeId: ids[i] ?? '',
          signature: world.sign('alice', page.envelope),
          typedTarget: null,
          reason: null,
        }),
      ),
    );
    const ran = all.filter(({ state }) => state !== 'refused');
    assert.equal(world.host().started.length, ran.length);
    assert.ok(ran.length >= 1 && ran.length <= 3, `${ran.length} ran`);
    assert.deepEqual(world.store.check(), []);
  });
});

describe('the event log', () => {
  it('stands before every effect: what cannot be told is not done', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    const page = await world.road.approvalPage(OPERATOR, id);
    world.disk.breakNext('fail');
    const signature = world.sign('alice', page.envelope);
    await throwsFault(
      () =>
        world.road.approve(OPERATOR, { changeId: id, signature, typedTarget: null, reason: null }),
      'log-unwritable',
    );
    await throwsFault(() => world.road.propose(ASSISTANT, aProposal()), 'log-unwritable');
    const look = await world.road.propose(
      ASSISTANT,
      aProposal({ action: 'service.status', arguments: { unit: 'nginx.service' } }),
    );
    assert.match(look.next, /not on record/);
    assert.equal(world.sent.length, 0);
  });
});

describe('an emergency stop', () => {
  it('is kept, covers what it names, and survives its file', async () => {
    const world = await aChangeWorld();
    const stop = await world.road.stop(OPERATOR, { kind: 'action', name: 'service.restart' }, 'no');
    await refusedWith(world, {}, 'stopped');
    await world.files.remove(`${HOME}/stops/${stop.id}.json`);
    const { road } = world.begin();
    await road.resume();
    assert.equal(road.stops().stops.length, 1);
    assert.equal((await road.propose(ASSISTANT, aProposal())).decision.because, 'stopped');
    const other = await road.propose(
      ASSISTANT,
      aProposal({ action: 'service.stop', arguments: { unit: 'ssh.service' } }),
    );
    assert.equal(other.state, 'previewed');
  });

  it('is a file that anyone on the machine can make, and what cannot be read', async () => {
    const world = await aChangeWorld();
    await world.files.replace(`${HOME}/STOP`, Buffer.from(''));
    await refusedWith(world, {}, 'stopped');
    await world.files.remove(`${HOME}/STOP`);
    assert.equal((await world.road.propose(ASSISTANT, aProposal())).state, 'previewed');
    await world.files.makeDirectory(`${HOME}/stops`);
    await world.files.replace(`${HOME}/stops/stop_x.json`, Buffer.from('{'));
    await refusedWith(world, {}, 'stopped');
    assert.match(world.road.stops().unreadable ?? '', /cannot be read/);
  });

  it('is tripped by an assistant for what its session covers only', async () => {
    const world = await aChangeWorld();
    const trip = (subject: Parameters<typeof world.road.stop>[1]) => () =>
      world.road.stop(ASSISTANT, subject, 'odd');
    await throwsFault(trip({ kind: 'fleet' }), 'not-permitted');
    await throwsFault(trip({ kind: 'scope', name: 'main/main' }), 'not-permitted');
    await throwsFault(trip({ kind: 'session', name: 'ses_operator' }), 'not-permitted');
    await throwsFault(trip({ kind: 'target', name: 'host:elsewhere' }), 'not-permitted');
    await trip({ kind: 'session', name: ASSISTANT.session })();
    await refusedWith(world, {}, 'stopped');
  });

  it('ends only by an operator’s signature over its own order', async () => {
    const world = await aChangeWorld();
    const stop = await world.road.stop(OPERATOR, { kind: 'fleet' }, 'no');
    assert.notEqual((await world.host().status()).stopped, null);
    const { order } = await world.road.liftPage(stop.id);
    const sign = (by: string, text = order): string => aKey(by).sign('holdfast-lift@1', text);
    await throwsFault(
      () => world.road.lift(ASSISTANT, stop.id, order, sign('alice')),
      'not-permitted',
    );
    await throwsFault(
      () => world.road.lift(OPERATOR, stop.id, order, sign('mallory')),
      'unknown-signer',
    );
    const forged = order.replace(stop.id, 'stop_000000000000000000000000');
    await throwsFault(
      () => world.road.lift(OPERATOR, stop.id, forged, sign('alice', forged)),
      'bad-signature',
    );
    await world.road.lift(OPERATOR, stop.id, order, sign('alice'));
    assert.deepEqual(world.road.stops().stops, []);
    assert.equal((await world.host().status()).stopped, null);
    const { road } = world.begin();
    await road.resume();
    assert.deepEqual(road.stops().stops, []);
  });
});

describe('taking a change back', () => {
  const stopped = { action: 'service.stop', arguments: { unit: 'ssh.service' } };

  it('runs the signed inverse, once', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world, stopped);
    assert.equal((await world.approve(id)).state, 'confirmed');
    const undone = await world.road.undo(OPERATOR, id, 'wrong one');
    assert.equal(undone.state, 'rolled-back', JSON.stringify(undone.outcome));
    assert.deepEqual(
      world.host().started.map(({ argv }) => argv[1]),
      ['stop', 'start'],
    );
    await throwsFault(() => world.road.undo(OPERATOR, id, 'again'), 'nothing-to-undo');
  });

  it('refuses when the world has moved on', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world, stopped);
    await world.approve(id);
    world.set('web-1', 'ssh.service', 'active');
    const fault = await throwsFault(
      () => world.road.undo(OPERATOR, id, 'wrong one'),
      'world-moved',
    );
    assert.match(fault.message, /inactive.*active/);
    assert.equal(world.host().started.length, 1);
  });

  it('is a proposal of its own when it is late, and when an assistant asks', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world, stopped);
    await world.approve(id);
    const mine = await world.road.undo(ASSISTANT, id, 'wrong one');
    assert.equal(mine.state, 'previewed', JSON.stringify(mine.decision));
    assert.equal(mine.undoes, id);
    assert.deepEqual(
      mine.plan.steps.map(({ argv }) => argv[1]),
      ['start'],
    );
    await throwsFault(() => world.road.undo(OPERATOR, id, 'me too'), 'nothing-to-undo');
    const done = await world.approve(mine.changeId);
    assert.equal(done.state, 'confirmed', JSON.stringify([done.outcome, done.decision]));
    assert.deepEqual(
      world.host().started.map(({ argv }) => argv[1]),
      ['stop', 'start'],
    );
  });

  it('has nothing to do where nothing ran that has an inverse', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    await throwsFault(() => world.road.undo(OPERATOR, id, 'no'), 'nothing-to-undo');
    await world.approve(id);
    await throwsFault(() => world.road.undo(OPERATOR, id, 'no'), 'nothing-to-undo');
  });
});
