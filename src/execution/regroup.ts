/**
 * Equal requests made one change, so that a person looks once and signs once. It stays the request of whoever asked:
 * with their rights, their taint and their accountable person. The single ones end only when the one stands.
 */
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { TIERS } from '#model';
import { pending } from './approve.ts';
import type { Road } from './context.ts';
import { endWaiting } from './end-waiting.ts';
import { isTainted } from './gates.ts';
import { requestKey, standsAlone } from './inbox.ts';
import { requireOperator } from './operator.ts';
import { propose } from './propose.ts';
import type { ChangeView, Requester } from './protocol.ts';
import type { Known } from './record.ts';
import { refuse } from './refuse.ts';

export async function regroup(
  road: Road,
  operator: Requester,
  ids: readonly string[],
): Promise<ChangeView> {
  requireOperator(operator);
  const known = [...new Set(ids)].map((id) => pending(road, operator, id));
  const [first] = known;
  if (first === undefined || known.length < 2) {
    throw new Fault('invalid', 'invalid-arguments', 'nothing to join: name at least two changes');
  }
  requireEqual(road, known, first);
  const targets = known.flatMap(({ asked }) => asked.proposal.targets);
  const view = await propose(
    road,
    requesterOf(road, known, first, operator),
    {
      ...first.asked.proposal,
      targets: [...new Set(targets)],
      reason: reasonOf(known),
      idempotencyKey: null,
    },
    null,
    { byHand: true },
  );
  if (view.state !== 'previewed' || view.decision.verdict !== 'needs-approval') {
    throw new Fault(
      'refused',
      'not-together',
      `they cannot be one change: ${view.decision.says}. Decide on each by itself`,
      { facts: { change: view.changeId, because: view.decision.because } },
    );
  }
  const takeBack = (of: readonly string[], reason: string): Promise<void> =>
    endWaiting(road, operator, of, {
      to: 'cancelled',
      kind: 'change.cancelled',
      says: 'taken back',
      reason,
    });
  try {
    // All or none: two who join at the same moment must not each take back what the other joined.
    await takeBack(
      known.map(({ row }) => row.id),
      `asked again with others as ${view.changeId}`,
    );
  } catch (thrown) {
    // Somebody decided on one of them meanwhile: nothing may run twice.
    await takeBack([view.changeId], 'one of the changes in it was decided on meanwhile');
    throw new Fault(
      'conflict',
      'change-moved',
      'one of the changes was decided on meanwhile: look at the inbox again',
      { cause: thrown },
    );
  }
  return view;
}

function requireEqual(road: Road, known: readonly Known[], first: Known): void {
  const isEqual = known.every(
    (each) =>
      !standsAlone(each) &&
      each.row.tier === first.row.tier &&
      requestKey(each) === requestKey(first),
  );
  if (!isEqual) {
    refuse(
      'not-together',
      'only equal requests become one: the same action and arguments, asked on behalf of the same person, below T3',
    );
  }
  if (known.some(({ approvals }) => approvals.length > 0)) {
    refuse('not-together', 'one of them is signed already: sign the others by themselves');
  }
  // The page shows what one session had read; the words of two would hide behind each other.
  const tainted = known.filter(({ asked }) => isTainted(road.store.changes, asked));
  if (new Set(tainted.map(({ row }) => row.session)).size > 1) {
    refuse(
      'not-together',
      'sessions that read different foreign text asked for them: decide on each by itself',
    );
  }
}

/** As little as each of them may, and as tainted as any. */
function requesterOf(
  road: Road,
  known: readonly Known[],
  first: Known,
  { requestId, traceId }: Requester,
): Requester {
  const tainted = known.find(({ asked }) => isTainted(road.store.changes, asked));
  const all = known.map(({ asked }) => asked.requester);
  return {
    ...(tainted ?? first).asked.requester,
    requestId,
    traceId,
    tainted: tainted !== undefined,
    // Each asked for targets of its own; one change is of all of them.
    scopes: [...new Set(all.flatMap(({ scopes }) => scopes))],
    capabilities: all
      .map(({ capabilities }) => capabilities)
      .reduce((a, b) => a.filter((each) => b.includes(each))),
    ceiling: all
      .map(({ ceiling }) => ceiling)
      .reduce((a, b) => (TIERS.indexOf(a) < TIERS.indexOf(b) ? a : b)),
  };
}

/** Each of the reasons, whole: what would be cut off is what a person did not read before signing. */
function reasonOf(known: readonly Known[]): string {
  const reasons = [...new Set(known.map(({ asked }) => asked.proposal.reason))];
  const text = `${known.length} equal requests: ${reasons.join(' | ')}`;
  if (text.length <= LIMITS.reasonChars) return text;
  return refuse(
    'not-together',
    'their reasons are too long to be read on one page: leave some of them out, or decide on each by itself',
  );
}
