import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENVIRONMENTS } from '#model';
import { loadPolicies } from './load.ts';
import { shippedFiles } from './samples.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import { type TableFacts, verdictTable } from './verdict-table.ts';

const HOLDS = ['actions.look', 'actions.change', 'actions.irreversible'];
const OPERATOR = { kind: 'operator', profile: 'operator', capabilities: HOLDS } as const;
const ASSISTANT = { kind: 'assistant', profile: 'observer', capabilities: HOLDS } as const;
const FACTS: TableFacts = {
  mode: 'open',
  tainted: false,
  standing: 'none',
  inWindow: false,
  frozen: false,
};
const engine = loadPolicies(shippedFiles(), { ...DEFAULT_SETTINGS, mode: 'open' });
const verdicts = (
  callers: Parameters<typeof verdictTable>[1],
  more: Partial<TableFacts> = {},
): string[] => [
  ...new Set(
    verdictTable(engine, callers, { ...FACTS, ...more }).map(({ cells }) =>
      Object.values(cells)
        .map(({ verdict }) => verdict)
        .join(' '),
    ),
  ),
];

describe('the table of verdicts', () => {
  it('has a row for each caller and environment, and the engine’s own answer in each cell', () => {
    const rows = verdictTable(engine, [OPERATOR, ASSISTANT], FACTS);
    assert.equal(rows.length, 2 * ENVIRONMENTS.length);
    assert.deepEqual(verdicts([OPERATOR]), ['allow needs-approval needs-approval needs-approval']);
    assert.deepEqual(verdicts([ASSISTANT], { standing: 'standing', inWindow: true }), [
      'allow allow needs-approval needs-approval',
    ]);
    assert.deepEqual(verdicts([ASSISTANT], { standing: 'standing', tainted: true }), [
      'allow needs-approval needs-approval deny',
    ]);
  });

  it('denies what a profile does not hold, and what is above the mode', () => {
    assert.deepEqual(verdicts([{ ...ASSISTANT, capabilities: ['actions.look'] }]), [
      'allow deny deny deny',
    ]);
    assert.deepEqual(verdicts([OPERATOR], { mode: 'readonly' }), ['allow deny deny deny']);
  });

  it('tells edited policies from the shipped ones', () => {
    const edited = loadPolicies(
      [
        ...shippedFiles(),
        {
          path: 'own.cedar',
          text: '@id("own-lab")\n@why("the lab is quiet")\nforbid (principal, action == Action::"propose", resource) when { resource.environment == "lab" };\n',
        },
      ],
      DEFAULT_SETTINGS,
    );
    const rows = verdictTable(edited, [OPERATOR], { ...FACTS, mode: 'guarded' });
    const of = (environment: string) => rows.find((row) => row.environment === environment)?.cells;
    assert.equal(of('lab')?.T1.verdict, 'deny');
    assert.equal(of('lab')?.T1.says, 'the lab is quiet');
    assert.equal(of('test')?.T1.verdict, 'needs-approval');
  });
});
