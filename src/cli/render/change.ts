/** Changes and stops, for people: what became of it first, then what to do, then everything else. */
import { ageSeconds, type Instant, tryParseInstant } from '#base/time';
import type { ChangeView, StopView } from '#execution';
import type { Render } from '../desk.ts';
import type { Paper, Piece, Tone } from '../text/paper.ts';
import { age, brief, moment } from '../text/words.ts';
import { batches, nextOfRollout } from './rollout.ts';

type FoundAction = {
  readonly action: string;
  readonly tier: string;
  readonly summary: string;
  readonly reversible: boolean;
  /** Not published: it is refused. */
  readonly draft: boolean;
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
      action.tier === 'T0' ? '' : action.reversible ? 'yes' : 'no',
      action.arguments.map(({ name, required }) => (required ? name : `[${name}]`)).join(' '),
      action.draft ? `DRAFT, not published: ${action.summary}` : action.summary,
    ]),
  );
  if (found > actions.length)
    paper.whole(`${found - actions.length} more: narrow it with words, or give --limit`);
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
  return /^[A-Za-z0-9_@%+=:,./~-]+$/.test(word) ? word : JSON.stringify(word);
}

/** All that is known of a change. */
export const renderChange: Render<ChangeView> = (paper, change) => {
  head(paper, change);
  outcome(paper, change);
  batches(paper, change);
  next(paper, change);
  output(paper, change);
  plan(paper, change);
  proof(paper, change);
};

/** After it was decided: the person has just read what would run. */
export const renderResult: Render<ChangeView> = (paper, change) => {
  head(paper, change);
  outcome(paper, change);
  batches(paper, change);
  proof(paper, change);
  next(paper, change);
};

function head(paper: Paper, change: ChangeView): void {
  paper.whole(
    { text: change.changeId, tone: 'strong' },
    '  ',
    { text: change.tier ?? '--', tone: toneOfTier(change.tier) },
    '  ',
    change.action,
    ` on ${change.targets.join(' ')}`,
    '  ',
    { text: change.state, tone: TONE_OF_STATE[change.state] },
  );
  paper.whole(
    { text: 'asked by  ', tone: 'faint' },
    change.onBehalfOf === null || change.onBehalfOf === change.requestedBy
      ? change.requestedBy
      : `${change.requestedBy}, for ${change.onBehalfOf}`,
    `, ${moment(change.createdAt)}`,
  );
  // What follows are the words of whoever asked, and nobody else's.
  paper.whole({ text: 'because   ', tone: 'faint' }, JSON.stringify(change.reason));
  if (change.undoes !== null) paper.whole({ text: 'takes back ', tone: 'faint' }, change.undoes);
}

function outcome(
  paper: Paper,
  { decision, outcome: ended, state, verification }: ChangeView,
): void {
  const verdict =
    decision.verdict === 'allow'
      ? 'allowed'
      : decision.verdict === 'deny'
        ? 'refused'
        : 'needs a signature';
  paper.whole(
    { text: 'decided   ', tone: 'faint' },
    { text: verdict, tone: decision.verdict === 'deny' ? 'bad' : 'plain' },
    decision.because === 'policy' ? '' : ` (${decision.because})`,
    `: ${decision.says}`,
  );
  if (ended !== null) {
    paper.whole(
      { text: 'outcome   ', tone: 'faint' },
      { text: ended.state, tone: TONE_OF_STATE[ended.state] },
      `${ended.code === null ? '' : ` (${ended.code})`}: ${ended.says}`,
    );
  }
  // What was seen before it was taken back says nothing of now.
  if (state === 'rolled-back') return;
  for (const { says, held } of verification) {
    paper.whole(
      { text: 'seen      ', tone: 'faint' },
      { text: held ? 'yes  ' : 'NO   ', tone: held ? 'good' : 'bad' },
      says,
    );
  }
}

function next(paper: Paper, change: ChangeView): void {
  const [first, ...more] = nextOf(change);
  paper.whole({ text: 'next      ', tone: 'strong' }, first ?? '');
  for (const line of more) paper.whole('          ', line);
}

