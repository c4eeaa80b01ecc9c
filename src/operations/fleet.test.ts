import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ReachPart, reachOf } from '#access';
import { formatInstant, type Instant, instant, LATEST } from '#base/time';
import { parseInventory } from '#inventory';
import { DRIFT_SOURCE, REACH_SOURCE, SSH_SOURCE } from '#model';
import { type Moment, type ObservationInput, openMemoryStore, type Store } from '#store';
import { throwsFault } from '#test/throws-fault';
import { aWorld, OPERATOR, type TestWorld } from '#test/world';
import { readCoverage } from './coverage.ts';
import { DeclaredFacts } from './drift-state.ts';
import { graphOf } from './fleet-graph.ts';
import { fleetAt } from './fleet-memory.ts';

const NOON = instant('2026-03-01T12:00:00Z');
const MINUTE = 60_000_000;
const at = (minutes: number): Instant => (NOON + minutes * MINUTE) as Instant;

const FLEET = `version: 1
scope: main/main
scopes: [acme/paris]
redundancySets: {pair: []}
targets:
  host:a: {hostType: debian, transport: ssh, address: 10.0.0.1, tags: [web], staleAfter: 1h}
  host:b: {hostType: debian, staleAfter: 2h, transport: ssh, address: 10.0.0.2, tags: [web], redundancySet: pair, via: [host:a]}
  host:c: {scope: acme/paris, hostType: debian, transport: ssh, address: 10.0.0.3, redundancySet: pair}
`;

let ids = 0;
function look(
  target: string,
  minute: number,
  more: Partial<ObservationInput> = {},
): Omit<ObservationInput, 'recordedAt'> {
  ids += 1;
  return {
    id: `obs_${ids}`,
    scope: target === 'host:c' ? 'acme/paris' : 'main/main',
    target,
    source: SSH_SOURCE,
    type: 'observed',
    observedAt: at(minute),
    complete: [],
    shortfalls: [],
    facts: [],
    actor: 'service:holdfast',
    reason: null,
    sha256: ids.toString(16).padStart(64, '0'),
    ...more,
  };
}

const lost = (kinds: readonly string[]): Partial<ObservationInput> => ({
  shortfalls: kinds.map((kind) => ({ kind, status: 'unreachable', reason: 'no route' })),
});

const finding = (id: string, status: string, severity = 'critical'): Partial<ObservationInput> => ({
  source: DRIFT_SOURCE,
  type: 'drift',
  facts: [
    { entity: `finding:${id}`, attribute: 'status', value: status },
    { entity: `finding:${id}`, attribute: 'severity', value: severity },
  ],
});

async function record(
  store: Store,
  ...looks: readonly Omit<ObservationInput, 'recordedAt'>[]
): Promise<void> {
  await store.write((transaction) => {
    for (const one of looks) {
      const last = transaction.reader.lastRecordedAt() ?? 0;
      const recordedAt = Math.max(last + 1, one.observedAt + 1) as Instant;
      transaction.record({ ...one, recordedAt });
    }
  });
}

async function aFleet(): Promise<TestWorld> {
  const world = await aWorld();
  world.fleet(FLEET);
  return world;
}

const whole = {
  isWhole: true,
  sight: { scopes: ['main/main', 'acme/paris'], targets: [] },
  inventory: parseInventory(FLEET, 'fleet.yaml'),
} as const;

