/**
 * The page that a person reads before they sign. What runs is shown from lines made of the very plan
 * whose digest is signed; everything else says of itself whose words it is.
 */

import { ageSeconds, type Instant, tryParseInstant } from '#base/time';
import type { ApprovalPage } from '#execution';
import type { Render } from '../desk.ts';
import type { Paper } from '../text/paper.ts';
import { age, moment } from '../text/words.ts';

/** Without what is secret while it is unspent. */
export type ShownPage = Omit<ApprovalPage, 'envelope' | 'parts'>;

export function renderApproval(lines: readonly string[]): Render<ShownPage> {
  return (paper, page, { now }) => {
    for (const line of lines) planLine(paper, line);
    paper.blank();
    paper.whole({ text: 'why it waits: ', tone: 'strong' }, page.change.decision.says);
    if (page.blastRadius.length > 0) {
      paper.line({ text: 'how much of what there is:', tone: 'strong' });
      for (const line of page.blastRadius) paper.whole('  ', line);
    }
    foreign(paper, page);
    paper.blank();
    signatures(paper, page);
    paper.whole({ text: 'Decide by   ', tone: 'strong' }, until(page.decideBy, now));
    paper.whole({ text: 'Must run by ', tone: 'strong' }, until(page.runBy, now));
    paper.whole({ text: 'Digest      ', tone: 'strong' }, page.change.digest ?? '');
    paper.whole({ text: 'In words    ', tone: 'strong' }, { text: page.digestWords, tone: 'warn' });
  };
}

function planLine(paper: Paper, line: string): void {
  if (line === '') paper.blank();
  else if (line.startsWith('    $ '))
    paper.whole('    $ ', { text: line.slice('    $ '.length), tone: 'warn' });
  else if (line.startsWith('it cannot be taken back')) paper.whole({ text: line, tone: 'bad' });
  else if (/^\S.*:$/.test(line)) paper.whole({ text: line, tone: 'strong' });
  else paper.whole(line);
}

/** Words of targets: quoted line by line, so that none can be taken for ours. */
function foreign(paper: Paper, { preview, taintedText }: ShownPage): void {
  if (preview.length > 0) {
    paper.blank();
    paper.whole(
      { text: 'asked beforehand, the target said', tone: 'strong' },
      ' (its words; nothing here is checked):',
    );
    for (const { target, says } of preview) {
      paper.whole('  ', { text: `${target}:`, tone: 'faint' });
      paper.block(says, '    | ');
    }
  }
  if (taintedText.length > 0) {
    paper.blank();
    paper.whole(
      { text: 'BEWARE: the assistant had read this from targets before it asked', tone: 'bad' },
      ' (whoever wrote it may want this change):',
    );
    for (const { operation, text } of taintedText) {
      paper.whole('  ', { text: `${operation}:`, tone: 'faint' });
      paper.block(text, '    | ');
    }
  }
}

const KEYS: Readonly<Record<string, string>> = {
  'same-user': 'any key of an operator, a key file too',
  touch: 'a security key or passkey, touched and verified',
  separate: 'a passkey of another device',
};

function signatures(paper: Paper, { quorum, assuranceNeeded, fourEyes }: ShownPage): void {
  const { needed, have } = quorum;
  const there = have.length === 0 ? 'none yet' : `there: ${have.join(', ')}`;
  paper.whole({ text: 'Signatures  ', tone: 'strong' }, `${needed} needed, ${there}`);
  paper.whole(`            each ${assuranceNeeded}: ${KEYS[assuranceNeeded] ?? 'unknown'}`);
  if (fourEyes) paper.whole('            not by the person behind the request');
}

function until(text: string, now: Instant): string {
  const then = tryParseInstant(text);
  if (then === undefined) return text;
  const left = ageSeconds(now, then);
  return `${moment(text)} (${left <= 0 ? 'over' : `in ${age(left)}`})`;
}
