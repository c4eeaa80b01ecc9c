/**
 * `kill -9` of the real service while it carries a change out on this machine, through the real host
 * script: once at every fault point that the code names, then at random moments. After each death
 * the directory is opened again and held to what was promised:
 *
 * 1. no effect without an intent on record, no intent without an outcome, nothing run twice;
 * 2. attempts and the host's receipts are one to one, and the bytes that were approved are those of
 *    the intent and of the receipt;
 * 3. nothing stays ambiguous here, because this host can always be asked; a stop outlives its service;
 * 4. `holdfast verify` is sound.
 *
 * `HOLDFAST_KILLS` sets the number of random kills (default 6; a release takes 1000), and
 * `HOLDFAST_KILLS_EACH` how often each fault point is tried (default 1; a release takes 50).
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { changeDocument, partDocument, type ReceiptDocument, receiptDocument } from '#authority';
import { sha256 } from '#base/digest';
import { type ChangeView, FAULT_POINTS } from '#execution';
import { aKey } from '#samples/authority';
import { aChangeHome, ask, type ChangeHome, mustOpen, PERSON, propose } from '#test/change-home';
import { holdfast } from '#test/holdfast';
import { chance } from '#test/seed';
import type { Service } from '../src/main/service.ts';

const KILLS = Number(process.env['HOLDFAST_KILLS'] ?? 2);
const EACH = Number(process.env['HOLDFAST_KILLS_EACH'] ?? 1);
/** From opening to the end a round takes about this long; random kills fall into it. */
const ROUND_MS = Number(process.env['HOLDFAST_ROUND_MS'] ?? 6_000);
const ENTRY = join(import.meta.dirname, 'support', 'dying-service.ts');

/** Each run makes one file one byte longer: what runs twice is seen. */
const catalogue = (scratch: string, account: string): string => `version: 1
actions:
  - id: mark.add
    version: 1
    summary: Makes a mark
    family: mark
    capability: actions.change
    tier: T2
    sideEffect: state
    hostTypes: [linux]
    stabiliseSeconds: 0
    cooldownSeconds: 0
    arguments:
      round: { type: name, summary: Which one }
    steps:
      - run: [truncate, --size=+1, --, "${scratch}/done-{round}"]
        effect: Marks {round}
        runAs: ${account}
        inverse:
          run: [truncate, --size=+1, --, "${scratch}/undone-{round}"]
          effect: Marks that {round} is taken back
    verify:
      probes:
        - run: [test, -f, "${scratch}/done-{round}"]
`;

describe('kill -9 while a change runs on this machine', () => {
  let home: ChangeHome;
  before(async () => {
    home = await aChangeHome({ catalogue });
  });
  after(() => home[Symbol.dispose]());
  let rounds = 0;

  for (const point of FAULT_POINTS)
    it(`at ${point} loses nothing, doubles nothing and leaves nothing unsaid`, async () => {
      for (let n = 0; n < EACH; n++) {
        const round = `r${++rounds}`;
        const child = play(home.path, round, point);
        const [, signal] = await ended(child);
        assert.equal(signal, 'SIGKILL', `${point} is never passed`);
        await holds(home, round, point);
      }
    });

  it(`at ${KILLS} random moments too`, { timeout: 60_000 + KILLS * 60_000 }, async (test) => {
    let deaths = 0;
    for (let n = 0; n < KILLS; n++) {
      const round = `r${++rounds}`;
      const child = play(home.path, round);
      const end = ended(child);
      if (child.stdout !== null) await Promise.race([once(child.stdout, 'data'), end]);
      await Promise.race([sleep(chance() * ROUND_MS), end]);
      child.kill('SIGKILL');
      const [code, signal] = await end;
      assert.ok(signal === 'SIGKILL' || code === 0, `it ended with ${code}`);
      if (signal === 'SIGKILL') deaths++;
      await holds(home, round, `random ${n}`);
    }
    test.diagnostic(`${deaths} of ${KILLS} died on the way`);
  });

  it('leaves a directory that verifies at rest', async () => {
    const { code, out, err } = await holdfast(home.path, ['verify', '--json']);
    assert.equal(code, 0, out + err);
  });
});

function play(home: string, round: string, point = ''): ChildProcess {
  return spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ENTRY, home, round, point],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
}

function ended(child: ChildProcess): Promise<[code: number | null, signal: string | null]> {
  return once(child, 'close') as Promise<[number | null, string | null]>;
}

const AT_REST = new Set(['previewed', 'confirmed', 'failed', 'rolled-back', 'cancelled']);

async function holds(home: ChangeHome, round: string, name: string): Promise<void> {
  const service = await mustOpen(home.path);
  let view: ChangeView | undefined;
  let events: readonly Event[];
  try {
    view = await settled(service, round);
    events = await eventsOf(service, view?.changeId);
    await stopHolds(service, name);
    const verdict = await ask<{ ok: boolean }>(service, 'verify_log');
    assert.equal(verdict.ok, true, `${name}: ${JSON.stringify(verdict)}`);
  } finally {
    await service.close();
  }
  const forward = sizeOf(home, `done-${round}`);
  const back = sizeOf(home, `undone-${round}`);
  assert.ok(forward <= 1 && back <= 1, `${name}: it ran ${forward} times, and back ${back} times`);
  if (view === undefined) return assert.equal(forward + back, 0, name);
  assert.ok(AT_REST.has(view.state), `${name}: ${view.state}`);
  if (view.state === 'confirmed') assert.deepEqual([forward, back], [1, 0], name);
  if (view.state === 'rolled-back') assert.deepEqual([forward, back], [1, 1], name);
  const lastOf = (...kinds: string[]): number =>
    events.findLastIndex(({ kind }) => kinds.includes(kind));
  const intents = events.filter(({ kind }) => kind === 'change.intent');
  for (const [direction, ran] of [
    ['forward', forward],
    ['inverse', back],
  ] as const)
    if (ran > 0)
      assert.ok(
        intents.some(({ more }) => more['direction'] === direction),
        `${name}: an effect without an intent`,
      );
  if (intents.length > 0) {
    const end = lastOf('change.outcome', 'change.undone');
    assert.ok(end > lastOf('change.intent'), `${name}: ${events.map(({ kind }) => kind).join()}`);
    assert.equal(events[end]?.more['state'], view.state, `${name}: the last word is the state`);
  }
  oneToOne(home, view, intents, forward + back, name);
}

