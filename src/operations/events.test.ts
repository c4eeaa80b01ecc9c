/** What people see of the log: what was done and decided first, and each thing told once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventInput, EventLog, EventRecord } from '#evidence';
import { callerOf, classOf, EVENT_SHOWS, isShown } from './event-classes.ts';
import { eventsList } from './events.ts';
import { OPERATIONS } from './list.ts';

const EVENT: EventRecord = {
  v: 1,
  seq: 0,
  time: '2026-01-01T00:00:00Z',
  prev: '0',
  kind: 'operation',
  requestId: 'req_1',
  traceId: null,
  scope: 'all',
  principal: 'operator:ada@console',
  onBehalfOf: 'operator:ada@console',
  surface: 'console',
  operation: 'fleet_list',
  arguments: {},
  decision: { verdict: 'allow', because: 'profile operator' },
  outcome: 'done',
  fault: null,
  targets: [],
  output: null,
  tainted: false,
};
const own = (kind: string, more: Partial<EventInput> = {}): Partial<EventRecord> => ({
  kind,
  operation: kind,
  ...more,
});
const asked = (operation: string, more: Partial<EventInput> = {}): Partial<EventRecord> => ({
  operation,
  ...more,
});
const LEASE = { principal: 'lease:lease_1', surface: 'mcp-http' };

const logOf = (told: readonly Partial<EventRecord>[]): Pick<EventLog, 'read' | 'size'> => {
  const events = told.map((event, seq) => ({ ...EVENT, ...event, seq }));
  return {
    size: events.length,
    read: async (_filter, limit, before = events.length) =>
      events.slice(Math.max(0, before - limit), before).toReversed(),
  };
};

type Page = { events: { seq: number }[]; next: number | null; passedOver: number };
const list = async (
  log: Pick<EventLog, 'read' | 'size'>,
  input: Record<string, unknown>,
): Promise<{ seqs: number[]; next: number | null; passedOver: number }> => {
  const run = eventsList.run as unknown as (...args: unknown[]) => Promise<Page>;
  const { events, next, passedOver } = await run(
    input,
    { events: log },
    { answerBytes: 1_000_000 },
  );
  return { seqs: events.map(({ seq }) => seq), next, passedOver };
};

describe('what an event is about', () => {
  it('is said for every operation, and what only looks is never taken for a change', () => {
    const named = OPERATIONS.map(({ name, effect }) => ({
      name,
      effect,
      its: classOf({ kind: 'operation', operation: name }),
    }));
    for (const { name, effect, its } of named)
      if (effect === 'look') assert.equal(its, 'looks', name);
    // Whoever adds an operation says here that it changes something, or names it among the others.
    assert.deepEqual(
      named.flatMap(({ name, its }) => (its === 'changes' ? [name] : [])).toSorted(),
      CHANGES,
    );
    assert.equal(classOf({ kind: 'operation', operation: 'unknown' }), 'changes');
    assert.equal(classOf({ kind: 'something.new', operation: 'x' }), 'changes');
  });

  it('is told once where an operation has an event of its own, and again where it was refused', () => {
    const matters = (event: Partial<EventRecord>): boolean =>
      isShown({ ...EVENT, ...event }, 'matters');
    assert.equal(matters(own('change.approved')), true);
    assert.equal(matters(asked('change_approve')), false);
    assert.equal(matters(asked('change_approve', { outcome: 'refused', fault: 'expired' })), true);
    assert.equal(matters(own('change.receipt')), false);
    assert.equal(isShown({ ...EVENT, ...own('change.receipt') }, 'changes'), true);
    assert.equal(matters(asked('fleet_list')), false);
    assert.equal(matters(asked('query_facts', { ...LEASE, outcome: 'refused' })), true);
    assert.equal(matters(asked('approval_page', { outcome: 'refused' })), false);
    assert.equal(matters(own('notice.sent', { outcome: 'failed' })), true);
    assert.equal(matters(own('log.checkpoint')), false);
    for (const kind of ['log.key', 'log.restored']) assert.equal(matters(own(kind)), true, kind);
    // The call comes again with the passkey.
    const first = asked('lease_issue', { outcome: 'refused', fault: 'passkey-needed' });
    assert.equal(matters(first), false);
    assert.equal(isShown({ ...EVENT, ...first }, 'refusals'), true);
  });

  it('is by a person, an assistant or the service', () => {
    assert.equal(callerOf(EVENT), 'people');
    assert.equal(callerOf({ ...EVENT, ...LEASE }), 'assistants');
    const service = { principal: 'service:holdfast', surface: 'service' };
    assert.equal(callerOf({ ...EVENT, ...service }), 'service');
  });
});

describe('a page of events', () => {
  const log = logOf([
    own('log.opened', { principal: 'service:holdfast', surface: 'service' }),
    own('session.opened'),
    ...Array.from({ length: 600 }, () => ({})),
    asked('query_facts', { ...LEASE, targets: ['host:web-1'] }),
    own('change.approved', { targets: ['host:web-1'], more: { change: 'chg_1' } }),
    {},
    asked('change_reject', { outcome: 'failed', arguments: { changeId: 'chg_2' } }),
  ]);

  it('passes over what is not asked for, says how much, and where to go on', async () => {
    assert.deepEqual(await list(log, { show: 'matters' }), {
      seqs: [605, 603, 1],
      next: null,
      passedOver: 603,
    });
    const first = await list(log, { show: 'matters', limit: 2 });
    assert.deepEqual(first, { seqs: [605, 603], next: 603, passedOver: 1 });
    assert.deepEqual(await list(log, { show: 'matters', limit: 2, before: 603 }), {
      seqs: [1],
      next: null,
      passedOver: 602,
    });
    assert.deepEqual(await list(log, { limit: 2 }), { seqs: [605, 604], next: 604, passedOver: 0 });
  });

  it('is about a target or a change, by one kind of caller, by a part of a name', async () => {
    assert.deepEqual((await list(log, { about: 'WEB-1' })).seqs, [603, 602]);
    assert.deepEqual((await list(log, { about: 'chg_2' })).seqs, [605]);
    assert.deepEqual((await list(log, { by: 'assistants' })).seqs, [602]);
    assert.deepEqual((await list(log, { who: 'Lease_1', show: 'looks' })).seqs, [602]);
    assert.deepEqual((await list(log, { who: 'nobody' })).seqs, []);
    assert.deepEqual((await list(log, { operation: 'query_facts', show: 'looks' })).seqs, [602]);
    assert.deepEqual((await list(log, { operation: 'query_facts', show: 'changes' })).seqs, []);
    for (const show of EVENT_SHOWS) assert.ok((await list(log, { show })).passedOver > 0, show);
  });

  it('reads no more than so much at once, and goes on from there', async () => {
    const long = logOf([own('session.opened'), ...Array<object>(20_100).fill({})]);
    const first = await list(long, { show: 'sign-ins' });
    assert.deepEqual(first, { seqs: [], next: 101, passedOver: 20_000 });
    assert.deepEqual((await list(long, { show: 'sign-ins', before: 101 })).seqs, [0]);
  });
});

const CHANGES: readonly string[] = [
  'backup',
  'change_undo',
  'command_draft',
  'command_move',
  'declaration_propose',
  'drift_converge',
  'enrolment_add',
  'enrolment_keys',
  'enrolment_remove',
  'enrolment_start',
  'evidence_export',
  'evidence_output',
  'evidence_prune',
  'run_action',
  'run_command',
  'target_add',
  'target_remove',
];
