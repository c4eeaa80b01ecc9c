/** Changes, approval pages and stops, for people. Everything here is rendered from the plan itself. */
import type { ApprovalPage, ChangeView, StopView } from '#execution';
import type { Render } from '../desk.ts';
import type { Paper, Piece, Tone } from '../text/paper.ts';
import { brief, count, moment } from '../text/words.ts';

type FoundAction = {
  readonly action: string;
  readonly tier: string;
  readonly summary: string;
  readonly reversible: boolean;
  readonly arguments: readonly {
    readonly name: string;
    readonly type: string;
    readonly required: boolean;
    readonly values: readonly string[];
  }[];
};

export const renderActions: Render<{
  readonly actions: readonly FoundAction[];
  readonly found: number;
}> = (paper, { actions, found }) => {
  if (actions.length === 0) {
    paper.whole('No action fits. Next: holdfast actions, without words, lists all');
    return;
  }
  paper.table(
    [
      { head: 'ACTION', whole: true },
      { head: 'TIER' },
      { head: 'UNDO' },
      { head: 'ARGUMENTS', least: 12 },
      { head: 'WHAT IT DOES', least: 16 },
    ],
    actions.map((action): Piece[] => [
      action.action,
      { text: action.tier, tone: toneOfTier(action.tier) },
      action.reversible ? 'yes' : 'no',
      action.arguments.map(({ name, required }) => (required ? name : `[${name}]`)).join(' '),
      action.summary,
    ]),
  );
  if (found > actions.length)
    paper.whole(`${count(found - actions.length, 'more')}: narrow it, or give --limit`);
};

const TONE_OF_STATE: Readonly<Record<ChangeView['state'], Tone>> = {
  proposed: 'plain',
  previewed: 'warn',
  approved: 'warn',
  executing: 'warn',
  confirmed: 'good',
  failed: 'bad',
  ambiguous: 'bad',
  closed: 'faint',
  refused: 'bad',
  expired: 'faint',
  cancelled: 'faint',
  'rolled-back': 'faint',
};

function toneOfTier(tier: string | null): Tone {
  return tier === 'T3' ? 'bad' : tier === 'T2' ? 'warn' : 'plain';
}

/** One word of an argv, so that words with spaces cannot pass for two. */
export function shownWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./{}-]+$/.test(word) ? word : JSON.stringify(word);
}

export const renderChange: Render<ChangeView> = (paper, change) => {
  head(paper, change);
  plan(paper, change);
  if (change.verification.length > 0) {
    paper.blank();
    paper.line({ text: 'Verified', tone: 'strong' });
    for (const { says, held } of change.verification)
      paper.whole('  ', { text: held ? 'yes ' : 'NO  ', tone: held ? 'good' : 'bad' }, says);
  }
  for (const receipt of change.receipts) {
    paper.whole(
      { text: 'Receipt ', tone: 'faint' },
      `${receipt.number} of ${receipt.target}: step ${receipt.step} ${receipt.direction}, ${receipt.result} ${receipt.status}, ${moment(receipt.endedAt)}`,
    );
  }
  for (const { operator, assurance, at, samePersonAsRequester } of change.approvals) {
    paper.whole(
      { text: 'Signed ', tone: 'faint' },
      `by ${operator} (${assurance}) ${moment(at)}${samePersonAsRequester ? ', who is also the person behind the request' : ''}`,
    );
  }
  if (change.output !== null) {
    paper.blank();
    paper.line(
      { text: 'Output', tone: 'strong' },
      { text: ' (the words of the target)', tone: 'faint' },
    );
    paper.block(change.output);
  }
  if (change.outcome !== null) {
    paper.blank();
    paper.whole(
      { text: `${change.outcome.state}: `, tone: TONE_OF_STATE[change.outcome.state] },
      change.outcome.says,
    );
  }
  paper.blank();
  paper.whole({ text: 'Next: ', tone: 'strong' }, change.next);
};

function head(paper: Paper, change: ChangeView): void {
  paper.whole(
    { text: change.changeId, tone: 'strong' },
    '  ',
    { text: change.tier ?? '--', tone: toneOfTier(change.tier) },
    '  ',
    change.action,
    '  ',
    { text: change.state, tone: TONE_OF_STATE[change.state] },
  );
  paper.whole(
    { text: 'asked by ', tone: 'faint' },
    change.onBehalfOf === null || change.onBehalfOf === change.requestedBy
      ? change.requestedBy
      : `${change.requestedBy} for ${change.onBehalfOf}`,
    { text: ', ', tone: 'faint' },
    moment(change.createdAt),
  );
  paper.whole({ text: 'reason given: ', tone: 'faint' }, change.reason);
  paper.whole(
    { text: 'decision: ', tone: 'faint' },
    `${change.decision.verdict} (${change.decision.because}): ${change.decision.says}`,
  );
}