/** Opening settles what it can; what still ran at that moment is asked about again. */
async function settled(service: Service, round: string): Promise<ChangeView | undefined> {
  for (let tries = 0; ; tries++) {
    const { changes } = await ask<{ changes: ChangeView[] }>(service, 'changes_list', {
      limit: 5,
    });
    const view = changes.find(({ reason }) => reason === `round ${round}`);
    if (view === undefined || AT_REST.has(view.state) || tries === 240) return view;
    await sleep(250);
    await service.road.tick();
  }
}

type Event = { readonly kind: string; readonly more: Record<string, unknown> };

async function eventsOf(service: Service, change: string | undefined): Promise<readonly Event[]> {
  const { events } = await ask<{ events: Event[] }>(service, 'events_list', { limit: 500 });
  return events.filter(({ more }) => more?.['change'] === change).toReversed();
}

/** A stop outlives the death of the service, and ends by a signature. */
async function stopHolds(service: Service, name: string): Promise<void> {
  const { stops } = await ask<{ stops: { id: string }[] }>(service, 'stops_list');
  if (name === 'stop-recorded') {
    assert.equal(stops.length, 1, `${name}: the stop holds`);
    const refused = await propose(service, 'mark.add', { round: 'never' });
    assert.equal(refused.decision.because, 'stopped');
  }
  for (const { id } of stops) {
    const { order, namespace } = await ask<{ order: string; namespace: string }>(
      service,
      'stop_lift_page',
      { stopId: id },
    );
    const signature = aKey(PERSON).sign(namespace, order);
    await ask(service, 'stop_lift', { stopId: id, order, signature });
  }
}

/** What was approved, intended, run and acknowledged are the same bytes, once each. */
function oneToOne(
  home: ChangeHome,
  view: ChangeView,
  intents: readonly Event[],
  effects: number,
  name: string,
): void {
  using db = new DatabaseSync(join(home.path, 'store', 'facts.sqlite'), { readOnly: true });
  const attempts = db
    .prepare('SELECT id, number, part, direction, outcome, ended_at FROM attempt WHERE change = ?')
    .all(view.changeId);
  const orders = db
    .prepare('SELECT number, text, parts FROM change_order WHERE change = ?')
    .all(view.changeId);
  const all = receiptsOf(home);
  for (const attempt of attempts) {
    assert.notEqual(attempt['ended_at'], null, `${name}: an attempt without an end`);
    const receipts = all.filter(({ nonce }) => nonce === attempt['id']);
    assert.equal(
      receipts.length,
      attempt['outcome'] === 'not-started' ? 0 : 1,
      `${name}: receipts of an attempt that ${String(attempt['outcome'])}`,
    );
    const order = orders.find(({ number }) => number === attempt['number']);
    const text = String(order?.['text']);
    const parts = JSON.parse(String(order?.['parts'])) as string[];
    const part = parts[Number(attempt['part'])] ?? '';
    const hash = sha256(part);
    const signed = changeDocument.parse(text);
    assert.equal(signed.parts[Number(attempt['part'])], hash, `${name}: approved`);
    const [receipt] = receipts;
    if (receipt !== undefined) {
      assert.equal(receipt.part, hash, `${name}: run`);
      assert.equal(receipt.order, sha256(text), `${name}: run under`);
      assert.ok(
        intents.some(
          ({ more }) =>
            more['order'] === receipt.order && (more['parts'] as string[]).includes(hash),
        ),
        `${name}: intended`,
      );
    }
    const shown = attempt['direction'] === 'forward' ? view.plan.steps : view.plan.inverse;
    assert.deepEqual(partDocument.parse(part).args, shown?.[0]?.argv, `${name}: shown`);
  }
  const nonces = new Set(attempts.map(({ id }) => id));
  const ran = all.filter(({ nonce }) => nonces.has(nonce));
  assert.equal(
    ran.filter(({ result }) => result === 'exited').length,
    effects,
    `${name}: receipts and effects`,
  );
  // What no attempt of ours knows ran on nobody's behalf.
  const known = new Set(
    db
      .prepare('SELECT id FROM attempt')
      .all()
      .map(({ id }) => id),
  );
  assert.deepEqual(
    all.filter(({ nonce }) => !known.has(nonce)),
    [],
    name,
  );
}

function receiptsOf(home: ChangeHome): readonly ReceiptDocument[] {
  const folder = join(home.path, 'host', 'receipts');
  return readdirSync(folder)
    .filter((file) => /^\d+$/.test(file))
    .map((file) => receiptDocument.parse(readFileSync(join(folder, file), 'utf8')));
}

function sizeOf(home: ChangeHome, file: string): number {
  return statSync(join(home.scratch, file), { throwIfNoEntry: false })?.size ?? 0;
}
