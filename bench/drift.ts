/** Row E1: every target's facts out of the store, held against what should be. */
import { join } from 'node:path';
import type { Instant } from '#base/time';
import { type ComparedFact, diffFacts } from '#drift';
import { nodeFiles } from '#machine';
import { DEFAULT_SCOPE } from '#model';
import { openSqliteStore, type Store } from '#store';
import { DesiredTables } from './floors/desired-tables.ts';
import { inTurn, mustHold, nowMs } from './measure.ts';
import { alone, paired, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

const ATTRIBUTES = 50;
const SOURCE = 'collector.ssh';
const NOW = 1_700_000_000_000_000 as Instant;
const RULES = { isVolatile: () => false, isSecurity: () => false };

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
  const before = process.memoryUsage.rss();
  let peak = before;
  const scan = await inTurn(
    sizes.rounds,
    () => {
      const began = nowMs();
      let found = 0;
      for (let host = 0; host < hosts.length; host += 1) found += scanOne(store, host);
      const ms = nowMs() - began;
      peak = Math.max(peak, process.memoryUsage.rss());
      mustHold(found === expected, `${expected} findings, not ${found}`);
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
  return [
    paired(
      {
        id: 'E1',
        what: `drift scan of ${hosts.length} targets x ${ATTRIBUTES}, a target`,
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

function scanOne(store: Store, host: number): number {
  const target = `host:web-${host}`;
  const at = { asOf: (NOW + 1_000_000) as Instant, knownAt: (NOW + 10 ** 12) as Instant };
  const asked = { scopes: [DEFAULT_SCOPE], target };
  const observed = store.read.each({ ...asked, type: 'observed' }, at);
  return diffFacts({
    baseline: {
      id: 'baseline_1',
      scope: DEFAULT_SCOPE,
      target,
      covers: [{ source: SOURCE, kind: 'probe' }],
      blessedAt: NOW,
    },
    desired: desiredOf(host),
    observed,
    coverage: store.read.coverage(asked, at),
    isTrusted: () => true,
    rules: RULES,
    now: at.asOf,
  }).findings.length;
}

/** Kept by the program between scans; sorted as the store answers. */
const SORTED = Array.from({ length: ATTRIBUTES }, (_, k) => ({
  attribute: attribute(k),
  value: wanted(k),
})).sort((a, b) => (a.attribute < b.attribute ? -1 : 1));

function desiredOf(host: number): readonly ComparedFact[] {
  return SORTED.map((each) => ({ ...each, source: SOURCE, entity: entityOf(host) }));
}

async function fill(store: Store, hosts: readonly (readonly string[])[]): Promise<void> {
  for (let from = 0; from < hosts.length; from += 100) {
    await store.write((transaction) => {
      hosts.slice(from, from + 100).forEach((values, i) => {
        const host = from + i;
        transaction.record({
          id: `obs_${host}`,
          scope: DEFAULT_SCOPE,
          target: `host:web-${host}`,
          source: SOURCE,
          type: 'observed',
          observedAt: NOW,
          recordedAt: (NOW + host) as Instant,
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
        });
      });
    });
  }
}
