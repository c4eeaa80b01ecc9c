/**
 * A person's word: the page they read, the bytes they sign, and what is checked before their
 * signature counts. The order lives in the store and on the page, and nowhere else while unspent.
 */
import { changeDocument, digestWords, NAMESPACES, reaches } from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { formatInstant, type Instant } from '#base/time';
import { clean } from '#redaction';
import type { ApprovalRow, OrderRow } from '#store';
import { isConflict, move, type Road, seconds } from './context.ts';
import { personsOf, requireOther, wantsFourEyes } from './four-eyes.ts';
import { requireOperator } from './operator.ts';
import { changeOrder, partsOf, secondsToRun } from './orders.ts';
import type { AuthorityState } from './ports.ts';
import type { Approval, ApprovalPage, ChangeView, Requester, Seeing } from './protocol.ts';
import { type Known, last, mustKnow, unknownChange, visible } from './record.ts';
import { refuse } from './refuse.ts';
import { viewNow } from './refuse-change.ts';
import { run } from './run.ts';
import { verifyOne } from './signatures.ts';
import { lapsedSigners, signaturesNeeded } from './signatures-needed.ts';
import { viewOf } from './view.ts';

export async function approvalPage(
  road: Road,
  requester: Requester,
  id: string,
): Promise<ApprovalPage> {
  requireOperator(requester);
  const known = pending(road, requester, id);
  const { plan, asked, row } = known;
  if (plan === null || row.digest === null || row.decideBy === null) throw unknownChange(id);
  const authority = await road.authority();
  const order = await currentOrder(road, known, authority);
  const document = changeDocument.parse(order.text);
  const rule = authority.hostPolicy.rules[document.tier];
  const fresh = mustKnow(road.store.changes, id);
  const have = signedBy(fresh, order).map(({ operator }) => operator);
  return {
    change: viewOf(fresh),
    plan,
    envelope: order.text,
    parts: order.parts,
    namespace: NAMESPACES.change,
    digestWords: digestWords(row.digest),
    blastRadius: last(known.moves, 'blastRadius') ?? [],
    preview: last(known.moves, 'preview') ?? [],
    taintedText: (
      road.store.changes.taint(asked.requester.session, row.createdAt)?.excerpts ?? []
    ).map(({ operation, text }) => ({ operation: clean(operation).text, text: clean(text).text })),
    assuranceNeeded: rule.assurance,
    quorum: { needed: signaturesNeeded(authority, document.tier, fresh), have },
    fourEyes: await fourEyes(road, known, authority),
    decideBy: formatInstant(row.decideBy),
    runBy: formatInstant(order.runBy),
    typeName: document.tier === 'T3' ? (row.targets[0]?.id ?? null) : null,
  };
}

export async function approve(
  road: Road,
  requester: Requester,
  approval: Approval,
): Promise<ChangeView> {
  requireOperator(requester);
  const { changeId } = approval;
  const known = pending(road, requester, changeId);
  const authority = await road.authority();
  const order = known.orders.at(-1);
  const now = road.clock.now();
  if (order === undefined || order.kind !== 'change') {
    return refuse(
      'not-pending',
      'nothing was shown to be signed: read it first (holdfast approve)',
    );
  }
  if (now > order.runBy) {
    refuse(
      'expired',
      'what was signed had to run earlier: read it again and sign what is shown then',
    );
  }
  const { operator, assurance, key, fingerprint, certificate } = verifyOne(
    road,
    authority,
    order.text,
    approval.signature,
  );
  requireTyped(known, approval);
  const persons = known.plan === null ? 'unknown' : personsOf(known.plan, authority, operator);
  if (await fourEyes(road, known, authority)) requireOther(persons, operator);
  const needed = changeDocument.parse(order.text);
  const rule = authority.hostPolicy.rules[needed.tier];
  if (!reaches(assurance, rule.assurance)) {
    refuse(
      'assurance-too-low',
      `the signature has too little behind it: ${assurance}, needed is ${rule.assurance}. Sign with a security key or passkey`,
    );
  }
  const lapsed = lapsedSigners(road, authority, known, order);
  if (lapsed.length > 0) {
    refuse(
      'expired',
      `signatures do not count any more: ${lapsed.join(', ')}. Read it again and sign what is shown then; it goes on waiting`,
    );
  }
  const row: ApprovalRow = {
    change: changeId,
    operator,
    order: order.number,
    assurance,
    at: now,
    signature: approval.signature,
    detail: {
      key,
      fingerprint,
      certificate: certificate as never,
      samePersonAsRequester: persons === 'same',
      reason: approval.reason === null ? null : clean(approval.reason, { maxChars: 2_000 }).text,
    },
  };
  const enough = await recorded(road, requester, known, order, row, authority);
  await road.at('approval-recorded');
  return enough ? run(road, changeId, requester) : viewNow(road, changeId);
}

/** Someone else's signature may come at the same moment: both count, one after the other. */
async function recorded(...given: Parameters<typeof recordApproval>): Promise<boolean> {
  for (let tries = 0; ; tries++) {
    try {
      return await recordApproval(...given);
    } catch (thrown) {
      if (!isConflict(thrown) || tries >= 5) throw thrown;
      pending(given[0], given[1], given[2].row.id);
    }
  }
}

