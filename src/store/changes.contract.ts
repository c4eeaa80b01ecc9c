import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instant } from '#base/time';
import { throwsFault } from '#test/throws-fault';
import {
  type ChangeWriter,
  type Move,
  type NewAttempt,
  type NewChange,
  TAINT_EXCERPT_BYTES,
  TAINT_EXCERPTS,
} from './changes.ts';
import type { Store } from './protocol.ts';
import { at } from './store.contract.ts';

export function aChange(n: number, more: Partial<NewChange> = {}): NewChange {
  return {
    id: `chg_${n}`,
    action: 'service.restart',
    principal: 'assistant:stdio',
    session: 'ses_1',
    idempotencyKey: null,
    createdAt: at(n),
    targets: [{ id: 'host:a', scope: 'main/main' }],
    body: { reason: 'it is down' },
    ...more,
  };
}

export function aMove(id: string, fromRev: number, to: Move['to'], more: Partial<Move> = {}): Move {
  return { id, fromRev, to, at: at(50 + fromRev), actor: 'operator:ada', detail: { to }, ...more };
}

export const PLANNED = { tier: 'T2', digest: 'ab'.repeat(32), decideBy: at(500) } as const;

export function anAttempt(id: string, more: Partial<NewAttempt> = {}): NewAttempt {
  return {
    id,
    change: 'chg_1',
    order: 1,
    part: 0,
    step: 1,
    direction: 'forward',
    target: 'host:a',
    scope: 'main/main',
    action: 'service.restart@1',
    caller: 'assistant:stdio',
    groups: ['web'],
    startedAt: at(60),
    ...more,
  };
}

/** One row in every table of the change road. */
export function everyTable(changes: ChangeWriter): void {
  changes.propose(aChange(1), { asked: true });
  changes.advance(aMove('chg_1', 1, 'previewed', { planned: PLANNED }));
  changes.keepOrder({
    change: 'chg_1',
    number: 1,
    kind: 'change',
    text: 'order',
    parts: ['part'],
    signature: null,
    madeAt: at(55),
    runBy: at(90),
  });
  changes.approve({
    change: 'chg_1',
    operator: 'ada',
    order: 1,
    assurance: 'touch',
    at: at(56),
    signature: 'signed',
    detail: {},
  });
  changes.advance(aMove('chg_1', 2, 'approved'));
  changes.begin([anAttempt('n1')]);
  changes.advance(aMove('chg_1', 3, 'executing'));
  changes.addStanding({
    id: 'std_1',
    action: 'service.reload',
    text: 'standing',
    signatures: ['s'],
    expiresAt: at(900),
    addedAt: at(10),
    actor: 'operator:ada',
    detail: {},
  });
  changes.revokeStanding('std_1', at(20), 'operator:ada');
  changes.addTaint({ session: 'ses_1', at: at(5), operation: 'logs.read', text: 'hello' });
  changes.noteFlap({
    target: 'host:a',
    action: 'service.restart',
    marked: true,
    at: at(7),
    actor: 'service:holdfast',
  });
}

