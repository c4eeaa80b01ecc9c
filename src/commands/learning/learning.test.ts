/** What may come of refused commands, and what never may. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '#base/time';
import { shippedJudge } from '#test/commands';
import type { Judge } from '../judge.ts';
import { parseEntries } from '../read-entries.ts';
import { tokenize } from '../tokenize.ts';
import { admits, draftEntry, withEntries } from './draft.ts';
import { examine } from './learn.ts';
import { counted, NO_SHADOW, shadowOf } from './shadow.ts';
import { showShape, valueShape } from './shape.ts';
import { isRipe, suggestionsFrom } from './suggest.ts';
import {
  type Block,
  isWithin,
  LEARNING_LIMITS,
  type Learnt,
  NO_TALLY,
  noted,
  statisticsOf,
} from './tally.ts';

const HOUR = 3_600_000_000;
const argvOf = (line: string): readonly string[] => {
  const tokens = tokenize(line);
  assert.ok('argv' in tokens, line);
  return tokens.argv;
};

describe('the shape of a refused command', () => {
  let judge: Judge;
  before(() => {
    judge = shippedJudge();
  });
  const shown = (line: string): string | null => {
    const argv = argvOf(line);
    const { shape } = examine(judge, argv, judge.judge(argv).code);
    return shape === null ? null : showShape(shape);
  };

  for (const [line, shape] of [
    ['frobnicate status --all -n 5 /srv/x', 'frobnicate status --all -n <number> <path>'],
    ['/usr/bin/frobnicate 10.1.2.3', 'frobnicate <host>'],
    ['frobnicate web-1.example.com nginx.service', 'frobnicate <host> <unit>'],
    ["frobnicate 'two words'", 'frobnicate <text>'],
    ['journalctl --frob -n 5', 'journalctl --frob -n <number>'],
    ['journalctl -n5 --frob', 'journalctl -n <number> --frob'],
    ['kubectl frob pods', 'kubectl frob <word>'],
    ['grep -r --frob x /var/log', 'grep -r --frob <word> <path>'],
  ] as const)
    it(`of ${line} has kinds and no values`, () => assert.equal(shown(line), shape));

  for (const line of [
    'cat /etc/shadow',
    'curl http://192.0.2.1/',
    'ls > x',
    'tail -f /var/log/syslog',
    'FOO=1 ls',
    'frobnicate -pHunter2',
    'frobnicate --Hunter2=x',
    'frobnicate ---x',
    `frobnicate ${'a '.repeat(30)}`,
  ])
    it(`is not kept of ${line.slice(0, 40)}`, () => {
      const tokens = tokenize(line);
      const argv = 'argv' in tokens ? tokens.argv : null;
      const { code } = judge.judgeLine(line);
      assert.equal(examine(judge, argv, code).shape, null);
    });

  it('holds no value, whatever is asked', () => {
    const canary = fc.stringMatching(/^Zq[0-9]{4}[A-Z]{6}$/);
    const word = fc.oneof(
      canary,
      canary.map((text) => `--token=${text}`),
      canary.map((text) => `-p${text}`),
      canary.map((text) => `--${text}`),
      canary.map((text) => `/srv/${text}`),
      canary.map((text) => `https://u:${text}@h/`),
      fc.constantFrom('-n', '--all', 'status', '5'),
    );
    const program = fc.constantFrom('frobnicate', 'journalctl', 'git', 'find', 'kubectl');
    fc.assert(
      fc.property(program, fc.array(word, { maxLength: 6 }), (name, words) => {
        const argv = [name, ...words];
        const { shape, id } = examine(judge, argv, judge.judge(argv).code);
        assert.doesNotMatch(`${JSON.stringify(shape)} ${id}`, /Zq[0-9]/);
      }),
      { numRuns: 200 },
    );
  });

  it('tells kinds of values, the narrower where two would do', () => {
    const kinds = ['5', '/x', './x', 'a/b', '::1', 'a.b', 'x.timer', 'ab-c', 'a=b', '', 'ü', '-'];
    assert.deepEqual(kinds.map(valueShape), [
      'number',
      'path',
      'path',
      'path',
      'host',
      'host',
      'unit',
      'word',
      'text',
      'text',
      'text',
      'text',
    ]);
  });
});

describe('a draft', () => {
  const judge = shippedJudge();
  const draftOf = (line: string): string => {
    const argv = argvOf(line);
    const { shape, noDraft } = examine(judge, argv, judge.judge(argv).code);
    assert.equal(noDraft, null, `${line}: ${noDraft}`);
    assert.ok(shape !== null);
    const draft = draftEntry(judge, shape);
    assert.ok('yaml' in draft);
    return draft.yaml;
  };
  const LINES = [
    'frobnicate status --all -n 5 /srv/x',
    'frobnicate -tulpn',
    'frobnicate a -x b -y',
    'otherwise --since=5 -v 7',
    'journalctl --frob -n 5',
    'git --frob log',
    'git log --frob',
    'find /tmp -frob x',
    'df --frob /var',
    'ls --frob=3 -l /tmp',
    'kubectl frob pods -n x',
    'kubectl version --frob',
  ];

  for (const line of LINES)
    it(`of ${line} admits exactly that, and is never of class read`, () => {
      const yaml = draftOf(line);
      const beside = withEntries(judge, parseEntries(yaml, 'draft', false));
      const found = beside.judge(argvOf(line));
      assert.ok(['write', 'exec'].includes(found.class), found.class);
      assert.ok(admits(judge, yaml, argvOf(line)));
      assert.notEqual(judge.judge(argvOf(line)).class, 'read');
    });

  it('keeps names of options and verbs narrow: what is near stays refused', () => {
    const yaml = draftOf('frobnicate status --all -n 5 /srv/x');
    const beside = withEntries(judge, parseEntries(yaml, 'draft', false));
    for (const line of [
      'frobnicate',
      'frobnicate stop --all -n 5 /srv/x',
      'frobnicate status --all /srv/x',
      'frobnicate status --all -n x /srv/x',
      'frobnicate status --all -n 5 /etc/shadow',
      'frobnicate status --all -n 5 /srv/x /srv/y',
      'frobnicate status --all --more -n 5 /srv/x',
    ])
      assert.equal(beside.judge(argvOf(line)).normalForm, null, line);
  });

  it('of one plain word admits no path, host or option in its place', () => {
    const beside = withEntries(judge, parseEntries(draftOf('frobnicate Web_1'), 'draft', false));
    assert.equal(beside.judge(['frobnicate', 'other']).class, 'write');
    for (const word of ['/etc/shadow', 'etc/shadow', '.', 'a.b', 'u@h', 'a=b', '-x', '--', ''])
      assert.equal(beside.judge(['frobnicate', word]).normalForm, null, word);
  });

  it('is not made where an entry could not say it exactly', () => {
    for (const line of [
      'frobnicate "free text"',
      'frobnicate -x 1 -x 2',
      'frobnicate --since=5 a -v b',
      'tail -n x /var/log/syslog',
      'uname a b c',
    ]) {
      const argv = argvOf(line);
      const { code } = judge.judge(argv);
      const { shape, noDraft } = examine(judge, argv, code);
      assert.ok(shape !== null, `${line} ${code}`);
      assert.notEqual(noDraft, null, line);
    }
  });

  it('moves nothing that reads, and lets nothing read that did not', () => {
    const entries = LINES.flatMap((line, n) => parseEntries(draftOf(line), `d${n}`, false));
    const reading = [...judge.programs.values()].flatMap(({ items }) =>
      items.flatMap(({ entry }) => entry.forms.flatMap(({ examples }) => examples)),
    );
    const after = withEntries(judge, entries);
    const named = new Set(entries.map(({ program }) => program));
    let seen = 0;
    for (const line of new Set([...reading, ...LINES])) {
      const argv = argvOf(line);
      if (!named.has(argv[0] ?? '')) continue;
      seen += 1;
      const was = judge.judge(argv).class === 'read';
      assert.equal(after.judge(argv).class === 'read', was, line);
    }
    assert.ok(seen > 20);
  });
});

describe('what is remembered', () => {
  const judge = shippedJudge();
  type Made = Block & { readonly id: string | null };
  const made = new Map<string, Made>();
  const blockOf = ({ line, ...over }: Partial<Block> & { readonly line: string }): Made => {
    const known = made.get(line) ?? newBlock(line);
    made.set(line, known);
    return { ...known, ...over };
  };
  const newBlock = (line: string): Made => {
    const argv = argvOf(line);
    const { code, class: of, tier } = judge.judge(argv);
    return {
      at: 0 as Instant,
      session: 's1',
      person: 'operator:ada@local',
      target: 'host:web-1',
      code,
      class: of,
      tier,
      label: 'CRITICAL',
      sample: line,
      ...examine(judge, argv, code),
    };
  };
  const after = (blocks: readonly (Block & { readonly id: string | null })[]) => {
    const rows = new Map<string, Learnt>();
    let tally = NO_TALLY;
    let refused = 0;
    for (const block of blocks) {
      if (!isWithin(tally, block.session, block.at)) {
        refused += 1;
        continue;
      }
      const told = noted(block, tally, block.id, rows.get(block.id ?? ''));
      tally = told.tally;
      if (told.row !== null) rows.set(told.row.id, told.row);
    }
    return { rows: [...rows.values()], tally, refused };
  };
  const times = (
    n: number,
    over: (i: number) => Partial<Block>,
  ): (Block & { id: string | null })[] =>
    Array.from({ length: n }, (_, i) => blockOf({ line: 'frobnicate status', ...over(i) }));

  it('is suggested after 5 refusals and 24 hours, and not before either', () => {
    const hours = (all: readonly number[]): boolean =>
      isRipe(
        after(times(all.length, (i) => ({ at: ((all[i] ?? 0) * HOUR) as Instant })))
          .rows[0] as Learnt,
      );
    assert.equal(hours([0, 1, 2, 3, 24]), true);
    assert.equal(hours([0, 1, 2, 24]), false);
    assert.equal(hours([0, 1, 2, 3, 23.9]), false);
    assert.equal(hours([0, 0, 0, 0, 0, 0, 0, 0, 0]), false);
  });

  it('says why, what is not known, and the entry; its count moves neither class nor tier', () => {
    const at = (n: number) =>
      suggestionsFrom(
        after(times(n, (i) => ({ at: (i * 6 * HOUR) as Instant, session: `s${i}` }))).rows,
        judge,
      )[0];
    const [few, many] = [at(5), at(60)];
    assert.ok(few !== undefined && many !== undefined);
    assert.equal(many.count, 60);
    assert.match(few.why, /^refused 5 times between .* in 5 sessions, on 2 days$/);
    assert.ok(few.unknown.length > 0);
    const bare = (yaml: string): unknown =>
      JSON.parse(
        JSON.stringify(parseEntries(yaml, 'x', false), (key, value) =>
          key === 'origin' ? null : value,
        ),
      );
    assert.deepEqual(bare(few.yaml), bare(many.yaml));
    assert.match(few.yaml, /man frobnicate/);
  });

  it('is bounded for one session, one day and one row', () => {
    const flood = times(500, () => ({}));
    const { rows, refused, tally } = after(flood);
    assert.equal(rows[0]?.count, LEARNING_LIMITS.perSessionAndDay);
    assert.equal(refused, 500 - LEARNING_LIMITS.perSessionAndDay);
    assert.equal(tally.total, LEARNING_LIMITS.perSessionAndDay);
    const shapes = times(80, (i) => {
      const line = `frobnicate ${'a'.repeat(2 + (i % 20))}${'b'.repeat(1 + Math.floor(i / 20))}`;
      const { id, shape } = blockOf({ line });
      return { id, shape } as Partial<Block>;
    });
    assert.equal(after(shapes).rows.length, LEARNING_LIMITS.shapesPerSessionAndDay);
    assert.equal(after(shapes).tally.beyond, 60);
    const wide = after(
      times(4_000, (i) => ({
        session: `s${i % 200}`,
        person: `p${i}`,
        target: `t${i}`,
        sample: `x${i}`,
      })),
    );
    const body = wide.rows[0]?.body;
    assert.equal(body?.people.length, LEARNING_LIMITS.kept);
    assert.equal(body?.sessions.length, LEARNING_LIMITS.kept);
    assert.equal(body?.targets.length, LEARNING_LIMITS.kept);
    assert.equal(body?.samples.length, LEARNING_LIMITS.samples);
    assert.ok(
      after(times(6_000, (i) => ({ session: `s${i}` }))).tally.today <= LEARNING_LIMITS.perDay,
    );
  });

  it('counts what can never be suggested, and keeps nothing else of it', () => {
    const { rows, tally } = after([
      blockOf({ line: 'cat /etc/shadow' }),
      blockOf({ line: 'tail -f /var/log/syslog' }),
      blockOf({ line: 'frobnicate status' }),
    ]);
    assert.equal(rows.length, 1);
    assert.deepEqual(tally.byCode, { secret: 1, 'never-ends': 1, 'unknown-program': 1 });
    const { top, total, byLabel } = statisticsOf(rows, tally);
    assert.deepEqual(
      [total, byLabel, top.map(({ command }) => command)],
      [3, { CRITICAL: 3 }, ['frobnicate status']],
    );
  });

  it('no sequence of refusals makes anything of class read', () => {
    const lines = [
      'frobnicate status',
      'frobnicate -x /srv/a',
      'journalctl --frob',
      'kubectl frob x',
      'df --frob /var',
      'cat /etc/shadow',
      'git --frob log',
      'ls --frob=3 -l /tmp',
    ];
    const step = fc.record({
      line: fc.constantFrom(...lines),
      hours: fc.integer({ min: 0, max: 40 }),
      session: fc.constantFrom('a', 'b', 'c'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 0;
        const { rows } = after(
          steps.map(({ line, hours, session }) => {
            now += hours * HOUR;
            return blockOf({ line, session, at: now as Instant });
          }),
        );
        const suggested = suggestionsFrom(rows, judge);
        const beside = withEntries(
          judge,
          suggested.flatMap(({ yaml, id }) => parseEntries(yaml, id, false)),
        );
        for (const line of lines) {
          assert.notEqual(beside.judge(argvOf(line)).class, 'read', line);
          assert.notEqual(judge.judge(argvOf(line)).class, 'read', line);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('an entry in shadow', () => {
  const judge = shippedJudge();
  const shadow = shadowOf(
    judge,
    parseEntries(
      'family: own\nentries:\n  - program: frobnicate\n    summary: x\n    forms:\n      - { verb: [status], class: read, means: x }\n      - { verb: [stop], class: write, means: x }\n',
      'x',
      false,
    ),
  );
  const ask = (line: string, counts = NO_SHADOW) =>
    counted(counts, shadow, judge, { line }, 'assistant');

  it('is counted where it agrees, where it is milder, and where it would have run', () => {
    assert.equal(ask('ls /tmp'), NO_SHADOW);
    assert.deepEqual(ask('frobnicate status'), {
      asked: 1,
      agreed: 0,
      milder: 1,
      stricter: 0,
      wouldRun: 1,
    });
    assert.deepEqual(ask('frobnicate stop'), {
      asked: 1,
      agreed: 0,
      milder: 1,
      stricter: 0,
      wouldRun: 0,
    });
    assert.deepEqual(ask('frobnicate kill'), {
      asked: 1,
      agreed: 1,
      milder: 0,
      stricter: 0,
      wouldRun: 0,
    });
    assert.equal(ask('timeout 5 frobnicate status').wouldRun, 1);
  });

  it('never changes what is in force', () => {
    ask('frobnicate status');
    assert.equal(judge.judge(['frobnicate', 'status']).class, 'deny');
  });
});
