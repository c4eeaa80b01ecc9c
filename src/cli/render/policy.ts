/** What the policies would say, for people. */
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { brief, count } from '../text/words.ts';

export const renderPolicyTest: Render<{
  readonly ok: boolean;
  readonly policies: number;
  readonly cases: number;
  readonly failed: readonly {
    readonly at: string;
    readonly name: string;
    readonly differs: unknown;
  }[];
}> = (paper, { ok, policies, cases, failed }) => {
  paper.whole(
    ok ? { text: 'Holds: ', tone: 'good' } : { text: 'Does not hold: ', tone: 'bad' },
    `${count(policies, 'policy file')}, ${count(cases, 'case')}, ${failed.length} not as expected`,
  );
  for (const { at, name, differs } of failed) {
    paper.whole('  ', { text: at, tone: 'strong' }, `  ${name}`);
    paper.whole('    ', brief(differs));
  }
};

export const renderExplained: Render<{
  readonly changeId: string;
  readonly lines: readonly string[];
}> = (paper, { changeId, lines }) => {
  paper.whole({ text: changeId, tone: 'strong' }, ', as the policies on disk decide it');
  for (const line of lines) paper.whole('  ', line);
};

export const renderReplay: Render<{
  readonly policies: string;
  readonly replayed: number;
  readonly otherwise: readonly {
    readonly change: string;
    readonly before: string;
    readonly after: string;
  }[];
}> = (paper, { replayed, otherwise }) => {
  if (otherwise.length === 0) {
    paper.whole(
      `${count(replayed, 'past change')}: the policies on disk decide each as it was decided.`,
    );
    return;
  }
  paper.whole(`${count(replayed, 'past change')}, `, {
    text: `${otherwise.length} decided otherwise by the policies on disk:`,
    tone: 'warn',
  });
  paper.table(
    [
      { head: 'CHANGE', whole: true },
      { head: 'WAS', least: 12 },
      { head: 'WOULD BE', least: 20 },
    ],
    otherwise.map(({ change, before, after }): Piece[] => [change, before, after]),
  );
};
