/** Rows B1 to B6: the fact store beside the smallest tables that could hold the same facts. */
import { join } from 'node:path';
import type { Instant } from '#base/time';
import { nodeFiles } from '#machine';
import { DEFAULT_SCOPE } from '#model';
import { type FactInput, type ObservationInput, openSqliteStore, type Store } from '#store';
import { attributeName, entityName, FactTables, valueOf } from './floors/fact-tables.ts';
import {
  eachTook,
  inTurn,
  median,
  mustHold,
  nowMs,
  type Pair,
  pairOf,
  percentile,
} from './measure.ts';
import { alone, paired, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

const START = 1_700_000_000_000_000;
const MINUTE = 60_000_000;
const SCOPES = [DEFAULT_SCOPE];
const KIND = 'probe';
const HOSTS_AT_ONCE = 100;
const TYPE = 'observed' as const;

/** The same facts in our store and in tables of the floor, host by host, version by version. */
class Filled {
  readonly store: Store;
  readonly tables: readonly FactTables[];
  readonly hosts: number;
  readonly attributes: number;
  version = -1;
  #recorded = START;
  #ids = 0;

  constructor(store: Store, tables: readonly FactTables[], hosts: number, attributes: number) {
    this.store = store;
    this.tables = tables;
    this.hosts = hosts;
    this.attributes = attributes;
  }

  /** When every host of a version has been recorded and none of the next. */
  after(version: number): Instant {
    return (START + version * MINUTE + MINUTE / 2) as Instant;
  }

  /** The next version of every fact, in batches; the seconds that each took, ours first. */
  async next(): Promise<number[]> {
    this.version += 1;
    const seconds = [await this.#ours(), ...this.tables.map((tables) => this.#floor(tables))];
    return seconds;
  }

  async #ours(): Promise<number> {
    const batches: ObservationInput[][] = [];
    for (let from = 0; from < this.hosts; from += HOSTS_AT_ONCE) {
      batches.push(hostsFrom(from, this.hosts).map((host) => this.observation(host, this.version)));
    }
    const began = nowMs();
    for (const batch of batches) {
      await this.store.write((transaction) => {
        for (const observation of batch) transaction.record(observation);
      });
    }
    return (nowMs() - began) / 1_000;
  }

  #floor(tables: FactTables): number {
    const at = START + this.version * MINUTE;
    const { attributes, version } = this;
    const began = nowMs();
    for (let from = 0; from < this.hosts; from += HOSTS_AT_ONCE) {
      tables.transaction(() => {
        for (const host of hostsFrom(from, this.hosts)) {
          for (let a = 0; a < attributes; a += 1) {
            tables.put(host, a, JSON.stringify(valueOf(host, a, version)), at + host);
          }
        }
      });
    }
    return (nowMs() - began) / 1_000;
  }

  /** What a collector hands over when it has looked at all of one host. */
  observation(host: number, version: number, at = START + this.version * MINUTE): ObservationInput {
    const facts: FactInput[] = [];
    for (let a = 0; a < this.attributes; a += 1) {
      facts.push({
        entity: entityName(host),
        attribute: attributeName(a),
        value: valueOf(host, a, version),
      });
    }
    this.#ids += 1;
    this.#recorded = Math.max(this.#recorded + 1, at + host);
    return {
      id: `obs_${this.#ids}`,
      scope: DEFAULT_SCOPE,
      target: `host:web-${host}`,
      source: 'collector.ssh',
      type: TYPE,
      observedAt: (at + host) as Instant,
      recordedAt: this.#recorded as Instant,
      complete: [KIND],
      shortfalls: [],
      facts,
      actor: 'service:holdfast',
      reason: null,
      sha256: this.#ids.toString(16).padStart(64, '0'),
    };
  }

  async close(): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    for (const tables of this.tables) tables.close();
  }
}

function hostsFrom(from: number, hosts: number): number[] {
  return Array.from({ length: Math.min(HOSTS_AT_ONCE, hosts - from) }, (_, i) => from + i);
}

async function open(
  { directory }: Setting,
  name: string,
  hosts: number,
  attributes: number,
  schemas: readonly ('close' | 'text')[],
): Promise<Filled> {
  const store = await openSqliteStore({
    path: join(directory, `${name}.sqlite`),
    files: nodeFiles(),
  });
  const tables = schemas.map(
    (schema) => new FactTables(join(directory, `${name}-${schema}.sqlite`), schema),
  );
  return new Filled(store, tables, hosts, attributes);
}

