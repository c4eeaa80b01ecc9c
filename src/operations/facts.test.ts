import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ObservationInput, openMemoryStore, type Store, type StoreTransaction } from '#store';
import { throwsFault } from '#test/throws-fault';
import { ASSISTANT, aWorld, type TestWorld } from '#test/world';

type Given = { readonly [attribute: string]: unknown };

function ingest(
  world: TestWorld,
  observedAt: string,
  facts: Readonly<Record<string, Given>>,
  more: object = {},
): Promise<unknown> {
  return world.value(
    'ingest_observation',
    {
      source: 'probe',
      target: 'host:web-1',
      observedAt,
      facts: Object.entries(facts).flatMap(([entity, attributes]) =>
        Object.entries(attributes).map(([attribute, value]) => ({ entity, attribute, value })),
      ),
      ...more,
    },
    { caller: ASSISTANT },
  );
}

describe('ingest_observation', () => {
  it('tells what changed the timeline, what did not, and what it retired', async () => {
    const world = await aWorld();
    const first = await ingest(world, '2026-03-01T10:00:00Z', {
      'package:web-1/a': { version: '1' },
      'package:web-1/b': { version: '1' },
    });
    assert.deepEqual(pick(first), { written: 2, unchanged: 0, superseded: 0, retired: 0 });
    const second = await ingest(
      world,
      '2026-03-01T11:00:00Z',
      { 'package:web-1/a': { version: '2' } },
      { complete: ['package'] },
    );
    assert.deepEqual(pick(second), { written: 1, unchanged: 0, superseded: 2, retired: 1 });
    const third = await ingest(world, '2026-03-01T11:30:00Z', {
      'package:web-1/a': { version: '2' },
    });
    assert.deepEqual(pick(third), { written: 0, unchanged: 1, superseded: 0, retired: 0 });
  });

  it('answers the same key with the first receipt and refuses other content under it', async () => {
    const world = await aWorld();
    const fact = { 'package:web-1/a': { version: '1' } };
    const first = await ingest(world, '2026-03-01T10:00:00Z', fact, { idempotencyKey: 'k' });
    const again = await ingest(world, '2026-03-01T10:00:00Z', fact, { idempotencyKey: 'k' });
    assert.deepEqual(again, first);
    await throwsFault(
      () => ingest(world, '2026-03-01T10:00:01Z', fact, { idempotencyKey: 'k' }),
      'idempotency-key-reused',
    );
  });

  it('refuses what the inventory does not grant, naming what it would accept', async () => {
    const world = await aWorld();
    const none = { 'package:web-1/a': { version: '1' } };
    const at = '2026-03-01T10:00:00Z';
    await throwsFault(() => ingest(world, at, none, { target: 'host:web-9' }), 'unknown-target');
    const unknown = await throwsFault(
      () => ingest(world, at, none, { source: 'prob' }),
      'source-refused',
    );
    assert.deepEqual(unknown.facts['accepted'], ['probe', 'trusted-probe', 'packages-only']);
    await throwsFault(
      () => ingest(world, at, none, { source: 'collector.local' }),
      'source-refused',
    );
    await throwsFault(
      () => ingest(world, at, { 'user:web-1/eve': { uid: 0 } }, { source: 'packages-only' }),
      'source-refused',
    );
    await throwsFault(
      () => ingest(world, at, {}, { source: 'packages-only', complete: ['user'] }),
      'source-refused',
    );
    assert.equal(world.store.read.counts().observations, 0);
  });

  it('shows a future observation only from then', async () => {
    const world = await aWorld();
    await ingest(world, '2026-03-01T13:00:00Z', { 'package:web-1/a': { version: '1' } });
    assert.equal((await world.value('query_facts', { kind: 'package' })).facts.length, 0);
    world.at('2026-03-01T13:00:00Z');
    assert.equal((await world.value('query_facts', { kind: 'package' })).facts.length, 1);
  });

  it('keeps hostile values exactly, or refuses them with what was wrong', async () => {
    const world = await aWorld();
    const hostile = [
      'nul \u0000 in the middle',
      '\u001b[31mred\u001b]0;title\u0007',
      '\u202Eevil',
      JSON.parse('{"__proto__":{"admin":true}}'),
      '\uFFFD',
      [1e308, -0.5, 'é'],
    ];
    await ingest(
      world,
      '2026-03-01T10:00:00Z',
      Object.fromEntries(hostile.map((value, i) => [`thing:web-1/${i}`, { value }])),
    );
    const { facts } = await world.value('query_facts', { kind: 'thing' });
    assert.deepEqual(
      facts.map((fact: { value: unknown }) => JSON.stringify(fact.value)),
      hostile.map((value) => JSON.stringify(value)),
    );
    const refused: readonly [unknown, string][] = [
      ['\uD800 alone', 'invalid-value'],
      [{ '\uDC00': 1 }, 'invalid-value'],
      ['x'.repeat(10 * 1024 * 1024), 'value-too-big'],
      [deep(10_000), 'invalid-value'],
      [undefined, 'missing-value'],
    ];
    for (const [value, code] of refused) {
      await throwsFault(
        () => ingest(world, '2026-03-01T10:00:00Z', { 'thing:web-1/x': { value } }),
        code,
      );
    }
    for (const entity of [
      'thing',
      'Thing:x',
      'thing:',
      'thing:a\u0000b',
      'thing:\u202Ex',
      `thing:${'x'.repeat(600)}`,
      '__proto__',
    ]) {
      await throwsFault(
        () => ingest(world, '2026-03-01T10:00:00Z', { [entity]: { value: 1 } }),
        entity === '__proto__' ? 'invalid-entity' : 'invalid-entity',
      );
    }
    for (const observedAt of [
      '1899-12-31T23:59:59Z',
      '2201-01-01T00:00:00Z',
      '2026-02-30T00:00:00Z',
      '2026-03-01',
      '2026-03-01T10:00:00.1234567Z',
      '+010000-01-01T00:00:00Z',
    ]) {
      await throwsFault(() => ingest(world, observedAt, {}), 'invalid-time');
    }
  });

  it('keeps no secret that the name of its attribute gives away, nor one inside a name', async () => {
    const world = await aWorld();
    const at = '2026-03-01T10:00:00Z';
    const kept = (await ingest(world, at, {
      'thing:a': {
        'db.password': 'Canary7Qx',
        'password.state': 'locked',
        ['__proto__']: { x: 1 },
      },
    })) as { altered: number };
    assert.equal(kept.altered, 1);
    const read = JSON.stringify(await world.value('query_facts', { entity: 'thing:a' }));
    assert.ok(!read.includes('Canary7Qx') && read.includes('locked') && read.includes('{"x":1}'));
    const token = 'ghp_CANARYabcdefghijklmnopqrstuvwxyz0123';
    for (const facts of [
      { [`thing:${token}`]: { v: 1 } },
      { 'thing:password=Canary7Qx': { v: 1 } },
      { 'thing:a': { [token]: 1 } },
    ] as const) {
      const { message } = await throwsFault(() => ingest(world, at, facts), 'secret-in-name');
      assert.ok(!/canary/i.test(message), message);
    }
    await ingest(world, at, { 'secret:web-1/db-password': { v: 1 } });
  });

  it('keeps an idempotency key only as its hash', async () => {
    const store = openMemoryStore();
    const kept: ObservationInput[] = [];
    const world = await aWorld({
      store: Object.assign(Object.create(store) as Store, {
        read: store.read,
        write: <T>(work: (transaction: StoreTransaction) => Promise<T>) =>
          store.write((transaction) =>
            work({
              reader: transaction.reader,
              recorded: () => transaction.recorded(),
              changes: transaction.changes,
              blocked: transaction.blocked,
              record: (input) => {
                kept.push(input);
                return transaction.record(input);
              },
            }),
          ),
      }),
    });
    await ingest(world, '2026-03-01T10:00:00Z', {}, { idempotencyKey: 'Canary7Qx' });
    assert.match(kept[0]?.idempotencyKey ?? '', /^[0-9a-f]{64}$/);
    assert.ok(!JSON.stringify(kept).includes('Canary7Qx'));
  });

  it('checks registered kinds and leaves others open', async () => {
    const world = await aWorld();
    const at = '2026-03-01T10:00:00Z';
    await throwsFault(
      () => ingest(world, at, { 'port:web-1/tcp/0.0.0.0:22': { port: 'twenty-two' } }),
      'invalid-value',
    );
    await ingest(world, at, { 'weather:berlin': { sky: { clouds: ['many'] } } });
  });
});

