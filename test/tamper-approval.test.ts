/**
 * Between a signature and what runs: whatever is changed there, by however little, nothing runs, and
 * the refusal says what differs. What the change road's own tests try is not tried again here.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import { asFault } from '#base/fault';
import { buildCatalogue, type Catalogue, parseActions, parseRunbook } from '#catalogue';
import type { ChangeView, Proposal } from '#execution';
import { OPERATIONS } from '#operations';
import { shippedActions } from '#samples/catalogue';
import { aChangeKernel } from '#test/change-kernel';
import {
  aChangeWorld,
  aProposal,
  OPERATOR,
  ASSISTANT as REQUESTER,
  type World,
} from '#test/change-world';
import { SEED } from '#test/seed';
import { mulberry } from '#test/simulated-files';
import { throwsFault } from '#test/throws-fault';
import { ASSISTANT } from '#test/world';

const FLIPS = Number(process.env['HOLDFAST_FLIPS'] ?? 12);

const SCRIPT = '/opt/runbooks/drain.sh';
const own = (summary: string): string => `version: 1
actions:
  - id: site.close
    version: 1
    summary: ${summary}
    family: site
    capability: actions.change
    tier: T2
    sideEffect: state
    hostTypes: [debian]
    steps:
      - run: [touch, --, /srv/closed]
        effect: Closes the site
        inverse: { run: [rm, --, /srv/closed], effect: Opens the site }
    verify:
      probes:
        - run: [test, -f, /srv/closed]
`;
const RUNBOOK = `version: 1
runbook:
  id: runbook.drain
  version: 1
  summary: Drains and closes
  family: site
  tier: T2
  sideEffect: state
  hostTypes: [debian]
  steps:
    - script: drain.sh
      effect: Drains
      inverse: none
    - action: site.close@1
  verify:
    probes:
      - run: [test, -f, /srv/closed]
`;
function catalogueOf(summary: string): Catalogue {
  const actions = parseActions(own(summary), 'own.yaml', false);
  const runbooks = [parseRunbook(RUNBOOK, 'drain.yaml', false)];
  return buildCatalogue({
    actions: [...shippedActions(), ...actions],
    runbooks,
    published: new Set([...actions, ...runbooks].map(({ digest }) => digest)),
  });
}
const CATALOGUE = catalogueOf('Closes a site');
const DRAIN = aProposal({ action: 'runbook.drain', arguments: {} });

async function aWorldWith(): Promise<World> {
  const world = await aChangeWorld({ catalogue: CATALOGUE });
  world.state.files.set(SCRIPT, sha256('#!/bin/sh\n'));
  return world;
}

/** Signs, and changes something the moment the signature is on record. */
async function approveThen(
  world: World,
  proposal: Proposal,
  change: (id: string) => unknown,
): Promise<ChangeView | undefined> {
  const proposed = await world.road.propose(REQUESTER, proposal);
  assert.equal(proposed.state, 'previewed', JSON.stringify(proposed.decision));
  const id = proposed.changeId;
  const page = await world.road.approvalPage(OPERATOR, id);
  const { road, life } = world.begin();
  await road.resume();
  const at = life.at.bind(life);
  life.at = async (point) => {
    if (point === 'approval-recorded') await change(id);
    return at(point);
  };
  const signature = world.sign('alice', page.envelope);
  await road
    .approve(OPERATOR, { changeId: id, signature, typedTarget: null, reason: null })
    .catch(asFault);
  try {
    return world.road.get(OPERATOR, id);
  } catch (thrown) {
    // What cannot even be read any more runs least of all.
    assert.equal(asFault(thrown).code, 'store-damaged');
    return undefined;
  }
}

function nothingRan(world: World, name = ''): void {
  assert.deepEqual(world.sent, [], name);
  for (const host of world.hosts.values()) assert.deepEqual(host.started, [], name);
}