export async function factRows(setting: Setting): Promise<Row[]> {
  const { sizes, wants, say } = setting;
  const filled = await open(setting, 'facts', sizes.hosts, sizes.attributes, ['close', 'text']);
  try {
    const rows: Row[] = [];
    say(
      `facts: ${sizes.hosts} hosts x ${sizes.attributes} attributes x ${sizes.versions} versions`,
    );
    const ingested = await ingest(filled, sizes.versions);
    if (wants('B1')) rows.push(...ingested);
    if (wants('B6')) rows.push(bytesAFact(filled));
    if (wants('B4')) rows.push(...(await points(filled, setting)));
    if (wants('B5')) rows.push(...(await fleet(filled, setting)));
    if (wants('B2')) rows.push(await oneHost(filled, setting));
    if (wants('B3')) rows.push(...(await unchanged(filled, setting)));
    return rows;
  } finally {
    await filled.close();
  }
}

async function ingest(filled: Filled, versions: number): Promise<Row[]> {
  const rates: number[][] = [[], [], []];
  const facts = filled.hosts * filled.attributes;
  for (let version = 0; version < versions; version += 1) {
    const seconds = await filled.next();
    // The first round supersedes nothing.
    if (version > 0) seconds.forEach((s, i) => rates[i]?.push(facts / s));
  }
  const [ours, close, text] = rates as [number[], number[], number[]];
  const counts = filled.store.read.counts();
  mustHold(counts.facts === filled.tables[0]?.rows, 'both hold one row for each version');
  const what = 'batch ingest with supersession';
  return [
    paired(
      {
        id: 'B1',
        what,
        beside: 'numbered rows (close)',
        unit: 'facts/s',
        must: { atLeast: 0.5 },
        aim: { atLeast: 0.7 },
      },
      pairOf(ours, close),
    ),
    paired(
      {
        id: 'B1',
        what,
        beside: 'names in every row (text)',
        unit: 'facts/s',
        must: { atLeast: 1.3 },
        aim: { atLeast: 2 },
      },
      pairOf(ours, text),
    ),
  ];
}

/** One transaction a host, each durable before the next begins, on both sides. */
async function oneHost(filled: Filled, { sizes }: Setting): Promise<Row> {
  const tables = filled.tables[0] as FactTables;
  tables.synchronous('FULL');
  filled.version += 1;
  const from = START + filled.version * MINUTE;
  const hostOf = (round: number, i: number): number =>
    ((round + 1) * sizes.transactions + i) % filled.hosts;
  const rate = (seconds: number): number => (sizes.transactions * filled.attributes) / seconds;
  const at = (round: number): number => from + (round + 1) * 1_000_000;
  const pair = await inTurn(
    sizes.rounds,
    async (round) => {
      const work = Array.from({ length: sizes.transactions }, (_, i) =>
        filled.observation(hostOf(round, i), filled.version + round + 1, at(round) + i),
      );
      const began = nowMs();
      for (const observation of work) {
        await filled.store.write((transaction) => transaction.record(observation));
      }
      return rate((nowMs() - began) / 1_000);
    },
    (round) => {
      const began = nowMs();
      for (let i = 0; i < sizes.transactions; i += 1) {
        const host = hostOf(round, i);
        tables.transaction(() => {
          for (let a = 0; a < filled.attributes; a += 1) {
            const value = JSON.stringify(valueOf(host, a, filled.version + round + 1));
            tables.put(host, a, value, at(round) + i + host);
          }
        });
      }
      return rate((nowMs() - began) / 1_000);
    },
  );
  tables.synchronous('NORMAL');
  filled.version += sizes.rounds + 1;
  return paired(
    {
      id: 'B2',
      what: `one host's ${filled.attributes} facts a transaction, durable (FULL)`,
      beside: 'numbered rows, FULL',
      unit: 'facts/s',
      must: { atLeast: 0.5 },
      aim: { atLeast: 0.7 },
    },
    pair,
  );
}

