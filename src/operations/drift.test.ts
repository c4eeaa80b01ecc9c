import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseInstant } from '#base/time';
import { throwsFault } from '#test/throws-fault';
import { aWorld, type TestWorld } from '#test/world';
import { findingChanges } from './drift-changes.ts';

type Told = {
  id: string;
  entity: string;
  attribute: string;
  kind: string;
  severity: string;
  status: string;
  firstSeen: string;
  lastSeen: string;
  observed: unknown;
  desired: unknown;
};

const USERS = {
  'user:web-1/root': { uid: 0, shell: '/bin/bash' },
  'user:web-1/ada': { uid: 1000, shell: '/bin/sh' },
};

async function see(
  world: TestWorld,
  observedAt: string,
  entities: Readonly<Record<string, object>>,
  more: object = {},
): Promise<void> {
  world.at(observedAt);
  await world.ask('ingest_observation', {
    source: 'trusted-probe',
    target: 'host:web-1',
    observedAt,
    complete: ['user'],
    facts: Object.entries(entities).flatMap(([entity, attributes]) =>
      Object.entries(attributes).map(([attribute, value]) => ({ entity, attribute, value })),
    ),
    ...more,
  });
}

async function drift(world: TestWorld, input: object = {}): Promise<Told[]> {
  return (await world.value('drift_scan', { target: 'host:web-1', ...input })).findings;
}

const brief = (findings: readonly Told[]): unknown =>
  findings.map(({ entity, attribute, kind, status }) => [entity, attribute, kind, status]);

describe('drift against a blessed baseline', () => {
  it('opens exactly what changed, closes it when it is undone, and remembers both', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    await world.ask('baseline_bless', { reason: 'fresh install' });
    assert.deepEqual(await drift(world), []);
    await see(world, '2026-03-01T12:05:00Z', {
      'user:web-1/root': { uid: 0, shell: '/bin/zsh' },
      'user:web-1/eve': { uid: 0 },
    });
    const open = await drift(world);
    assert.deepEqual(brief(open), [
      ['user:web-1/ada', '*', 'missing', 'open'],
      ['user:web-1/eve', '*', 'unexpected', 'open'],
      ['user:web-1/root', 'shell', 'changed', 'open'],
    ]);
    assert.ok(open.every((finding) => finding.severity === 'critical'));
    assert.deepEqual([open[2]?.desired, open[2]?.observed], ['/bin/bash', '/bin/zsh']);
    assert.equal(open[0]?.firstSeen, '2026-03-01T12:05:00.000000Z');
    await see(world, '2026-03-01T12:10:00Z', USERS);
    assert.deepEqual(await drift(world), []);
    assert.equal((await drift(world, { status: 'resolved' })).length, 3);
    const past = await world.value('query_facts', {
      type: 'drift',
      attribute: 'status',
      asOf: '2026-03-01T12:07:00Z',
    });
    assert.deepEqual(
      past.facts.map((fact: { value: string }) => fact.value),
      ['open', 'open', 'open'],
    );
    const now = await world.value('query_facts', { type: 'drift', attribute: 'status' });
    assert.deepEqual(
      now.facts.map((fact: { value: string }) => fact.value),
      ['resolved', 'resolved', 'resolved'],
    );
  });

  it('keeps first seen and moves last seen while a finding stays', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    await world.ask('baseline_bless', {});
    const changed = { ...USERS, 'user:web-1/ada': { uid: 1000, shell: '/bin/false' } };
    await see(world, '2026-03-01T12:05:00Z', changed);
    await see(world, '2026-03-01T12:10:00Z', changed);
    const [finding] = await drift(world);
    assert.equal(finding?.firstSeen, '2026-03-01T12:05:00.000000Z');
    assert.equal(finding?.lastSeen, '2026-03-01T12:10:00.000000Z');
  });

  it('compares anew what begins, on record already, after a clock that was set back', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    await world.ask('baseline_bless', {});
    world.at('2026-03-01T12:06:00Z');
    await world.ask('ingest_observation', {
      source: 'trusted-probe',
      target: 'host:web-1',
      observedAt: '2026-03-01T12:05:00Z',
      facts: [
        {
          entity: 'user:web-1/root',
          attribute: 'shell',
          value: '/bin/zsh',
          validFrom: '2026-03-01T12:05:20Z',
          validTo: '2026-03-01T12:05:50Z',
        },
      ],
    });
    world.at('2026-03-01T12:05:10Z');
    const changed = async (): Promise<unknown> =>
      brief((await drift(world)).filter(({ kind }) => kind === 'changed'));
    assert.deepEqual(await changed(), [], 'not yet so');
    world.at('2026-03-01T12:05:30Z');
    assert.deepEqual(await changed(), [['user:web-1/root', 'shell', 'changed', 'open']]);
  });

  it('says unknown, not missing, of what could not be seen', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    await world.ask('baseline_bless', {});
    world.at('2026-03-01T13:00:00Z');
    assert.deepEqual(brief(await drift(world)), [['user:*', '*', 'unknown', 'open']]);
  });

  it('is blind to sources that the inventory does not trust', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    await world.ask('baseline_bless', {});
    await see(world, '2026-03-01T12:01:00Z', { 'user:web-1/eve': { uid: 0 } }, { source: 'probe' });
    assert.deepEqual(await drift(world), []);
  });

  it('keeps waived findings listed, and opens them at the microsecond the waiver ends', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    await world.ask('baseline_bless', {});
    await see(world, '2026-03-01T12:01:00Z', { ...USERS, 'user:web-1/eve': { uid: 1001 } });
    const [finding] = await drift(world);
    const { waiver } = await world.value('waiver_add', {
      finding: finding?.id,
      reason: 'contractor',
      until: '2026-03-01T12:10:00Z',
    });
    assert.equal(waiver.signature, 'unsigned');
    world.at('2026-03-01T12:09:59.999999Z');
    assert.deepEqual(brief(await drift(world)), [['user:web-1/eve', '*', 'unexpected', 'waived']]);
    world.at('2026-03-01T12:10:00Z');
    assert.deepEqual(brief(await drift(world)), [['user:web-1/eve', '*', 'unexpected', 'open']]);
    await throwsFault(
      () =>
        world.ask('waiver_add', {
          entity: '*',
          reason: 'all',
          until: '2026-03-02T00:00:00Z',
          target: 'web-1',
        }),
      'invalid-waiver',
    );
  });

  it('lists as ignored what the inventory says is of no interest', async () => {
    const world = await aWorld();
    const tz = (version: string): object => ({ 'package:web-1/tzdata': { version } });
    await see(world, '2026-03-01T12:00:00Z', tz('1') as never, { complete: ['package'] });
    await world.ask('baseline_bless', {});
    await see(world, '2026-03-01T12:01:00Z', tz('2') as never, { complete: ['package'] });
    assert.deepEqual(brief(await drift(world)), [
      ['package:web-1/tzdata', 'version', 'changed', 'ignored'],
    ]);
  });

  it('closes everything of a retired baseline, and blessing again replaces the one of that name', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    const first = await world.value('baseline_bless', {});
    await see(world, '2026-03-01T12:01:00Z', { 'user:web-1/root': { uid: 0 } });
    assert.equal((await drift(world)).length, 2);
    const second = await world.value('baseline_bless', {});
    assert.deepEqual(second.replaced, [first.baseline.id]);
    assert.equal(second.findings.resolved.length, 2);
    assert.deepEqual(await drift(world), []);
    await world.ask('baseline_retire', { baseline: second.baseline.id });
    await throwsFault(
      () => world.ask('baseline_retire', { baseline: second.baseline.id }),
      'already-retired',
    );
    const { next } = await world.value('drift_scan', { target: 'web-1' });
    assert.match(next, /no baseline is active/);
  });

  it('refuses to compare with a baseline that is not there, rather than find no drift', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    const scan = (baseline: string) => () => world.ask('drift_scan', { baseline });
    await throwsFault(scan('default'), 'unknown-baseline');
    await world.ask('baseline_bless', { name: 'before-upgrade' });
    const { message } = await throwsFault(scan('before-upgrad'), 'unknown-baseline');
    assert.match(message, /before-upgrade of host:web-1/);
  });

  it('counts baselines, waivers and findings as records, not as what was seen in part', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    await world.ask('baseline_bless', {});
    const { notSeen } = await world.value('target_summary', { target: 'web-1' });
    assert.deepEqual(notSeen, []);
    const { coverage } = await world.value('query_facts', { target: 'web-1' });
    assert.deepEqual(
      coverage.map(({ kind }: { kind: string }) => kind),
      ['user'],
    );
  });

  it('refuses to bless what was not completely seen', async () => {
    const world = await aWorld();
    await throwsFault(
      () => world.ask('baseline_bless', { target: 'host:web-1' }),
      'nothing-to-bless',
    );
  });
});

