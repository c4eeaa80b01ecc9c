/** Rows E1 and E2: every target's facts out of the store, held against what should be; and again, when little changed. */
import { join } from 'node:path';
import { formatInstant, type Instant } from '#base/time';
import { parseInventory } from '#inventory';
import { nodeFiles } from '#machine';
import { DEFAULT_SCOPE, type Declaration, SSH_SOURCE } from '#model';
import { type ObservationInput, openSqliteStore, type Store } from '#store';
import { aWorld, type TestWorld } from '#test/world';
import { DesiredTables } from './floors/desired-tables.ts';
import { inTurn, mustHold, nowMs, pairOf } from './measure.ts';
import { alone, paired, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

const ATTRIBUTES = 50;
const SOURCE = SSH_SOURCE;
const NOW = 1_700_000_000_000_000 as Instant;

const attribute = (k: number): string => `net.key-${k}`;
const wanted = (k: number): string => `v${(k * 31) % 17}-${k}`;
/** One host in a hundred, and there every tenth setting. */
const isDrifted = (host: number, k: number): boolean => host % 100 === 7 && k % 10 === 3;
const entityOf = (host: number): string => `probe:web-${host}`;

export async function driftRows({ sizes, directory, say }: Setting): Promise<Row[]> {
  say(`drift: ${sizes.scanHosts} targets x ${ATTRIBUTES} facts`);
  const hosts = Array.from({ length: sizes.scanHosts }, (_, host) =>
    Array.from({ length: ATTRIBUTES }, (_, k) =>
      JSON.stringify(isDrifted(host, k) ? `other-${host}` : wanted(k)),
    ),
  );
  const expected = hosts.length > 7 ? 5 * Math.ceil((hosts.length - 7) / 100) : 0;
  await using store = await openSqliteStore({
    path: join(directory, 'drift.sqlite'),
    files: nodeFiles(),
  });
  const tables = new DesiredTables(
    join(directory, 'drift-floor.sqlite'),
    Array.from({ length: ATTRIBUTES }, (_, k) => JSON.stringify(wanted(k))),
  );
  await fill(store, hosts);
  tables.fill(hosts);
  const declarations = new Map(hosts.map((_, host) => [`host:web-${host}`, [declarationOf(host)]]));
  const before = process.memoryUsage.rss();
  let peak = before;
  const scan = await inTurn(
    sizes.rounds,
    async () => {
      // Another kernel remembers nothing.
      const ms = await scanAll(await worldOf(store, hosts.length, declarations), expected);
      peak = Math.max(peak, process.memoryUsage.rss());
      return (ms * 1_000) / hosts.length;
    },
    () => {
      const began = nowMs();
      const found = tables.differing();
      const ms = nowMs() - began;
      mustHold(found === expected, `${expected} findings by the floor, not ${found}`);
      return (ms * 1_000) / hosts.length;
    },
  );
  tables.close();
  const scans = await scansOf(store, hosts, declarations, expected, sizes.rounds);
  return [
    ...scans,
    paired(
      {
        id: 'E1',
        what: `first drift_scan of ${hosts.length} targets x ${ATTRIBUTES}, a target`,
        beside: 'SQLite join',
        unit: 'us',
        must: { atMost: 2 },
        aim: { atMost: 1.2 },
      },
      scan,
    ),
    alone(
      {
        id: 'E1',
        what: 'memory that the scan added, sampled after each',
        unit: 'MiB',
        must: { atMost: 350 },
      },
      (peak - before) / (1 << 20),
    ),
  ];
}

/** `drift_scan` as it is asked, with policy, the event and the answer: of everything, and after one host in a hundred was looked at. */
async function scansOf(
  store: Store,
  hosts: readonly (readonly string[])[],
  declarations: ReadonlyMap<string, readonly Declaration[]>,
  expected: number,
  rounds: number,
): Promise<readonly Row[]> {
  const full: number[] = [];
  const again: number[] = [];
  const rss = (): number => process.memoryUsage.rss();
  const before = rss();
  let peak = before;
  for (let round = 0; round < rounds; round += 1) {
    // Another kernel remembers nothing.
    const world = await worldOf(store, hosts.length, declarations);
    full.push(await scanAll(world, expected));
    peak = Math.max(peak, rss());
    const some = hosts.flatMap((values, host) => (host % 100 === 50 ? [{ values, host }] : []));
    for (const { values, host } of some) await lookAgain(store, values, host, round);
    again.push(await scanAll(world, expected));
    peak = Math.max(peak, rss());
  }
  const us = (ms: readonly number[]): number[] => ms.map((each) => (each * 1_000) / hosts.length);
  return [
    paired(
      {
        id: 'E2',
        what: `drift_scan of ${hosts.length} targets again after 1% were looked at, a target`,
        unit: 'us',
        beside: 'drift_scan of everything',
        must: { atMost: 0.2 },
        aim: { atMost: 1 / 12 },
      },
      pairOf(us(again), us(full)),
    ),
    alone(
      {
        id: 'E2',
        what: 'memory that such scans added, with all that is declared kept ready',
        unit: 'MiB',
        must: { atMost: 350 },
      },
      (peak - before) / (1 << 20),
    ),
    alone(
      { id: 'E2', what: 'memory of the whole process then, the bench itself with it', unit: 'MiB' },
      peak / (1 << 20),
    ),
  ];
}

async function worldOf(
  store: Store,
  count: number,
  declarations: ReadonlyMap<string, readonly Declaration[]>,
): Promise<TestWorld> {
  const targets = Array.from({ length: count }, (_, i) => `  host:web-${i}: {hostType: debian}\n`);
  const inventory = parseInventory(`version: 1\ntargets:\n${targets.join('')}`, 'fleet.yaml');
  const world = await aWorld({
    store,
    inventory: async () => inventory,
    drift: {
      declarations: (target) => declarations.get(target.id) ?? [],
      rules: () => RULES_OF_NOBODY,
      isSigned: () => false,
    },
  });
  world.at(formatInstant((NOW + 1_000_000) as Instant));
  return world;
}

const RULES_OF_NOBODY: [] = [];

async function scanAll(world: TestWorld, expected: number): Promise<number> {
  const began = nowMs();
  const { findings, nextCursor } = await world.value('drift_scan', { limit: 1_000 });
  const ms = nowMs() - began;
  const found = findings.length as number;
  mustHold(nextCursor !== null || found === expected, `${expected} findings, not ${found}`);
  return ms;
}

async function lookAgain(
  store: Store,
  values: readonly string[],
  host: number,
  round: number,
): Promise<void> {
  const at = NOW + 1_000 * (round + 1);
  await store.write((transaction) => {
    const last = transaction.reader.lastRecordedAt() ?? NOW;
    transaction.record({
      ...observationOf(values, host, at as Instant, (last + 1) as Instant),
      id: `obs_${host}_${round}`,
    });
  });
}

function declarationOf(host: number): Declaration {
  return {
    id: 'git:site/web',
    kind: 'git',
    name: 'site/web',
    scope: DEFAULT_SCOPE,
    target: `host:web-${host}`,
    expectations: SORTED.map((each) => ({
      entity: entityOf(host),
      attribute: each.attribute,
      test: { op: 'equals', value: each.value },
      where: NOWHERE,
      source: SOURCE,
      severity: null,
      because: BECAUSE,
    })),
    closed: [],
    needs: [{ kind: 'probe', source: SOURCE }],
    since: null,
    digest: `sha256:${host}`,
  };
}

const NOWHERE: [] = [];
const BECAUSE = {
  id: null,
  title: 'as in the repository',
  rationale: null,
  remediation: null,
  reference: null,
  at: 'web.yaml:3',
};

/** Kept by the program between scans; sorted as the store answers. */
const SORTED = Array.from({ length: ATTRIBUTES }, (_, k) => ({
  attribute: attribute(k),
  value: wanted(k),
})).sort((a, b) => (a.attribute < b.attribute ? -1 : 1));

async function fill(store: Store, hosts: readonly (readonly string[])[]): Promise<void> {
  for (let from = 0; from < hosts.length; from += 100) {
    await store.write((transaction) => {
      hosts.slice(from, from + 100).forEach((values, i) => {
        const host = from + i;
        transaction.record(observationOf(values, host, NOW, (NOW + host) as Instant));
      });
    });
  }
}

function observationOf(
  values: readonly string[],
  host: number,
  observedAt: Instant,
  recordedAt: Instant,
): ObservationInput {
  return {
    id: `obs_${host}`,
    scope: DEFAULT_SCOPE,
    target: `host:web-${host}`,
    source: SOURCE,
    type: 'observed',
    observedAt,
    recordedAt,
    complete: ['probe'],
    shortfalls: [],
    facts: values.map((value, k) => ({
      entity: entityOf(host),
      attribute: attribute(k),
      value: JSON.parse(value) as string,
    })),
    actor: 'service:holdfast',
    reason: null,
    sha256: host.toString(16).padStart(64, '0'),
  };
}