/** What every backend owes to the change road. `open` gives an empty store. */
export function changesContract(name: string, open: () => Promise<Store>): void {
  const write = <T>(store: Store, act: (changes: ChangeWriter) => T): Promise<T> =>
    store.write((transaction) => act(transaction.changes));
  const show = { scopes: ['main/main'] };

  describe(`${name} as a store of changes`, () => {
    it('answers what was written', async () => {
      await using store = await open();
      await write(store, everyTable);
      const { changes } = store;
      const row = changes.change('chg_1');
      assert.deepEqual(
        { ...row, updatedAt: undefined },
        {
          ...aChange(1),
          rev: 4,
          state: 'executing',
          updatedAt: undefined,
          ...PLANNED,
        },
      );
      assert.deepEqual(
        changes.transitions('chg_1').map((move) => [move.rev, move.state, move.detail]),
        [
          [1, 'proposed', { asked: true }],
          [2, 'previewed', { to: 'previewed' }],
          [3, 'approved', { to: 'approved' }],
          [4, 'executing', { to: 'executing' }],
        ],
      );
      assert.equal(changes.approvals('chg_1')[0]?.operator, 'ada');
      assert.deepEqual(changes.orders('chg_1')[0]?.parts, ['part']);
      assert.deepEqual(changes.attempts('chg_1'), [
        { ...anAttempt('n1'), endedAt: null, outcome: null, detail: null },
      ]);
      assert.equal(changes.standings()[0]?.revokedAt, at(20));
      assert.equal(changes.taint('ses_1')?.excerpts[0]?.text, 'hello');
      assert.equal(changes.taint('ses_2'), undefined);
      assert.equal(changes.flaps('service.restart')[0]?.marked, true);
      assert.deepEqual(changes.flaps('service.reload'), []);
      assert.deepEqual(store.check(), []);
    });

    it('lets one of many move a change, and tells the others', async () => {
      await using store = await open();
      await write(store, (changes) => changes.propose(aChange(1), {}));
      const all = await Promise.allSettled(
        Array.from({ length: 50 }, (_, n) =>
          write(store, (changes) =>
            changes.advance(aMove('chg_1', 1, 'previewed', { actor: `caller:${n}` })),
          ),
        ),
      );
      assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const one of all) {
        if (one.status === 'rejected') {
          await throwsFault(() => Promise.reject(one.reason as Error), 'change-moved');
        }
      }
      assert.equal(store.changes.change('chg_1')?.rev, 2);
      assert.equal(store.changes.transitions('chg_1').length, 2);
    });

    it('lets one of many begin a part, and end it', async () => {
      await using store = await open();
      await write(store, (changes) => changes.propose(aChange(1), {}));
      const begun = await Promise.allSettled(
        Array.from({ length: 50 }, () =>
          write(store, (changes) => changes.begin([anAttempt('n1')])),
        ),
      );
      assert.equal(begun.filter(({ status }) => status === 'fulfilled').length, 1);
      await throwsFault(
        () => write(store, (changes) => changes.begin([anAttempt('n2')])),
        'attempt-exists',
      );
      const end = (): Promise<void> =>
        write(store, (changes) =>
          changes.end('n1', { at: at(70), outcome: 'failed', detail: { exit: 1 } }),
        );
      await end();
      await throwsFault(end, 'attempt-ended');
      assert.deepEqual(store.changes.attempts('chg_1')[0]?.detail, { exit: 1 });
    });

    it('goes only where a change may go', async () => {
      await using store = await open();
      await write(store, (changes) => changes.propose(aChange(1), {}));
      await throwsFault(
        () => write(store, (changes) => changes.advance(aMove('chg_1', 1, 'executing'))),
        'change-moved',
      );
      await write(store, (changes) => changes.advance(aMove('chg_1', 1, 'refused')));
      await throwsFault(
        () => write(store, (changes) => changes.advance(aMove('chg_1', 2, 'previewed'))),
        'change-moved',
      );
      await throwsFault(
        () => write(store, (changes) => changes.advance(aMove('chg_9', 1, 'refused'))),
        'no-such-change',
      );
    });

    it('keeps nothing of a transaction that fails', async () => {
      await using store = await open();
      await assert.rejects(
        write(store, (changes) => {
          everyTable(changes);
          throw new Error('stop');
        }),
      );
      assert.equal(store.changes.change('chg_1'), undefined);
      assert.equal(store.changes.taint('ses_1'), undefined);
      assert.deepEqual(store.check(), []);
    });

    it('goes on in a transaction after a call it refused', async () => {
      await using store = await open();
      await store.write(async ({ changes }) => {
        changes.propose(aChange(1), {});
        await throwsFault(() => changes.propose(aChange(1), {}), 'change-exists');
        changes.propose(aChange(2), {});
      });
      assert.equal(store.changes.list(show, 10).changes.length, 2);
    });

    it('knows a caller by their idempotency key, and nobody else', async () => {
      await using store = await open();
      const asked = (n: number, more: Partial<NewChange> = {}): Promise<unknown> =>
        write(store, (changes) =>
          changes.propose(aChange(n, { idempotencyKey: 'k', ...more }), {}),
        );
      await asked(1);
      await throwsFault(() => asked(2), 'idempotency-key-reused');
      await asked(3, { principal: 'operator:ada' });
      assert.equal(store.changes.byKey('assistant:stdio', 'k')?.id, 'chg_1');
      assert.equal(store.changes.byKey('operator:ada', 'k')?.id, 'chg_3');
    });

    it('lists newest first, page by page, and only what may be seen whole', async () => {
      await using store = await open();
      await write(store, (changes) => {
        for (let n = 1; n <= 5; n++) changes.propose(aChange(n), {});
        const both = [
          { id: 'host:a', scope: 'main/main' },
          { id: 'host:b', scope: 'other/site' },
        ];
        changes.propose(aChange(6, { targets: both }), {});
        changes.advance(aMove('chg_2', 1, 'refused'));
      });
      const first = store.changes.list(show, 2);
      assert.deepEqual(
        first.changes.map(({ id }) => id),
        ['chg_5', 'chg_4'],
      );
      const second = store.changes.list(show, 3, first.next ?? undefined);
      assert.deepEqual(
        second.changes.map(({ id }) => id),
        ['chg_3', 'chg_2', 'chg_1'],
      );
      assert.equal(second.next, null);
      const ids = (filter: Parameters<Store['changes']['list']>[0]): string[] =>
        store.changes.list(filter, 10).changes.map(({ id }) => id);
      assert.deepEqual(ids({ ...show, states: ['refused'] }), ['chg_2']);
      assert.deepEqual(ids({ scopes: ['main/main', 'other/site'], target: 'host:b' }), ['chg_6']);
      assert.deepEqual(ids({ scopes: [] }), []);
      await throwsFault(() => store.changes.list(show, 2, 'chg_77'), 'invalid-cursor');
    });

    it('takes one approval of an operator for an order, and orders one after another', async () => {
      await using store = await open();
      await write(store, everyTable);
      const again = (order: number): Promise<void> =>
        write(store, (changes) =>
          changes.approve({
            change: 'chg_1',
            operator: 'ada',
            order,
            assurance: 'touch',
            at: at(57),
            signature: 'again',
            detail: {},
          }),
        );
      await throwsFault(() => again(1), 'already-approved');
      await again(2);
      const order = (number: number): Promise<void> =>
        write(store, (changes) =>
          changes.keepOrder({
            change: 'chg_1',
            number,
            kind: 'change',
            text: 'o',
            parts: [],
            signature: null,
            madeAt: at(1),
            runBy: at(2),
          }),
        );
      await throwsFault(() => order(1), 'change-moved');
      await throwsFault(() => order(3), 'change-moved');
      await order(2);
    });

    it('tells the newest texts of a tainted session, short ones, and every operation', async () => {
      await using store = await open();
      const long = (n: number): string => `${n} ${'é'.repeat(2_000)}`;
      await write(store, (changes) => {
        for (let n = 0; n < 3 * TAINT_EXCERPTS; n++) {
          const taint = { session: 's', at: at(n), operation: n < 2 ? 'a' : 'b', text: long(n) };
          changes.addTaint(taint);
          // The same again is nothing new.
          changes.addTaint(taint);
        }
      });
      const taint = store.changes.taint('s');
      assert.equal(taint?.since, at(0));
      assert.deepEqual(taint?.operations, ['a', 'b']);
      const told = (until?: Instant): readonly number[] =>
        (store.changes.taint('s', until)?.excerpts ?? []).map(({ text }) =>
          Number.parseInt(text, 10),
        );
      const last = 3 * TAINT_EXCERPTS;
      const newest = (to: number): number[] =>
        Array.from({ length: TAINT_EXCERPTS }, (_, n) => to - TAINT_EXCERPTS + n);
      assert.deepEqual(told(), newest(last));
      assert.deepEqual(told(at(last - 8)), newest(last - 7), 'what was read by then');
      for (const { text } of taint?.excerpts ?? []) {
        assert.ok(Buffer.byteLength(text) <= TAINT_EXCERPT_BYTES);
        assert.ok(!text.includes('\ufffd'));
      }
    });

    it('finds what is not settled, whatever its age, and what began lately', async () => {
      await using store = await open();
      await write(store, (changes) => {
        for (const n of [1, 2]) {
          const change = `chg_${n}`;
          changes.propose(aChange(n), {});
          changes.advance(aMove(change, 1, 'previewed', { planned: PLANNED }));
          changes.advance(aMove(change, 2, 'approved'));
          changes.begin([
            anAttempt(`old${n}`, { change, startedAt: at(10) }),
            anAttempt(`new${n}`, { change, part: 1, startedAt: at(60 + n) }),
          ]);
          changes.advance(aMove(change, 3, 'executing'));
        }
        for (const id of ['old1', 'new1']) {
          changes.end(id, { at: at(70), outcome: 'failed', detail: {} });
        }
        changes.advance(aMove('chg_1', 4, 'failed'));
      });
      const found = store.changes.attemptsSince(at(60)).map(({ id, state }) => [id, state]);
      assert.deepEqual(found, [
        ['old2', 'executing'],
        ['new1', 'failed'],
        ['new2', 'executing'],
      ]);
    });
  });
}
