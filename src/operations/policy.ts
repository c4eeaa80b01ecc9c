/** What the policies would say: tried, explained, and held against the past. */
import * as z from 'zod/v4';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import { MODES, TIERS } from '#model';
import { changeIdInput } from './change-shapes.ts';
import { administering } from './operation.ts';

const anything = z.record(z.string(), z.unknown());
const CASES_CHARS = 1_000_000;
const FILE_CHARS = 256 * 1024;
const policyFiles = z
  .array(z.strictObject({ name: z.string().min(1).max(80), text: z.string().max(FILE_CHARS) }))
  .min(1)
  .max(64)
  .describe('the whole set: what is not in it is not there');

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

export const policyShow = administering({
  name: 'policy_show',
  title: 'Show the policies',
  summary:
    'The policy files and settings that lie there, each rule with its place, and what is wrong.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  input: z.strictObject({}),
  output: anything,
  run: async (_input, { policies }) => (await policies.show()) as Record<string, Json>,
});

export const policyMatrix = administering({
  name: 'policy_matrix',
  title: 'Policies as a table',
  summary:
    'What comes of each tier for each kind of caller, profile and environment, by the policies in force or by edited ones.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  hides: ['files'],
  input: z.strictObject({
    files: policyFiles.optional(),
    kinds: z
      .array(z.enum(['operator', 'assistant', 'service']))
      .min(1)
      .max(3)
      .optional(),
    profiles: z.array(z.string().max(LIMITS.nameChars)).min(1).max(16).optional(),
    capabilities: z.array(z.string().max(64)).max(64).optional().describe('as of one lease'),
    mode: z.enum(MODES).optional().describe('default: that of the settings'),
    ceiling: z.enum(TIERS).optional().describe('of the session; default T3'),
    tainted: z.boolean().optional(),
    standing: z.enum(['none', 'standing', 'even-tainted']).optional(),
    inWindow: z.boolean().optional(),
    frozen: z.boolean().optional(),
  }),
  output: anything,
  run: async (input, { policies }) =>
    (await policies.matrix({
      ...input,
      kinds: input.kinds ?? ['operator', 'assistant', 'service'],
      tainted: input.tainted ?? false,
      standing: input.standing ?? 'none',
      inWindow: input.inWindow ?? false,
      frozen: input.frozen ?? false,
    })) as Record<string, Json>,
});

export const policyCheck = administering({
  name: 'policy_check',
  title: 'Check edited policies',
  summary:
    'Whether edited policies hold, which past changes they would decide otherwise, and why one of them. Puts nothing in force.',
  capability: 'changes.read',
  taints: false,
  assistants: false,
  mends: true,
  hides: ['files'],
  input: z.strictObject({
    files: policyFiles,
    replay: z.number().int().min(0).max(10_000).optional().describe('past changes; default 1,000'),
    changeId: changeIdInput.optional().describe('a past change to explain by the edited policies'),
  }),
  output: anything,
  run: async (input, { policies }) =>
    (await policies.check({ ...input, replay: input.replay ?? 1_000 })) as Record<string, Json>,
});

export const policySave = administering({
  name: 'policy_save',
  title: 'Write the policies',
  summary:
    'Writes the whole set of policy files, unsigned: nothing of T1 and above runs until an operator signs it.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  mends: true,
  hides: ['files'],
  input: z.strictObject({
    base: z.string().max(80).describe('base of policy_show: what it was edited from'),
    files: policyFiles,
  }),
  output: anything,
  run: async (input, { policies }) => (await policies.save(input)) as Record<string, Json>,
});
