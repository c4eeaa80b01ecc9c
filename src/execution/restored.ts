/**
 * After a backup was put back. What the facts say of changes is as old as the backup: what waited may have
 * run since, what ran may have ended, and what was signed is for hosts that are enrolled anew. So nothing of it
 * goes on from here, and nothing is said to have come out one way or the other.
 */
import type { Clock } from '#base/ports';
import { formatInstant } from '#base/time';
import type { EventLog } from '#evidence';
import type { ChangeState } from '#model';
import type { ChangeRow, Store } from '#store';
import { move } from './context.ts';
import { type EventKind, plainEvent, record, SERVICE } from './events.ts';
import { targetsOf } from './give-standing.ts';
import { mustKnow } from './record.ts';
import { endAttempt } from './settle.ts';

export type RestoredRoad = {
  readonly clock: Clock;
  readonly store: Store;
  readonly events: EventLog;
};

export type SettledAfterRestore = {
  /** Ids of changes that were under way, and of which nobody knows here how they ended. */
  readonly ambiguous: readonly string[];
  /** Of those that waited: they are proposed anew. */
  readonly ended: readonly string[];
  /** Of standing approvals: they were for hosts that are enrolled anew. */
  readonly revoked: readonly string[];
};

/** Before anything else is asked of the store. `madeAt`: when the backup was made, in words. */
export async function settleAfterRestore(
  road: RestoredRoad,
  madeAt: string,
): Promise<SettledAfterRestore> {
  const { changes } = road.store;
  const since = `a backup of ${madeAt} was put back`;
  const ended: string[] = [];
  for (const row of changes.inStates(['proposed', 'previewed', 'approved'])) {
    // What has no plan yet cannot expire.
    const [to, kind] =
      row.state === 'proposed'
        ? (['cancelled', 'change.cancelled'] as const)
        : (['expired', 'change.expired'] as const);
    const says = `${since}: nothing of it runs from here any more. Whether it ran after the backup was made is not known here: look, then propose it anew`;
    await becomes(road, row, to, kind, says);
    ended.push(row.id);
  }
  const ambiguous: string[] = [];
  for (const { id } of changes.inStates(['executing', 'ambiguous'])) {
    const known = mustKnow(changes, id);
    for (const attempt of known.attempts) {
      if (attempt.endedAt !== null) continue;
      const says = `${since}: the host that could tell is enrolled anew`;
      await endAttempt(road, known, attempt, { outcome: 'unknown', detail: { says } });
    }
    if (known.row.state === 'executing') {
      const says = `${since}: it was under way then, and how it ended is not known here. Look at the target, then close it`;
      await becomes(road, known.row, 'ambiguous', 'change.outcome', says);
    }
    ambiguous.push(id);
  }
  return { ambiguous, ended, revoked: await revokeAll(road, since) };
}

async function becomes(
  road: RestoredRoad,
  row: ChangeRow,
  to: ChangeState,
  kind: EventKind,
  says: string,
): Promise<void> {
  const { asked } = mustKnow(road.store.changes, row.id);
  const at = formatInstant(road.clock.now());
  await move(road, {
    row,
    asked,
    to,
    actor: SERVICE,
    kind,
    detail: { outcome: { state: to, code: 'restored', says, at } },
    event: { outcome: 'failed', fault: 'restored', more: { state: to, because: 'restored' } },
  });
}

async function revokeAll(road: RestoredRoad, since: string): Promise<readonly string[]> {
  const revoked: string[] = [];
  for (const row of road.store.changes.standings()) {
    if (row.revokedAt !== null) continue;
    await road.store.write(async ({ changes }) => {
      changes.revokeStanding(row.id, road.clock.now(), SERVICE.principal);
      await record(
        road.events,
        plainEvent('standing.revoked', SERVICE, 'all', targetsOf(row), {
          standing: row.id,
          reason: `${since}: its hosts are enrolled anew`,
        }),
      );
    });
    revoked.push(row.id);
  }
  return revoked;
}
