/**
 * Random histories: every answer of the store equals the reference's, at every moment and as of every
 * belief. `HOLDFAST_HISTORIES` sets how many, `HOLDFAST_SEED` which.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, type Json } from '#base/json';
import { type Instant, instant, LATEST } from '#base/time';
import type { FactType } from '#model';
import { SEED } from '#test/seed';
import { openMemoryStore } from './index.ts';
import type {
  Edge,
  FactInput,
  FactReader,
  Moment,
  ObservationInput,
  StreamName,
  Wanted,
  WantedFact,
} from './protocol.ts';
import { ReferenceStore } from './reference.ts';

const RUNS = Number(process.env['HOLDFAST_HISTORIES'] ?? 50);
const BASE = instant('2026-03-01T00:00:00Z');
const TIMES = 12;
const SCOPES = ['main/main', 'other/site'];

/** Answered by going through whole entities, all or one attribute, and stream by stream. */
const PARTS = [{}, { attribute: 'size' }, { kind: 'disk' }, { scopes: ['main/main'] }];

const time = (n: number): Instant => (BASE + n * 1_500_000) as Instant;
const values: readonly Json[] = [
  null,
  1,
  'a',
  { b: 1, a: [null] },
  { ref: 'disk:b' },
  ['x', { ref: 'port:a' }, { ref: 'disk:a' }],
  { ref: 'disk:b', by: 'hand' },
];
const entities = ['disk:a', 'disk:b', 'port:a'];
const attributes = ['size', 'state'];

// Often the same few streams and times, so that operations meet.
const streamName = fc.oneof(
  fc.nat({ max: 1 }),
  fc.nat({ max: entities.length * attributes.length - 1 }),
);
const when = fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: TIMES }));

const fact = fc.record({
  name: streamName,
  value: fc.oneof(fc.nat({ max: 1 }), fc.nat({ max: values.length - 1 })),
  altered: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  from: fc.option(when, { freq: 3 }),
  span: fc.option(fc.integer({ min: 1, max: TIMES }), { freq: 3 }),
});

const observation = fc.record({
  at: when,
  late: fc.integer({ min: 0, max: 3 }),
  gap: fc.integer({ min: 1, max: 3 }),
  target: fc.integer({ min: 0, max: 4 }),
  source: fc.integer({ min: 0, max: 4 }),
  scope: fc.integer({ min: 0, max: 6 }),
  type: fc.integer({ min: 0, max: 6 }),
  facts: fc.uniqueArray(fact, { maxLength: 5, selector: (f) => f.name }),
  plain: fc.boolean(),
  complete: fc.subarray(['disk', 'port', 'user']),
  claims: fc.boolean(),
  shortfall: fc.option(
    fc.record({
      kind: fc.constantFrom('disk', 'port', 'user'),
      status: fc.constantFrom('partial' as const, 'unreachable' as const),
    }),
    { freq: 3 },
  ),
  absent: fc.option(streamName, { freq: 2 }),
});
/** A moment to ask about: a time, and after which observation (-1: before all). */
const moment = fc.tuple(fc.integer({ min: -1, max: 2 * TIMES }), fc.integer({ min: -1, max: 13 }));
type Drawn = typeof observation extends fc.Arbitrary<infer T> ? T : never;

const named = (n: number): { entity: string; attribute: string } => ({
  entity: entities[n % entities.length] as string,
  attribute: attributes[Math.floor(n / entities.length)] as string,
});

