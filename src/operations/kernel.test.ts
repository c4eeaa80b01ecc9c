import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROFILES, reachOf } from '#access';
import type { Json } from '#base/json';
import { openMemoryStore } from '#store';
import { throwsFault } from '#test/throws-fault';
import { ASSISTANT, aWorld, OPERATOR } from '#test/world';
import { OPERATIONS } from './list.ts';

const OBSERVATION = {
  source: 'probe',
  target: 'host:web-1',
  observedAt: '2026-03-01T11:00:00Z',
  facts: [{ entity: 'package:web-1/nginx', attribute: 'version', value: '1.22' }],
};

describe('every call', () => {
  it('says what is missing in the words of a person', async () => {
    const world = await aWorld();
    const { message } = await throwsFault(() => world.ask('fact_history', {}), 'invalid-input');
    assert.match(message, /entity: is missing, expected string$/);
  });

  it('leaves exactly one event, whether it is allowed or refused', async () => {
    const world = await aWorld();
    const before = (await world.events()).length;
    await world.ask('query_facts', {});
    await world.ask('ingest_observation', OBSERVATION);
    await throwsFault(() => world.ask('query_facts', { limti: 1 }), 'invalid-input');
    await throwsFault(() => world.ask('query_fact', {}), 'unknown-operation');
    await throwsFault(() => world.ask('baseline_bless', {}, { caller: ASSISTANT }), 'not-offered');
    const events = (await world.events()).slice(before);
    assert.deepEqual(
      events.map(({ operation, outcome, fault, decision }) => [
        operation,
        outcome,
        fault,
        decision.verdict,
      ]),
      [
        ['query_facts', 'done', null, 'allow'],
        ['ingest_observation', 'done', null, 'allow'],
        ['query_facts', 'refused', 'invalid-input', 'allow'],
        ['query_fact', 'refused', 'unknown-operation', 'allow'],
        ['baseline_bless', 'refused', 'not-offered', 'deny'],
      ],
    );
    assert.ok(events.every((event) => event.principal !== ''));
    assert.equal(events[4]?.onBehalfOf, 'operator:ada@local');
    assert.match(events[0]?.output?.sha256 ?? '', /^[0-9a-f]{64}$/);
  });

  it('puts no secret of its arguments on record', async () => {
    const world = await aWorld();
    const secret = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';
    await world.ask('query_facts', { text: secret });
    await world.ask('ingest_observation', {
      ...OBSERVATION,
      reason: `found with password=${secret}`,
      facts: [{ entity: 'package:web-1/x', attribute: 'note', value: { token: 'hunter2hunter2' } }],
    });
    const text = JSON.stringify(await world.events());
    assert.ok(!text.includes(secret) && !text.includes('hunter2'));
    const { facts } = await world.value('query_facts', { entity: 'package:web-1/x' });
    assert.equal(facts[0].altered, true);
    assert.ok(!JSON.stringify(facts).includes('hunter2'));
    const { versions } = await world.value('fact_history', { entity: 'package:web-1/x' });
    assert.ok(!JSON.stringify(versions).includes(secret));
  });

  it('answers nothing whose arguments its event could not tell', async () => {
    const world = await aWorld();
    let value: Json = 1;
    for (let i = 0; i < 64; i++) value = [value];
    const facts = [{ entity: 'thing:a', attribute: 'v', value }];
    await world.ask('ingest_observation', { ...OBSERVATION, facts, reason: 'why' });
    await throwsFault(() => world.ask('query_facts', { text: '\ud800' }), 'invalid-input');
    await throwsFault(
      () => world.ask('ingest_observation', { ...OBSERVATION, idempotencyKey: '\ud800' }),
      'invalid-input',
    );
    const events = await world.events();
    const deep = events.find(({ operation }) => operation === 'ingest_observation')?.arguments as {
      reason?: string;
    };
    assert.equal(deep.reason, 'why', 'a deep value hides nothing else');
    assert.equal(events.filter((event) => event.fault === 'invalid-input').length, 2);
  });

  it('says which names exist when the operation does not', async () => {
    const world = await aWorld();
    const fault = await throwsFault(() => world.ask('query_fact', {}), 'unknown-operation');
    assert.ok((fault.facts['candidates'] as string[]).includes('query_facts'));
  });
});

