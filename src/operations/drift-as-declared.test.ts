/**
 * What is told without reading a fact is what the comparison of the facts tells, over random histories of one
 * target. `HOLDFAST_HISTORIES` sets how many, `HOLDFAST_SEED` which.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '#base/json';
import { type Instant, instant, LATEST, MICROS_PER_SECOND } from '#base/time';
import { baselineFacts, blessBaseline } from '#drift';
import { isTrusted, parseInventory } from '#inventory';
import {
  BASELINE_SOURCE,
  type Coverage,
  type Declaration,
  type Expectation,
  type Target,
} from '#model';
import {
  type FactInput,
  type FactReader,
  type Moment,
  type ObservationInput,
  openMemoryStore,
  type Store,
} from '#store';
import { SEED } from '#test/seed';
import { readCoverage } from './coverage.ts';
import { scanTarget } from './drift-memory.ts';
import { DeclaredFacts, DRIFT_RULES, driftOf } from './drift-state.ts';

const RUNS = Number(process.env['HOLDFAST_HISTORIES'] ?? 50);
const BASE = instant('2026-03-01T00:00:00Z');
const TIMES = 12;
const time = (n: number): Instant => (BASE + n * 600 * MICROS_PER_SECOND) as Instant;

const INVENTORY = parseInventory(
  `version: 1
targets:
  host:web-1:
    hostType: debian
    staleAfter: 1h
    sources:
      - name: agent
        trusted: true
      - name: some
        trusted: true
        kinds: [service]
      - name: probe
`,
  'fleet.yaml',
);
const TARGET = INVENTORY.byId.get('host:web-1') as Target;
const SOURCES = ['agent', 'some', 'probe'];

/** What is mostly told and wanted of each stream, and what it may be instead. */
const STREAMS: readonly (readonly [entity: string, attribute: string, ...values: Json[]])[] = [
  ['service:web-1/app', 'state.active', 'active', 'activating', 'failed'],
  ['service:web-1/app', 'user', 'www', 'www ', 'root'],
  ['file:web-1/etc/app', 'mode', '0644', '644', '0600'],
  ['user:web-1/ada', 'uid', 1_000, 0],
  ['user:web-1/ada', 'groups', ['a', 'b'], ['b', 'a'], []],
  ['user:web-1/eve', 'uid', 1_001, 0],
  ['address:web-1/eth0/192.0.2.7', 'dynamic', true, false],
  ['host:web-1', 'load', 1, 2],
];
const KINDS = ['service', 'file', 'user', 'address', 'host'];

const often = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const mostly = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 30, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const told = fc.record({
  is: mostly(0, fc.nat({ max: 2 })),
  there: mostly(true, fc.constant(false)),
  altered: mostly(false, fc.constant(true)),
  from: mostly<number | null>(null, fc.nat({ max: TIMES })),
  span: mostly<number | null>(null, fc.integer({ min: 1, max: 6 })),
});
const observation = fc.record({
  at: fc.nat({ max: TIMES }),
  late: often(false, fc.boolean()),
  source: often(0, fc.nat({ max: 2 })),
  streams: fc.tuple(...STREAMS.map(() => told)),
  complete: often<readonly string[]>(KINDS, fc.subarray(KINDS)),
  fails: often(false, fc.constant(true)),
});
const expectation = fc.record({
  is: mostly(0, fc.nat({ max: 2 })),
  by: mostly<string | null>('', fc.constantFrom(null, 'agent', 'some', 'probe')),
  there: often(true, fc.constant(false)),
  how: often('equals', fc.constantFrom('where', 'any', 'absent', 'twice', 'differs')),
  severity: fc.constantFrom(null, 'info' as const),
});
const declaration = fc.record({
  streams: fc.tuple(...STREAMS.map(() => expectation)),
  few: fc.boolean(),
  from: fc.constantFrom(null, 'agent'),
  closed: often<readonly string[]>([], fc.subarray(KINDS)),
  needs: fc.subarray(KINDS),
});
type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;