function plan(
  paper: Paper,
  { plan: { steps, inverse, irreversible, preconditions } }: ChangeView,
): void {
  if (steps.length === 0) return;
  paper.blank();
  paper.line({ text: 'What runs, exactly', tone: 'strong' });
  for (const [i, step] of steps.entries()) {
    paper.whole(`  ${i + 1}. `, { text: step.target, tone: 'strong' }, `  ${step.effect}`);
    paper.whole('     ', { text: step.argv.map(shownWord).join(' '), tone: 'warn' });
    if (step.stdin !== null)
      paper.whole(
        `     with ${step.stdin.length} bytes on standard input, sha256 ${step.stdin.sha256}`,
      );
  }
  paper.blank();
  if (inverse === null || inverse.length === 0) {
    paper.whole(
      { text: 'No way back: ', tone: 'bad' },
      irreversible ?? 'there is nothing to take back',
    );
  } else {
    paper.line({ text: 'The way back', tone: 'strong' });
    for (const step of inverse)
      paper.whole('  ', `${step.target}  `, {
        text: step.argv.map(shownWord).join(' '),
        tone: 'plain',
      });
  }
  if (preconditions.length > 0) {
    paper.blank();
    paper.line({ text: 'Holds only while', tone: 'strong' });
    for (const { entity, attribute, value, absent, why } of preconditions)
      paper.whole('  ', `${entity} ${attribute} ${absent ? 'is not there' : `= ${brief(value)}`}`, {
        text: `  ${why}`,
        tone: 'faint',
      });
  }
}

export const renderChanges: Render<{
  readonly changes: readonly ChangeView[];
  readonly next: string | null;
}> = (paper, { changes, next }) => {
  if (changes.length === 0) {
    paper.whole('No changes.');
    return;
  }
  paper.table(
    [
      { head: 'CHANGE', whole: true },
      { head: 'STATE' },
      { head: 'TIER' },
      { head: 'ACTION', least: 10 },
      { head: 'TARGETS', least: 10 },
      { head: 'ASKED', least: 8 },
      { head: 'REASON GIVEN', least: 10 },
    ],
    changes.map((change): Piece[] => [
      change.changeId,
      { text: change.state, tone: TONE_OF_STATE[change.state] },
      { text: change.tier ?? '--', tone: toneOfTier(change.tier) },
      change.action,
      change.targets.join(' '),
      moment(change.createdAt),
      change.reason,
    ]),
  );
  if (next !== null) paper.whole(`Older ones: --before ${next}`);
};

export const renderPage: Render<ApprovalPage> = (paper, page) => {
  head(paper, page.change);
  plan(paper, page.change);
  paper.blank();
  paper.line({ text: 'What else it touches', tone: 'strong' });
  for (const line of page.blastRadius) paper.whole('  ', line);
  if (page.taintedText.length > 0) {
    paper.blank();
    paper.whole(
      { text: 'Read by the assistant before it asked', tone: 'bad' },
      ' (words of a target: whoever wrote them may want this change)',
    );
    for (const { operation, text } of page.taintedText) {
      paper.whole('  ', { text: `${operation}:`, tone: 'faint' });
      paper.block(text, '    | ');
    }
  }
  paper.blank();
  const { needed, have } = page.quorum;
  paper.whole(
    { text: 'Signatures: ', tone: 'strong' },
    `${have.length} of ${needed}${have.length > 0 ? ` (${have.join(', ')})` : ''}, each at least ${page.assuranceNeeded}${page.fourEyes ? '; not by the person behind the request' : ''}`,
  );
  paper.whole({ text: 'Decide by ', tone: 'strong' }, moment(page.decideBy));
  paper.whole({ text: 'Runs until ', tone: 'strong' }, moment(page.runBy));
  paper.whole({ text: 'Digest ', tone: 'strong' }, page.change.digest ?? '');
  paper.whole({ text: 'In words ', tone: 'strong' }, { text: page.digestWords, tone: 'warn' });
};

export const renderStop: Render<{ readonly stop: StopView; readonly next: string }> = (
  paper,
  { stop, next },
) => {
  paper.whole({ text: 'Stopped ', tone: 'bad' }, subjectOf(stop), `  ${stop.id}`);
  paper.whole(next);
};

export const renderStops: Render<{
  readonly stops: readonly StopView[];
  readonly unreadable: string | null;
}> = (paper, { stops, unreadable }) => {
  if (unreadable !== null)
    paper.whole(
      { text: 'Stopped: ', tone: 'bad' },
      `what is stopped cannot be read: ${unreadable}`,
    );
  if (stops.length === 0) {
    if (unreadable === null) paper.whole('Nothing is stopped.');
    return;
  }
  paper.table(
    [
      { head: 'STOP', whole: true },
      { head: 'WHAT', least: 8 },
      { head: 'BY', least: 8 },
      { head: 'SINCE' },
      { head: 'REASON', least: 10 },
    ],
    stops.map((stop): Piece[] => [stop.id, subjectOf(stop), stop.by, moment(stop.at), stop.reason]),
  );
};

function subjectOf({ subject }: StopView): string {
  return subject.kind === 'fleet' ? 'the fleet' : `${subject.kind} ${subject.name}`;
}

export const renderLifted: Render<{ readonly lifted: string }> = (paper, { lifted }) => {
  paper.whole({ text: 'Lifted ', tone: 'good' }, lifted);
};
