/**
 * Random work of many callers on few changes: the store answers what a list of rows in memory does.
 * `HOLDFAST_CHANGES` sets how many runs, `HOLDFAST_SEED` which.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { asFault } from '#base/fault';
import { CHANGE_STATES } from '#model';
import { SEED } from '#test/seed';
import { aChange, aMove, anAttempt, PLANNED } from './changes.contract.ts';
import { CHANGE_MOVES } from './changes.ts';
import { openMemoryStore } from './index.ts';
import { CHANGE_MAY_WAIT_AGAIN } from './sqlite/change-tables.ts';

const RUNS = Number(process.env['HOLDFAST_CHANGES'] ?? 60);

const act = fc.oneof(
  fc.record({
    kind: fc.constant('propose' as const),
    id: fc.nat({ max: 3 }),
    key: fc.option(fc.nat({ max: 1 })),
  }),
  fc.record({
    kind: fc.constant('move' as const),
    id: fc.nat({ max: 3 }),
    behind: fc.integer({ min: 0, max: 1 }),
    to: fc.constantFrom(...CHANGE_STATES),
  }),
  fc.record({
    kind: fc.constant('begin' as const),
    id: fc.nat({ max: 3 }),
    part: fc.nat({ max: 2 }),
    nonce: fc.nat({ max: 4 }),
  }),
  fc.record({ kind: fc.constant('end' as const), nonce: fc.nat({ max: 4 }) }),
  fc.record({
    kind: fc.constant('approve' as const),
    id: fc.nat({ max: 3 }),
    operator: fc.nat({ max: 1 }),
  }),
  // Everything since the last one is kept, or none of it.
  fc.record({ kind: fc.constant('commit' as const), keeps: fc.boolean() }),
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

type Model = {
  changes: Map<string, { rev: number; state: (typeof CHANGE_STATES)[number]; key: string | null }>;
  attempts: Map<string, { change: string; part: number; ended: boolean }>;
  approvals: Set<string>;
};

/** The code that it is refused with, or `undefined`. */
function model(m: Model, one: Exclude<Act, { kind: 'commit' }>): string | undefined {
  switch (one.kind) {
    case 'propose': {
      const id = `chg_${one.id}`;
      const key = one.key === null ? null : `k${one.key}`;
      if (m.changes.has(id)) return 'change-exists';
      if (key !== null && [...m.changes.values()].some((each) => each.key === key))
        return 'idempotency-key-reused';
      m.changes.set(id, { rev: 1, state: 'proposed', key });
      return undefined;
    }
    case 'move': {
      const found = m.changes.get(`chg_${one.id}`);
      if (found === undefined) return 'no-such-change';
      if (one.behind > 0 || !CHANGE_MOVES[found.state].includes(one.to)) return 'change-moved';
      m.changes.set(`chg_${one.id}`, { ...found, rev: found.rev + 1, state: one.to });
      return undefined;
    }
    case 'begin': {
      const change = `chg_${one.id}`;
      const id = `n${one.nonce}`;
      if (!m.changes.has(change)) return 'no-such-change';
      const taken = [...m.attempts].some(
        ([nonce, each]) => nonce === id || (each.change === change && each.part === one.part),
      );
      if (taken) return 'attempt-exists';
      m.attempts.set(id, { change, part: one.part, ended: false });
      return undefined;
    }
    case 'end': {
      const found = m.attempts.get(`n${one.nonce}`);
      if (found === undefined) return 'no-such-change';
      if (found.ended) return 'attempt-ended';
      m.attempts.set(`n${one.nonce}`, { ...found, ended: true });
      return undefined;
    }
    case 'approve': {
      const row = `chg_${one.id} op${one.operator}`;
      if (!m.changes.has(`chg_${one.id}`)) return 'no-such-change';
      if (m.approvals.has(row)) return 'already-approved';
      m.approvals.add(row);
      return undefined;
    }
  }
}

const copyOf = (m: Model): Model => ({
  changes: new Map(m.changes),
  attempts: new Map(m.attempts),
  approvals: new Set(m.approvals),
});

it('answers what a list of rows would, whatever is asked of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
      const store = openMemoryStore();
      let kept: Model = { changes: new Map(), attempts: new Map(), approvals: new Set() };
      for (let from = 0; from < acts.length; ) {
        const end = acts.findIndex((one, i) => i >= from && one.kind === 'commit');
        const until = end < 0 ? acts.length : end;
        const closing = acts[until];
        const m = copyOf(kept);
        const keeps = closing?.kind !== 'commit' || closing.keeps;
        await store
          .write(({ changes }) => {
            for (const one of acts.slice(from, until)) {
              if (one.kind === 'commit') continue;
              const wanted = model(m, one);
              let got: string | undefined;
              try {
                if (one.kind === 'propose')
                  changes.propose(
                    aChange(one.id, { idempotencyKey: one.key === null ? null : `k${one.key}` }),
                    {},
                  );
                else if (one.kind === 'move') {
                  const row = changes.change(`chg_${one.id}`);
                  const planned =
                    row?.digest === null && one.to === 'previewed' ? { planned: PLANNED } : {};
                  changes.advance(
                    aMove(`chg_${one.id}`, (row?.rev ?? 1) - one.behind, one.to, planned),
                  );
                } else if (one.kind === 'begin')
                  changes.begin([
                    anAttempt(`n${one.nonce}`, { change: `chg_${one.id}`, part: one.part }),
                  ]);
                else if (one.kind === 'end')
                  changes.end(`n${one.nonce}`, {
                    at: aChange(9).createdAt,
                    outcome: 'failed',
                    detail: {},
                  });
                else
                  changes.approve({
                    change: `chg_${one.id}`,
                    operator: `op${one.operator}`,
                    order: 1,
                    assurance: 'touch',
                    at: aChange(9).createdAt,
                    signature: 's',
                    detail: {},
                  });
              } catch (thrown) {
                got = asFault(thrown).code;
              }
              assert.equal(got, wanted, JSON.stringify(one));
            }
            if (!keeps) throw new Error('not kept');
          })
          .catch((thrown: unknown) => {
            if (thrown instanceof Error && thrown.message === 'not kept') return;
            throw thrown;
          });
        if (keeps) kept = m;
        for (const [id, { rev, state }] of kept.changes) {
          const row = store.changes.change(id);
          assert.deepEqual([row?.rev, row?.state], [rev, state]);
          assert.equal(store.changes.transitions(id).length, rev);
          assert.equal(store.changes.transitions(id).at(-1)?.state, state);
        }
        assert.equal(
          store.changes.list({ scopes: ['main/main'] }, 10).changes.length,
          kept.changes.size,
        );
        const attempts = [...kept.changes.keys()].flatMap((id) => store.changes.attempts(id));
        assert.deepEqual(
          new Map(
            attempts.map(({ id, change, part, endedAt }) => [
              id,
              { change, part, ended: endedAt !== null },
            ]),
          ),
          new Map([...kept.attempts].sort(([, a], [, b]) => a.change.localeCompare(b.change))),
        );
        from = until + 1;
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

it('lets the database refuse the same moves as the list', () => {
  const pairs = Object.entries(CHANGE_MOVES).flatMap(([from, all]) =>
    all.map((to) => `${from}>${to}`),
  );
  const listed = [...CHANGE_MAY_WAIT_AGAIN.matchAll(/'([a-z-]+>[a-z-]+)'/g)].map(
    ([, pair]) => pair,
  );
  assert.deepEqual(new Set(listed), new Set(pairs));
});