function inputs(drawn: readonly Drawn[]): ObservationInput[] {
  let recorded = 0;
  return drawn.map((d, i) => {
    recorded += d.gap;
    // Mostly in order, often late or at the same time, sometimes of the future.
    const at = d.late > 1 ? Math.min(recorded, TIMES) : d.at;
    const facts = d.facts.map((f): FactInput => {
      const from = d.plain || f.from === null ? undefined : f.from;
      const to = d.plain || f.span === null ? undefined : (from ?? at) + f.span;
      return {
        ...named(f.name),
        value: values[f.value] as Json,
        ...(from === undefined ? {} : { validFrom: time(from) }),
        ...(to === undefined ? {} : { validTo: time(to) }),
        ...(f.altered ? { altered: true } : {}),
      };
    });
    const absent = d.absent === null ? [] : [named(d.absent)];
    const complete = d.claims ? d.complete : [];
    return {
      id: `obs_${i}`,
      scope: SCOPES[d.scope === 0 ? 1 : 0] as string,
      target: d.target === 0 ? 'host:b' : 'host:a',
      source: d.source === 0 ? 'probe' : 'agent',
      type: (d.type === 0 ? 'drift' : 'observed') satisfies FactType,
      observedAt: time(at),
      recordedAt: time(recorded + 0.5),
      complete,
      shortfalls:
        d.shortfall === null || complete.includes(d.shortfall.kind)
          ? []
          : [{ ...d.shortfall, reason: 'cut off' }],
      facts,
      absent: absent.filter(
        (a) => !facts.some((f) => f.entity === a.entity && f.attribute === a.attribute),
      ),
      actor: `actor ${i % 2}`,
      reason: i % 3 === 0 ? null : `reason ${i % 3}`,
      sha256: i.toString(16).padStart(64, '0'),
    };
  });
}