describe('query_facts', () => {
  it('pages through a state that stands still while others write', async () => {
    const world = await aWorld();
    const names = Array.from(
      { length: 25 },
      (_, i) => `package:web-1/p${String(i).padStart(2, '0')}`,
    );
    await ingest(
      world,
      '2026-03-01T10:00:00Z',
      Object.fromEntries(names.map((name) => [name, { version: '1' }])),
    );
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await world.value('query_facts', {
        kind: 'package',
        limit: 10,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(
        ...page.facts.map(
          (fact: { entity: string; value: string }) => `${fact.entity}=${fact.value}`,
        ),
      );
      cursor = page.nextCursor ?? undefined;
      world.at('2026-03-01T12:30:00Z');
      await ingest(
        world,
        '2026-03-01T11:00:00Z',
        Object.fromEntries(names.map((name) => [name, { version: '2' }])),
      );
    } while (cursor !== undefined);
    assert.deepEqual(
      seen,
      names.map((name) => `${name}=1`),
    );
  });

  it('pins what is known now, also where a later knowledge was asked for', async () => {
    const world = await aWorld();
    const listed = { 'package:web-1/a': { version: '1' }, 'package:web-1/c': { version: '1' } };
    await ingest(world, '2026-03-01T10:00:00Z', listed);
    const question = { kind: 'package', limit: 1, knownAt: '2100-01-01T00:00:00Z' };
    const { nextCursor } = await world.value('query_facts', question);
    await ingest(world, '2026-03-01T10:00:00Z', { 'package:web-1/b': { version: '1' } });
    const second = await world.value('query_facts', { ...question, cursor: nextCursor });
    assert.deepEqual(
      second.facts.map((fact: { entity: string }) => fact.entity),
      ['package:web-1/c'],
    );
  });

  it('refuses a cursor of another question and one that was made up', async () => {
    const world = await aWorld();
    await ingest(world, '2026-03-01T10:00:00Z', {
      'package:web-1/a': { version: '1' },
      'package:web-1/b': { version: '1' },
    });
    const { nextCursor } = await world.value('query_facts', { kind: 'package', limit: 1 });
    await throwsFault(
      () => world.ask('query_facts', { kind: 'user', limit: 1, cursor: nextCursor }),
      'invalid-cursor',
    );
    for (const cursor of [
      '',
      'x',
      Buffer.from('{"q":1}').toString('base64url'),
      `${nextCursor}AA`,
    ]) {
      await throwsFault(
        () => world.ask('query_facts', { kind: 'package', cursor }),
        'invalid-cursor',
      );
    }
  });

  it('keeps an answer inside its byte budget and goes on with the cursor', async () => {
    const world = await aWorld();
    const big = 'x'.repeat(2_000);
    await ingest(
      world,
      '2026-03-01T10:00:00Z',
      Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [
          `thing:web-1/${String(i).padStart(2, '0')}`,
          { big },
        ]),
      ),
    );
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { value } = await world.ask(
        'query_facts',
        { kind: 'thing', ...(cursor === undefined ? {} : { cursor }) },
        { answerBytes: 20_000 },
      );
      assert.ok(JSON.stringify(value).length < 20_000);
      const page = value as { facts: { entity: string }[]; nextCursor: string | null };
      seen.push(...page.facts.map((fact) => fact.entity));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    assert.equal(new Set(seen).size, 40);
    assert.equal(seen.length, 40);
  });

  it('never shows what was not seen as healthy', async () => {
    const world = await aWorld();
    const never = await world.value('query_facts', { target: 'host:web-2' });
    assert.deepEqual(
      never.coverage.map((row: { status: string }) => row.status),
      ['never'],
    );
    await ingest(
      world,
      '2026-03-01T11:50:00Z',
      { 'package:web-1/a': { version: '1' } },
      { complete: ['package'] },
    );
    await ingest(world, '2026-03-01T11:51:00Z', { 'user:web-1/ada': { uid: 1000 } });
    const status = async (): Promise<unknown> =>
      Object.fromEntries(
        (await world.value('query_facts', { target: 'web-1' })).coverage.map(
          (row: { kind: string; status: string }) => [row.kind, row.status],
        ),
      );
    assert.deepEqual(await status(), { package: 'complete', user: 'partial' });
    world.at('2026-03-01T13:00:00Z');
    assert.deepEqual(await status(), { package: 'stale', user: 'stale' });
  });

  it('tells what held at another moment only from what never was', async () => {
    const world = await aWorld();
    await ingest(
      world,
      '2026-03-01T11:50:00Z',
      { 'user:web-1/eve': { uid: 1001 } },
      { complete: ['user'] },
    );
    const entity = 'user:*/eve';
    const before = { entity, asOf: '2026-03-01T11:00:00Z' };
    assert.deepEqual((await world.value('query_facts', before)).onRecord, ['user:web-1/eve']);
    assert.equal((await world.value('query_facts', { entity })).onRecord, undefined);
    const never = await world.value('query_facts', { entity: 'user:*/mallory' });
    assert.equal(never.onRecord, undefined);
    assert.deepEqual(never.candidates, []);
  });

  it('tells first what covers the facts it shows, when there is more coverage than fits', async () => {
    const world = await aWorld();
    for (let n = 0; n < 70; n++) {
      await ingest(world, '2026-03-01T10:00:00Z', { [`thing_${n}:web-1`]: { n } });
    }
    await ingest(world, '2026-03-01T10:00:00Z', { 'zebra:web-1': { stripes: 40 } });
    const { facts, coverage, coverageOmitted } = await world.value('query_facts', {
      attribute: 'stripes',
    });
    assert.equal(facts.length, 1);
    assert.equal(coverage[0].kind, 'zebra');
    assert.ok(coverageOmitted > 0);
  });

  it('answers a misspelt target with candidates and an unknown entity with similar ones', async () => {
    const world = await aWorld();
    await ingest(world, '2026-03-01T10:00:00Z', { 'package:web-1/openssl': { version: '3' } });
    const fault = await throwsFault(
      () => world.ask('query_facts', { target: 'host:web-11' }),
      'unknown-target',
    );
    assert.ok((fault.facts['candidates'] as string[]).includes('host:web-1'));
    const { candidates } = await world.value('query_facts', { entity: 'package:web-2/openssl' });
    assert.ok(candidates.includes('package:web-1/openssl'));
  });

  it('takes null for an optional argument as if it were not given', async () => {
    const world = await aWorld();
    const nothing = { reason: null, complete: null, scope: null, idempotencyKey: null };
    const fact = { entity: 'my-kind:a b', attribute: 'free words', value: null };
    await world.value('ingest_observation', {
      source: 'probe',
      target: 'host:web-1',
      observedAt: '2026-03-01T10:00:00Z',
      facts: [{ ...fact, validFrom: null, validTo: null }],
      ...nothing,
    });
    const { facts } = await world.value('query_facts', {
      kind: 'my-kind',
      attribute: 'free words',
      cursor: null,
      asOf: null,
    });
    assert.deepEqual([facts[0].value, facts[0].validTo], [null, null]);
    const now = { asOf: null, knownAt: null };
    assert.deepEqual((await world.value('compare_facts', { from: now, to: now })).added, []);
    await throwsFault(() => world.ask('query_facts', { nonsense: null }), 'invalid-input');
    await throwsFault(() => world.ask('fact_history', { entity: null }), 'invalid-input');
  });

  it('refuses more rows than it may give', async () => {
    const world = await aWorld();
    await throwsFault(() => world.ask('query_facts', { limit: 1_001 }), 'invalid-input');
    await throwsFault(() => world.ask('query_facts', { limit: 0 }), 'invalid-input');
  });
});

