/**
 * What a death left, and what time brings. Nothing is begun here: what was under way is asked about,
 * what never began is said to have failed, what is overdue expires.
 */
import { asFault } from '#base/fault';
import type { ChangeRow } from '#store';
import { conclude } from './conclude.ts';
import { isConflict, move, type Road } from './context.ts';
import { SERVICE } from './events.ts';
import type { StopSubject } from './protocol.ts';
import { type Known, knownOf, mustKnow } from './record.ts';
import { notStarted } from './run.ts';
import { settleRollout } from './run-rollout.ts';
import { settleAttempt, spendUnused } from './settle.ts';
import { endCovered } from './stop.ts';

const STOPS_READ = 1_000;
const REVOKED_READ = 100_000;

/** How long a start waits for a part that still runs, before it goes on and asks again later. */
const WAIT_MS = 0;

export async function resume(road: Road): Promise<void> {
  await road.stops.refresh();
  await restoreStops(road);
  await restoreRevocations(road);
  const { changes } = road.store;
  for (const row of changes.inStates(['proposed', 'previewed'])) {
    const known = knownOf(changes, row);
    if (row.state === 'proposed' || known.decision === null) await undecided(road, known);
  }
  for (const row of changes.inStates(['approved'])) await neverBegan(road, row);
  await settleOpen(road);
  await expire(road);
}

/** A stop that the log knows, that nobody lifted and whose file is gone: removing a file lifts nothing. */
async function restoreStops(road: Road): Promise<void> {
  try {
    const lifted = new Set(
      (await road.events.read({ operation: 'change.lifted' }, STOPS_READ)).map(
        ({ more }) => more?.['stop'],
      ),
    );
    for (const event of await road.events.read({ operation: 'change.stopped' }, STOPS_READ)) {
      const { stop: id, kind, name, reason } = event.more ?? {};
      if (typeof id !== 'string' || lifted.has(id) || road.stops.find(id) !== undefined) continue;
      const stop = {
        id,
        subject: (kind === 'fleet' ? { kind } : { kind, name }) as StopSubject,
        by: event.principal,
        reason: typeof reason === 'string' ? reason : '',
        at: event.time,
      };
      road.stops.trip(stop);
      await road.stops.keep(stop);
    }
  } catch (thrown) {
    road.log.error('stops could not be compared with the event log', thrown);
  }
}

/** What the log says was taken back stays so: a row that is gone gives nothing back. */
async function restoreRevocations(road: Road): Promise<void> {
  const live = road.store.changes.standings().filter(({ revokedAt }) => revokedAt === null);
  if (live.length === 0) return;
  try {
    for (const { more } of await road.events.read({ operation: 'standing.revoked' }, REVOKED_READ))
      if (typeof more?.['standing'] === 'string') road.revoked.add(more['standing']);
  } catch (thrown) {
    road.log.error('standing approvals could not be compared with the event log', thrown);
    for (const { id } of live) road.revoked.add(id);
  }
}

/** Periodically: what is overdue, and what is still not known. */
export async function tick(road: Road): Promise<void> {
  await endCovered(road);
  await expire(road);
  for (const row of road.store.changes.inStates(['approved'])) {
    if (!road.running.has(row.id)) await neverBegan(road, row);
  }
  await settleOpen(road);
}

async function undecided(road: Road, { row, asked }: Known): Promise<void> {
  const says = 'the service ended before it was decided: propose it again';
  await quietly(road, row, () =>
    move(road, {
      row,
      asked,
      to: 'cancelled',
      actor: SERVICE,
      kind: 'change.cancelled',
      detail: { decision: { verdict: 'deny', because: 'cancelled', says, policies: [] } },
      event: { outcome: 'failed', fault: 'cancelled', more: { because: 'restart' } },
    }),
  );
}

/** Approved, and no attempt was committed: nothing was sent. An intent may be in the log. */
async function neverBegan(road: Road, row: ChangeRow): Promise<void> {
  await quietly(road, row, async () => {
    const known = mustKnow(road.store.changes, row.id);
    await spendUnused(road, known);
    await notStarted(road, known, undefined);
  });
}

async function settleOpen(road: Road): Promise<void> {
  for (const row of road.store.changes.inStates(['executing', 'ambiguous'])) {
    if (road.running.has(row.id)) continue;
    await quietly(road, row, () => settleOne(road, row.id));
  }
}

async function settleOne(road: Road, id: string): Promise<void> {
  const known = mustKnow(road.store.changes, id);
  if (isRollingOut(known)) {
    await settleRollout(road, id);
    return;
  }
  for (const attempt of known.attempts) {
    if (attempt.endedAt === null) await settleAttempt(road, id, attempt.id, WAIT_MS);
  }
  const { byId } = await road.inventory();
  const targets = known.row.targets.flatMap((target) => byId.get(target.id) ?? []);
  await conclude(road, id, { targets, settings: await road.settings() }, SERVICE);
}

/** Forward; its way back is settled like that of any other. */
function isRollingOut({ plan, moves }: Known): boolean {
  return plan?.rollout !== undefined && !moves.some(({ detail }) => detail['undo'] !== undefined);
}

async function expire(road: Road): Promise<void> {
  for (const row of road.store.changes.overdue(road.clock.now())) {
    await quietly(road, row, async () => {
      const known = mustKnow(road.store.changes, row.id);
      const { asked } = known;
      await move(road, {
        row,
        asked,
        to: 'expired',
        actor: SERVICE,
        kind: 'change.expired',
        event: { outcome: 'failed', fault: 'expired' },
      });
      await spendUnused(road, known);
    });
  }
}

/** One change that cannot be settled now does not keep the others from it. */
async function quietly(road: Road, row: ChangeRow, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (thrown) {
    if (isConflict(thrown)) return;
    road.log.error('a change could not be settled, and is tried again', asFault(thrown), {
      change: row.id,
    });
  }
}
