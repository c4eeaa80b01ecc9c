/**
 * A proposal from the first word to its decision. Each step is on record before the next begins, and
 * whatever refuses it is kept with it, so that whoever asks later reads why.
 */
import { asFault, Fault } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import { LIMITS } from '#base/limits';
import { shift } from '#base/time';
import { hasClosedArguments } from '#catalogue';
import type { Decision } from '#model';
import { blastRadius } from '#planning';
import type { PolicyQuestion } from '#policy';
import type { ChangeReader, ChangeRow } from '#store';
import { batchesOf } from './batches.ts';
import { asJson, move, type Road, stopQuestion } from './context.ts';
import { eventOf, record } from './events.ts';
import {
  decide,
  isTainted,
  passGuards,
  questionOf,
  requireFit,
  requireInForce,
  requirePublished,
} from './gates.ts';
import { runLook } from './look.ts';
import { type Made, planOf } from './make-plan.ts';
import { newChange } from './new-change.ts';
import { partsOf } from './orders.ts';
import { runPreviews } from './preview.ts';
import type { ChangeView, Proposal, Requester } from './protocol.ts';
import { type Asked, knownOf, mustKnow, visible } from './record.ts';
import { isRefusal, refuse } from './refuse.ts';
import { Denied, eventDecision, refuseChange, viewNow } from './refuse-change.ts';
import { authoriseByStanding } from './run.ts';
import { onTargets, readScene, type Scene } from './scene.ts';
import { sideBySide } from './side-by-side.ts';
import { coveringStanding } from './standing.ts';
import { saidOf, viewOf } from './view.ts';

const MOST_WAITING = 1_024;
const MOST_OF_A_SESSION = 64;

/** `byHand`: it waits for a person whatever was consented to in advance. */
type How = { readonly byHand?: boolean };

export async function propose(
  road: Road,
  requester: Requester,
  proposal: Proposal,
  undoes: string | null = null,
  how: How = {},
): Promise<ChangeView> {
  requireReadable(proposal);
  const prior = priorAnswer(road, { requester, proposal, undoes });
  if (prior !== undefined) return prior;
  const scene = await readScene(road, proposal, requester);
  const asked: Asked = { requester: onTargets(requester, scene), proposal, undoes };
  if (scene.targets.length === 0) {
    throw new Fault('invalid', 'unknown-target', 'no target is named: give at least one');
  }
  requireBatches(scene, proposal);
  if (scene.runnable.tier === 'T0') return runLook(road, asked, scene);
  const row = await recordProposal(road, asked, scene);
  if (row === undefined) return priorAnswer(road, asked) ?? viewNow(road, proposal.action);
  await road.at('proposal-recorded');
  return consider(road, row, asked, scene, how);
}

async function consider(
  road: Road,
  first: ChangeRow,
  asked: Asked,
  scene: Scene,
  how: How,
): Promise<ChangeView> {
  let row = first;
  try {
    const judged = await passFirstGates(road, row, asked, scene);
    const made = await previewed(road, row, asked, scene, (next) => {
      row = next;
    });
    return await decided(road, row, asked, scene, made, judged, how, (next) => {
      row = next;
    });
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'change-moved') return viewNow(road, row.id);
    // Once it is approved or runs, what becomes of it is the runner's to say.
    const now = road.store.changes.change(row.id);
    if (now?.rev !== row.rev || !['proposed', 'previewed'].includes(now.state)) throw thrown;
    if (isRefusal(thrown)) return refuseChange(road, row, asked, thrown);
    await giveUp(road, row, asked, thrown);
    throw thrown;
  }
}

type Judged = { readonly question: PolicyQuestion; readonly decision: Decision };

/** Nothing of a target is touched before these. */
async function passFirstGates(
  road: Road,
  row: ChangeRow,
  asked: Asked,
  scene: Scene,
): Promise<Judged> {
  await road.stops.refresh();
  road.stops.refuseCovered(stopQuestion(row, asked));
  // What was done is taken back also when its action is another by now.
  if (asked.undoes === null) requirePublished(scene);
  requireFit(road, scene);
  if (scene.runnable.tier === 'T3' && scene.targets.length !== 1) {
    refuse('one-target-only', 'a T3 change has exactly one target: propose one for each');
  }
  const tainted = isTainted(road.store.changes, asked);
  const question = questionOf(scene, asked, road.clock.now(), {
    tainted,
    closedArguments: asked.undoes === null && hasClosedArguments(scene.runnable),
    standing: null,
  });
  const decision = decide(scene, question);
  if (decision.verdict === 'deny') throw new Denied(decision);
  requireInForce(scene.authority, scene.runnable.tier);
  foretellGuards(road, scene, row.id, asked);
  return { question, decision };
}