describe('how a target stands', () => {
  const state = async (world: TestWorld, target: string, asked = {}): Promise<string> => {
    const { rows } = await world.value('fleet_list', { text: target, ...asked });
    return rows[0].state as string;
  };

  it('is never healthy when it cannot be reached, whatever was seen of it before', async () => {
    const world = await aFleet();
    const kinds = ['package', 'service'];
    const facts = [{ entity: 'package:a/x', attribute: 'version', value: '1' }];
    await record(world.store, look('host:a', -30, { complete: kinds, facts }));
    assert.equal(await state(world, 'host:a'), 'healthy');
    await record(world.store, look('host:a', -10, lost(kinds)));
    assert.equal(await state(world, 'host:a'), 'unreachable');
    const { rows } = await world.value('fleet_list', { text: 'host:a' });
    assert.match(rows[0].seenAt, /T11:30/, 'when something of it was seen last');
    assert.equal(rows[0].reason, 'no route');
    const asked = { asOf: '2026-03-01T11:40:00Z' };
    assert.equal(await state(world, 'host:a', asked), 'healthy', 'it was, then');
  });

  it('is partial when a kind fell short, stale when nothing fresh is left, never when nobody looked', async () => {
    const world = await aFleet();
    const cut = { kind: 'package', status: 'partial', reason: 'time limit' } as const;
    await record(
      world.store,
      look('host:a', -10, { complete: ['service'], shortfalls: [cut] }),
      look('host:b', -5, { complete: ['service'] }),
    );
    assert.equal(await state(world, 'host:a'), 'partial');
    assert.equal(await state(world, 'host:c'), 'never');
    world.at('2026-03-01T12:52:00Z');
    assert.equal(await state(world, 'host:a'), 'stale');
    assert.equal(await state(world, 'host:b'), 'healthy');
  });

  it('is odd while something open was found, and what the reach alone says is no look', async () => {
    const world = await aFleet();
    await record(world.store, look('host:b', -9, { source: REACH_SOURCE, complete: ['host'] }));
    assert.equal(await state(world, 'host:b'), 'never');
    await record(
      world.store,
      look('host:b', -8, { complete: ['service'] }),
      look('host:b', -7, finding('f1', 'open')),
      look('host:b', -7, finding('f2', 'waived')),
    );
    assert.equal(await state(world, 'host:b'), 'odd');
    const { findings, states } = await world.value('fleet_overview', {});
    assert.deepEqual(findings, { critical: 1, warning: 0, info: 0 });
    assert.deepEqual([states.odd, states.never, states.healthy], [1, 2, 0]);
    await record(world.store, look('host:b', -6, finding('f1', 'resolved')));
    assert.equal(await state(world, 'host:b'), 'healthy');
    const then = { asOf: '2026-03-01T11:53:30Z' };
    assert.equal(await state(world, 'host:b', then), 'odd', 'as of when it was open');
    const unknown = { ...then, knownAt: '2026-03-01T11:52:30Z' };
    assert.equal(await state(world, 'host:b', unknown), 'healthy', 'as believed before');
  });
});

const CHANGE = {
  id: 'chg_1',
  action: 'service.restart@1',
  principal: 'assistant:stdio',
  session: 'ses_1',
  idempotencyKey: null,
  createdAt: NOON,
  body: {},
} as const;