it(`answers like the reference over ${RUNS} random histories (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(observation, { minLength: 1, maxLength: 14 }),
      fc.array(moment, { minLength: 10, maxLength: 10 }),
      async (drawn, moments) => agree(inputs(drawn), moments),
    ),
    { numRuns: RUNS, seed: SEED },
  );
});

async function agree(
  observations: readonly ObservationInput[],
  moments: readonly (readonly [number, number])[],
): Promise<void> {
  await using store = openMemoryStore();
  const reference = new ReferenceStore();
  for (const observation of observations) {
    const receipt = await store.write((transaction) => transaction.record(observation));
    assert.deepEqual(receipt, reference.record(observation));
  }
  const recorded = (i: number): Instant =>
    i < 0 ? ((BASE - 1) as Instant) : (observations[i]?.recordedAt ?? LATEST);
  for (const [n, i] of [...moments, [TIMES, 13] as const]) {
    const at: Moment = { asOf: time(n / 2), knownAt: recorded(i) };
    for (const type of ['observed', 'drift'] as const) {
      const filter = { scopes: SCOPES, type };
      assert.deepEqual(store.read.query(filter, at, 1_000).facts, reference.query(filter, at));
      for (const part of PARTS) {
        const asked = { ...filter, ...part };
        assert.deepEqual([...store.read.each(asked, at)], reference.query(asked, at));
      }
    }
    assert.deepEqual(store.read.coverage({ scopes: SCOPES }, at), reference.coverage(SCOPES, at));
    if (i % 4 === 0) wholeFleet(store.read, reference, i % 8 === 0 ? SCOPES : ['main/main'], at);
    for (const wanted of wishes(reference, at)) {
      const besides = store.read.besides(wanted, at);
      assert.equal(asSet(besides), asSet(reference.besides(wanted, at)));
    }
  }
  const filter = { scopes: SCOPES, type: 'observed' as const };
  const early: Moment = { asOf: time(TIMES / 3), knownAt: recorded(2) };
  const now: Moment = { asOf: time(TIMES), knownAt: LATEST };
  assert.deepEqual(
    store.read.compare(filter, early, now, 1_000).differences,
    reference.compare(filter, early, now),
  );
  const versions = reference.history({ scopes: SCOPES });
  assert.deepEqual(store.read.history({ scopes: SCOPES }, 1_000).versions, versions);
  let after: string | null = null;
  const paged: unknown[] = [];
  do {
    const page = store.read.history({ scopes: SCOPES }, 3, after ?? undefined);
    paged.push(...page.versions);
    after = page.next;
  } while (after !== null);
  assert.deepEqual(paged, versions);
  assert.deepEqual(store.check(), []);
}

/** What is read of everything at once says what is said one by one. */
function wholeFleet(
  read: FactReader,
  reference: ReferenceStore,
  scopes: readonly string[],
  at: Moment,
): void {
  const rows = (all: Iterable<object>): string[] =>
    [...all].map((row) => canonicalJson(row as unknown as Json)).sort();
  const coverage = [...read.origins({ scopes }, at)].flatMap(({ kinds, ...place }) =>
    kinds.map((known) => ({ ...place, ...known })),
  );
  assert.deepEqual(
    rows(coverage),
    rows(
      reference
        .coverage(scopes, at)
        .map(({ scope, target, source, kind, status, observedAt, reason }) => ({
          scope,
          target,
          source,
          kind,
          status,
          observedAt,
          reason,
        })),
    ),
  );
  const edge = ({ scope, target, source, entity, attribute, to }: Edge): Edge => ({
    scope,
    target,
    source,
    entity,
    attribute,
    to,
  });
  assert.deepEqual(
    rows([...read.edges({ scopes }, at)].map(edge)),
    rows(reference.edges(scopes, at).map(edge)),
  );
  for (const attribute of attributes) {
    const asked = { scopes, kind: 'disk', attribute, type: 'observed' as const };
    assert.deepEqual(
      rows(read.values(asked, at)),
      rows(
        reference.query(asked, at).map(({ scope, target, source, entity, value }) => ({
          scope,
          target,
          source,
          entity,
          value,
        })),
      ),
    );
    const all = [...read.values(asked, at)];
    const some = all.filter((_, n) => n % 2 === 0).map(({ entity }) => entity);
    assert.deepEqual(
      rows(read.values({ ...asked, entities: [...some, 'disk:of-nobody', 'host:a'] }, at)),
      rows(all.filter(({ entity }) => some.includes(entity))),
    );
  }
  for (const clock of ['valid', 'recorded'] as const)
    for (const parts of [1, 5]) {
      const window = { from: time(-1), until: time(TIMES), parts, clock };
      assert.deepEqual(
        read.stirred({ scopes }, window, at.knownAt),
        reference.stirred(scopes, window, at.knownAt),
      );
    }
}

/** One text for the same streams in whatever order; each is named once. */
function asSet(streams: readonly StreamName[] | undefined): string | undefined {
  if (streams === undefined) return undefined;
  const all = streams.map(({ source, entity, attribute }) => [source, entity, attribute].join(' '));
  assert.equal(new Set(all).size, all.length);
  return all.sort().join('\n');
}

/** What is held, as it is and with each fact left out, changed, altered, wanted of anyone and wanted twice. */
function* wishes(reference: ReferenceStore, at: Moment): Generator<Wanted> {
  for (const scope of SCOPES) {
    const place = { scope, target: 'host:a', type: 'observed' as const };
    const { target, type } = place;
    const held = reference
      .query({ scopes: [scope], target, type }, at)
      .map(({ source, entity, attribute, value, altered }): WantedFact => {
        const fact = { source, entity, attribute, value };
        return altered ? { ...fact, altered } : fact;
      });
    const lists: (readonly WantedFact[])[] = [held, [], held.toReversed()];
    held.forEach((fact, i) => {
      const others = held.toSpliced(i, 1);
      const anyone = { ...fact, source: null };
      lists.push(
        others,
        [fact],
        [anyone],
        [...others, anyone],
        [...held, anyone],
        [...held, fact],
        [...others, { ...fact, value: 'never held' }],
        [...others, { ...fact, altered: fact.altered !== true }],
        [...others, { ...fact, attribute: 'never told' }],
        [...others, { ...anyone, value: 'never held' }],
      );
    });
    for (const facts of lists)
      for (const only of [[], ['agent'], ['agent', 'probe', 'nobody']])
        for (const counts of [() => true, (source: string) => source === 'agent'])
          yield { ...place, facts, counts, only };
  }
}