/** What a person at a terminal does now. The service's own sentence is for whoever asked. */
function nextOf(change: ChangeView): readonly string[] {
  const { changeId: id, state } = change;
  switch (state) {
    case 'previewed':
      return [
        change.approvals.length === 0
          ? `holdfast approve ${id}   shows exactly what would run, and asks for your signature`
          : `signed by ${change.approvals.map(({ operator }) => operator).join(', ')}; it takes another operator: holdfast approve ${id}`,
        `holdfast reject ${id} --reason '…'`,
      ];
    case 'confirmed':
      return [
        ...(change.plan.inverse !== null
          ? [`holdfast undo ${id} --reason '…'   takes it back`]
          : []),
        `holdfast bundle ${id} > change.json   the proof, for whoever asks`,
      ];
    case 'failed':
      return [
        change.next,
        ...(change.next.includes('holdfast undo')
          ? [`holdfast undo ${id} --reason '…'   takes back what ran`]
          : []),
      ];
    case 'ambiguous':
      return [
        'Nobody knows whether it took effect. Look at the target; do NOT repeat it.',
        `holdfast changes ${id}   it is asked about again by itself`,
        `holdfast close ${id} --reason 'looked: …'   once you have looked`,
      ];
    case 'refused':
      return [whenRefused(change)];
    case 'executing':
      if (change.rollout !== null) return nextOfRollout(change);
      return [`holdfast changes ${id}   in a moment`];
    case 'proposed':
    case 'approved':
      return [`holdfast changes ${id}   in a moment`];
    case 'closed':
    case 'expired':
    case 'cancelled':
    case 'rolled-back':
      return [change.next];
  }
}

function whenRefused({ changeId, action, targets, decision }: ChangeView): string {
  const help = WHEN_REFUSED[decision.because];
  if (help === undefined) return 'docs/refusals.md says what each code means and what to do';
  return help
    .replace('ACTION', action.replace(/@\d+$/, ''))
    .replace('CHANGE', changeId)
    .replace('TARGET', targets[0] ?? 'TARGET');
}

/** The command that helps, where one does. */
const WHEN_REFUSED: Readonly<Record<string, string>> = {
  'no-operator': 'holdfast operator add <id>   at a terminal: nobody may sign yet',
  'no-recovery-key': 'holdfast operator recovery --recovery-key <path>   at a terminal',
  'config-unsigned': 'holdfast config status   says what was edited; then holdfast config sign',
  restored: 'holdfast config status, then holdfast config sign',
  stopped: 'holdfast stop list',
  'untyped-value': 'holdfast observe   looks again, when it should be there',
  'invalid-arguments': 'holdfast actions ACTION --pretty   shows its arguments',
  'policy-denied': 'holdfast policy explain CHANGE   names each policy that spoke',
  'policy-unavailable': 'holdfast policy test   says where they do not hold',
  flapping: 'find the cause; then holdfast unflap ACTION TARGET',
};

function output(paper: Paper, change: ChangeView): void {
  if (change.output === null) return;
  paper.blank();
  paper.whole({ text: 'Output', tone: 'strong' }, ' (the words of the target)');
  paper.block(change.output, '  | ');
}

function plan(
  paper: Paper,
  { plan: { steps, inverse, irreversible, preconditions }, tier }: ChangeView,
): void {
  if (steps.length === 0) return;
  paper.blank();
  paper.line({ text: 'What runs, exactly', tone: 'strong' });
  for (const [i, step] of steps.entries()) {
    paper.whole(`  ${i + 1}. `, { text: step.target, tone: 'strong' }, `  ${step.effect}`);
    paper.whole('     $ ', { text: step.argv.map(shownWord).join(' '), tone: 'warn' });
    if (step.stdin !== null)
      paper.whole(
        `       with ${step.stdin.length} bytes on standard input, sha256 ${step.stdin.sha256}`,
      );
  }
  if (tier !== 'T0') {
    paper.blank();
    if (irreversible !== null) {
      paper.whole({ text: 'No way back: ', tone: 'bad' }, irreversible);
    } else if (inverse === null || inverse.length === 0) {
      paper.whole('Nothing of it is left to be taken back.');
    } else {
      paper.line({ text: 'The way back', tone: 'strong' });
      for (const step of inverse)
        paper.whole('  ', `${step.target}  $ ${step.argv.map(shownWord).join(' ')}`);
    }
  }
  if (preconditions.length > 0) {
    paper.blank();
    paper.line({ text: 'Only while', tone: 'strong' });
    for (const { entity, attribute, value, absent, why } of preconditions)
      paper.whole(
        '  ',
        `${entity} ${attribute} ${absent ? 'is not there' : `is ${brief(value)}`}`,
        {
          text: `  ${why}`,
          tone: 'faint',
        },
      );
  }
}