describe('fleet_list', () => {
  it('tells the system of each target by what its own source says first', async () => {
    const world = await aFleet();
    const told = (target: string, source: string, os: string | null, of = target) =>
      look(target, -90, { source, facts: [{ entity: of, attribute: 'os.name', value: os }] });
    await record(
      world.store,
      told('host:a', 'zone', 'Other'),
      told('host:a', 'agent', 'Debian 12'),
      told('host:b', 'agent', 'Stranger', 'host:a'),
      told('host:c', 'agent', null),
    );
    const page = await world.value('fleet_list', { limit: 10 });
    const rows = page.rows as readonly { readonly target: string; readonly os: string | null }[];
    assert.deepEqual(
      rows.map(({ target, os }) => [target, os]),
      [
        ['host:a', 'Debian 12'],
        ['host:b', null],
        ['host:c', null],
      ],
    );
  });

  it('comes with what needs somebody first: stopped or lost, worst differences, unseen, waiting, the rest', async () => {
    const world = await aWorld();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const lines = names.map(
      (n, i) => `  host:${n}: {hostType: debian, transport: ssh, address: 10.0.0.${i + 1}}`,
    );
    world.fleet(`version: 1\nscope: main/main\ntargets:\n${lines.join('\n')}\n`);
    const seen = ['a', 'b', 'd', 'e', 'f', 'g', 'h'];
    await record(world.store, ...seen.map((n) => look(`host:${n}`, -9, { complete: ['service'] })));
    await record(
      world.store,
      look('host:d', -8, finding('f1', 'open', 'warning')),
      look('host:e', -8, finding('f2', 'open', 'critical')),
      look('host:h', -8, lost(['service'])),
    );
    await world.store.write(({ changes }) => {
      changes.propose({ ...CHANGE, targets: [{ id: 'host:g', scope: 'main/main' }] }, {});
      const planned = { tier: 'T2', digest: 'ab'.repeat(32), decideBy: at(60) } as const;
      const move = { id: CHANGE.id, fromRev: 1, to: 'previewed', at: at(1), planned } as const;
      changes.advance({ ...move, actor: 'service:holdfast', detail: {} });
    });
    const stop = { reason: 'it burns', subject: 'target', name: 'host:f' };
    await world.ask('emergency_stop', stop, { caller: OPERATOR });
    const order = async (more = {}): Promise<string> => {
      const { rows } = await world.value('fleet_list', { sort: 'need', ...more });
      return rows.map(({ target }: { target: string }) => target.slice(5)).join('');
    };
    assert.equal(await order(), 'fhedcgab');
    assert.equal(
      await order({ asOf: '2026-03-01T11:59:00Z' }),
      'hedcabfg',
      'who waited then is not known',
    );
  });

  it('orders by no stop and no change that the caller could not list', async () => {
    const world = await aFleet();
    const hosts = ['host:a', 'host:b', 'host:c'];
    await record(world.store, ...hosts.map((each) => look(each, -3, { complete: ['service'] })));
    await world.store.write(({ changes }) => {
      const targets = [
        { id: 'host:b', scope: 'main/main' },
        { id: 'host:c', scope: 'acme/paris' },
      ];
      changes.propose({ ...CHANGE, targets }, {});
      const planned = { tier: 'T2', digest: 'ab'.repeat(32), decideBy: at(60) } as const;
      const move = { id: CHANGE.id, fromRev: 1, to: 'previewed', at: at(1), planned } as const;
      changes.advance({ ...move, actor: 'service:holdfast', detail: {} });
    });
    const [whole] = reachOf('operator') as [ReachPart];
    const here = { ...whole, scopes: ['main/main'] };
    const withoutChanges = (of: ReachPart): ReachPart => ({
      ...of,
      capabilities: of.capabilities.filter((each) => each !== 'changes.read'),
    });
    const order = async (...reach: ReachPart[]): Promise<string> => {
      const caller = { ...OPERATOR, surface: 'console', reach } as const;
      const { rows } = await world.value('fleet_list', { sort: 'need' }, { caller });
      return rows.map(({ target }: { target: string }) => target.slice(5)).join('');
    };
    assert.equal(await order(whole), 'bca');
    assert.equal(await order(here), 'ab', 'a change that is elsewhere as well');
    assert.equal(await order(withoutChanges(whole)), 'abc', 'changes, of which they hear nothing');
    const stop = { reason: 'it burns', subject: 'target', name: 'host:b' };
    await world.ask('emergency_stop', stop, { caller: OPERATOR });
    assert.equal(await order(here), 'ba');
    assert.equal(await order(withoutChanges(here)), 'ab', 'stops, of which they hear nothing');
    const elsewhere = { ...whole, scopes: ['acme/paris'] };
    assert.equal(await order(withoutChanges(here), elsewhere), 'abc');
  });

  it('pages over one pinned moment, sorted and filtered', async () => {
    const world = await aFleet();
    await record(world.store, look('host:a', -3, { complete: ['service'] }));
    const first = await world.value('fleet_list', { sort: 'state', descending: true, limit: 1 });
    assert.deepEqual(
      first.rows.map((row: { target: string }) => row.target),
      ['host:a'],
    );
    await record(world.store, look('host:b', -1, { complete: ['service'] }));
    world.at('2026-03-01T12:05:00Z');
    const more = { sort: 'state', descending: true, limit: 1, cursor: first.nextCursor };
    const second = await world.value('fleet_list', more);
    assert.equal(
      second.rows[0].state,
      'never',
      'nothing recorded since the first page is in the second',
    );
    assert.deepEqual(second.at, first.at);
    await throwsFault(
      () => world.value('fleet_list', { sort: 'name', cursor: first.nextCursor }),
      'invalid-cursor',
    );
    const groups = await world.value('fleet_list', { group: 'redundancySet', tag: 'web' });
    assert.deepEqual(
      groups.groups.map(({ group, targets }: { group: string; targets: number }) => [
        group,
        targets,
      ]),
      [
        ['', 1],
        ['pair', 1],
      ],
    );
  });

  it('without counts, is the same page at the cost of its rows alone', async () => {
    const world = await aFleet();
    await record(
      world.store,
      look('host:a', -30, { complete: ['service'] }),
      look('host:c', -20, lost(['service'])),
      look('host:b', -9, finding('f1', 'open')),
      look('host:b', -9, { complete: ['service'] }),
    );
    const pages = async (asked: object): Promise<unknown> => {
      const first = await world.value('fleet_list', { ...asked, limit: 2 });
      const cursor = first.nextCursor;
      const second = await world.value('fleet_list', { ...asked, limit: 2, cursor });
      return [first.rows, first.total, second.rows, second.nextCursor];
    };
    for (const sort of ['name', 'scope', 'environment'])
      for (const more of [{}, { descending: true }]) {
        const text = { sort, ...more, asOf: formatInstant(at(-5 - sort.length)) };
        assert.deepEqual(await pages({ ...text, counts: false }), await pages(text));
      }
    const asked = { counts: false, asOf: '2026-03-01T11:45:00Z' };
    assert.equal((await world.value('fleet_list', asked)).states, null);
    const byState = await world.value('fleet_list', { ...asked, sort: 'state' });
    assert.equal(byState.states.unreachable, 1, 'where all are needed all are counted');
  });

  it('shows a caller of limited reach what was recorded since they looked', async () => {
    const world = await aFleet();
    const caller = {
      ...OPERATOR,
      reach: reachOf('operator').map((part) => ({ ...part, scopes: ['main/main', 'acme/paris'] })),
    };
    const many = Array.from({ length: 8 }, (_, n) => `  host:x${n}: {hostType: debian}`);
    world.fleet(`${FLEET}${many.join('\n')}\n`);
    const looks = ['a', 'b', ...many.map((_, n) => `x${n}`)];
    await record(
      world.store,
      ...looks.map((name) => look(`host:${name}`, -3, { complete: ['service'] })),
    );
    assert.equal((await world.value('fleet_overview', {}, { caller })).states.healthy, 10);
    await record(world.store, look('host:a', -1, lost(['service'])));
    world.at('2026-03-01T12:01:00Z');
    const { states } = await world.value('fleet_overview', {}, { caller });
    assert.deepEqual([states.healthy, states.unreachable, states.never], [9, 1, 1]);
    const { valid } = await world.value('fleet_changes', { target: 'host:a' }, { caller });
    assert.deepEqual(valid, (await world.value('fleet_changes', { target: 'host:a' })).valid);
  });

  it('shows a caller only the targets that are in reach, and remembers nobody’s view for another', async () => {
    const world = await aFleet();
    await record(
      world.store,
      look('host:a', -3, { complete: ['service'] }),
      look('host:c', -3, { complete: ['service'] }),
    );
    const reach = reachOf('operator').map((part) => ({ ...part, scopes: ['acme/paris'] }));
    const caller = { ...OPERATOR, reach };
    const mine = await world.value('fleet_overview', {}, { caller });
    assert.deepEqual(
      mine.scopes.map(({ scope }: { scope: string }) => scope),
      ['acme/paris'],
    );
    assert.equal(mine.states.healthy, 1);
    assert.equal((await world.value('fleet_map', {}, { caller })).nodes.length, 2);
    const { targets, states } = await world.value('fleet_overview', {});
    assert.deepEqual([targets, states.healthy], [3, 2]);
  });
});

