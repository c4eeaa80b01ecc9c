import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { resolveTarget } from '#inventory';
import { TIERS } from '#model';
import { readScopes } from './filters.ts';
import { changing } from './operation.ts';

const DEFAULT_FOUND = 10;
const MOST_FOUND = 50;

/** The hundreds of actions live behind this one question, so that a client's list of tools stays small. */
export const findActions = changing({
  name: 'find_actions',
  title: 'Find actions',
  summary:
    'Finds what can be done: actions by words like "restart a service", with their arguments, tier and what they change. Then run_action.',
  capability: 'changes.read',
  taints: false,
  assistants: true,
  narrows: true,
  reads: true,
  input: z.strictObject({
    query: z
      .string()
      .max(200)
      .optional()
      .describe('words or an id, at most 200 characters; default: all'),
    tier: z.enum(TIERS).optional().describe('T0 looks, T3 is irreversible'),
    family: z.string().max(64).optional(),
    target: z.string().max(LIMITS.nameChars).optional().describe('only what fits this target'),
    limit: z.number().int().min(1).max(MOST_FOUND).optional().describe('default 10, at most 50'),
  }),
  output: z.object({
    actions: z.array(
      z.object({
        action: z.string().describe('give this to run_action'),
        version: z.number(),
        summary: z.string(),
        family: z.string(),
        tier: z.enum(TIERS),
        sideEffect: z.string(),
        capability: z.string(),
        reversible: z.boolean(),
        draft: z.boolean().describe('not published yet: run_action refuses it'),
        hostTypes: z.array(z.string()),
        arguments: z.array(
          z.object({
            name: z.string(),
            type: z.string(),
            summary: z.string(),
            required: z.boolean(),
            values: z.array(z.string()),
            within: z.array(z.string()),
          }),
        ),
      }),
    ),
    found: z.number(),
    families: z.array(z.string()),
  }),
  async run(input, { catalogue }, asking) {
    const all = await catalogue();
    const target =
      input.target === undefined
        ? undefined
        : resolveTarget(asking.inventory, input.target, readScopes(undefined, asking));
    const found = all.search(input.query ?? '', {
      ...(input.tier === undefined ? {} : { tier: input.tier }),
      ...(input.family === undefined ? {} : { family: input.family }),
      ...(target === undefined ? {} : { hostType: target.hostType }),
    });
    return {
      actions: found.slice(0, input.limit ?? DEFAULT_FOUND).map((action) => ({
        action: action.id,
        version: action.version,
        summary: action.summary,
        family: action.family,
        tier: action.tier,
        sideEffect: action.sideEffect,
        capability: action.capability,
        reversible: action.irreversible === null,
        draft: all.isDraft(action),
        hostTypes: action.hostTypes === 'any' ? ['any'] : [...action.hostTypes],
        arguments: action.arguments.map(({ name, type, summary, required, values, within }) => ({
          name,
          type,
          summary,
          required,
          values: [...values],
          within: [...within],
        })),
      })),
      found: found.length,
      families: [...all.families],
    };
  },
});