/** Of a rollout each batch is judged by itself, as it will be when it begins. */
function foretellGuards(road: Road, scene: Scene, id: string, asked: Asked): void {
  const { rollout } = asked.proposal;
  const undone =
    asked.undoes === null ? undefined : mustKnow(road.store.changes, asked.undoes).plan?.rollout;
  const batches =
    rollout === undefined
      ? (undone?.batches ?? [scene.targets.map((target) => target.id)])
      : batchesOf(scene.targets, scene.inventory.targets, rollout).batches;
  const parts = batches.map((batch) => scene.targets.filter((each) => batch.includes(each.id)));
  for (const targets of parts)
    passGuards(road, road.store.changes, { ...scene, targets }, id, asked);
}

async function previewed(
  road: Road,
  row: ChangeRow,
  asked: Asked,
  scene: Scene,
  onMoved: (row: ChangeRow) => void,
): Promise<Made> {
  // What a tool tells is taken as it is on record: it is looked at again before anything runs.
  await sideBySide(scene.targets, (target) => road.observe([target], new Set()));
  const madeAt = road.clock.now();
  const decideBy = shift(madeAt, scene.settings.decideByHours * 3_600_000_000);
  const tainted = isTainted(road.store.changes, asked);
  const made = await planOf(
    road,
    scene,
    row.id,
    asked,
    { madeAt, decideBy },
    { isTainted: tainted },
  );
  const preview = await runPreviews(road, scene, made);
  const { dryRun } = asked.proposal;
  const detail = {
    plan: made.plan,
    preview,
    blastRadius: blastRadius(made.plan, scene.inventory),
    closedArguments: made.closedArguments,
    ...(made.plan.tier === 'T0'
      ? {}
      : { quorum: scene.authority.hostPolicy.rules[made.plan.tier].quorum }),
  };
  const moved = await move(road, {
    row,
    asked,
    to: 'previewed',
    actor: asked.requester,
    kind: 'change.previewed',
    detail,
    planned: { tier: made.plan.tier, digest: made.digest, decideBy },
    event: {
      more: {
        plan: made.digest,
        tier: made.plan.tier,
        steps: made.plan.steps.length,
        dryRun,
        tainted,
      },
    },
  });
  onMoved(moved);
  await road.at('preview-recorded');
  return made;
}

async function decided(
  road: Road,
  row: ChangeRow,
  asked: Asked,
  scene: Scene,
  made: Made,
  first: Judged,
  { byHand = false }: How,
  onMoved: (row: ChangeRow) => void,
): Promise<ChangeView> {
  // Without any consent in advance nothing is asked of the parts: those that run are made when they are signed.
  const hasStandings = !byHand && road.store.changes.standings().length > 0;
  const parts = hasStandings ? partsOf(made.plan, road.random) : [];
  const covering = hasStandings
    ? coveringStanding(road, scene.authority, made.plan, parts)
    : undefined;
  const question = questionOf(scene, asked, road.clock.now(), {
    tainted: made.plan.tainted,
    closedArguments: made.closedArguments,
    standing:
      covering === undefined
        ? null
        : { id: covering.row.id, evenTainted: covering.document.evenTainted },
  });
  // The same policies asked the same again answer the same: only another question is put to them.
  const decision = isSame(question, first.question) ? first.decision : decide(scene, question);
  if (decision.verdict === 'deny') throw new Denied(decision);
  const moved = await move(road, {
    row,
    asked,
    // A dry run ends here, and cannot be approved.
    to: asked.proposal.dryRun ? 'closed' : 'previewed',
    actor: asked.requester,
    kind: 'change.decided',
    detail: { decision, question },
    event: {
      decision: eventDecision(decision),
      more: { policies: decision.policies, standing: covering?.row.id ?? null },
    },
  });
  onMoved(moved);
  await road.at('decision-recorded');
  if (asked.proposal.dryRun) return viewNow(road, moved.id);
  if (decision.verdict === 'allow' && covering !== undefined) {
    return authoriseByStanding(road, moved, asked, made, parts, covering);
  }
  return viewNow(road, moved.id);
}

function isSame(a: PolicyQuestion, b: PolicyQuestion): boolean {
  return canonicalJson(asJson(a)) === canonicalJson(asJson(b));
}