describe('fleet_map', () => {
  it('draws what is tied to what, entities of a target as the target itself unless it is looked at closely', async () => {
    const world = await aFleet();
    const ref = (to: string): { ref: string } => ({ ref: to });
    await record(
      world.store,
      look('host:a', -3, {
        facts: [
          { entity: 'interface:a/eth0', attribute: 'network', value: ref('network:lan') },
          { entity: 'service:a/web', attribute: 'dependsOn', value: [ref('service:b/db')] },
        ],
      }),
      look('host:b', -3, {
        facts: [{ entity: 'interface:b/eth0', attribute: 'network', value: ref('network:lan') }],
      }),
    );
    const ties = async (asked: object): Promise<string[]> => {
      const { nodes, edges, kinds } = await world.value('fleet_map', asked);
      return edges
        .map(([from, to, kind]: number[]) =>
          [nodes[from as number].id, kinds[kind as number], nodes[to as number].id].join(' '),
        )
        .sort();
    };
    assert.deepEqual(await ties({}), [
      'host:a dependsOn host:b',
      'host:a network network:lan',
      'host:b member of redundancy_set:pair',
      'host:b network network:lan',
      'host:b via host:a',
      'host:c member of redundancy_set:pair',
    ]);
    assert.deepEqual(await ties({ target: 'host:a', hops: 1 }), [
      'host:a has interface:a/eth0',
      'host:a has service:a/web',
      'host:b via host:a',
      'service:a/web dependsOn host:b',
    ]);
    const few = await world.value('fleet_map', { limit: 2 });
    assert.equal(few.nodes.length, 2);
    assert.deepEqual(few.leftOut.nodes, 3);
  });

  it('ties nothing to itself and draws nothing of who left the inventory', () => {
    const { targets } = whole.inventory;
    const edge = (target: string, entity: string, ...to: string[]) => ({
      scope: 'main/main',
      target,
      source: 'x',
      entity,
      attribute: 'of',
      to,
    });
    const { nodes, edges } = graphOf(
      targets.filter(({ id }) => id === 'host:a'),
      [
        edge('host:a', 'interface:a/eth0', 'host:a'),
        edge('host:gone', 'service:gone/x', 'network:n'),
      ],
      new Set(),
    );
    assert.deepEqual(
      nodes.map(({ id }) => id),
      ['host:a'],
    );
    assert.deepEqual(edges, []);
  });
});

