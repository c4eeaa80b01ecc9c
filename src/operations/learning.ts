/**
 * What is refused again and again, and what an operator makes of it. Nobody else is offered these: whoever
 * asks for a command never has a hand in what is known of it.
 */
import * as z from 'zod/v4';
import type { Json } from '#base/json';
import { administering } from './operation.ts';

const anything = z.record(z.string(), z.unknown());
const suggestionId = z.string().min(1).max(80).describe('as command_suggestions tells it');

/** Answers are JSON in the form each operation publishes. */
export type LearningPowers = {
  readonly suggestions: () => Promise<Json>;
  readonly statistics: () => Promise<Json>;
  /** The file of a suggestion; made where there is none. It does nothing. */
  readonly draft: (id: string, principal: string) => Promise<Json>;
  readonly move: (
    id: string,
    to: 'shadow' | 'active' | 'disabled',
    principal: string,
  ) => Promise<Json>;
};

export const commandSuggestions = administering({
  name: 'command_suggestions',
  title: 'Suggested commands',
  summary: 'What was refused often enough to be looked at by a person, and how far each has come.',
  capability: 'drafts.read',
  taints: false,
  assistants: false,
  leases: true,
  input: z.strictObject({}),
  output: anything,
  run: async (_input, { learning }) => (await learning.suggestions()) as Record<string, Json>,
});

export const commandStatistics = administering({
  name: 'command_statistics',
  title: 'Refused commands in numbers',
  summary: 'How many commands were refused, why, of what risk, and which most often.',
  capability: 'drafts.read',
  taints: false,
  assistants: false,
  leases: true,
  input: z.strictObject({}),
  output: anything,
  run: async (_input, { learning }) => (await learning.statistics()) as Record<string, Json>,
});

export const commandDraft = administering({
  name: 'command_draft',
  title: 'Draft a command entry',
  summary: 'Writes the smallest entry that would admit a suggestion, for a person to correct.',
  capability: 'drafts.write',
  taints: false,
  assistants: false,
  leases: true,
  input: z.strictObject({ id: suggestionId }),
  output: anything,
  run: async (input, { learning }, asking) =>
    (await learning.draft(input.id, asking.caller.principal)) as Record<string, Json>,
});

export const commandMove = administering({
  name: 'command_move',
  title: 'Take a suggested command a step further',
  summary:
    'Puts an entry beside what is in force, among the own entries that operators sign, or out of use.',
  capability: 'authority.write',
  taints: false,
  assistants: false,
  input: z.strictObject({ id: suggestionId, to: z.enum(['shadow', 'active', 'disabled']) }),
  output: anything,
  run: async (input, { learning }, asking) =>
    (await learning.move(input.id, input.to, asking.caller.principal)) as Record<string, Json>,
});
