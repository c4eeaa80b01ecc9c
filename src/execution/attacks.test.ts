/** What somebody tries who may edit the database, holds a session, or signs what they asked for themselves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NAMESPACES } from '#authority';
import { buildCatalogue, parseActions, parseRunbook } from '#catalogue';
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
import { changeMaterial } from './material.ts';

async function proposed(world: World, over: Parameters<typeof aProposal>[0] = {}): Promise<string> {
  const view = await world.road.propose(ASSISTANT, aProposal(over));
  assert.equal(view.state, 'previewed', JSON.stringify(view.decision));
  return view.changeId;
}

describe('four eyes', () => {
  it('are asked for again of a real signature that was put into the database by hand', async () => {
    const eyes = { tier: 'T2', environments: null, when: 'always' } as const;
    const world = await aChangeWorld({ settings: { fourEyes: [eyes] } });
    await world.rules({ T2: { quorum: 2, assurance: 'same-user' } });
    const id = await proposed(world);
    const page = await world.road.approvalPage(OPERATOR, id);
    const own = world.sign('alice', page.envelope);
    world.edit(
      `INSERT INTO approval VALUES ('${id}', 'alice', 1, 'same-user', 1, '${own}', '{"samePersonAsRequester":false}')`,
    );
    const view = await world.approve(id, 'bob');
    assert.equal(view.state, 'refused', JSON.stringify(view.outcome));
    assert.equal(view.decision.because, 'four-eyes');
    assert.equal(world.sent.length, 0);
  });
});

describe('a stop', () => {
  it('reaches what runs also while the inventory is wrong', async () => {
    const world = await aChangeWorld();
    let ended = false;
    const id = await proposed(world);
    const host = world.host();
    const run = host.run.bind(host);
    host.run = async (dispatch) => {
      world.state.fleet = 'version: 1\ntargets: [';
      const stop = host.stop.bind(host);
      host.stop = async (name) => {
        ended = true;
        return stop(name);
      };
      await world.road.stop(OPERATOR, { kind: 'fleet' }, 'now');
      return run(dispatch);
    };
    await world.approve(id).catch(() => {});
    assert.equal(ended, true, 'the host was told');
  });

  it('still holds on its host when another one is lifted there', async () => {
    const world = await aChangeWorld();
    const fleet = await world.road.stop(OPERATOR, { kind: 'fleet' }, 'all of it');
    const one = await world.road.stop(OPERATOR, { kind: 'target', name: 'host:web-1' }, 'this');
    const { order } = await world.road.liftPage(fleet.id);
    const signature = aKey('alice').sign(NAMESPACES.lift, order);
    await world.road.lift(OPERATOR, fleet.id, order, signature);
    assert.equal((await world.host('host:web-1').status()).stopped, one.id);
    assert.equal((await world.host('host:web-2').status()).stopped, null);
  });

  it('of an assistant is one, however often it is asked for, and of something that is there', async () => {
    const world = await aChangeWorld();
    const ids = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const { id } = await world.road.stop(
        ASSISTANT,
        { kind: 'target', name: 'host:web-1' },
        `reason ${i}`,
      );
      ids.add(id);
    }
    assert.equal(ids.size, 1);
    const nothing = () => world.road.stop(ASSISTANT, { kind: 'action', name: 'no.such' }, 'x');
    await throwsFault(nothing, 'unknown-action');
    for (const subject of [
      { kind: 'fleet' },
      { kind: 'scope', name: 'main/main' },
      { kind: 'rule', name: 'std_x' },
      { kind: 'session', name: OPERATOR.session },
    ] as const)
      await throwsFault(() => world.road.stop(ASSISTANT, subject, 'x'), 'not-permitted');
    assert.equal(world.road.stops().stops.length, 1);
  });
});

describe('the material of a bundle', () => {
  it('is given when nothing of it can run any more', async () => {
    const world = await aChangeWorld();
    world.set('web-1', 'nginx.service', 'active');
    await world.record();
    const id = await proposed(world, { action: 'service.stop' });
    assert.equal((await world.approve(id)).state, 'confirmed');
    const material = (): unknown => changeMaterial(world.store.changes, id, world.clock.now());
    // The way back is signed, and not spent.
    await throwsFault(async () => material(), 'not-over');
    world.pass(16 * 60);
    assert.ok(material());
  });

  it('is given at once where there is no way back', async () => {
    const world = await aChangeWorld();
    const id = await proposed(world);
    assert.equal((await world.approve(id)).state, 'confirmed');
    assert.ok(changeMaterial(world.store.changes, id, world.clock.now()));
  });
});

describe('undo', () => {
  const stopNginx = async (world: World): Promise<string> => {
    world.set('web-1', 'nginx.service', 'active');
    await world.record();
    return proposed(world, { action: 'service.stop' });
  };

  it('of what was cut short is a change of its own, signed by itself', async () => {
    let result: 'timeout' | 'exited' = 'timeout';
    const ran: string[] = [];
    const world = await aChangeWorld({
      program: ({ argv }) => {
        ran.push(argv.join(' '));
        if (argv[1] === 'start') return { stdout: '' };
        return result === 'timeout' ? { result, status: 15 } : {};
      },
    });
    const id = await stopNginx(world);
    assert.equal((await world.approve(id)).state, 'failed');
    result = 'exited';
    const undoing = await world.road.undo(OPERATOR, id, 'half stopped');
    assert.notEqual(undoing.changeId, id);
    assert.equal(undoing.state, 'previewed', JSON.stringify(undoing.decision));
    assert.equal(undoing.undoes, id);
    assert.deepEqual(
      undoing.plan.steps.map(({ argv }) => argv.slice(0, 2)),
      [['systemctl', 'start']],
    );
    assert.equal((await world.approve(undoing.changeId)).state, 'confirmed');
    assert.equal(ran.at(-1), 'systemctl start -- nginx.service');
    await throwsFault(() => world.road.undo(OPERATOR, id, 'again'), 'nothing-to-undo');
  });

  it('passes the policies like everything else', async () => {
    const world = await aChangeWorld();
    const id = await stopNginx(world);
    assert.equal((await world.approve(id)).state, 'confirmed');
    world.state.settings = { ...world.state.settings, mode: 'readonly' };
    await world.signConfig();
    const sent = world.sent.length;
    await throwsFault(() => world.road.undo(OPERATOR, id, 'in a freeze'), 'above-mode');
    assert.equal(world.sent.length, sent);
  });

  it('waits while another member of its redundancy set is worked on', async () => {
    const fleet = FLEET.replace(
      'targets:',
      'redundancySets:\n  web: [host:web-1, host:web-2]\ntargets:',
    );
    let other: Promise<unknown> = Promise.resolve();
    const world = await aChangeWorld({ fleet });
    const id = await stopNginx(world);
    assert.equal((await world.approve(id)).state, 'confirmed');
    const two = await proposed(world, { targets: ['host:web-2'] });
    const host = world.host('host:web-2');
    const run = host.run.bind(host);
    host.run = async (dispatch) => {
      other = throwsFault(() => world.road.undo(OPERATOR, id, 'now'), 'redundancy');
      await other;
      return run(dispatch);
    };
    await world.approve(two);
    await other;
    assert.equal((await world.road.undo(OPERATOR, id, 'later')).state, 'rolled-back');
  });
});

describe('a guard', () => {
  it('says from when on it would not object', async () => {
    const guards = { ...DEFAULT_SETTINGS.guards, cooldownSeconds: 300 };
    const world = await aChangeWorld({ settings: { guards } });
    const id = await proposed(world);
    await world.approve(id);
    const view = await world.road.propose(ASSISTANT, aProposal());
    assert.equal(view.decision.because, 'cooldown');
    assert.match(view.decision.says, /Not before \d{4}-\d\d-\d\dT/);
  });
});

describe('a preview that has to end in one way', () => {
  const own = parseActions(
    `version: 1
actions:
  - id: own.swap
    version: 1
    summary: Swap what was tested
    family: own
    tier: T2
    sideEffect: data
    preview:
      - run: [systemctl, is-active, --quiet, --, ssh.service]
        exit: 0
        why: The way in must be open
    steps:
      - run: [swap]
        effect: Swaps
        inverse: none
    verify:
      probes:
        - run: ['true']
`,
    'own.yaml',
    false,
  );
  const catalogue = buildCatalogue({
    actions: [...shippedActions(), ...own],
    runbooks: [],
    published: new Set(own.map(({ digest }) => digest)),
  });
  const swap = { action: 'own.swap', arguments: {} };

  it('refuses the change with its reason', async () => {
    const world = await aChangeWorld({ catalogue });
    world.set('web-1', 'ssh.service', 'failed');
    const view = await world.road.propose(ASSISTANT, aProposal(swap));
    assert.equal(view.state, 'refused');
    assert.equal(view.decision.because, 'state-moved');
    assert.match(view.decision.says, /The way in must be open/);
  });

  it('is asked again right before dispatch', async () => {
    const world = await aChangeWorld({ catalogue });
    const id = await proposed(world, swap);
    world.set('web-1', 'ssh.service', 'failed');
    const view = await world.approve(id);
    assert.equal(view.state, 'refused', JSON.stringify(view.outcome));
    assert.match(view.decision.says, /The way in must be open/);
    assert.equal(world.sent.length, 0);
  });
});

describe('proposals', () => {
  it('of one session wait in bounded number', async () => {
    const world = await aChangeWorld();
    const ask = () => world.road.propose(ASSISTANT, aProposal());
    for (let i = 0; i < 64; i++) assert.equal((await ask()).state, 'previewed');
    await throwsFault(ask, 'too-many-at-once');
    const look = aProposal({ action: 'service.status' });
    assert.equal((await world.road.propose(ASSISTANT, look)).state, 'closed');
    assert.equal((await world.road.propose(OPERATOR, aProposal())).state, 'previewed');
  });

  it('keep no more text than a plan may hold', async () => {
    const many = Array.from(
      { length: 10 },
      (_, n) =>
        `  host:h-${n}: { hostType: debian, environment: test, transport: ssh, address: 192.0.2.${n + 9} }`,
    );
    const world = await aChangeWorld({ fleet: `version: 1\ntargets:\n${many.join('\n')}\n` });
    for (let n = 0; n < 10; n++) {
      const host = world.host();
      world.hosts.set(`host:h-${n}`, host);
    }
    const view = await world.road.propose(
      ASSISTANT,
      aProposal({
        action: 'file.write',
        targets: many.map((_, n) => `host:h-${n}`),
        arguments: { path: '/etc/motd', validate: 'none', content: '€'.repeat(200_000) },
      }),
    );
    assert.equal(view.state, 'refused');
    assert.equal(view.decision.because, 'invalid-arguments', view.decision.says);
    assert.match(view.decision.says, /too large/);
  });

  it('are not answered by their key to whoever may not see them', async () => {
    const world = await aChangeWorld();
    const keyed = aProposal({ idempotencyKey: 'k' });
    await world.road.propose(ASSISTANT, keyed);
    const other = { ...ASSISTANT, session: 'ses_other', scopes: [] };
    await throwsFault(() => world.road.propose(other, keyed), 'idempotency-key-reused');
  });
});

describe('a runbook', () => {
  const lab = parseActions(
    `version: 1
actions:
  - id: own.lab
    version: 1
    summary: Only where nobody depends on it
    family: own
    tier: T2
    sideEffect: data
    environments: [lab]
    steps:
      - run: [shake]
        effect: Shakes
        inverse: none
    verify:
      probes:
        - run: ['true']
`,
    'own.yaml',
    false,
  );
  const book = (action: string): ReturnType<typeof parseRunbook> =>
    parseRunbook(
      `version: 1
runbook:
  id: runbook.one
  version: 1
  summary: One step
  family: own
  tier: T2
  sideEffect: data
  steps:
    - action: ${action}
  verify:
    probes:
      - run: ['true']
`,
      'one.yaml',
      false,
    );
  const worldOf = (action: string): Promise<World> => {
    const runbook = book(action);
    const published = new Set([...lab, runbook].map(({ digest }) => digest));
    return aChangeWorld({
      catalogue: buildCatalogue({
        actions: [...shippedActions(), ...lab],
        runbooks: [runbook],
        published,
      }),
    });
  };
  const one = { action: 'runbook.one', arguments: {} };

  it('takes no action where the action may not go', async () => {
    const world = await worldOf('own.lab');
    const view = await world.road.propose(ASSISTANT, aProposal(one));
    assert.equal(view.state, 'refused');
    assert.equal(view.decision.because, 'not-permitted', view.decision.says);
  });

  it('is stopped by a stop of an action in it', async () => {
    const world = await worldOf('logs.rotate');
    const id = await proposed(world, one);
    await world.road.stop(OPERATOR, { kind: 'action', name: 'logs.rotate' }, 'not now');
    const view = await world.approve(id);
    assert.equal(view.state, 'refused', JSON.stringify(view.outcome));
    assert.equal(view.decision.because, 'stopped');
    assert.equal(world.sent.length, 0);
  });
});

describe('consent that was taken back', () => {
  it('is not given back by whoever removes the row', async () => {
    const world = await aChangeWorld();
    const flush = aProposal({ action: 'logs.rotate', arguments: {} });
    const page = await world.road.standingPage(OPERATOR, {
      action: 'logs.rotate',
      targets: ['host:web-1'],
      arguments: {},
      days: 1,
      window: 'always',
      budget: { runs: 5, perSeconds: 3_600 },
      cooldownSeconds: 0,
      evenTainted: false,
      reason: 'it may',
    });
    const { id } = await world.road.addStanding(OPERATOR, {
      order: page.order,
      signatures: [aKey('alice').sign(NAMESPACES.standing, page.order)],
    });
    await world.road.revokeStanding(OPERATOR, id, 'no more');
    world.edit('DELETE FROM standing_end');
    assert.equal((await world.road.propose(ASSISTANT, flush)).state, 'previewed');
    const { road } = world.begin();
    await road.resume();
    assert.equal((await road.propose(ASSISTANT, flush)).state, 'previewed');
    assert.equal(world.sent.length, 0);
  });
});