describe('one byte between the signature and the dispatch', () => {
  const cases: [what: string, change: (world: World) => unknown, code: string, says: RegExp][] = [
    [
      'of a script',
      (world) => world.state.files.set(SCRIPT, sha256('#!/bin/sh \n')),
      'state-moved',
      new RegExp(sha256('#!/bin/sh \n').slice(0, 12)),
    ],
    [
      'of the catalogue, signed by nobody',
      (world) => {
        world.state.catalogue = catalogueOf('Closes a Site');
      },
      'config-unsigned',
      /catalogue changed/,
    ],
    [
      'of the catalogue, signed anew',
      async (world) => {
        world.state.catalogue = catalogueOf('Closes a Site');
        await world.signConfig();
      },
      'state-moved',
      /catalogue/,
    ],
    [
      'of a baseline',
      (world) => {
        world.state.baselines = sha256('Baselines');
      },
      'config-unsigned',
      /baselines changed/,
    ],
    [
      'of who may sign',
      (world) => world.editSigners((text) => text.replace('bob', 'bop')),
      'config-unsigned',
      /signers changed/,
    ],
    [
      'of the deadline to run, in the order',
      (world) =>
        world.edit(
          `UPDATE change_order SET text = replace(text, 'run-by 1', 'run-by 2'), run_by = run_by + 1`,
        ),
      'bad-signature',
      /./,
    ],
    [
      'of the deadline to decide, in the plan',
      (world) =>
        world.edit(
          `UPDATE change_move SET detail = replace(detail, '"decideBy":1', '"decideBy":2')`,
        ),
      'bad-signature',
      /./,
    ],
    [
      'of the signature',
      (world) =>
        world.edit(`UPDATE approval SET signature = replace(signature, 'U1NIU0lH', 'U1NIU0lI')`),
      'bad-signature',
      /./,
    ],
  ];
  for (const [what, change, code, says] of cases)
    it(`${what} is refused, and named`, async () => {
      const world = await aWorldWith();
      const view = await approveThen(world, DRAIN, () => change(world));
      assert.ok(view);
      assert.equal(view.state, 'refused', JSON.stringify(view.outcome));
      assert.equal(view.decision.because, code, view.decision.says);
      assert.match(view.decision.says, says);
      nothingRan(world);
    });
});

/** Everything that is stored about an approved change, and what is kept of it in columns. */
const STORED: readonly (readonly [table: string, column: string])[] = [
  ['change_order', 'text'],
  ['change_order', 'parts'],
  ['approval', 'signature'],
];

describe('any one byte of what is stored', () => {
  for (const [table, column] of STORED)
    it(`in ${table}.${column} is enough, at ${FLIPS} places`, async () => {
      const next = mulberry(SEED);
      for (let n = 0; n < FLIPS; n++) {
        const world = await aWorldWith();
        const share = next();
        const view = await approveThen(world, DRAIN, (id) => {
          const where = `WHERE change = '${id}'`;
          const at = `CAST(length(${column}) * ${share} AS INTEGER)`;
          // The letter at that place becomes another one; JSON stays JSON, armour stays text.
          const other = `CASE substr(${column}, ${at} + 1, 1) WHEN '1' THEN '2' WHEN char(10) THEN ' ' ELSE '1' END`;
          world.edit(
            `UPDATE ${table} SET ${column} = substr(${column}, 1, ${at}) || ${other} || substr(${column}, ${at} + 2) ${where}`,
          );
        });
        const name = `${table}.${column} at ${share}`;
        nothingRan(world, name);
        assert.match(view?.state ?? 'refused', /^(?:refused|failed|approved)$/, name);
      }
    });
});