/** Trouble of ours, or a host out of reach: nothing was decided, and nothing stays behind half done. */
async function giveUp(road: Road, row: ChangeRow, asked: Asked, thrown: unknown): Promise<void> {
  const fault = asFault(thrown);
  const at = road.clock.now();
  try {
    await move(road, {
      row,
      asked,
      to: 'cancelled',
      actor: asked.requester,
      kind: 'change.cancelled',
      detail: {
        decision: { verdict: 'deny', because: fault.code, says: saidOf(fault), policies: [] },
      },
      event: { outcome: 'failed', fault: fault.code, more: { at } },
    });
  } catch (unrecorded) {
    // It is settled when the service starts again.
    road.log.error('a proposal could not be given up', unrecorded, { change: row.id });
  }
}

async function recordProposal(
  road: Road,
  asked: Asked,
  scene: Scene,
): Promise<ChangeRow | undefined> {
  const { requester, proposal } = asked;
  try {
    return await road.store.write(async ({ changes }) => {
      refuseTooMany(changes, requester);
      const row = changes.propose(newChange(road, asked, scene), {});
      await record(
        road.events,
        eventOf('change.proposed', requester, row, asked, {
          outcome: 'started',
          more: { dryRun: proposal.dryRun, undoes: asked.undoes, tainted: requester.tainted },
        }),
      );
      return row;
    });
  } catch (thrown) {
    // Someone asked the same at the same moment: theirs is the answer.
    if (asFault(thrown).code === 'idempotency-key-reused') return undefined;
    throw thrown;
  }
}

/** Proposals that nobody decides on fill the disk, and hide from a person what matters. */
function refuseTooMany(changes: ChangeReader, { session, kind }: Requester): void {
  const all = changes.waiting();
  const own = changes.waiting(session);
  // Whoever decides is not kept from asking by what others asked.
  const isOperator = kind === 'operator';
  if (all < (isOperator ? 2 : 1) * MOST_WAITING && (isOperator || own < MOST_OF_A_SESSION)) return;
  refuse(
    'too-many-at-once',
    `too many proposals wait already: ${own} of this session, ${all} in all. Wait until an operator has decided (holdfast approvals)`,
  );
}

/** The same key gives the same answer; the key with other words is a mistake of the caller. */
function priorAnswer(road: Road, asked: Asked): ChangeView | undefined {
  const { principal } = asked.requester;
  const key = asked.proposal.idempotencyKey;
  if (key === null) return undefined;
  const row = road.store.changes.byKey(principal, key);
  if (row === undefined) return undefined;
  const prior = row.body as unknown as Asked;
  const words = (of: Asked): string => canonicalJson(asJson([of.proposal, of.undoes]) as Json);
  // Whoever shares the name sees no more than their own scopes.
  if (words(prior) !== words(asked) || !visible(row, asked.requester)) {
    throw new Fault(
      'conflict',
      'idempotency-key-reused',
      'the idempotency key was used for another proposal: use a new key',
    );
  }
  return viewOf(knownOf(road.store.changes, row));
}

function requireBatches({ runnable, targets }: Scene, { rollout }: Proposal): void {
  if (rollout === undefined) return;
  if (runnable.tier === 'T3')
    refuse(
      'one-target-only',
      'a T3 change has exactly one target, so no batches: propose one for each',
    );
  const { batch, waitSeconds, maxFailures } = rollout;
  const isWhole = (value: number, least: number, most: number): boolean =>
    Number.isSafeInteger(value) && value >= least && value <= most;
  const problem =
    runnable.tier === 'T0'
      ? 'what only reads goes to all its targets in one go'
      : !isWhole(batch, 1, 512)
        ? 'a batch holds 1 to 512 targets'
        : !isWhole(waitSeconds, 0, 3_600)
          ? 'between batches it waits 0 to 3600 seconds'
          : isWhole(maxFailures, 0, 512)
            ? undefined
            : 'of the targets 0 to 512 may fail';
  if (problem === undefined) return;
  throw new Fault(
    'invalid',
    'invalid-arguments',
    `the rollout cannot be: ${problem}. Given are ${targets.length} targets`,
  );
}

function requireReadable({ reason, idempotencyKey, targets }: Proposal): void {
  const problem =
    reason.length > LIMITS.reasonChars
      ? `the reason is longer than ${LIMITS.reasonChars} characters`
      : (idempotencyKey?.length ?? 0) > LIMITS.nameChars
        ? `the idempotency key is longer than ${LIMITS.nameChars} characters`
        : targets.length > 512
          ? 'more than 512 targets are named'
          : undefined;
  if (problem !== undefined) {
    throw new Fault(
      'invalid',
      'invalid-arguments',
      `the proposal cannot be kept: ${problem}. Make it shorter`,
    );
  }
}