describe('fleet_changes and fact_sparkline', () => {
  it('tell when something became otherwise, by either clock, and which value held when', async () => {
    const world = await aFleet();
    const size = (n: number) => ({ facts: [{ entity: 'disk:a', attribute: 'size', value: n }] });
    await record(
      world.store,
      look('host:a', -50, size(1)),
      look('host:a', -40, size(1)),
      look('host:a', -20, size(2)),
      look('host:b', -10, size(5)),
    );
    const window = { from: '2026-03-01T11:00:00Z', until: '2026-03-01T12:00:00Z' };
    const changes = await world.value('fleet_changes', { ...window, parts: 6 });
    assert.deepEqual(changes.valid, [0, 1, 0, 0, 1, 1]);
    assert.deepEqual(changes.recorded, [0, 1, 0, 0, 1, 1]);
    const one = await world.value('fleet_changes', { ...window, parts: 6, target: 'host:a' });
    assert.deepEqual(one.valid, [0, 1, 0, 0, 1, 0]);
    const asked = { ...window, target: 'host:a', entity: 'disk:a', attribute: 'size' };
    const { runs, more } = await world.value('fact_sparkline', asked);
    assert.equal(more, false);
    assert.deepEqual(
      runs.map(({ from, until, value }: { from: string; until: string; value: number }) => [
        from.slice(11, 16),
        until.slice(11, 16),
        value,
      ]),
      [
        ['11:10', '11:40', 1],
        ['11:40', '12:00', 2],
      ],
    );
    await throwsFault(
      () => world.value('fleet_changes', { from: window.until, until: window.from }),
      'invalid-interval',
    );
  });
});