describe('an approval', () => {
  it('is not longer valid because a row says so', async () => {
    const world = await aWorldWith();
    const { changeId } = await world.road.propose(REQUESTER, DRAIN);
    world.edit(`UPDATE change SET decide_by = decide_by + 360000000000`);
    world.pass(25 * 3_600);
    const view = await world.approve(changeId);
    assert.deepEqual([view.state, view.decision.because], ['refused', 'expired']);
    nothingRan(world);
  });

  it('that was spent is worth nothing for the same thing again', async () => {
    const world = await aWorldWith();
    const first = await world.road.propose(REQUESTER, aProposal());
    const page = await world.road.approvalPage(OPERATOR, first.changeId);
    const signature = world.sign('alice', page.envelope);
    const give = (changeId: string) => () =>
      world.road.approve(OPERATOR, { changeId, signature, typedTarget: null, reason: null });
    assert.equal((await give(first.changeId)()).state, 'confirmed');
    world.set('web-1', 'nginx.service', 'failed');
    world.pass(400);
    const second = await world.road.propose(REQUESTER, aProposal());
    assert.equal(second.state, 'previewed', JSON.stringify(second.decision));
    await world.road.approvalPage(OPERATOR, second.changeId);
    await throwsFault(give(second.changeId), 'bad-signature');
    // Nor is the order it covered, put under the new change by hand: the host has spent it.
    world.edit(
      `INSERT INTO change_order SELECT '${second.changeId}', 9, kind, text, parts, made_at, run_by, signature FROM change_order WHERE change = '${first.changeId}';
       INSERT INTO approval SELECT '${second.changeId}', operator, 9, assurance, at, signature, detail FROM approval WHERE change = '${first.changeId}';
       UPDATE change SET state = 'approved' WHERE id = '${second.changeId}'`,
    );
    const { road } = world.begin();
    await road.resume();
    await road.tick();
    assert.equal(world.host().started.length, 1);
    const [sent] = world.sent;
    assert.ok(sent);
    assert.equal((await world.host().run(sent)).verdict, 'refused');
    assert.equal(world.host().started.length, 1);
  });

  it('is carried out by one of two services that find it at once', async () => {
    const world = await aWorldWith();
    const { changeId } = await world.road.propose(REQUESTER, DRAIN);
    const page = await world.road.approvalPage(OPERATOR, changeId);
    const roads = [world.begin().road, world.begin().road, world.begin().road];
    const ended = await Promise.allSettled(
      roads.map((road) =>
        road.approve(OPERATOR, {
          changeId,
          signature: world.sign('alice', page.envelope),
          typedTarget: null,
          reason: null,
        }),
      ),
    );
    assert.ok(ended.some(({ status }) => status === 'fulfilled'));
    assert.equal(world.sent.length, 2, 'each of two steps once');
    assert.equal(world.host().started.length, 2);
  });

  it('of one person counts once, however often it is given', async () => {
    const world = await aWorldWith();
    await world.rules({ T2: { quorum: 2, assurance: 'same-user' } });
    const { changeId } = await world.road.propose(REQUESTER, DRAIN);
    await world.approve(changeId, 'alice');
    world.edit(
      `INSERT INTO approval SELECT change, 'bob', number, assurance, at, signature, detail FROM approval`,
    );
    const ended = await Promise.allSettled(
      Array.from({ length: 5 }, () => world.approve(changeId, 'alice')),
    );
    assert.ok(ended.every(({ status }) => status === 'rejected'));
    await world.approve(changeId, 'bob').catch(asFault);
    nothingRan(world);
  });

  it('is not made, prepared or lifted over any assistant’s surface', async () => {
    const world = await aWorldWith();
    const { changeId } = await world.road.propose(REQUESTER, DRAIN);
    const { envelope } = await world.road.approvalPage(OPERATOR, changeId);
    const { kernel, reached } = aChangeKernel(world);
    const input = { changeId, signature: world.sign('alice', envelope), reason: 'it is fine' };
    const withheld = OPERATIONS.filter(({ assistants }) => !assistants);
    assert.ok(withheld.length > 20);
    for (const surface of ['mcp-stdio', 'mcp-http'] as const)
      for (const profile of ['observer', 'operator'] as const)
        for (const { name } of withheld)
          await throwsFault(
            () =>
              kernel.perform({
                operation: name,
                input,
                caller: { ...ASSISTANT, surface, profile },
              }),
            'not-offered',
          );
    assert.deepEqual(reached, []);
    assert.equal(world.road.get(OPERATOR, changeId).state, 'previewed');
    nothingRan(world);
  });
});
