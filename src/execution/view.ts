/**
 * What a caller is shown of a change: rendered from the stored plan, never from what was asked, and
 * nothing of a host's own words that was not cleaned. No envelope, signature or nonce stands here.
 */
import { sha256 } from '#base/digest';
import { asFault } from '#base/fault';
import type { Json } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import type { ChangeState, Decision, Plan, PlanStep } from '#model';
import { clean, cleanJson } from '#redaction';
import type { ChangeView } from './protocol.ts';
import type { Known } from './record.ts';
import { last, storyOf } from './record.ts';
import { pauseOf } from './rollout.ts';
import { rolloutView } from './rollout-view.ts';

const UNDECIDED: Decision = {
  verdict: 'needs-approval',
  because: 'policy',
  says: 'not decided yet',
  policies: [],
};

export function viewOf(known: Known): ChangeView {
  const { row, asked, plan, moves } = known;
  const { proposal, requester } = asked;
  return {
    changeId: row.id,
    digest: row.digest,
    tier: row.tier,
    state: row.state,
    action: plan === null ? proposal.action : `${plan.action.id}@${plan.action.version}`,
    targets: row.targets.map(({ id }) => id),
    reason: said(proposal.reason),
    requestedBy: requester.principal,
    onBehalfOf: requester.onBehalfOf,
    createdAt: formatInstant(row.createdAt),
    dryRun: proposal.dryRun,
    plan: planView(plan, row.decideBy),
    decision: known.decision ?? UNDECIDED,
    next: nextOf(known),
    output: last(moves, 'output') ?? null,
    outcome: known.outcome,
    receipts: receiptViews(known),
    verification: last(moves, 'verification') ?? [],
    approvals: known.approvals
      .filter(({ order }) => order === known.orders.at(-1)?.number)
      .map(({ operator, assurance, at, detail }) => ({
        operator,
        assurance,
        at: formatInstant(at),
        samePersonAsRequester: detail['samePersonAsRequester'] === true,
      })),
    undoes: asked.undoes,
    rollout: rolloutView(known),
  };
}

function planView(plan: Plan | null, decideBy: Instant | null): ChangeView['plan'] {
  const inverse = plan?.steps.filter(({ direction }) => direction === 'inverse') ?? [];
  return {
    steps: (plan?.steps ?? [])
      .filter(({ direction }) => direction === 'forward')
      .map((step) => ({
        argv: shownArgv(step),
        target: step.target,
        effect: step.effect,
        stdin:
          step.stdin === null
            ? null
            : { sha256: sha256(step.stdin), length: Buffer.byteLength(step.stdin) },
      })),
    preconditions: (plan?.preconditions ?? []).map(
      ({ target, entity, attribute, value, absent, why }) => ({
        target,
        entity: said(entity),
        attribute,
        value: absent ? null : cleanJson(value as Json).value,
        absent,
        why,
      }),
    ),
    inverse:
      inverse.length === 0
        ? null
        : inverse.toReversed().map((step) => ({
            argv: shownArgv(step),
            target: step.target,
            effect: step.effect,
          })),
    irreversible: plan?.irreversible ?? null,
    expiresAt: decideBy === null ? '' : formatInstant(decideBy),
  };
}

/** The words as they will be given to the program; a checked file is shown by its path. */
export function shownArgv(step: Pick<PlanStep, 'argv' | 'files'>): readonly string[] {
  return step.argv.map((arg) =>
    typeof arg === 'string' ? said(arg) : said(step.files[arg.file - 1]?.path ?? ''),
  );
}

function receiptViews({ attempts }: Known): ChangeView['receipts'] {
  return attempts.flatMap(({ target, step, direction, detail }) => {
    const receipt = (detail?.['receipt'] ?? null) as null | {
      readonly number: number;
      readonly result: string;
      readonly status: number;
      readonly startedAt: string;
      readonly endedAt: string;
      readonly stdout: { readonly sha256: string; readonly length: number };
      readonly stderr: { readonly sha256: string; readonly length: number };
    };
    if (receipt === null) return [];
    const { number, result, status, startedAt, endedAt, stdout, stderr } = receipt;
    return [
      { target, step, direction, number, result, status, startedAt, endedAt, stdout, stderr },
    ];
  });
}

/** Ours or not, it goes to a caller: neutral and without secrets. */
export function said(text: string, maxChars = 2_000): string {
  return clean(text, { maxChars }).text;
}

/** What stopped something, fit to be kept and shown. */
export function saidOf(thrown: unknown): string {
  return said(asFault(thrown).message, 1_000);
}

const WAIT =
  'wait: an operator decides on the approval surface (holdfast approvals). Ask get_change again later; do not propose it again';

const PAUSED =
  'it is paused, and no further batch begins by itself: an operator looks at what failed, and lets it go on (holdfast rollout resume) or ends it (holdfast rollout end). Ask get_change again later';

function nextOf(known: Known): string {
  const { row, asked, decision, outcome, plan, attempts } = known;
  const state: ChangeState = row.state;
  switch (state) {
    case 'proposed':
      return 'wait: it is being looked at. Ask get_change again in a moment';
    case 'previewed':
      return decision === null
        ? 'wait: it is being decided. Ask get_change again in a moment'
        : WAIT;
    case 'approved':
    case 'executing':
      if (pauseOf(storyOf(known)) !== undefined) return PAUSED;
      return plan?.rollout === undefined
        ? 'wait: it runs. Ask get_change again in a moment'
        : 'wait: it goes from batch to batch by itself. Ask get_change again in a while';
    case 'confirmed':
      if (plan?.irreversible !== null) return 'done and verified. There is no way back';
      return plan.steps.some(({ direction }) => direction === 'inverse')
        ? 'done and verified. Undo takes it back, if the world has not moved on'
        : 'done and verified. It left nothing that could be taken back';
    case 'failed':
      if (!attempts.some(({ outcome: ended }) => ended === 'succeeded'))
        return 'nothing of it took effect. Look at why before you propose anything like it';
      return attempts.some(
        ({ outcome: ended, step, target }) =>
          ended === 'succeeded' &&
          plan?.steps.some(
            (each) => each.direction === 'inverse' && each.step === step && each.target === target,
          ) === true,
      )
        ? 'it failed after a part of it ran: an operator looks at it, and may undo that part (holdfast undo). Do not repeat it unchanged'
        : 'it failed after a part of it ran that has nothing to take back: an operator looks at it. Do not repeat it unchanged';
    case 'ambiguous':
      return 'it is not known whether it took effect, and nobody may repeat it blindly. It is asked about again by itself; an operator may look and close it';
    case 'closed':
      if (asked.proposal.dryRun)
        return 'this was a dry run: propose it without dryRun to have it decided';
      return outcome === null
        ? 'done: the output is the answer'
        : 'closed by an operator: nothing is left to do';
    case 'refused':
      return `refused: ${said(decision?.because ?? 'see the decision')}. Change what is asked, or ask an operator; the same proposal is refused again`;
    case 'expired':
      return 'nobody decided in time. Propose it again if it is still needed';
    case 'cancelled':
      return 'it was taken back before it ran. Propose it again if it is still needed';
    case 'rolled-back':
      return 'it was taken back after it ran: nothing is left to do';
  }
}
