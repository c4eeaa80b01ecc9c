import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { silentLog } from '#base/log';
import { type Instant, instant } from '#base/time';
import { analyse, tokenize } from '#commands';
import { nodeFiles } from '#machine';
import type { CommandAnalysis, CommandQuestion } from '#operations';
import { openMemoryStore, type Store } from '#store';
import { shippedJudge } from '#test/commands';
import { SimulatedDisk } from '#test/simulated-files';
import { openTestLog } from '#test/simulated-log';
import { ASSISTANT } from '#test/world';
import { hidesSomething, sampleOf } from './blocked-sample.ts';
import { LearningKeeper } from './learning-keeper.ts';

const CANARY = 'Zq81Tr0ub4dorxx';
const HOUR = 3_600_000_000;
const home = mkdtempSync(join(tmpdir(), 'hf-learning-'));
after(() => rmSync(home, { recursive: true }));
let homes = 0;

type Told = { readonly id: string; readonly state: string; readonly trouble: string | null };

async function aKeeper(over: { readonly store?: Store } = {}) {
  const folder = join(home, String(homes++), 'commands');
  const { log } = await openTestLog(new SimulatedDisk(1).start());
  const store = over.store ?? openMemoryStore();
  const state = { now: instant('2026-03-01T12:00:00Z'), signed: true };
  const judge = shippedJudge();
  const grammar = { entries: [], surroundings: judge.surroundings, judge };
  const keeper = new LearningKeeper({
    files: nodeFiles(),
    clock: { now: () => state.now, monotonicMs: () => 0, sleep: async () => {} },
    log: silentLog,
    store,
    events: log,
    folder,
    grammar: async () => grammar as never,
    isSigned: async () => state.signed,
  });
  const ask = async (line: string, session = 's'): Promise<void> => {
    const question: CommandQuestion = { line, target: undefined, byOperator: false };
    const tokens = tokenize(line);
    const argv = 'argv' in tokens ? tokens.argv : null;
    const analysis = { ...analyse(judge, { line }, 'assistant'), argv } as CommandAnalysis;
    await keeper.noteAsked(question);
    await keeper.noteBlocked(question, analysis, {
      caller: { ...ASSISTANT, session },
      now: state.now,
      requestId: 'req_1',
    });
  };
  const told = async (): Promise<readonly Told[]> =>
    ((await keeper.suggestions()) as unknown as { suggestions: Told[] }).suggestions;
  const later = (hours: number): void => {
    state.now = (state.now + hours * HOUR) as Instant;
  };
  return { keeper, ask, told, later, folder, store, log, state };
}

