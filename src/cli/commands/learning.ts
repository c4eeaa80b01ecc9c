/** What is refused again and again, and what an operator makes of it, step by step. */
import type { Desk } from '../desk.ts';
import { renderAnything } from '../render/anything.ts';
import { renderStatistics, renderStep, renderSuggestions } from '../render/learning.ts';
import type { CommandSpec } from './spec.ts';

type Drafted = { readonly yaml: string; readonly path: string; readonly state: string };

const step =
  (to: 'shadow' | 'active' | 'disabled') =>
  async (desk: Desk, [id = '']: readonly (string | undefined)[]): Promise<void> => {
    await desk.answer('command_move', { id, to }, renderStep);
  };

export const learning: readonly CommandSpec[] = [
  {
    usage: 'suggestions',
    summary: 'list what was refused often enough to be looked at, and how far each has come',
    more: `After 5 refusals over at least 24 hours, in 2 sessions or on 2 days. A suggestion admits nothing, however often it is asked:
proposed, shadow (judged beside what is in force, never acting), adopted, active once an operator signed it, disabled.`,
    examples: ['catalogue suggestions', 'catalogue suggestions --json'],
    async run(desk) {
      await desk.answer('command_suggestions', {}, renderSuggestions);
    },
  },
  {
    usage: 'stats',
    summary:
      'refused commands in numbers: why, of what risk, which most often; and what shadows would have said',
    examples: ['catalogue stats'],
    async run(desk) {
      await desk.answer('command_statistics', {}, renderStatistics);
    },
  },
  {
    usage: 'draft <id>',
    summary: 'print the entry of a suggestion, and keep it in commands/suggested to be corrected',
    examples: ['catalogue draft foo-3f2a9c1d04'],
    async run(desk, [id = '']) {
      const drafted = (await desk.ask('command_draft', { id })) as Drafted;
      if (desk.json) {
        desk.show(drafted, renderAnything);
        return;
      }
      desk.raw(drafted.yaml);
      desk.note(`it lies in ${drafted.path}: ${drafted.state}`);
    },
  },
  {
    usage: 'shadow <id>',
    summary:
      'judge an entry beside what is in force: what it would have said is counted, it never acts',
    examples: ['catalogue shadow foo-3f2a9c1d04'],
    run: step('shadow'),
  },
  {
    usage: 'adopt <id>',
    summary:
      'put an entry among your own; in force when an operator has signed it with holdfast config sign',
    examples: ['catalogue adopt foo-3f2a9c1d04'],
    run: step('active'),
  },
  {
    usage: 'disable <id>',
    summary: 'take an entry out of use, and keep it; what was in force is signed again',
    examples: ['catalogue disable foo-3f2a9c1d04'],
    run: step('disabled'),
  },
];
