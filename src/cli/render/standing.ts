/** Standing approvals, for people. */
import { ageSeconds, type Instant, tryParseInstant } from '#base/time';
import type { StandingPage, StandingView } from '#execution';
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { age, count, moment } from '../text/words.ts';
import { shownWord } from './change.ts';

export const renderStandingPage: Render<StandingPage> = (paper, page) => {
  for (const line of page.says) paper.whole(line);
  paper.blank();
  paper.line({ text: 'May run by itself, exactly', tone: 'strong' });
  for (const { target, argv } of page.steps)
    paper.whole('  ', { text: target, tone: 'strong' }, '  $ ', {
      text: argv.map(shownWord).join(' '),
      tone: 'warn',
    });
  paper.blank();
  paper.whole({ text: 'Signature  ', tone: 'strong' }, `at least ${page.assuranceNeeded}`);
  paper.whole({ text: 'Digest     ', tone: 'strong' }, page.digest);
  paper.whole({ text: 'In words   ', tone: 'strong' }, { text: page.digestWords, tone: 'warn' });
};

export const renderStanding: Render<StandingView> = (paper, one) => {
  paper.whole({ text: one.id, tone: 'strong' }, `  ${one.action}  `, {
    text: one.state,
    tone: one.state === 'active' ? 'good' : 'warn',
  });
  paper.whole('  ', `${one.targets.join(' ')}: ${count(one.plans, 'exact step')}, ${budget(one)}`);
  paper.whole(
    '  ',
    `until ${moment(one.expiresAt)}, ${one.window === 'always' ? 'at any time' : `${one.window} UTC`}, signed by ${one.signedBy.join(', ')}`,
  );
  if (one.state === 'active')
    paper.whole(
      { text: 'Next: ', tone: 'strong' },
      `holdfast standing revoke ${one.id} --reason '…'   ends it at once`,
    );
};

function left(text: string, now: Instant): string {
  const then = tryParseInstant(text);
  return then === undefined ? text : `${age(ageSeconds(now, then))} left`;
}

function budget({ budget: { runs, perSeconds } }: StandingView): string {
  return `${runs} in ${age(perSeconds)}`;
}

export const renderStandings: Render<{ readonly standings: readonly StandingView[] }> = (
  paper,
  { standings },
  { now },
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
      one.state === 'active' ? left(one.expiresAt, now) : '',
      budget(one),
      one.signedBy.join(' '),
    ]),
  );
};
