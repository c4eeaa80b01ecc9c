import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Instant, instant } from '#base/time';
import { type FactReader, openMemoryStore, type Seen, type Store } from './index.ts';

const AT = {
  asOf: instant('2026-03-01T12:00:00Z'),
  knownAt: instant('2026-03-01T12:00:00Z'),
};
const BEFORE = { asOf: instant('2026-03-01T09:00:00Z'), knownAt: instant('2026-03-01T09:00:00Z') };
/** `host:a` is in both scopes, as a target that moved is. */
const PLACES = [
  ['acme/paris', 'host:a'],
  ['acme/paris', 'host:b'],
  ['acme/oslo', 'host:a'],
  ['acme/oslo', 'host:c'],
] as const;
const ALL = ['acme/paris', 'acme/oslo'];

async function aStore(): Promise<Store> {
  const store = openMemoryStore();
  let n = 0;
  for (const [scope, target] of PLACES)
    for (const version of ['1', '2'])
      await store.write((transaction) => {
        n += 1;
        transaction.record({
          id: `obs_${n}`,
          scope,
          target,
          source: 'probe',
          type: 'observed',
          observedAt: (instant('2026-03-01T10:00:00Z') + n) as Instant,
          recordedAt: (instant('2026-03-01T10:00:00Z') + n) as Instant,
          complete: ['package'],
          shortfalls: [],
          facts: [
            { entity: `package:${target.slice(5)}/openssl`, attribute: 'version', value: version },
            { entity: `package:${target.slice(5)}/x`, attribute: 'of', value: { ref: target } },
            { entity: 'package:shared/all', attribute: `of-${scope.slice(5)}`, value: target },
          ],
          actor: 'me',
          reason: null,
          sha256: '0'.repeat(64),
        });
      });
  return store;
}

type Row = { readonly scope: string; readonly target: string };

/** Every way of reading that answers rows with their place. */
const READS: Readonly<Record<string, (facts: FactReader, seen: Seen) => Iterable<Row>>> = {
  query: (facts, seen) => facts.query({ ...seen, type: 'observed' }, AT, 1_000).facts,
  'query one fact': (facts, seen) =>
    facts.query(
      { ...seen, type: 'observed', entity: 'package:shared/all', attribute: 'of-oslo' },
      AT,
      1_000,
    ).facts,
  'query a target': (facts, seen) =>
    facts.query({ ...seen, type: 'observed', target: 'host:a' }, AT, 1_000).facts,
  'query a text': (facts, seen) =>
    facts.query({ ...seen, type: 'observed', text: 'host' }, AT, 1_000).facts,
  each: (facts, seen) => facts.each({ ...seen, type: 'observed' }, AT),
  'each of a kind': (facts, seen) => facts.each({ ...seen, type: 'observed', kind: 'package' }, AT),
  history: (facts, seen) => facts.history(seen, 1_000).versions,
  compare: (facts, seen) =>
    facts.compare({ ...seen, type: 'observed' }, BEFORE, AT, 1_000).differences,
  coverage: (facts, seen) => facts.coverage(seen, AT),
  'coverage of a target': (facts, seen) => facts.coverage({ ...seen, target: 'host:a' }, AT),
  origins: (facts, seen) => facts.origins(seen, AT),
  values: (facts, seen) =>
    facts.values({ ...seen, kind: 'package', attribute: 'version', type: 'observed' }, AT),
  'values of some': (facts, seen) =>
    facts.values(
      {
        ...seen,
        kind: 'package',
        entities: ['package:a/openssl', 'package:c/openssl'],
        attribute: 'version',
        type: 'observed',
      },
      AT,
    ),
  edges: (facts, seen) => facts.edges(seen, AT),
};

const SIGHTS: readonly Seen[] = [
  { scopes: [] },
  { scopes: [], targets: [] },
  { scopes: ['acme/paris'] },
  { scopes: [], targets: [{ id: 'host:a', scope: 'acme/oslo' }] },
  { scopes: ['acme/paris'], targets: [{ id: 'host:a', scope: 'acme/oslo' }] },
  { scopes: [], targets: [{ id: 'host:b', scope: 'acme/oslo' }] },
  { scopes: ALL },
];