describe('the keeper of refused commands', () => {
  it('suggests what was refused often and long enough, and writes no file by itself', async () => {
    const { ask, told, later, folder } = await aKeeper();
    for (let n = 0; n < 4; n++) await ask('frobnicate status');
    later(24);
    assert.deepEqual(await told(), []);
    await ask('frobnicate status');
    assert.deepEqual(
      (await told()).map(({ state }) => state),
      ['proposed'],
    );
    assert.throws(() => readdirSync(folder));
  });

  it('goes only step by step, reads what a hand changed, and goes on after a crash between two', async () => {
    const { keeper, ask, told, later, folder, state } = await aKeeper();
    for (let n = 0; n < 5; n++) {
      await ask('frobnicate status', `s${n}`);
      later(7);
    }
    const id = (await told())[0]?.id ?? '';
    await assert.rejects(keeper.move(id, 'active', 'x'), { code: 'suggestion-elsewhere' });
    await keeper.move(id, 'shadow', 'x');
    assert.deepEqual(readdirSync(join(folder, 'suggested')), []);
    const shadow = join(folder, 'shadow', `${id}.yaml`);
    const text = readFileSync(shadow, 'utf8');
    writeFileSync(shadow, `${text}    nonsense: 1\n`);
    await assert.rejects(
      keeper.move(id, 'active', 'x'),
      /shadow\/frobnicate-[0-9a-f]{10}\.yaml:\d+:\d+: unknown key/,
    );
    writeFileSync(shadow, text);
    // As after a crash: adopted, and not yet taken out of shadow.
    writeFileSync(join(folder, `${id}.yaml`), text);
    await keeper.move(id, 'active', 'x');
    assert.deepEqual(readdirSync(join(folder, 'shadow')), []);
    state.signed = false;
    assert.deepEqual(
      (await told()).map((each) => each.state),
      ['adopted'],
    );
    state.signed = true;
    assert.deepEqual(
      (await told()).map((each) => each.state),
      ['active'],
    );
    writeFileSync(join(folder, 'shadow', `${id}.yaml`), `${text}# other\n`);
    await assert.rejects(keeper.move(id, 'disabled', 'x'), { code: 'suggestion-twice' });
    rmSync(join(folder, 'shadow', `${id}.yaml`));
    await keeper.move(id, 'disabled', 'x');
    assert.deepEqual(
      (await told()).map((each) => each.state),
      ['disabled'],
    );
    await assert.rejects(keeper.move('nothing-like-it', 'shadow', 'x'), {
      code: 'unknown-suggestion',
    });
  });

  it('does not adopt what contradicts another that waits for its signature', async () => {
    const { keeper, ask, told, later, state } = await aKeeper();
    for (let n = 0; n < 5; n++) {
      await ask('frobnicate --since=5');
      await ask('frobnicate status');
      later(7);
    }
    const [first, second] = await told();
    for (const each of [first, second]) await keeper.move(each?.id ?? '', 'shadow', 'x');
    await keeper.move(first?.id ?? '', 'active', 'x');
    state.signed = false;
    await assert.rejects(keeper.move(second?.id ?? '', 'active', 'x'), {
      code: 'invalid-commands',
    });
  });

  it('keeps no secret that an assistant wrote into a command', async () => {
    const { ask, store, log } = await aKeeper();
    for (const line of [
      `frobnicate --password ${CANARY}`,
      `frobnicate --api-key=${CANARY}`,
      `frobnicate status --token ${CANARY} x`,
      `frobnicate "Authorization: Bearer ${CANARY}"`,
      `frobnicate postgres://u:${CANARY}@db/x`,
      `frobnicate -p${CANARY}`,
      `frobnicate --${CANARY}`,
    ])
      await ask(line);
    const kept = JSON.stringify([store.blocked.all(), store.blocked.note('tally')]);
    assert.match(kept, /frobnicate/);
    assert.ok(!kept.includes(CANARY), kept);
    assert.ok(!JSON.stringify(await log.read({}, 100)).includes(CANARY));
  });

  it('cleans a sample by the names before its words, too', () => {
    assert.equal(sampleOf(['x', '--password', CANARY, 'y']), 'x --password [redacted:secret] y');
    assert.equal(sampleOf(['x', `--token=${CANARY}`]), 'x --token=[redacted:secret]');
    assert.equal(sampleOf(['x', 'a b', "it's"]), "x 'a b' 'it'\\''s'");
    assert.equal(hidesSomething(['x', '--all', '5']), false);
  });

  it('is bounded, counts what is beyond, and says so', async () => {
    const { ask, keeper, store } = await aKeeper();
    for (let n = 0; n < 130; n++) await ask('frobnicate status');
    assert.equal(store.blocked.all()[0]?.count, 100);
    const stats = (await keeper.statistics()) as unknown as { total: number; beyond: number };
    assert.deepEqual([stats.total, stats.beyond], [130, 30]);
  });

  it('never fails the refusal that it is about', async () => {
    const store = openMemoryStore();
    const { ask } = await aKeeper({ store });
    await store[Symbol.asyncDispose]();
    await ask('frobnicate status');
  });

  it('leaves an event for each, with nothing of its words but the program', async () => {
    const { ask, log } = await aKeeper();
    await ask('frobnicate status');
    await ask('cat /etc/shadow');
    const events = await log.read({ operation: 'command.blocked' }, 10);
    assert.deepEqual(events.map(({ more }) => more?.['code']).toReversed(), [
      'unknown-program',
      'secret',
    ]);
    assert.doesNotMatch(JSON.stringify(events), /\/etc\/shadow|status/);
  });
});
