import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalJson, type Json } from '#base/json';
import { type Instant, instant, LATEST } from '#base/time';
import { throwsFault } from '#test/throws-fault';
import type { FactFilter, FactInput, Moment, ObservationInput, Store } from './protocol.ts';

const SCOPES = ['main/main'];
const ALL: FactFilter = { scopes: SCOPES, type: 'observed' };
const T0 = instant('2026-03-01T00:00:00Z');

export function at(seconds: number): Instant {
  return (T0 + seconds * 1_000_000) as Instant;
}

function moment(asOf: number, knownAt?: number): Moment {
  return { asOf: at(asOf), knownAt: knownAt === undefined ? LATEST : at(knownAt) };
}

/** An observation at second `seconds`, recorded half a second later unless told otherwise. */
export function observation(
  seconds: number,
  facts: readonly FactInput[],
  more: Partial<ObservationInput> = {},
): ObservationInput {
  return {
    id: `obs_${more.recordedAt ?? seconds}`,
    scope: 'main/main',
    target: 'host:a',
    source: 'agent',
    type: 'observed',
    observedAt: at(seconds),
    recordedAt: at(seconds + 0.5),
    complete: [],
    shortfalls: [],
    facts,
    actor: 'service:holdfast',
    reason: null,
    sha256: 'ab'.repeat(32),
    ...more,
  };
}

export function fact(entity: string, value: Json, more: Partial<FactInput> = {}): FactInput {
  return { entity, attribute: 'state', value, ...more };
}

function record(store: Store, ...all: ObservationInput[]): Promise<unknown> {
  return store.write((transaction) => all.map((one) => transaction.record(one)));
}

function values(store: Store, filter: FactFilter, asOf: Moment): Json[] {
  return store.read.query(filter, asOf, 1_000).facts.map((f) => f.value);
}

