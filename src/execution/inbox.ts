/**
 * What waits for a person, equal requests together: the same action with the same arguments, asked on behalf of the
 * same person, needs one look and, made one change again, one signature.
 */
import { digestOf } from '#base/digest';
import { formatInstant, type Instant, shift } from '#base/time';
import type { ChangeRow } from '#store';
import { asJson, type Road } from './context.ts';
import { isTainted } from './gates.ts';
import { EQUAL_DAYS, offerOf } from './offer.ts';
import type { InboxGroup, Requester } from './protocol.ts';
import { type Known, knownOf, visible } from './record.ts';

const PAGE = 200;
/** Of the past so many changes are read for equal approvals. */
const MOST_PAST = 1_000;
const DAY = 86_400_000_000;

/** One key, one kind of request. Two people's requests are never one. */
export function requestKey({ asked }: Pick<Known, 'asked'>): string {
  const { action, arguments: given } = asked.proposal;
  return digestOf(asJson([action, given, asked.requester.onBehalfOf]));
}

/** Oldest request first, in groups and among them. */
export function inbox(road: Road, requester: Requester): readonly InboxGroup[] {
  const groups = new Map<string, Known[]>();
  for (const row of rowsOf(road, requester, ['previewed'], MOST_PAST * 4)) {
    const known = knownOf(road.store.changes, row);
    if (known.asked.proposal.dryRun || known.decision?.verdict !== 'needs-approval') continue;
    // It expires with the next tick.
    if (row.decideBy !== null && road.clock.now() > row.decideBy) continue;
    const key = standsAlone(known) ? row.id : requestKey(known);
    groups.set(key, [...(groups.get(key) ?? []), known]);
  }
  const past = groups.size === 0 ? [] : approvedByHand(road, requester);
  return [...groups.entries()]
    .map(([key, waiting]) => groupOf(road, key, waiting, past))
    .toSorted((a, b) =>
      (a.changes[0]?.createdAt ?? '').localeCompare(b.changes[0]?.createdAt ?? ''),
    );
}

/** What is never asked together with others: one target by rule, a way back, an order of its own. */
export function standsAlone({ row, asked }: Pick<Known, 'row' | 'asked'>): boolean {
  return row.tier === 'T3' || asked.undoes !== null || asked.proposal.rollout !== undefined;
}

function groupOf(
  road: Road,
  key: string,
  waiting: readonly Known[],
  past: readonly Known[],
): InboxGroup {
  const oldestFirst = waiting.toSorted((a, b) => a.row.createdAt - b.row.createdAt);
  const [first] = oldestFirst as [Known, ...Known[]];
  const { action, arguments: given } = first.asked.proposal;
  const equal = past.filter((each) => requestKey(each) === requestKey(first));
  const changes = oldestFirst.map(({ row, asked, approvals }) => ({
    changeId: row.id,
    targets: row.targets.map(({ id }) => id),
    reason: asked.proposal.reason,
    requestedBy: asked.requester.principal,
    onBehalfOf: asked.requester.onBehalfOf,
    createdAt: formatInstant(row.createdAt),
    decideBy: row.decideBy === null ? null : formatInstant(row.decideBy),
    tainted: isTainted(road.store.changes, asked),
    signedBy: [...new Set(approvals.map(({ operator }) => operator))],
  }));
  return {
    key,
    action,
    arguments: given,
    tier: first.row.tier,
    alone: standsAlone(first),
    changes,
    equalApproved: equal.length,
    offer: standsAlone(first) ? null : offerOf(road, oldestFirst, equal),
  };
}

/** Changes that a person signed and that held, newest first. */
function approvedByHand(road: Road, requester: Requester): readonly Known[] {
  const since = shift(road.clock.now(), -EQUAL_DAYS * DAY);
  return rowsOf(road, requester, ['confirmed', 'executing', 'approved'], MOST_PAST, since)
    .map((row) => knownOf(road.store.changes, row))
    .filter(({ approvals }) => approvals.length > 0);
}

function rowsOf(
  road: Road,
  requester: Requester,
  states: readonly ChangeRow['state'][],
  most: number,
  since?: Instant,
): readonly ChangeRow[] {
  const rows: ChangeRow[] = [];
  let before: string | undefined;
  do {
    const page = road.store.changes.list(
      { scopes: requester.scopes, seen: requester.targets ?? [], states },
      PAGE,
      before,
    );
    const wanted = page.changes.filter((row) => since === undefined || row.createdAt >= since);
    rows.push(...wanted.filter((row) => visible(row, requester)));
    if (wanted.length < page.changes.length) break;
    before = page.next ?? undefined;
  } while (before !== undefined && rows.length < most);
  return rows;
}