const isSeen = ({ scopes, targets = [] }: Seen, { scope, target }: Row): boolean =>
  scopes.includes(scope) || targets.some((each) => each.scope === scope && each.id === target);

const shown = (rows: Iterable<Row>): string[] =>
  [...rows].map((row) => JSON.stringify(row)).toSorted();

describe('what may be seen', () => {
  for (const [name, read] of Object.entries(READS)) {
    it(`is what ${name} answers, and nothing else`, async () => {
      await using store = await aStore();
      const all = [...read(store.read, { scopes: ALL })];
      assert.ok(all.length > 0);
      for (const seen of SIGHTS)
        assert.deepEqual(
          shown(read(store.read, seen)),
          shown(all.filter((row) => isSeen(seen, row))),
          JSON.stringify(seen),
        );
    });
  }

  it('is not widened by a cursor of somebody else', async () => {
    await using store = await aStore();
    const own: Seen = { scopes: [], targets: [{ id: 'host:b', scope: 'acme/paris' }] };
    const whole = store.read.history({ scopes: ALL }, 1_000).versions;
    let next: string | null = null;
    const cursors: string[] = [];
    for (let i = 1; i < whole.length; i++) {
      ({ next } = store.read.history({ scopes: ALL }, i));
      if (next !== null) cursors.push(next);
    }
    for (const { scope, target, source, entity, attribute, type } of whole)
      cursors.push(JSON.stringify([entity, attribute, target, source, scope, type, 0]));
    for (const cursor of cursors)
      for (const version of store.read.history(own, 1_000, cursor).versions)
        assert.deepEqual([version.scope, version.target], ['acme/paris', 'host:b']);
  });

  it('is all that names are suggested from, and all that stirs', async () => {
    await using store = await aStore();
    const own: Seen = { scopes: [], targets: [{ id: 'host:c', scope: 'acme/oslo' }] };
    assert.deepEqual(store.read.suggest(own, 'host', 10), ['host:c']);
    assert.deepEqual(store.read.suggest(own, 'openssl', 10), ['package:c/openssl']);
    const day = {
      from: instant('2026-03-01T00:00:00Z'),
      until: instant('2026-03-02T00:00:00Z'),
      parts: 1,
      clock: 'recorded' as const,
    };
    const [of = 0] = store.read.stirred(own, day, AT.knownAt);
    const [inAll = 0] = store.read.stirred({ scopes: ALL }, day, AT.knownAt);
    assert.ok(of > 0 && of < inAll);
    assert.deepEqual(store.read.stirred({ scopes: [] }, day, AT.knownAt), [0]);
  });

  it('of changes is every target of them', async () => {
    await using store = openMemoryStore();
    await store.write(({ changes }) => {
      for (const [i, targets] of [
        [PLACES[0]],
        [PLACES[2]],
        [PLACES[0], PLACES[3]],
        [PLACES[1]],
      ].entries())
        changes.propose(
          {
            id: `chg_${i}`,
            action: 'a',
            principal: 'p',
            session: 's',
            idempotencyKey: null,
            createdAt: AT.asOf,
            targets: targets.map(([scope, id]) => ({ scope, id })),
            body: {},
          },
          {},
        );
    });
    const ids = (scopes: string[], seen: { id: string; scope: string }[]): string[] =>
      store.changes
        .list({ scopes, seen }, 10)
        .changes.map(({ id }) => id)
        .toSorted();
    assert.deepEqual(ids([], [{ id: 'host:a', scope: 'acme/paris' }]), ['chg_0']);
    assert.deepEqual(ids(['acme/paris'], [{ id: 'host:c', scope: 'acme/oslo' }]), [
      'chg_0',
      'chg_2',
      'chg_3',
    ]);
    assert.deepEqual(ids([], []), []);
  });
});
