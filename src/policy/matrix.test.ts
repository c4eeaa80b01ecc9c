/**
 * The shipped policies as a table that a person reviews: who asks, what is known of it, and what
 * comes of each tier. `--test-update-snapshots` writes it anew;
 * the difference is the review.
 */
import { join } from 'node:path';
import { it } from 'node:test';
import { MODES, type Mode, TIERS, type Tier } from '#model';
import { loadPolicies } from './load.ts';
import type { PolicyQuestion } from './protocol.ts';
import { aQuestion, aTarget, shippedFiles } from './samples.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const engine = loadPolicies(shippedFiles(), { ...DEFAULT_SETTINGS, mode: 'open' });

type Facts = NonNullable<Parameters<typeof aQuestion>[0]>;

const CALLERS: readonly (readonly [string, Partial<PolicyQuestion['caller']>])[] = [
  ['operator cli', { kind: 'operator', surface: 'cli' }],
  ['assistant stdio', { kind: 'assistant', surface: 'mcp-stdio' }],
  ['assistant http', { kind: 'assistant', surface: 'mcp-http' }],
  ['service', { kind: 'service', surface: 'service' }],
];
const STANDINGS: readonly (readonly [string, PolicyQuestion['standing']])[] = [
  ['none', null],
  ['standing', { id: 'nightly', evenTainted: false }],
  ['even tainted', { id: 'nightly', evenTainted: true }],
];

const EXTRAS: readonly (readonly [string, Facts])[] = [
  ['nothing known', {}],
  ['without the capability', { caller: { capabilities: [] } }],
  ['ceiling T0', { caller: { ceiling: 'T0' } }],
  ['ceiling T1', { caller: { ceiling: 'T1' } }],
  ['ceiling T2', { caller: { ceiling: 'T2' } }],
  ['frozen', { frozen: true }],
  ['wrong environment', { action: { environments: ['lab'] } }],
  ['two targets', { targets: [aTarget(), aTarget({ id: 'host:web-2' })] }],
  [
    'two targets, one wrong',
    {
      action: { environments: ['lab'] },
      targets: [aTarget({ environment: 'lab' }), aTarget({ id: 'host:web-2' })],
    },
  ],
  ['plan tainted', { planTainted: true }],
  [
    'plan tainted, assistant',
    { planTainted: true, caller: { kind: 'assistant', surface: 'mcp-http' } },
  ],
  [
    'standing, plan tainted',
    { standing: { id: 's', evenTainted: false }, inWindow: true, planTainted: true },
  ],
  [
    'even tainted, plan tainted',
    { standing: { id: 's', evenTainted: true }, inWindow: true, planTainted: true },
  ],
  [
    'even tainted, open arguments',
    {
      standing: { id: 's', evenTainted: true },
      inWindow: true,
      planTainted: true,
      action: { closedArguments: false },
    },
  ],
  [
    'open arguments, not tainted',
    {
      standing: { id: 's', evenTainted: false },
      inWindow: true,
      action: { closedArguments: false },
    },
  ],
  [
    'operator over MCP',
    {
      standing: { id: 's', evenTainted: false },
      inWindow: true,
      caller: { surface: 'mcp-stdio' },
    },
  ],
];

function cell(facts: Facts, tier: Tier): string {
  const { verdict, because } = engine.decide(
    aQuestion({ ...facts, action: { ...facts.action, tier } }),
  );
  const word = verdict === 'needs-approval' ? 'approval' : verdict;
  return because === 'policy' ? word : `${word} ${because}`;
}

function row(heads: readonly string[], widths: readonly number[], facts: Facts): string {
  const cells = [...heads, ...TIERS.map((tier) => cell(facts, tier))];
  return line(cells, widths);
}

function line(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((each, i) => each.padEnd(widths[i] ?? 0))
    .join('  ')
    .trimEnd();
}

function table(mode: Mode): string[] {
  const widths = [15, 7, 12, 6, 20, 24, 24, 24];
  const rows = CALLERS.flatMap(([who, caller]) =>
    [false, true].flatMap((tainted) =>
      STANDINGS.flatMap(([standingName, standing]) =>
        [true, false].map((inWindow) => ({
          heads: [who, tainted ? 'tainted' : 'clean', standingName, inWindow ? 'in' : 'out'],
          facts: { caller: { ...caller, tainted }, standing, inWindow, mode },
        })),
      ),
    ),
  );
  const answers = new Set(rows.map(({ facts }) => row([], [], facts)));
  const [first] = rows;
  return [
    `mode ${mode}`,
    line(['caller', 'session', 'approval', 'window', ...TIERS], widths),
    ...(answers.size === 1 && first !== undefined
      ? [row(['every', 'any', 'any', 'any'], widths, first.facts)]
      : rows.map(({ heads, facts }) => row(heads, widths, facts))),
    '',
  ];
}

function extras(): string[] {
  const widths = [30, 20, 24, 24, 24];
  return [
    'mode open, an operator at the command line unless said otherwise',
    line(['what else is known', ...TIERS], widths),
    ...EXTRAS.map(([what, facts]) => row([what], widths, facts)),
    '',
  ];
}

it('the shipped policies decide what the reviewed table says', (t) => {
  const text = [
    'What the shipped policies answer: allow (runs at once), approval (waits for an operator), deny; then the code.',
    'The caller holds the capability and the ceiling T3; every argument is closed.',
    '',
    ...MODES.flatMap(table),
    ...extras(),
  ].join('\n');
  t.assert.fileSnapshot(text, join(import.meta.dirname, 'matrix.golden.txt'), {
    serializers: [String],
  });
});