describe('a profile', () => {
  it('lets an assistant look and ingest, and nothing else', async () => {
    const world = await aWorld();
    for (const operation of OPERATIONS) {
      const call = world.ask(operation.name, { nothing: true }, { caller: ASSISTANT });
      const code = await call.then(
        () => 'answered',
        (fault: { code: string }) => fault.code,
      );
      assert.equal(code, operation.assistants ? 'invalid-input' : 'not-offered', operation.name);
      const observer = { ...OPERATOR, profile: 'observer', reach: reachOf('observer') } as const;
      const held: readonly string[] = PROFILES.observer;
      const byProfile = await throwsFault(
        () => world.ask(operation.name, { nothing: true }, { caller: observer }),
        held.includes(operation.capability) ? 'invalid-input' : 'not-permitted',
      );
      assert.equal(byProfile.kind, held.includes(operation.capability) ? 'invalid' : 'refused');
    }
  });

  it('offers assistants nothing that their profile does not hold', () => {
    for (const operation of OPERATIONS.filter((each) => each.assistants)) {
      assert.ok(['look', 'record', 'change'].includes(operation.effect), operation.name);
    }
    assert.deepEqual(
      OPERATIONS.filter((each) => each.assistants)
        .map((each) => each.name)
        .toSorted(),
      [
        'analyze_command',
        'compare_facts',
        'describe_system',
        'drift_scan',
        'emergency_stop',
        'explain_finding',
        'fact_history',
        'find_actions',
        'get_change',
        'ingest_observation',
        'query_facts',
        'run_action',
        'run_command',
        'what_changed',
      ],
    );
  });
});

describe('a command that only reads', () => {
  it('is named in its event also when it came to nothing, without secrets', async () => {
    const world = await aWorld();
    const asked = {
      target: 'host:web-1',
      argv: ['grep', '--', 'password=Tr0ub4dor31', '/etc/hosts'],
    };
    await assert.rejects(() => world.ask('run_command', asked, { caller: ASSISTANT }));
    const { more } = (await world.events()).at(-1) ?? {};
    const argv = more?.['argv'] as readonly string[];
    assert.deepEqual([argv[0], argv.at(-1)], ['grep', '/etc/hosts']);
    assert.doesNotMatch(JSON.stringify(argv), /Tr0ub4dor31/);
  });
});

describe('a log that cannot be written', () => {
  it('stops everything that writes, while looks answer and say so', async () => {
    const world = await aWorld();
    await world.ask('ingest_observation', OBSERVATION);
    world.disk.breakNext('kill');
    const seen = await world.ask('query_facts', { entity: 'package:web-1/*' });
    assert.equal((seen.value as { facts: Json[] }).facts.length, 1);
    assert.match(seen.notices[0] ?? '', /not on record/);
    const later = { ...OBSERVATION, observedAt: '2026-03-01T11:30:00Z', facts: [] };
    await throwsFault(() => world.ask('ingest_observation', later), 'log-unwritable');
    await throwsFault(
      () => world.ask('baseline_bless', { target: 'host:web-1' }),
      'log-unwritable',
    );
    assert.equal(world.store.read.counts().observations, 1);
  });

  it('stands in the way of no stop, and of no look at a change', async () => {
    const world = await aWorld();
    world.disk.breakNext('kill');
    await world.ask('query_facts', { entity: 'package:web-1/*' });
    await throwsFault(() => world.ask('ingest_observation', OBSERVATION), 'log-unwritable');
    const stop = { subject: 'target', name: 'host:web-1', reason: 'it burns' };
    for (const caller of [OPERATOR, ASSISTANT]) {
      const stopped = await world.ask('emergency_stop', stop, { caller });
      assert.match(stopped.notices[0] ?? '', /not on record/);
    }
    const listed = await world.ask('stops_list', {});
    assert.equal((listed.value as { stops: Json[] }).stops.length > 0, true);
    await world.ask('changes_list', {});
    await throwsFault(() => world.ask('get_change', { changeId: 'chg_none' }), 'unknown-change');
  });

  it('keeps nothing of an observation whose event failed in the middle', async () => {
    const world = await aWorld();
    const writing = world.ask('ingest_observation', OBSERVATION);
    world.disk.breakNext('kill');
    await throwsFault(() => writing, 'log-unwritable');
    assert.equal(world.store.read.counts().observations, 0);
  });
});