function proof(paper: Paper, { approvals, receipts }: ChangeView): void {
  if (approvals.length + receipts.length > 0) paper.blank();
  for (const { operator, assurance, at, samePersonAsRequester } of approvals) {
    paper.whole(
      { text: 'signed    ', tone: 'faint' },
      `${moment(at)}  ${operator}, ${assurance}${samePersonAsRequester ? ', who is also the person behind the request' : ''}`,
    );
  }
  for (const receipt of receipts) {
    const { result, status } = receipt;
    const good = result === 'exited' && status === 0;
    paper.whole(
      { text: 'receipt   ', tone: 'faint' },
      `${moment(receipt.endedAt)}  ${receipt.target} no. ${receipt.number}: step ${receipt.step}${receipt.direction === 'inverse' ? ' of the way back' : ''} `,
      {
        text: result === 'exited' ? `ended with ${status}` : `${result} ${status}`,
        tone: good ? 'plain' : 'bad',
      },
    );
  }
  if (approvals.length + receipts.length > 0) paper.blank();
}

export const renderChanges: Render<{
  readonly changes: readonly ChangeView[];
  readonly next: string | null;
}> = (paper, { changes, next: older }, { asked, now }) => {
  const waiting = changes.filter(({ state }) => state === 'previewed');
  if (changes.length === 0) {
    paper.whole(asked.startsWith('approvals') ? 'Nothing waits for a signature.' : 'No changes.');
    return;
  }
  paper.table(
    [
      { head: 'CHANGE', whole: true },
      { head: 'STATE' },
      { head: 'TIER' },
      { head: 'ACTION', least: 10 },
      { head: 'TARGETS', least: 10 },
      { head: 'ASKED' },
      { head: 'REASON GIVEN', least: 10 },
    ],
    changes.map((change): Piece[] => [
      change.changeId,
      { text: change.state, tone: TONE_OF_STATE[change.state] },
      { text: change.tier ?? '--', tone: toneOfTier(change.tier) },
      change.action,
      change.targets.join(' '),
      ago(change.createdAt, now),
      change.reason,
    ]),
  );
  if (older !== null) paper.whole(`Older ones: holdfast ${asked} --before ${older}`);
  const [first] = waiting;
  if (first !== undefined)
    paper.whole(
      { text: 'Next: ', tone: 'strong' },
      `holdfast approve ${first.changeId}   shows exactly what would run, and asks for your signature`,
    );
};

export const renderStop: Render<{ readonly stop: StopView }> = (paper, { stop }) => {
  paper.whole({ text: 'STOPPED  ', tone: 'bad' }, subjectOf(stop));
  paper.whole(
    'New work is refused, running work is ended, over restarts too, until an operator lifts it:',
  );
  paper.whole(`  holdfast stop lift ${stop.id}`);
};

/** The stop that a signature would lift. */
export const renderStopToLift: Render<StopView> = (paper, stop) => {
  paper.whole({ text: 'Stopped  ', tone: 'bad' }, subjectOf(stop), `  ${stop.id}`);
  paper.whole(`  by ${stop.by}${stop.at === '' ? '' : `, ${moment(stop.at)}`}`);
  paper.whole(`  because ${JSON.stringify(stop.reason)}`);
  paper.whole('Your signature lifts it: what waits and what is proposed may run again.');
};

export const renderStops: Render<{
  readonly stops: readonly StopView[];
  readonly unreadable: string | null;
}> = (paper, { stops, unreadable }) => {
  if (unreadable !== null) {
    paper.whole(
      { text: 'STOPPED  ', tone: 'bad' },
      `everything, since what is stopped cannot be read: ${unreadable}`,
    );
    paper.whole('Next: mend or remove that file, then look again: holdfast stop list');
  }
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
    stops.map((stop): Piece[] => [
      stop.id,
      { text: subjectOf(stop), tone: 'bad' },
      stop.by,
      moment(stop.at),
      stop.reason,
    ]),
  );
  paper.whole(
    { text: 'Next: ', tone: 'strong' },
    `holdfast stop lift ${stops[0]?.id ?? ''}   with your key`,
  );
};

function ago(text: string, now: Instant): string {
  const then = tryParseInstant(text);
  return then === undefined ? text : `${age(ageSeconds(then, now))} ago`;
}

function subjectOf({ subject }: StopView): string {
  return subject.kind === 'fleet' ? 'the whole fleet' : `${subject.kind} ${subject.name}`;
}

export const renderLifted: Render<{ readonly lifted: string }> = (paper, { lifted }) => {
  paper.whole({ text: 'Lifted ', tone: 'good' }, lifted);
};
