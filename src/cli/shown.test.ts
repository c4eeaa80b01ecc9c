/**
 * What a person sees. The golden file holds every answer as it is shown on a terminal of 100
 * columns without colour; `node --test --test-update-snapshots` writes it anew, for review.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Json } from '#base/json';
import type { Ask, Commands } from './program.ts';
import { ANSWERS, BROKEN_LOG, SHOWN, STARTED } from './render/samples.ts';
import { cli } from './samples.ts';
import { widthOf } from './text/width.ts';

const up = {
  up: async (_home: string, _options: unknown, tell: { ready: (s: typeof STARTED) => void }) =>
    tell.ready(STARTED),
};

/** The answer under test, and the usual one to whatever the command asks on its way there. */
const answering =
  (operation: string, answer: Json | undefined) =>
  (ask: Ask): Json =>
    (ask.operation === operation ? answer : undefined) ?? ANSWERS[ask.operation] ?? null;

describe('what a person sees', () => {
  it('is as the golden file says', async (t) => {
    let text = '';
    for (const [line, operation, answer, typed] of SHOWN) {
      const { out, err, prompts } = await cli(line.split(' '), {
        answer: answering(operation, answer),
        terminal: true,
        columns: 100,
        env: { NO_COLOR: '1' },
        ...(typed === undefined ? {} : { typed }),
      });
      text += `$ holdfast ${line}\n${out}${prompts.map((prompt) => `${prompt}${typed}\n`).join('')}${err}\n`;
    }
    for (const line of ['up', 'up --once'])
      text += `$ holdfast ${line}\n${(await cli(line.split(' '), { commands: up })).out}\n`;
    for (const changes of [{ operators: 1, waiting: 0 }, { operators: 2, waiting: 1 }, null]) {
      const told = { ...STARTED, changes };
      const tell: Partial<Commands> = { up: async (_home, _options, { ready }) => ready(told) };
      const { out } = await cli(['up'], { commands: tell });
      text += `$ holdfast up\n${out.split('\n').find((row) => /change/i.test(row))}\n\n`;
    }
    t.assert.fileSnapshot(text, join(import.meta.dirname, 'shown.golden.txt'), {
      serializers: [String],
    });
  });

  it('was shown above for every operation that a command asks', () => {
    assert.deepEqual(
      [...new Set(SHOWN.map(([, operation]) => operation))].toSorted(),
      Object.keys(ANSWERS)
        .filter((name) => name !== 'ingest_observation')
        .toSorted(),
    );
  });

  it('fits the terminal wherever it is a table', async () => {
    for (const columns of [60, 80, 120]) {
      for (const line of ['query user:*', 'diff --from yesterday', 'target list']) {
        const operation = SHOWN.find(([shown]) => shown === line)?.[1] ?? '';
        const { out } = await cli(line.split(' '), {
          answer: () => ANSWERS[operation] ?? null,
          terminal: true,
          columns,
        });
        for (const row of out.split('\n').filter((each) => !each.includes('holdfast '))) {
          const plain = row.replaceAll(COLOUR, '');
          assert.ok(widthOf(plain) <= columns, `${columns}: ${plain}`);
        }
      }
    }
  });

  it('is coloured on a terminal, unless NO_COLOR or a dumb one says no', async () => {
    const shown = async (terminal: boolean, env: Record<string, string> = {}): Promise<string> =>
      (await cli(['drift'], { answer: () => ANSWERS['drift_scan'] ?? null, terminal, env })).out;
    assert.match(await shown(true), COLOUR);
    for (const plain of [
      await shown(false),
      await shown(true, { NO_COLOR: '1' }),
      await shown(true, { TERM: 'dumb' }),
    ])
      assert.ok(!plain.includes('\u001b'));
  });

  it('says once what follows from one bad record', async () => {
    const broken = BROKEN_LOG as { log: { problems: readonly object[] } };
    const cut = (n: number) => ({ code: 'records-cut', seq: 17, file: 'c', what: `over ${n}` });
    const answer = {
      ...broken,
      log: { ...broken.log, problems: [...broken.log.problems, cut(20), cut(30), cut(40)] },
    };
    const { out } = await cli(['verify'], { answer: () => answer as Json });
    assert.match(out, /over 20, and 2 more like this/);
    assert.ok(!out.includes('over 30'));
  });

  it('does not take what is gone for a name that was never heard of', async () => {
    const answer = { facts: [], nextCursor: null, coverage: [], candidates: ['user:web-1/eva'] };
    const shown = async (more: object): Promise<string> =>
      (await cli(['query', 'user:*/eve'], { answer: () => ({ ...answer, ...more }) })).out;
    assert.match(await shown({}), /Did you mean: user:web-1\/eva/);
    assert.match(await shown({ onRecord: ['user:web-1/eve'] }), /at another: user:web-1\/eve/);
  });

  it('is the exit code too', async () => {
    assert.equal((await cli(['verify'], { answer: () => BROKEN_LOG })).exit, 8);
    assert.equal((await cli(['doctor'], { answer: () => ANSWERS['doctor'] ?? null })).exit, 1);
  });
});