describe('a store that cannot commit', () => {
  it('leaves a second event that says nothing was kept', async () => {
    const inner = openMemoryStore();
    const world = await aWorld({
      store: {
        read: inner.read,
        backup: (target) => inner.backup(target),
        check: () => inner.check(),
        recorded: () => inner.recorded(),
        changes: inner.changes,
        blocked: inner.blocked,
        write: (act) =>
          inner.write(async (transaction) => {
            await act(transaction);
            throw new Error('disk full');
          }),
        [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
      },
    });
    await throwsFault(() => world.ask('ingest_observation', OBSERVATION), 'not-committed');
    const [done, undone] = (await world.events()).slice(-2);
    assert.equal(done?.kind, 'operation');
    assert.equal(undone?.kind, 'operation.undone');
    assert.equal(undone?.requestId, done?.requestId);
    assert.equal(inner.read.counts().observations, 0);
  });
});

describe('an inventory that is wrong', () => {
  it('stops what depends on it, naming file and line', async () => {
    const world = await aWorld();
    world.fleet('version: 1\ntargets:\n  host:x:\n    hosttype: debian\n');
    const fault = await throwsFault(() => world.ask('query_facts', {}), 'invalid-inventory');
    assert.match(fault.message, /fleet\.yaml:4:5/);
    await throwsFault(() => world.ask('ingest_observation', OBSERVATION), 'invalid-inventory');
    await world.ask('events_list', {}, { caller: OPERATOR });
  });
});

describe('the event of a proposal', () => {
  it('holds no text that was given, of an action or of none', async () => {
    const world = await aWorld();
    const content = 'the butler did it, with the candlestick';
    for (const action of ['file.write', 'no.such', 'service.restart']) {
      const args = { path: '/etc/motd', validate: 'none', content };
      const input = { action, targets: ['host:web-1'], args, reason: 'new text' };
      await world.ask('run_action', input, { caller: ASSISTANT }).catch(() => {});
    }
    const told = JSON.stringify(await world.events());
    assert.ok(!told.includes('candlestick'));
    assert.ok(told.includes('/etc/motd'), 'what is no free text is told');
    assert.ok(told.includes('sha256'));
  });
});

describe('a call of somebody who is not here any more', () => {
  const gone = (): AbortSignal => AbortSignal.abort();

  it('stops a look and keeps nothing of it, on record', async () => {
    const over = new AbortController();
    let heard: AbortSignal | undefined;
    const world = await aWorld({
      observe: (_, { signal }) => {
        heard = signal;
        queueMicrotask(() => over.abort());
        return new Promise(() => {});
      },
    });
    const { signal } = over;
    await throwsFault(() => world.ask('observe', { target: 'web-1' }, { signal }), 'asker-gone');
    assert.equal(heard?.aborted, true, 'the look itself hears of it');
    await throwsFault(() => world.ask('query_facts', {}, { signal: gone() }), 'asker-gone');
    const events = (await world.events()).slice(-2);
    assert.deepEqual(
      events.map(({ operation, outcome, fault }) => [operation, outcome, fault]),
      [
        ['observe', 'failed', 'asker-gone'],
        ['query_facts', 'failed', 'asker-gone'],
      ],
    );
  });

  it('does not stop what goes to the change road', async () => {
    const world = await aWorld();
    const asked = { subject: 'fleet', reason: 'a fire' };
    const { value } = await world.ask('emergency_stop', asked, { signal: gone() });
    assert.ok((value as { stop: { id: string } }).stop.id.length > 0);
  });
});