describe('accepting what is', () => {
  it('closes that finding and no other, and what is accepted is drift when it moves', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    await world.ask('baseline_bless', { reason: 'fresh install' });
    const now = { 'user:web-1/root': { uid: 0, shell: '/bin/zsh' }, 'user:web-1/eve': { uid: 0 } };
    await see(world, '2026-03-01T12:05:00Z', now);
    const [, eve, shell] = await drift(world);
    assert.ok(eve !== undefined && shell !== undefined);
    const told = await world.value('finding_accept', { finding: shell.id, reason: 'zsh is fine' });
    assert.deepEqual(told.findings.resolved, [shell.id]);
    assert.equal(told.baseline.amended, 1);
    await world.ask('finding_accept', { finding: eve.id, reason: 'she works here' });
    assert.deepEqual(brief(await drift(world)), [['user:web-1/ada', '*', 'missing', 'open']]);
    await see(world, '2026-03-01T12:10:00Z', { ...USERS, 'user:web-1/eve': { uid: 0 } });
    assert.deepEqual(brief(await drift(world)), [['user:web-1/root', 'shell', 'changed', 'open']]);
    const again = { finding: eve.id, reason: 'again' };
    await throwsFault(() => world.ask('finding_accept', again), 'cannot-accept');
  });
});

describe('what became of findings', () => {
  it('is told whole, however many there are', async () => {
    const world = await aWorld();
    await see(world, '2026-03-01T12:00:00Z', USERS);
    await world.ask('baseline_bless', { reason: 'fresh install' });
    const many = Object.fromEntries(
      Array.from({ length: 1_100 }, (_, i) => [`user:web-1/u${i}`, { uid: i }]),
    );
    const { at: since } = await world.value('drift_changes', { since: '2026-03-01T12:01:00Z' });
    await see(world, '2026-03-01T12:05:00Z', { ...USERS, ...many });
    const first = await world.value('drift_changes', { since });
    assert.equal(first.changes.length, 500);
    assert.equal(first.more, true);
    const read = world.store.read;
    const from = parseInstant(since);
    const to = read.lastRecordedAt() ?? from;
    const all = findingChanges(read, ['main/main'], from, to, 20_000);
    assert.equal(all.length, 1_100);
    assert.ok(all.every(({ was, finding }) => was === null && finding.status === 'open'));
    assert.equal(findingChanges(read, ['main/main'], from, to, 700).length, 700);
  });
});