/** Everything again as it was: compared, confirmed, and not written. */
async function unchanged(filled: Filled, { sizes }: Setting): Promise<Row[]> {
  const tables = filled.tables[0] as FactTables;
  await filled.next();
  const { version, attributes } = filled;
  const hosts = Math.min(filled.hosts, HOSTS_AT_ONCE);
  const from = START + version * MINUTE + MINUTE;
  const before = filled.store.read.counts();
  let observations = 0;
  const pair = await inTurn(
    sizes.rounds,
    async (round) => {
      const work = hostsFrom(0, hosts).map((host) =>
        filled.observation(host, version, from + (round + 1) * 1_000_000),
      );
      observations += work.length;
      const began = nowMs();
      await filled.store.write((transaction) => {
        for (const observation of work) {
          const receipt = transaction.record(observation);
          mustHold(receipt.unchanged === attributes, 'nothing had changed');
        }
      });
      return (hosts * attributes) / ((nowMs() - began) / 1_000);
    },
    () => {
      let same = 0;
      const began = nowMs();
      for (let host = 0; host < hosts; host += 1) {
        for (let a = 0; a < attributes; a += 1) {
          const value = JSON.stringify(valueOf(host, a, version));
          if (tables.current(host, a) === value) same += 1;
        }
      }
      const seconds = (nowMs() - began) / 1_000;
      mustHold(same === hosts * attributes, 'the floor finds everything as it was');
      return (hosts * attributes) / seconds;
    },
  );
  const after = filled.store.read.counts();
  filled.version += 2;
  return [
    paired(
      {
        id: 'B3',
        what: 'unchanged observation, committed durably',
        beside: 'get and compare, nothing kept',
        unit: 'facts/s',
        must: { atLeast: 0.5 },
        aim: { atLeast: 5 },
      },
      pair,
    ),
    alone(
      {
        id: 'B3',
        what: 'fact rows that unchanged observations wrote',
        unit: 'rows',
        must: { atMost: 0 },
        aim: { atMost: 0 },
      },
      after.facts - before.facts,
    ),
    alone(
      { id: 'B3', what: 'bytes of the database a confirmed fact', unit: 'B' },
      (after.bytes - before.bytes) / (observations * attributes),
    ),
  ];
}

async function points(filled: Filled, { sizes }: Setting): Promise<Row[]> {
  const tables = filled.tables[0] as FactTables;
  const { read } = filled.store;
  const middle = filled.after(filled.version >> 1);
  const hostOf = (i: number): number => (i * 7_919 + 13) % filled.hosts;
  const attributeOf = (i: number): number => (i * 7_919 + 13) % filled.attributes;
  const ask = (i: number, at: Instant): unknown =>
    read.query(
      {
        scopes: SCOPES,
        entity: entityName(hostOf(i)),
        attribute: attributeName(attributeOf(i)),
        type: TYPE,
      },
      { asOf: at, knownAt: at },
      100,
    ).facts[0]?.value;
  for (let i = 0; i < Math.min(200, sizes.pointReads); i += 1) {
    const floor = JSON.parse(tables.point(hostOf(i), attributeOf(i), middle)) as { value: string };
    mustHold(
      (ask(i, middle) as { value: string }).value === floor.value,
      'both answer the same value',
    );
  }
  const moments = async (momentOf: (i: number) => Instant): Promise<{ p50: Pair; p99: Pair }> => {
    const p99: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
    const block =
      (who: 'ours' | 'floor', act: (i: number) => unknown) =>
      (round: number): number => {
        const times = eachTook(
          sizes.pointReads,
          (i) => void act(i + (round + 1) * sizes.pointReads),
        );
        if (round >= 0) p99[who].push(percentile(times, 0.99) * 1_000);
        return median(times) * 1_000;
      };
    const p50 = await inTurn(
      sizes.rounds,
      block('ours', (i) => ask(i, momentOf(i))),
      block('floor', (i) => tables.point(hostOf(i), attributeOf(i), momentOf(i))),
    );
    return { p50, p99: pairOf(p99.ours, p99.floor) };
  };
  const one = await moments(() => middle);
  const many = await moments((i) => filled.after((i * 31) % filled.version));
  const beside = 'one indexed SELECT';
  return [
    paired(
      {
        id: 'B4',
        what: 'as-of point, p50',
        beside,
        unit: 'us',
        must: { atMost: 2.5 },
        aim: { atMost: 1.5 },
      },
      one.p50,
    ),
    paired(
      {
        id: 'B4',
        what: 'as-of point, p99',
        beside,
        unit: 'us',
        must: { atMost: 4 },
        aim: { atMost: 1.5 },
      },
      one.p99,
    ),
    paired(
      { id: 'B4', what: 'as-of point, another moment each time, p50', beside, unit: 'us' },
      many.p50,
    ),
    paired(
      { id: 'B4', what: 'as-of point, another moment each time, p99', beside, unit: 'us' },
      many.p99,
    ),
  ];
}

