/** Standing approvals, for people. */
import type { StandingView } from '#execution';
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { count, moment } from '../text/words.ts';
import { shownWord } from './change.ts';

export type StandingPage = {
  readonly order: string;
  readonly namespace: string;
  readonly digest: string;
  readonly digestWords: string;
  readonly says: readonly string[];
  readonly steps: readonly { readonly target: string; readonly argv: readonly string[] }[];
  readonly assuranceNeeded: string;
};

export const renderStandingPage: Render<StandingPage> = (paper, page) => {
  for (const line of page.says) paper.whole(line);
  paper.blank();
  paper.line({ text: 'May run by itself, exactly', tone: 'strong' });
  for (const { target, argv } of page.steps)
    paper.whole('  ', { text: target, tone: 'strong' }, '  ', {
      text: argv.map(shownWord).join(' '),
      tone: 'warn',
    });
  paper.blank();
  paper.whole({ text: 'Signature: ', tone: 'strong' }, `at least ${page.assuranceNeeded}`);
  paper.whole({ text: 'Digest ', tone: 'strong' }, page.digest);
  paper.whole({ text: 'In words ', tone: 'strong' }, { text: page.digestWords, tone: 'warn' });
};

export const renderStanding: Render<StandingView> = (paper, standing) => {
  paper.whole({ text: standing.id, tone: 'strong' }, `  ${standing.action}  ${standing.state}`);
  paper.whole('  ', `${standing.targets.join(' ')}, ${count(standing.plans, 'exact step')}`);
  paper.whole('  ', `until ${moment(standing.expiresAt)}, ${standing.window}`);
};

export const renderStandings: Render<{ readonly standings: readonly StandingView[] }> = (
  paper,
  { standings },
) => {
  if (standings.length === 0) {
    paper.whole('No standing approvals: everything that changes a machine waits for a signature.');
    return;
  }
  paper.table(
    [
      { head: 'STANDING', whole: true },
      { head: 'STATE' },
      { head: 'ACTION', least: 10 },
      { head: 'TARGETS', least: 8 },
      { head: 'UNTIL' },
      { head: 'BUDGET', least: 6 },
      { head: 'SIGNED BY', least: 6 },
    ],
    standings.map((one): Piece[] => [
      one.id,
      { text: one.state, tone: one.state === 'active' ? 'good' : 'faint' },
      one.action,
      one.targets.join(' '),
      moment(one.expiresAt),
      `${one.budget.runs} in ${one.budget.perSeconds} s`,
      one.signedBy.join(' '),
    ]),
  );
};