describe('fact_differences', () => {
  it('tells every difference once over its pages, but none that moves by itself', async () => {
    const world = await aFleet();
    const facts = (n: number) => ({
      facts: ['a', 'b', 'c'].flatMap((disk) => [
        { entity: `disk:${disk}`, attribute: 'size', value: n },
        { entity: `host:${disk}`, attribute: 'load', value: n },
      ]),
    });
    await record(world.store, look('host:a', -50, facts(1)), look('host:a', -10, facts(2)));
    const asked = { from: { asOf: '2026-03-01T11:30:00Z' }, to: {}, limit: 2 };
    const first = await world.value('fact_differences', asked);
    const second = await world.value('fact_differences', { ...asked, cursor: first.nextCursor });
    assert.equal(second.nextCursor, null);
    const all = [...first.differences, ...second.differences];
    assert.deepEqual(
      all.map(({ entity, before, after }: Record<string, unknown>) => [entity, before, after]),
      [
        ['disk:a', 1, 2],
        ['disk:b', 1, 2],
        ['disk:c', 1, 2],
      ],
    );
  });
});

const step = fc.record({
  target: fc.constantFrom('host:a', 'host:b', 'host:c'),
  source: fc.constantFrom(SSH_SOURCE, 'probe', REACH_SOURCE),
  minute: fc.integer({ min: 0, max: 40 }),
  ends: fc.constantFrom('complete', 'partial', 'unreachable', 'open', 'resolved'),
  kinds: fc.subarray(['package', 'service', 'user'], { minLength: 1 }),
  wait: fc.integer({ min: 0, max: 90 }),
});

it('reads again only what was touched, and answers as if everything was read anew', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      await using store = openMemoryStore();
      const declared = new DeclaredFacts();
      let minute = 0;
      for (const { target, source, ends, kinds, wait, minute: late } of steps) {
        const when = wait % 5 === 0 ? late : minute;
        const own = ends === 'open' || ends === 'resolved';
        const told = own
          ? finding(`f${kinds.length}`, ends, kinds.includes('user') ? 'info' : 'warning')
          : ends === 'complete'
            ? { source, complete: kinds }
            : { source, shortfalls: kinds.map((kind) => ({ kind, status: ends, reason: 'so' })) };
        await record(store, look(target, when, told));
        minute += wait;
        const asOf = at(minute);
        for (const moment of [
          { asOf, knownAt: LATEST },
          { asOf: at(minute >> 1), knownAt: LATEST },
          { asOf, knownAt: at(minute >> 1) },
        ]) {
          const found = fleetAt({ facts: store.read, declared }, whole, moment);
          const anew = fleetAt({ facts: store.read, declared: new DeclaredFacts() }, whole, moment);
          assert.deepEqual(found, anew);
          agreesWithCoverage(store, moment, found);
        }
      }
    }),
    { numRuns: 40 },
  );
});

/** Counted one by one from what `query_facts` is made of. */
function agreesWithCoverage(store: Store, moment: Moment, found: ReturnType<typeof fleetAt>): void {
  const { scopes } = whole.sight;
  const rows = readCoverage(store.read, { scopes }, moment, whole.inventory);
  const open = store.read.query(
    { scopes, type: 'drift', kind: 'finding', attribute: 'status' },
    moment,
    100,
  ).facts;
  for (const { target, kinds, findings, state } of found) {
    const mine = rows.filter(
      (row) => row.target === target.id && row.source !== REACH_SOURCE && row.status !== 'never',
    );
    for (const status of ['complete', 'partial', 'stale', 'unreachable'] as const)
      assert.equal(kinds[status], mine.filter((row) => row.status === status).length);
    const sum = findings.critical + findings.warning + findings.info;
    assert.equal(
      sum,
      open.filter((fact) => fact.target === target.id && fact.value === 'open').length,
    );
    assert.equal(state === 'never', mine.length === 0);
    const isWhole = mine.length > 0 && mine.every(({ status }) => status === 'complete');
    assert.equal(state === 'healthy', isWhole && sum === 0);
  }
}