async function fleet(filled: Filled, setting: Setting): Promise<Row[]> {
  const { sizes, say } = setting;
  const tables = filled.tables[0] as FactTables;
  const middle = filled.after(filled.version >> 1);
  const expected = filled.hosts * filled.attributes;
  const snapshot = await inTurn(
    sizes.rounds,
    () => snapshotMs(filled, middle),
    () => {
      const began = nowMs();
      mustHold(tables.fleet(middle) === expected, 'the floor finds every fact');
      return nowMs() - began;
    },
  );
  const keys = Math.min(2_000, expected);
  const history = await inTurn(
    sizes.rounds,
    () =>
      median(
        eachTook(keys, (i) => {
          const [host, a] = [i % filled.hosts, (i * 31) % filled.attributes];
          const asked = { scopes: SCOPES, entity: entityName(host), attribute: attributeName(a) };
          const { versions } = filled.store.read.history(asked, 1_000);
          mustHold(versions.length > filled.version, 'every version is there');
        }),
      ) * 1_000,
    () =>
      median(
        eachTook(keys, (i) => void tables.history(i % filled.hosts, (i * 31) % filled.attributes)),
      ) * 1_000,
  );
  const deepVersions = sizes.versions * 10;
  say(`facts: ${sizes.deepHosts} hosts with ${deepVersions} versions a key`);
  const deep = await open(setting, 'deep', sizes.deepHosts, sizes.attributes, []);
  const shallow = await open(setting, 'shallow', sizes.deepHosts, sizes.attributes, []);
  try {
    for (let version = 0; version < deepVersions; version += 1) await deep.next();
    for (let version = 0; version < sizes.versions; version += 1) await shallow.next();
    const perRow = (sizes.deepHosts * sizes.attributes) / 1_000;
    const depth = await inTurn(
      sizes.rounds,
      () => snapshotMs(deep, deep.after(deep.version >> 1)) / perRow,
      () => snapshotMs(shallow, shallow.after(shallow.version >> 1)) / perRow,
    );
    return [
      paired(
        {
          id: 'B5',
          what: `as-of fleet, ${expected} facts`,
          beside: 'one index seek a key',
          unit: 'ms',
          must: { atMost: 2 },
          aim: { atMost: 1.3 },
        },
        snapshot,
      ),
      paired(
        {
          id: 'B5',
          what: `as-of fleet a row at ${deepVersions} versions a key`,
          beside: `ours at ${sizes.versions}`,
          unit: 'us',
          must: { atMost: 1.6 },
          aim: { atMost: 1.4 },
        },
        depth,
      ),
      paired(
        {
          id: 'B5',
          what: `history of one key, ${filled.version + 1} versions, p50`,
          beside: 'one indexed SELECT',
          unit: 'us',
        },
        history,
      ),
    ];
  } finally {
    await deep.close();
    await shallow.close();
  }
}

function snapshotMs(filled: Filled, at: Instant): number {
  const began = nowMs();
  let held = 0;
  for (const fact of filled.store.read.each(
    { scopes: SCOPES, type: TYPE },
    { asOf: at, knownAt: at },
  )) {
    if (fact.value !== null) held += 1;
  }
  const ms = nowMs() - began;
  mustHold(held === filled.hosts * filled.attributes, 'the snapshot holds every fact');
  return ms;
}

function bytesAFact(filled: Filled): Row {
  const { bytes, facts } = filled.store.read.counts();
  const tables = filled.tables[0] as FactTables;
  const ours = bytes / facts;
  const floor = tables.bytes() / tables.rows;
  return paired(
    {
      id: 'B6',
      what: 'bytes a fact (value of 45)',
      beside: 'numbered rows',
      unit: 'B',
      must: { atMost: 1.3 },
      aim: { atMost: 1.15 },
    },
    { ours, floor, ratio: ours / floor },
  );
}
