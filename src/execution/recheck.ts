/**
 * The last look before dispatch. Everything the signature rests on is made again from nothing and
 * compared with what was signed; the signatures are checked again over the stored bytes. What a row
 * says about itself counts for nothing here.
 */
import { changeDocument, runDocument } from '#authority';
import { sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import { differences, planDigest, planFor } from '#planning';
import type { OrderRow } from '#store';
import { type Road, seconds, stopQuestion } from './context.ts';
import { personsOf, requireOther, wantsFourEyes } from './four-eyes.ts';
import { decide, questionOf, requireInForce } from './gates.ts';
import { planOf } from './make-plan.ts';
import { isMadeFrom } from './orders.ts';
import { requirePreviews } from './preview.ts';
import { hasClosedValues, type Known } from './record.ts';
import { hex, isRefusal, refuse } from './refuse.ts';
import type { TargetResult } from './rollout.ts';
import { readScene, type Scene } from './scene.ts';
import { sideBySide } from './side-by-side.ts';
import { requireSigned } from './signatures.ts';
import { signaturesNeeded } from './signatures-needed.ts';
import { type Covering, documentIfCovering } from './standing.ts';
import { kindsOf } from './verify.ts';
import { saidOf } from './view.ts';
import { asMissing } from './wait-again.ts';

export type Checked = {
  readonly scene: Scene;
  readonly order: OrderRow;
  /** `null`: a person signed this very change. */
  readonly covering: Covering | null;
};

/** `left`: of a batch, the targets that cannot begin with the others. */
export type CheckedBatch = Checked & { readonly left: readonly TargetResult[] };

/** Of the whole change, or of the targets of one batch: each of those stands and falls by itself. */
export async function recheck(
  road: Road,
  known: Known,
  batch?: readonly string[],
): Promise<CheckedBatch> {
  const { row, asked, plan } = known;
  const order = known.orders.at(-1);
  if (plan === null || order === undefined) {
    return refuse('bad-signature', 'nothing was signed for this change: have it approved first');
  }
  await road.stops.refresh();
  road.stops.refuseCovered(stopQuestion(row, asked, null, plan));
  requireInTime(road, known, order);
  requireOwnBytes(known, order);
  const scene = await sceneAgain(road, known, batch);
  requireInForce(scene.authority, plan.tier);
  const covering = requireAuthority(road, scene, known, order);
  const question = questionOf(scene, asked, road.clock.now(), {
    tainted: plan.tainted,
    closedArguments: hasClosedValues(known),
    standing:
      covering === null
        ? null
        : { id: covering.row.id, evenTainted: covering.document.evenTainted },
  });
  const decision = decide(scene, question);
  if (decision.verdict === 'deny') {
    refuse('policy-denied', `the policies deny it now: ${decision.says}`, {
      policies: decision.policies,
    });
  }
  if (covering !== null && decision.verdict !== 'allow') {
    refuse('policy-denied', `the policies want a person's approval now: ${decision.says}`);
  }
  const left = batch === undefined ? [] : await leftOf(road, scene, known);
  if (batch === undefined) await requireSamePlan(road, scene, known);
  // Making the plan took time: the deadline and the stops are those of now.
  requireInTime(road, known, order);
  road.stops.refuseCovered(stopQuestion(row, asked, covering?.row.id ?? null, plan));
  return { scene, order, covering, left };
}

async function leftOf(road: Road, scene: Scene, known: Known): Promise<readonly TargetResult[]> {
  const { plan } = known;
  if (plan === null) return [];
  const each = await sideBySide(scene.targets, async (target): Promise<readonly TargetResult[]> => {
    const alone = { ...known, plan: planFor(plan, new Set([target.id])) };
    try {
      await requireSamePlan(road, { ...scene, targets: [target] }, alone);
      return [];
    } catch (thrown) {
      // Trouble of ours is no word on the target.
      const isItsOwn =
        isRefusal(thrown) || (thrown instanceof Fault && thrown.kind === 'unavailable');
      if (!isItsOwn) throw thrown;
      const { code } = asFault(thrown);
      return [{ target: target.id, state: 'failed', code, says: saidOf(thrown) }];
    }
  });
  return each.flat();
}

/** Called again inside the transaction that begins: on rows read there. */
export function requireAuthority(
  road: Road,
  scene: Scene,
  known: Known,
  order: OrderRow,
): Covering | null {
  const { plan, approvals } = known;
  if (plan === null) return refuse('bad-signature', 'there is no plan: propose the change again');
  if (order.kind === 'change') {
    const signed = approvals.filter((approval) => approval.order === order.number);
    const { tier } = changeDocument.parse(order.text);
    const needed = signaturesNeeded(scene.authority, tier, known);
    const verified = signedEnough(road, scene, known, order, signed, needed);
    if (wantsFourEyes(plan, scene)) {
      for (const { operator } of verified)
        requireOther(personsOf(plan, scene.authority, operator), operator);
    }
    return null;
  }
  const { standing } = runDocument.parse(order.text);
  for (const row of road.store.changes.standings()) {
    if (sha256(row.text) !== standing) continue;
    const document = documentIfCovering(road, scene.authority, row, plan, order.parts);
    if (document !== undefined) return { row, document };
  }
  return refuse(
    'bad-signature',
    'the standing approval that it would run under does not cover it any more: propose it again, and have an operator approve it',
  );
}

function signedEnough(
  road: Road,
  { authority }: Scene,
  known: Known,
  order: OrderRow,
  signed: Known['approvals'],
  needed: number,
): ReturnType<typeof requireSigned> {
  try {
    return requireSigned(road, authority, order, signed, needed);
  } catch (thrown) {
    throw asMissing(road, authority, known, order, thrown);
  }
}

/** The stored plan is the signed one, and the stored parts are exactly what it makes. */
function requireOwnBytes({ plan, row }: Known, order: OrderRow): void {
  if (plan === null) return;
  const digest = planDigest(plan);
  const document =
    order.kind === 'change' ? changeDocument.parse(order.text) : runDocument.parse(order.text);
  if (
    hex(digest) !== hex(row.digest ?? '') ||
    plan.change !== row.id ||
    !isMadeFrom(plan, digest, document, order.parts)
  ) {
    refuse(
      'bad-signature',
      'what is stored is not what was signed: run holdfast verify, and propose the change again',
    );
  }
}

function requireInTime(road: Road, { plan }: Known, order: OrderRow): void {
  const now = road.clock.now();
  const { runBy } =
    order.kind === 'change' ? changeDocument.parse(order.text) : runDocument.parse(order.text);
  if (seconds(now) > runBy) refuse('expired', 'it had to run earlier: have it approved again');
  if (plan !== null && now > plan.decideBy) {
    refuse('expired', 'nobody decided in time: propose the change again');
  }
}

async function sceneAgain(
  road: Road,
  { asked, plan }: Known,
  batch?: readonly string[],
): Promise<Scene> {
  const targets = batch ?? plan?.targets.map(({ id }) => id) ?? [];
  try {
    return await readScene(road, { ...asked.proposal, targets }, asked.requester);
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return moved([saidOf(thrown)]);
  }
}

async function requireSamePlan(
  road: Road,
  scene: Scene,
  { row, asked, plan }: Known,
): Promise<void> {
  if (plan === null) return;
  await road.observe(scene.targets, kindsOf(plan));
  let found: readonly string[];
  try {
    const { madeAt, decideBy, tainted } = plan;
    const again = await planOf(
      road,
      scene,
      row.id,
      asked,
      { madeAt, decideBy },
      { isTainted: tainted },
    );
    // Which batches there are was signed; the inventory that they were made from is compared like everything else.
    const same = plan.rollout === undefined ? again.plan : { ...again.plan, rollout: plan.rollout };
    found = differences(plan, same).map(
      ({ what, before, after }) => `${what} was ${before}, is ${after}`,
    );
    if (found.length === 0) await requirePreviews(road, scene, again);
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    found = [saidOf(thrown)];
  }
  if (found.length > 0) moved(found);
}

function moved(found: readonly string[]): never {
  const told = found.slice(0, 20);
  return refuse(
    'state-moved',
    `it is not as it was when it was planned: ${told.join('; ')}. Look at it, and propose the change again`,
    { differences: told },
  );
}