function inputs(drawn: readonly Drawn<typeof observation>[]): ObservationInput[] {
  return drawn.map((d, i): ObservationInput => {
    const at = d.late ? d.at : Math.min(TIMES, i);
    const source = SOURCES[d.source] as string;
    return {
      id: `obs_${i}`,
      scope: TARGET.scope,
      target: TARGET.id,
      source,
      type: 'observed',
      observedAt: time(at),
      recordedAt: (time(i) + 1) as Instant,
      complete: d.fails ? [] : d.complete,
      shortfalls: d.fails
        ? KINDS.map((kind) => ({ kind, status: 'partial' as const, reason: 'cut off' }))
        : [],
      facts: d.streams.flatMap(({ is, there, altered, from, span }, n): FactInput[] => {
        const [entity, attribute, ...values] = STREAMS[n] as (typeof STREAMS)[number];
        // A look that falls short has seen some.
        if (!there || (d.fails && n % 2 === 0)) return [];
        const start = from === null ? {} : { validFrom: time(from) };
        return [
          {
            entity,
            attribute,
            value: values[is % values.length] as Json,
            ...(altered ? { altered } : {}),
            ...(span === null ? start : { ...start, validTo: time((from ?? at) + span) }),
          },
        ];
      }),
      actor: 'service:holdfast',
      reason: null,
      sha256: '0'.repeat(64),
    };
  });
}

function declared(d: Drawn<typeof declaration>, n: number): Declaration {
  const expectations = d.streams.flatMap(({ is, by, there, how, severity }, i) => {
    const source = by === '' ? d.from : by;
    const [entity, attribute, ...values] = STREAMS[i] as (typeof STREAMS)[number];
    if (!there || (d.few && i % 2 === 1)) return [];
    const value = values[is % values.length] as Json;
    const one: Expectation = {
      entity,
      attribute,
      test: { op: 'equals', value },
      where: [],
      source,
      severity,
      because: {
        id: null,
        title: 'as it is',
        rationale: null,
        remediation: null,
        reference: null,
        at: null,
      },
    };
    // Most declarations ask for nothing but values.
    if (n > 0 || how === 'equals') return [one];
    switch (how) {
      case 'where':
        return [{ ...one, where: [{ attribute, test: { op: 'differs' as const, value } }] }];
      case 'any':
        return [{ ...one, entity: `${entity.slice(0, entity.indexOf(':'))}:*` }];
      case 'absent':
        return [{ ...one, attribute: '*', test: { op: 'absent' as const } }];
      case 'differs':
        return [{ ...one, test: { op: 'differs' as const, value } }];
      case 'twice':
        return [one, one];
    }
  });
  return {
    id: `git:site/${n}`,
    kind: 'git',
    name: `site/${n}`,
    scope: TARGET.scope,
    target: TARGET.id,
    expectations,
    closed: d.closed.map((kind) => ({ kind, source: 'agent' })),
    needs: d.needs.map((kind) => ({ kind, source: null })),
    since: null,
    digest: `sha256:${n}`,
  };
}