describe('hostile text of a target', () => {
  const POISON =
    '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egnp.exe\u2066\u200b\ufeff\u0000\r\b\u007f\u0085\u2028\u{e0041}\ud800x\nNEXT LINE\ttab';

  it('never reaches the terminal as it is, from any answer of any command, as a table or as JSON', async () => {
    let seen = 0;
    for (const [line, operation, answer, typed] of SHOWN) {
      const poisoned = (ask: Ask): Json => poison(answering(operation, answer)(ask), POISON);
      for (const argv of [
        line.split(' '),
        [...line.split(' '), '--json'],
        [...line.split(' '), '--pretty'],
      ]) {
        const { out, err } = await cli(argv, {
          answer: poisoned,
          notices: [POISON],
          terminal: true,
          columns: 90,
          ...(typed === undefined ? {} : { typed }),
        });
        assert.doesNotMatch((out + err).replaceAll(COLOUR, ''), HARMFUL, argv.join(' '));
        if (!argv.includes('--json') && !argv.includes('--pretty')) {
          // What is written for a program has lines of its own.
          if (!['change_bundle', 'evidence_export', 'run_command'].includes(operation))
            assert.ok(!/^NEXT LINE/m.test(out), argv.join(' '));
          seen += out.split('gnp.exe').length - 1;
        }
      }
    }
    // The test would pass on answers that are not shown at all.
    assert.ok(seen > 50, String(seen));
  });

  it('never reaches it in an error, a progress note or what `up` tells', async () => {
    const { Fault } = await import('#base/fault');
    const answer = (ask: { progress: (note: string) => void }): never => {
      ask.progress(POISON);
      throw new Fault('missing', `no${POISON}`, `no such thing: ${POISON}`, {
        facts: { candidates: [POISON] },
      });
    };
    for (const argv of [['query'], ['query', '--json'], ['query', '--pretty']]) {
      const { err } = await cli(argv, { answer, terminal: true });
      assert.doesNotMatch(err.replaceAll('\r\u001b[K', ''), HARMFUL);
      assert.ok(err.includes('gnp.exe'));
    }
    const poisoned = poison(STARTED as unknown as Json, POISON) as unknown as typeof STARTED;
    const commands = {
      up: async (_h: string, _o: unknown, tell: { ready: (s: typeof STARTED) => void }) =>
        tell.ready(poisoned),
    };
    const { out } = await cli(['up'], { commands, terminal: true });
    assert.doesNotMatch(out.replaceAll(COLOUR, ''), HARMFUL);
    assert.ok(out.includes('gnp.exe'));
  });

  it('that came as an argument is not echoed raw either', async () => {
    for (const argv of [
      [POISON],
      ['query', `--${POISON}`],
      ['query', '--limit', POISON],
      ['query', '--as-of', POISON],
      ['ingest', POISON],
    ]) {
      const { out, err, exit } = await cli(argv, { terminal: true });
      assert.doesNotMatch((out + err).replaceAll(COLOUR, ''), HARMFUL);
      assert.notEqual(exit, 0);
    }
  });
});

const ESCAPE = '\u001b';
const COLOUR = new RegExp(`${ESCAPE}\\[(?:0|1|2|31|32|33)m`, 'g');
const HARMFUL = /(?!\n)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u;

/** Every string of an answer with poison at its end, and every name of an open object too. */
function poison(value: Json, text: string): Json {
  if (typeof value === 'string') return value + text;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => poison(item, text));
  const open = 'uid' in value || 'package' in value || 'port' in value || 'holdfast' in value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const fixed = ['severity', 'status', 'kind', 'state', 'verdict'].includes(name);
      return [open ? name + text : name, fixed ? member : poison(member, text)];
    }),
  ) as Json;
}