/** One transaction: the signature, its event, and, with the last one needed, the move to `approved`. */
async function recordApproval(
  road: Road,
  requester: Requester,
  before: Known,
  order: OrderRow,
  approval: ApprovalRow,
  authority: AuthorityState,
): Promise<boolean> {
  const { id } = before.row;
  const have = signedBy(mustKnow(road.store.changes, id), order);
  const others = have.filter(({ operator }) => operator !== approval.operator).length;
  if (have.length !== others) {
    refuse(
      'already-approved',
      `${approval.operator} has approved it already: another operator's signature is missing`,
    );
  }
  const now = mustKnow(road.store.changes, id);
  const { row, asked } = now;
  const needed = signaturesNeeded(authority, changeDocument.parse(order.text).tier, now);
  const enough = others + 1 >= needed;
  await move(road, {
    row,
    asked,
    to: enough ? 'approved' : 'previewed',
    actor: requester,
    kind: 'change.approved',
    also: (changes) => {
      if (changes.orders(id).at(-1)?.number !== order.number) {
        refuse('expired', 'a new order took the place of what was signed: read it again');
      }
      changes.approve({ ...approval, detail: { ...approval.detail, needed } });
    },
    event: {
      // By hash as long as it is unspent.
      more: {
        operator: approval.operator,
        assurance: approval.assurance,
        order: sha256(order.text),
        signature: sha256(approval.signature),
        have: others + 1,
        needed,
        samePersonAsRequester: approval.detail['samePersonAsRequester'] ?? false,
      },
    },
  });
  return enough;
}

/** The order that waits for signatures; a new one where the last had to run earlier. */
async function currentOrder(
  road: Road,
  known: Known,
  authority: AuthorityState,
): Promise<OrderRow> {
  const { plan, row, orders } = known;
  const now = road.clock.now();
  const newest = orders.at(-1);
  if (newest !== undefined && now <= newest.runBy && isToBeSigned(road, known, newest, authority))
    return newest;
  if (plan === null || row.digest === null || row.decideBy === null) throw unknownChange(row.id);
  if (plan.tier === 'T0') refuse('not-pending', 'a reading action is never approved');
  const { runByMinutes } = await road.settings();
  const issued = seconds(now);
  const runBy = Math.min(seconds(row.decideBy), issued + secondsToRun(plan, runByMinutes));
  const quorum = signaturesNeeded(authority, plan.tier, known);
  const { text, parts } = changeOrder(
    plan,
    row.digest,
    partsOf(plan, road.random),
    { issued, runBy },
    await road.checkpoint(),
    quorum,
  );
  const order: OrderRow = {
    change: row.id,
    number: (newest?.number ?? 0) + 1,
    kind: 'change',
    text,
    parts,
    signature: null,
    madeAt: now,
    runBy: (runBy * 1_000_000) as Instant,
  };
  try {
    await road.store.write(({ changes }) => changes.keepOrder(order));
  } catch (thrown) {
    // Someone opened the page at the same moment: theirs is the order.
    const theirs = road.store.changes.orders(row.id).at(-1);
    if (!(thrown instanceof Fault) || thrown.code !== 'change-moved' || theirs === undefined) {
      throw thrown;
    }
    return theirs;
  }
  return order;
}

/** What was signed goes on being signed as long as it counts; what nobody signed yet binds the number of now. */
function isToBeSigned(
  road: Road,
  known: Known,
  order: OrderRow,
  authority: AuthorityState,
): boolean {
  if (signedBy(known, order).length > 0)
    return lapsedSigners(road, authority, known, order).length === 0;
  const { quorum, tier } = changeDocument.parse(order.text);
  return quorum >= signaturesNeeded(authority, tier, known);
}

function signedBy(known: Known, order: OrderRow): readonly ApprovalRow[] {
  return known.approvals.filter((approval) => approval.order === order.number);
}

/** Says in the change's own words why it is not waiting any more. */
export function pending(road: Road, requester: Seeing, id: string): Known {
  const row = road.store.changes.change(id);
  if (!visible(row, requester)) throw unknownChange(id);
  const known = mustKnow(road.store.changes, id);
  switch (row.state) {
    case 'previewed':
      break;
    case 'approved':
    case 'executing':
    case 'confirmed':
    case 'failed':
    case 'ambiguous':
    case 'rolled-back':
      return refuse('already-approved', `it was approved already: it is ${row.state}`);
    case 'expired':
      return refuse('expired', 'nobody decided in time: it has to be proposed again');
    case 'cancelled':
      return refuse('cancelled', 'it was taken back: it has to be proposed again');
    case 'proposed':
    case 'refused':
    case 'closed':
      return refuse('not-pending', `it does not wait for a decision: it is ${row.state}`);
  }
  if (row.decideBy !== null && road.clock.now() > row.decideBy) {
    refuse('expired', 'nobody decided in time: it has to be proposed again');
  }
  if (known.asked.proposal.dryRun || known.decision?.verdict !== 'needs-approval') {
    refuse('not-pending', 'it does not wait for a decision');
  }
  return known;
}

function requireTyped({ plan, row }: Known, approval: Approval): void {
  if (plan?.tier !== 'T3') return;
  const [target, ...more] = row.targets;
  if (target === undefined || more.length > 0) {
    refuse('one-target-only', 'a T3 change has exactly one target: propose one for each');
  }
  if (approval.typedTarget !== target.id || (approval.reason ?? '').trim() === '') {
    refuse(
      'name-not-typed',
      `for a T3 change the target's name and a reason are typed: type ${target.id} exactly`,
    );
  }
}

async function fourEyes(road: Road, { plan }: Known, authority: AuthorityState): Promise<boolean> {
  if (plan === null) return true;
  return wantsFourEyes(plan, {
    inventory: await road.inventory(),
    settings: await road.settings(),
    authority,
  });
}