describe('compare_facts', () => {
  it('tells added, removed and changed apart, over both clocks', async () => {
    const world = await aWorld();
    await ingest(world, '2026-03-01T10:00:00Z', {
      'package:web-1/a': { version: '1' },
      'package:web-1/b': { version: '1' },
    });
    await ingest(
      world,
      '2026-03-01T11:00:00Z',
      { 'package:web-1/a': { version: '2' }, 'package:web-1/c': { version: null } },
      { complete: ['package'] },
    );
    const compared = await world.value('compare_facts', {
      from: { asOf: '2026-03-01T10:30:00Z' },
      to: {},
    });
    const brief = (rows: { entity: string; before?: unknown; after?: unknown }[]): unknown =>
      rows.map(({ entity, before, after }) => [entity, before, after]);
    assert.deepEqual(brief(compared.added), [['package:web-1/c', undefined, null]]);
    assert.deepEqual(brief(compared.removed), [['package:web-1/b', '1', undefined]]);
    assert.deepEqual(brief(compared.changed), [['package:web-1/a', '1', '2']]);
    const believed = await world.value('compare_facts', {
      from: { knownAt: '2026-03-01T11:59:00Z' },
      to: {},
    });
    assert.equal(believed.added.length, 2);
  });
});

function pick(receipt: unknown): unknown {
  const { written, unchanged, superseded, retired } = receipt as Record<string, number>;
  return { written, unchanged, superseded, retired };
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}