it(`tells without the facts what they would tell, over ${RUNS} random histories (seed ${SEED})`, async () => {
  const count = { asked: 0, sparing: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(observation, { minLength: 1, maxLength: 8 }),
      fc.array(declaration, { maxLength: 3 }),
      fc.option(fc.nat({ max: 8 })),
      fc.array(fc.tuple(fc.nat({ max: 2 * TIMES }), fc.nat({ max: 8 })), { maxLength: 5 }),
      async (drawn, declarations, blessed, moments) => {
        await using store = openMemoryStore();
        const all = declarations.map(declared);
        const facts = new DeclaredFacts({
          declarations: () => all,
          rules: () => [],
          isSigned: () => false,
        });
        for (const [i, each] of inputs(drawn).entries()) {
          await store.write((transaction) => transaction.record(each));
          if (i === blessed) await bless(store, each.recordedAt);
        }
        for (const [asOf, known] of [...moments, [drawn.length, 99] as const]) {
          const knownAt = known === 99 ? LATEST : ((time(known) + 3) as Instant);
          await agree(store, { asOf: (time(asOf / 2) + 9) as Instant, knownAt }, facts, count);
        }
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
  // Else nothing was held against anything.
  assert.ok(count.sparing * 5 > count.asked, `${count.sparing} of ${count.asked}`);
  assert.ok(count.sparing < count.asked, `${count.sparing} of ${count.asked}`);
});

async function agree(
  store: Store,
  at: Moment,
  declared: DeclaredFacts,
  count: { asked: number; sparing: number },
): Promise<void> {
  const facts = reading(store.read, {
    besides: (wanted, moment) => {
      const besides = store.read.besides(wanted, moment);
      count.asked += 1;
      if (besides !== undefined) count.sparing += 1;
      return besides;
    },
  });
  const slow = reading(store.read, { besides: () => undefined });
  assert.deepEqual(
    driftOf(facts, TARGET, at, INVENTORY, declared),
    driftOf(slow, TARGET, at, INVENTORY, declared),
  );
  const { coverage, isAhead, ...drift } = scanTarget(facts, TARGET, at, INVENTORY, declared);
  const asked = { scopes: [TARGET.scope], target: TARGET.id };
  assert.deepEqual(coverage, readCoverage(store.read, asked, at, INVENTORY));
  const later = store.read.coverage(asked, { asOf: LATEST, knownAt: at.knownAt });
  assert.equal(
    isAhead,
    later.some(({ observedAt }) => observedAt !== null && observedAt > at.asOf),
  );
  assert.deepEqual(
    drift.findings,
    driftOf(slow, TARGET, at, INVENTORY, declared).flatMap(({ reconciled }) => [
      ...reconciled.standing,
      ...reconciled.resolved,
    ]),
  );
}

/** The reader, with some of its answers given otherwise. */
function reading(reader: FactReader, over: Partial<FactReader>): FactReader {
  return {
    query: (...asked) => reader.query(...asked),
    each: (...asked) => reader.each(...asked),
    history: (...asked) => reader.history(...asked),
    compare: (...asked) => reader.compare(...asked),
    coverage: (...asked) => reader.coverage(...asked),
    origins: (...asked) => reader.origins(...asked),
    values: (...asked) => reader.values(...asked),
    edges: (...asked) => reader.edges(...asked),
    stirred: (...asked) => reader.stirred(...asked),
    besides: (...asked) => reader.besides(...asked),
    touched: (...asked) => reader.touched(...asked),
    lastRecordedAt: () => reader.lastRecordedAt(),
    priorReceipt: (...asked) => reader.priorReceipt(...asked),
    hasObservation: (id) => reader.hasObservation(id),
    suggest: (...asked) => reader.suggest(...asked),
    counts: () => reader.counts(),
    ...over,
  };
}

async function bless(store: Store, now: Instant): Promise<void> {
  const { scope, id: target } = TARGET;
  const at = { asOf: now, knownAt: now };
  const request = {
    id: 'baseline_1',
    name: 'good',
    scope,
    target,
    reason: 'fresh',
    blessedBy: 'ada',
    blessedAt: now,
    knownAt: now,
  };
  await store.write((transaction) => {
    const { reader } = transaction;
    const asked = { scopes: [scope], target };
    const coverage = readCoverage(reader, asked, at, INVENTORY);
    const isTold = ({ source, kind, status }: Coverage): boolean =>
      status === 'complete' && isTrusted(INVENTORY, target, source, kind);
    if (!coverage.some(isTold)) return;
    const baseline = blessBaseline(request, {
      facts: reader.each({ ...asked, type: 'observed' }, at),
      coverage,
      isTrusted: (source, kind) => isTrusted(INVENTORY, target, source, kind),
      rules: DRIFT_RULES,
    });
    transaction.record({
      id: 'obs_baseline',
      scope,
      target,
      source: BASELINE_SOURCE,
      type: 'known_good',
      observedAt: now,
      recordedAt: (now + 1) as Instant,
      complete: [],
      shortfalls: [],
      facts: baselineFacts(baseline),
      actor: 'ada',
      reason: null,
      sha256: '0'.repeat(64),
    });
  });
}