/** What every backend owes. `open` gives an empty store. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`${name} as a store`, () => {
    it('says what was true then, as it was believed then', async () => {
      await using store = await open();
      await record(store, observation(10, [fact('disk:a', 1)]));
      await record(store, observation(20, [fact('disk:a', 2)]));
      await record(store, observation(15, [fact('disk:a', 3)], { recordedAt: at(30) }));
      assert.deepEqual(values(store, ALL, moment(9)), []);
      assert.deepEqual(values(store, ALL, moment(10)), [1]);
      assert.deepEqual(values(store, ALL, moment(16)), [3]);
      assert.deepEqual(values(store, ALL, moment(16, 29)), [1]);
      assert.deepEqual(values(store, ALL, moment(20)), [2]);
      const [now] = store.read.query(ALL, moment(12), 10).facts;
      assert.equal(now?.validTo, at(15));
      const [then] = store.read.query(ALL, moment(12, 29), 10).facts;
      assert.equal(then?.validTo, at(20));
      assert.equal(then?.supersededAt, null);
    });

    it('writes nothing for the same again, and knows that it is fresh', async () => {
      await using store = await open();
      await record(store, observation(10, [fact('disk:a', { a: 1, b: [null] })]));
      const before = store.read.counts().facts;
      await record(store, observation(20, [fact('disk:a', { b: [null], a: 1 })]));
      assert.equal(store.read.counts().facts, before);
      const [found] = store.read.query(ALL, moment(25), 10).facts;
      assert.equal(found?.validFrom, at(10));
      assert.equal(found?.recordedAt, at(10.5));
      assert.equal(found?.confirmedAt, at(20));
      assert.equal(store.read.query(ALL, moment(19), 10).facts[0]?.confirmedAt, at(10));
      assert.equal(store.read.history({ scopes: SCOPES }, 10).versions.length, 1);
    });

    it('takes what goes on after a correction for no fresher than it was', async () => {
      await using store = await open();
      await record(store, observation(0, [fact('disk:a', 'good')]));
      await record(store, observation(2, [fact('disk:a', 'good')]));
      await record(
        store,
        observation(20, [fact('disk:a', 'bad', { validFrom: at(5), validTo: at(10) })]),
      );
      const confirmed = (asOf: number): unknown =>
        store.read.query(ALL, moment(asOf), 10).facts.map((f) => [f.value, f.confirmedAt]);
      assert.deepEqual(confirmed(4), [['good', at(2)]]);
      assert.deepEqual(confirmed(7), [['bad', at(7)]], 'a look back from later');
      assert.deepEqual(confirmed(12), [['good', at(2)]]);
      assert.deepEqual(confirmed(25), [['good', at(2)]], 'the correction said nothing of it');
      await record(store, observation(30, [fact('disk:a', 'good', { validFrom: at(11) })]));
      assert.deepEqual(confirmed(12), [['good', at(12)]]);
      assert.deepEqual(confirmed(35), [['good', at(30)]]);
    });

    it('holds a target against what is wanted of it, text against text', async () => {
      await using store = await open();
      await record(
        store,
        observation(10, [
          fact('disk:a', { b: 1, a: [null] }),
          fact('disk:b', 'x', { altered: true }),
        ]),
        observation(11, [fact('disk:a', { a: [null], b: 1 })], { source: 'probe' }),
        observation(12, [fact('disk:z', 1)], { target: 'host:z' }),
        observation(13, [fact('disk:b', 'y')], { source: 'probe', scope: 'other/site' }),
      );
      const named = (entity: string, source: string | null, value: Json, altered = false) => ({
        source,
        entity,
        attribute: 'state',
        value,
        ...(altered ? { altered } : {}),
      });
      const disks = named('disk:a', 'agent', { a: [null], b: 1 });
      const ask = (
        facts: Parameters<Store['read']['besides']>[0]['facts'],
        only: readonly string[] = [],
        counts: (source: string, kind: string) => boolean = () => true,
        asOf = moment(20),
      ): unknown => {
        const place = { scope: 'main/main', target: 'host:a', type: 'observed' as const };
        return store.read.besides({ ...place, facts, only, counts }, asOf);
      };
      const other = { source: 'agent', entity: 'disk:b', attribute: 'state' };
      assert.deepEqual(ask([]), []);
      assert.deepEqual(ask([disks]), [], 'not asked what else there is');
      assert.deepEqual(ask([disks], ['agent']), [other]);
      assert.deepEqual(ask([disks, named('disk:b', 'agent', 'x', true)], ['agent']), []);
      assert.equal(ask([disks, named('disk:b', 'agent', 'x')]), undefined, 'altered is another');
      assert.equal(ask([named('disk:a', 'agent', { a: [], b: 1 })]), undefined);
      assert.equal(ask([disks, disks]), undefined, 'wanted twice');
      assert.equal(ask([named('disk:a', 'nobody', { a: [null], b: 1 })]), undefined);
      assert.equal(ask([named('disk:z', 'agent', 1)]), undefined, 'of another target');
      assert.equal(ask([named('disk:b', 'probe', 'y')]), undefined, 'in another scope');
      assert.equal(ask([disks], [], undefined, moment(9)), undefined, 'not yet');
      assert.equal(ask([disks], [], undefined, moment(20, 10)), undefined, 'not yet known');
      const anyone = named('disk:a', null, { b: 1, a: [null] });
      assert.deepEqual(ask([anyone]), []);
      assert.equal(
        ask([anyone], [], () => false),
        undefined,
        'nobody counts',
      );
      assert.deepEqual(
        ask([anyone, named('disk:b', 'agent', 'x', true)], ['agent']),
        [{ source: 'agent', entity: 'disk:a', attribute: 'state' }],
        'wanted of anyone is not wanted of it by name',
      );
      await record(store, observation(30, [fact('disk:a', 2)], { source: 'probe' }));
      assert.equal(ask([anyone], [], undefined, moment(31)), undefined, 'one tells otherwise');
      const isAgent = (source: string, kind: string): boolean =>
        source === 'agent' && kind === 'disk';
      assert.deepEqual(ask([anyone], [], isAgent, moment(31)), []);
      await record(store, observation(40, [], { complete: ['disk'] }));
      assert.equal(ask([disks], [], undefined, moment(41)), undefined, 'retired');
      assert.deepEqual(ask([disks], [], undefined, moment(39)), []);
    });

    it('counts what became otherwise by either clock, and nothing that moves by itself', async () => {
      await using store = await open();
      const moving = (load: number): FactInput => fact('host:a', load, { attribute: 'load' });
      await record(store, observation(10, [fact('disk:a', 1), fact('disk:b', 1), moving(1)]));
      await record(store, observation(20, [fact('disk:a', 1), fact('disk:b', 2), moving(2)]));
      await record(store, observation(30, [fact('disk:a', 1)], { complete: ['disk'] }));
      await record(store, observation(41, [fact('disk:a', 3, { validFrom: at(25) })]));
      await record(store, observation(42, [fact('disk:z', 3)], { scope: 'other/site' }));
      const window = { from: at(10), until: at(50), parts: 4 };
      const counts = (clock: 'valid' | 'recorded', knownAt = at(60), seen = {}): unknown =>
        store.read.stirred({ scopes: SCOPES, ...seen }, { ...window, clock }, knownAt);
      assert.deepEqual(counts('valid'), [2, 2, 1, 0]);
      assert.deepEqual(counts('recorded'), [2, 1, 1, 1]);
      assert.deepEqual(counts('valid', at(35)), [2, 1, 1, 0], 'as known before the correction');
      assert.deepEqual(counts('recorded', at(35)), [2, 1, 1, 0]);
      const elsewhere = { scopes: [], targets: [{ id: 'host:a', scope: 'other/site' }] };
      assert.deepEqual(counts('valid', at(60), elsewhere), [0, 0, 0, 1]);
    });

    it('takes an announcement for no confirmation before its time', async () => {
      await using store = await open();
      await record(store, observation(0, [fact('disk:a', 'good')]));
      await record(store, observation(5, [fact('disk:a', 'good', { validFrom: at(10) })]));
      const confirmed = (asOf: number): unknown =>
        store.read.query(ALL, moment(asOf), 10).facts[0]?.confirmedAt;
      assert.equal(confirmed(7), at(0));
      assert.equal(confirmed(12), at(5));
    });

    it('protects what was confirmed from a late report about earlier', async () => {
      await using store = await open();
      await record(
        store,
        observation(10, [fact('disk:a', 'up')]),
        observation(20, [fact('disk:a', 'up')]),
        observation(15, [fact('disk:a', 'down')], { recordedAt: at(30) }),
      );
      assert.deepEqual(values(store, ALL, moment(17)), ['down']);
      const [now] = store.read.query(ALL, moment(25), 10).facts;
      assert.equal(now?.value, 'up');
      assert.equal(now?.validFrom, at(20));
      assert.equal(now?.recordedAt, at(20.5), 'the confirming observation set it');
    });

    it('tells who said last what a moment held, and keeps it one version however often it is said', async () => {
      await using store = await open();
      await record(
        store,
        observation(10, [fact('disk:a', 'up')]),
        observation(20, [fact('disk:a', 'up')]),
        observation(20, [fact('disk:a', 'up')], { recordedAt: at(30) }),
        observation(15, [fact('disk:a', 'down')], { recordedAt: at(40) }),
        observation(15, [fact('disk:a', 'down')], { recordedAt: at(50) }),
      );
      const setAt = (n: number): unknown =>
        store.read.query(ALL, moment(n), 10).facts.map((f) => [f.value, f.recordedAt]);
      assert.deepEqual(setAt(15), [['down', at(50)]]);
      assert.deepEqual(setAt(20), [['up', at(30)]]);
      const { versions } = store.read.history({ scopes: ['main/main'] }, 10);
      const brief = versions.map((v) => [
        v.value,
        v.validFrom,
        v.validTo,
        v.recordedAt,
        v.supersededAt,
      ]);
      assert.deepEqual(brief, [
        ['up', at(10), null, at(10.5), at(40)],
        ['up', at(10), at(15), at(10.5), null],
        ['down', at(15), at(20), at(40), null],
        ['up', at(20), null, at(30), null],
      ]);
    });

    it('counts what an observation did', async () => {
      await using store = await open();
      const receipts = await store.write((transaction) => [
        transaction.record(observation(10, [fact('disk:a', 1), fact('disk:b', 1)])),
        transaction.record(
          observation(20, [fact('disk:a', 1), fact('disk:c', null)], {
            complete: ['disk', 'port'],
          }),
        ),
      ]);
      const [first, second] = receipts.map(({ written, unchanged, superseded, retired }) => [
        written,
        unchanged,
        superseded,
        retired,
      ]);
      assert.deepEqual(first, [2, 0, 0, 0]);
      assert.deepEqual(second, [1, 1, 1, 1]);
      assert.deepEqual(values(store, ALL, moment(20)), [1, null]);
    });

    it('keeps every version with both clocks, who said it and why', async () => {
      await using store = await open();
      await record(store, observation(10, [fact('disk:a', 1)]));
      await record(
        store,
        observation(20, [fact('disk:a', 2)], { actor: 'operator:x', reason: 'moved' }),
      );
      const { versions } = store.read.history({ scopes: SCOPES, entity: 'disk:a' }, 10);
      assert.deepEqual(
        versions.map((v) => [v.value, v.validFrom, v.validTo, v.recordedAt, v.supersededAt]),
        [
          [1, at(10), null, at(10.5), at(20.5)],
          [1, at(10), at(20), at(10.5), null],
          [2, at(20), null, at(20.5), null],
        ],
      );
      assert.equal(versions[2]?.actor, 'operator:x');
      assert.equal(versions[2]?.reason, 'moved');
      assert.equal(versions[2]?.observationId, `obs_20`);
    });

    it('gives the first answer again for an idempotency key, and refuses it other content', async () => {
      await using store = await open();
      const asked = observation(10, [fact('disk:a', 1)], { idempotencyKey: 'k' });
      await record(store, asked);
      const again = { ...asked, id: 'obs_other', recordedAt: at(11) };
      const replayed = await store.write((transaction) => transaction.record(again));
      assert.deepEqual(
        [replayed.replayed, replayed.observationId, replayed.recordedAt, replayed.written],
        [true, asked.id, at(10.5), 1],
      );
      const other = { ...again, sha256: 'cd'.repeat(32) };
      await throwsFault(() => record(store, other), 'idempotency-key-reused');
      await record(store, { ...other, target: 'host:b' });
      assert.equal(
        store.read.priorReceipt('main/main', 'host:a', 'agent', 'k')?.sha256,
        asked.sha256,
      );
    });

    it('refuses what cannot be applied and still commits the rest of the transaction', async () => {
      await using store = await open();
      await record(store, observation(10, [fact('disk:a', 1)]));
      const refused: [ObservationInput, string][] = [
        [observation(20, [fact('disk:a', 1), fact('disk:a', 2)]), 'duplicate-stream'],
        [
          observation(20, [fact('disk:a', 1, { validFrom: at(5), validTo: at(5) })]),
          'invalid-interval',
        ],
        [observation(20, [fact('disk:a', 1)], { recordedAt: at(10.5) }), 'recorded-at-not-later'],
        [observation(20, [fact('disk:a', 1)], { observedAt: 0.5 as Instant }), 'invalid-time'],
        [observation(20, [fact('disk', 1)]), 'invalid-observation'],
        [observation(20, [fact('disk:a', '\ud800')]), 'invalid-json'],
        [observation(20, [fact('disk:a', 1)], { id: 'obs_10' }), 'observation-exists'],
      ];
      await store.write(async (transaction) => {
        for (const [input, code] of refused)
          await throwsFault(() => transaction.record(input), code);
        transaction.record(observation(30, [fact('disk:a', 2)]));
      });
      assert.equal(store.read.counts().observations, 2);
      assert.deepEqual(values(store, ALL, moment(30)), [2]);
    });

    it('keeps nothing of a write that failed, and shows nothing before it is committed', async () => {
      await using store = await open();
      await record(store, observation(10, [fact('disk:a', 1)]));
      const failed = store.write(async (transaction) => {
        transaction.record(observation(20, [fact('disk:a', 2), fact('port:b', 1)]));
        assert.deepEqual(
          transaction.reader.query(ALL, moment(20), 10).facts.map((f) => f.value),
          [2, 1],
        );
        await Promise.resolve();
        assert.deepEqual(values(store, ALL, moment(20)), [1], 'uncommitted data was seen');
        assert.equal(store.read.hasObservation('obs_20'), false);
        assert.deepEqual(store.read.suggest({ scopes: SCOPES }, 'port', 5), []);
        throw new RangeError('changed my mind');
      });
      await assert.rejects(failed, RangeError);
      assert.deepEqual(values(store, ALL, moment(20)), [1]);
      await record(store, observation(20, [fact('port:c', 3)]));
      assert.deepEqual(values(store, ALL, moment(20)), [1, 3]);
      assert.deepEqual(store.check(), []);
    });

    it('runs writes one at a time in the order asked', async () => {
      await using store = await open();
      const order: number[] = [];
      await Promise.all(
        [1, 2, 3].map((n) =>
          store.write(async (transaction) => {
            await new Promise((resolve) => setTimeout(resolve, 4 - n));
            order.push(n);
            transaction.record(observation(n, [fact('disk:a', n)]));
          }),
        ),
      );
      assert.deepEqual(order, [1, 2, 3]);
    });

    it('pages in one order, whatever the page, and lists all lazily in the same', async () => {
      await using store = await open();
      const names = [
        'disk:z',
        'disk:a',
        'disk:ä',
        'disk:\u{1f600}',
        'disk:\uff5e',
        'port:1',
        'disk:B',
      ];
      const sources = ['one', 'two'];
      await record(
        store,
        ...sources.map((source, i) =>
          observation(
            10 + i,
            names.flatMap((n) => [fact(n, i), { ...fact(n, i), attribute: 'b' }]),
            {
              source,
            },
          ),
        ),
      );
      const all = store.read.query(ALL, moment(20), 1_000).facts;
      const key = (f: { entity: string; attribute: string; source: string }): Buffer =>
        Buffer.from(`${f.entity}\0${f.attribute}\0${f.source}`);
      assert.deepEqual(
        all,
        [...all].sort((a, b) => Buffer.compare(key(a), key(b))),
      );
      assert.equal(all.length, names.length * 4);
      for (const filter of [ALL, { ...ALL, source: 'one' }, { ...ALL, entity: 'disk:*' }]) {
        const whole = store.read.query(filter, moment(20), 1_000).facts;
        for (const limit of [1, 3, 5]) {
          const paged = [];
          let page = store.read.query(filter, moment(20), limit);
          paged.push(...page.facts);
          while (page.next !== null) {
            page = store.read.query(filter, moment(20), limit, page.next);
            paged.push(...page.facts);
          }
          assert.deepEqual(paged, whole);
        }
        assert.deepEqual([...store.read.each(filter, moment(20))], whole);
      }
    });

    it('finds by wildcard, kind, target, source, attribute and text', async () => {
      await using store = await open();
      await record(
        store,
        observation(10, [
          fact('package:a/openssl', '3.0'),
          fact('package:a/100%_[x]?', 'ÄRGER'),
          fact('port:a/22', { process: 'sshd' }),
        ]),
        observation(11, [fact('package:b/openssl', '1.1')], { target: 'host:b', source: 'probe' }),
      );
      const found = (filter: Partial<FactFilter>): string[] =>
        store.read.query({ ...ALL, ...filter }, moment(20), 10).facts.map((f) => f.entity);
      assert.deepEqual(found({ entity: 'package:*/openssl' }), [
        'package:a/openssl',
        'package:b/openssl',
      ]);
      assert.deepEqual(found({ entity: 'package:a/*%_[x]?' }), ['package:a/100%_[x]?']);
      assert.deepEqual(found({ entity: 'package:?/openssl' }), []);
      assert.deepEqual(found({ kind: 'port' }), ['port:a/22']);
      assert.deepEqual(found({ kind: 'port', entity: 'package:*' }), []);
      assert.deepEqual(found({ target: 'host:b' }), ['package:b/openssl']);
      assert.deepEqual(found({ source: 'probe' }), ['package:b/openssl']);
      assert.deepEqual(found({ attribute: 'st*', text: 'SSHD' }), ['port:a/22']);
      assert.deepEqual(found({ text: 'ärger' }), ['package:a/100%_[x]?']);
      assert.deepEqual(found({ scopes: [] }), []);
      assert.deepEqual(found({ scopes: ['other/site'] }), []);
      assert.deepEqual(store.read.suggest({ scopes: SCOPES }, 'OPENSSL', 1), ['package:a/openssl']);
      assert.deepEqual(store.read.suggest({ scopes: SCOPES }, 'host', 5), ['host:a', 'host:b']);
    });

    it('shows what differs between two moments, in pages', async () => {
      await using store = await open();
      await record(
        store,
        observation(10, [fact('disk:a', 1), fact('disk:b', 1), fact('disk:c', 1)]),
        observation(20, [fact('disk:a', 1), fact('disk:b', 2), fact('disk:d', null)], {
          complete: ['disk'],
        }),
      );
      const whole = store.read.compare(ALL, moment(10), moment(20), 10);
      assert.deepEqual(
        whole.differences.map((d) => [d.entity, d.before, d.after]),
        [
          ['disk:b', 1, 2],
          ['disk:c', 1, undefined],
          ['disk:d', undefined, null],
        ],
      );
      const first = store.read.compare(ALL, moment(10), moment(20), 2);
      assert.ok(first.next !== null);
      const rest = store.read.compare(ALL, moment(10), moment(20), 2, first.next);
      assert.deepEqual([...first.differences, ...rest.differences], whole.differences);
      assert.equal(rest.next, null);
    });

    it('says how well each kind is known, and unreachable is not complete', async () => {
      await using store = await open();
      await record(
        store,
        observation(10, [fact('disk:a', 1), fact('port:1', 1)], { complete: ['disk'] }),
        observation(20, [fact('disk:a', 1)], {
          shortfalls: [{ kind: 'disk', status: 'unreachable', reason: 'no answer' }],
        }),
      );
      const known = (n: number): unknown[] =>
        store.read
          .coverage({ scopes: SCOPES }, moment(n))
          .map((c) => [c.kind, c.status, c.observedAt, c.ageSeconds, c.reason]);
      assert.deepEqual(known(9), []);
      assert.deepEqual(known(15), [
        ['disk', 'complete', at(10), 5, null],
        ['port', 'partial', at(10), 5, null],
      ]);
      assert.deepEqual(known(25), [
        ['disk', 'unreachable', at(20), 5, 'no answer'],
        ['port', 'partial', at(10), 15, null],
      ]);
    });

    it('shows a future fact only from then on', async () => {
      await using store = await open();
      await record(store, observation(100, [fact('disk:a', 'later')], { recordedAt: at(1) }));
      await record(store, observation(2, [fact('disk:a', 'now')]));
      await record(store, observation(3, [fact('disk:a', 'next')]));
      assert.deepEqual(values(store, ALL, moment(3)), ['next']);
      assert.deepEqual(values(store, ALL, moment(100)), ['later']);
    });

    it('names the targets that may answer otherwise than at an earlier moment', async () => {
      await using store = await open();
      const of = (target: string): Partial<ObservationInput> => ({ target, id: `obs_${target}` });
      const leased = fact('disk:a', 1, { validFrom: at(10), validTo: at(60) });
      await record(
        store,
        observation(10, [fact('disk:a', 1)], { ...of('host:a'), recordedAt: at(10) }),
        observation(10, [fact('disk:a', 1)], { ...of('host:b'), recordedAt: at(11) }),
        observation(10, [leased], { ...of('host:c'), recordedAt: at(12) }),
        observation(30, [fact('disk:a', 1)], { ...of('host:b2'), recordedAt: at(31) }),
      );
      const touched = (from: Moment, to: Moment): string[] =>
        store.read
          .touched(from, to)
          .map(({ target }) => target)
          .toSorted();
      assert.deepEqual(touched(moment(20, 20), moment(25, 30)), []);
      assert.deepEqual(touched(moment(20, 20), moment(40, 40)), ['host:b2']);
      assert.deepEqual(touched(moment(20, 20), moment(60, 61)), ['host:b2', 'host:c']);
      assert.deepEqual(touched(moment(60, 40), moment(70, 70)), []);
    });

    it('gives values back exactly', async () => {
      await using store = await open();
      const hostile = JSON.parse(
        '{"__proto__":{"x":1},"constructor":null,"":[-0.5,1e300,"\\u0000\\u001b[31m"]}',
      ) as Json;
      await record(
        store,
        observation(10, [
          fact('disk:a', hostile),
          fact('disk:b', '~'),
          fact('disk:c', 1, { altered: true }),
        ]),
      );
      const { facts } = store.read.query(ALL, moment(10), 10);
      assert.equal(canonicalJson(facts[0]?.value as Json), canonicalJson(hostile));
      assert.deepEqual(Object.keys(facts[0]?.value as object).includes('__proto__'), true);
      assert.deepEqual([facts[1]?.value, facts[1]?.altered], ['~', false]);
      assert.deepEqual([facts[2]?.value, facts[2]?.altered], [1, true]);
      await record(store, observation(20, [fact('disk:c', 1)]));
      assert.equal(
        store.read.query({ ...ALL, entity: 'disk:c' }, moment(20), 1).facts[0]?.altered,
        false,
      );
    });

    it('sees one state through a listing that others write beside', async () => {
      await using store = await open();
      const many = Array.from({ length: 2_500 }, (_, i) =>
        fact(`disk:${String(i).padStart(4, '0')}`, 0),
      );
      await record(store, observation(10, many));
      let seen = 0;
      for (const found of store.read.each(ALL, moment(50))) {
        if (seen++ === 10)
          await record(
            store,
            observation(
              20,
              many.map((f) => ({ ...f, value: 1 })),
            ),
          );
        assert.equal(found.value, 0);
      }
      assert.equal(seen, many.length);
    });
  });
}
