/** What the policies would say: tried, explained, and held against the past. */
import * as z from 'zod/v4';
import type { Json } from '#base/json';
import { changeIdInput } from './change-shapes.ts';
import { administering } from './operation.ts';

const anything = z.record(z.string(), z.unknown());
const CASES_CHARS = 1_000_000;

export const policyTest = administering({
  name: 'policy_test',
  title: 'Test the policies',
  summary: 'Checks the policies on disk, and what they decide in cases that say what is expected.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({
    cases: z.string().max(CASES_CHARS).optional().describe('YAML; default: the shipped cases'),
  }),
  output: anything,
  run: async (input, { policies }) => (await policies.test(input.cases)) as Record<string, Json>,
});

export const policyExplain = administering({
  name: 'policy_explain',
  title: 'Explain a decision',
  summary: 'Why a change was decided as it was: what was asked, and each policy that spoke.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  input: z.strictObject({ changeId: changeIdInput }),
  output: anything,
  run: async (input, { policies }) =>
    (await policies.explain(input.changeId)) as Record<string, Json>,
});

export const policyReplay = administering({
  name: 'policy_replay',
  title: 'Replay past decisions',
  summary: 'Which past changes the policies on disk would decide otherwise.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({ limit: z.number().int().min(1).max(10_000).optional() }),
  output: anything,
  run: async (input, { policies }) =>
    (await policies.replay(input.limit ?? 1_000)) as Record<string, Json>,
});
