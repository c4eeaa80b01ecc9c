/** What was tried of an action and what came of it, for people. */
import type { Render } from '../desk.ts';

/** Where nothing was tried, since nothing had to be. */
const NOWHERE = 'nowhere';

export const renderReport: Render<{
  readonly action: string;
  readonly where: string;
  readonly result: string;
  readonly tries: readonly {
    readonly name: string;
    readonly held: boolean;
    readonly says: string;
  }[];
}> = (paper, { action, where, result, tries }) => {
  paper.table(
    [
      { head: 'HELD' },
      { head: 'WHAT WAS TRIED', least: 20 },
      { head: 'WHAT CAME OF IT', least: 20 },
    ],
    tries.map(({ name, held, says }) => [
      held ? { text: 'yes', tone: 'good' } : { text: 'NO', tone: 'bad' },
      name,
      says,
    ]),
  );
  if (result !== 'passed')
    paper.whole(`${action} does not keep its contract on ${where}: mend it, then test it again`);
  else if (where === NOWHERE) paper.whole(`${action} only looks: it can be used as it is`);
  else paper.whole(`${action} keeps its contract on ${where}. Next: holdfast action publish`);
};

export const renderPublished: Render<{
  readonly action: string;
  readonly where: string;
  readonly next: string;
}> = (paper, { action, where, next }) => {
  paper.whole(`${action} is published: it kept its contract on ${where}. Next: ${next}`);
};

export const renderDrafts: Render<{
  readonly actions: readonly {
    readonly action: string;
    readonly tier: string;
    readonly draft: boolean;
    readonly where: string | null;
    readonly file: string;
  }[];
  readonly unreadable: readonly number[];
}> = (paper, { actions, unreadable }) => {
  if (actions.length === 0) paper.whole('No actions of your own need to be published');
  else {
    paper.table(
      [
        { head: 'ACTION', whole: true },
        { head: 'TIER' },
        { head: 'STATE' },
        { head: 'TESTED ON', least: 12 },
        { head: 'FILE', least: 16 },
      ],
      actions.map(({ action, tier, draft, where, file }) => [
        action,
        tier,
        draft ? { text: 'draft', tone: 'warn' } : { text: 'published', tone: 'good' },
        where ?? '',
        file,
      ]),
    );
  }
  if (unreadable.length > 0)
    paper.whole(`Lines of published.jsonl that count for nothing: ${unreadable.join(', ')}`);
};
