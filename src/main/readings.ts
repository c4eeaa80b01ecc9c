/** How the service stands, in numbers and part by part: for metrics and for whoever asks whether it can work. */
import { asFault } from '#base/fault';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';
import type { EventLog } from '#evidence';
import type { ChangeState, Scope, Target } from '#model';
import type { Store } from '#store';
import type { Readings, ReadyCheck } from '#web';

export type ReadingNeeds = {
  readonly store: Pick<Store, 'read' | 'changes'>;
  readonly events: Pick<EventLog, 'health' | 'size'>;
  readonly inventory: () => Promise<{
    readonly targets: readonly Target[];
    readonly scopes: readonly Scope[];
  }>;
  readonly policy: () => Promise<unknown>;
  readonly clock: Pick<Clock, 'now'>;
};

/** Where a change may still move by itself or wants somebody. */
const OPEN = [
  'proposed',
  'previewed',
  'approved',
  'executing',
  'ambiguous',
] as const satisfies readonly ChangeState[];
const DEFAULT_STALE_AFTER_SECONDS = 3_600;

export async function readyChecks(needs: ReadingNeeds): Promise<readonly ReadyCheck[]> {
  const code = async (act: () => unknown): Promise<string | null> => {
    try {
      await act();
      return null;
    } catch (thrown) {
      return asFault(thrown).code;
    }
  };
  const found = {
    store: await code(() => needs.store.read.lastRecordedAt()),
    log: needs.events.health().writable ? null : 'log-unwritable',
    policy: await code(needs.policy),
    inventory: await code(needs.inventory),
  } as const;
  return Object.entries(found).map(([name, each]) => ({
    name: name as ReadyCheck['name'],
    isReady: each === null,
    code: each,
  }));
}

export async function readings(
  needs: ReadingNeeds,
  people: { readonly sessions: number | null; readonly leases: number | null },
): Promise<Readings> {
  const { store, events, clock } = needs;
  const now = clock.now();
  const inventory = await needs.inventory().catch(() => undefined);
  const memory = process.memoryUsage();
  return {
    ...people,
    changes: Object.fromEntries(
      OPEN.map((state) => [state, store.changes.inStates([state]).length]),
    ),
    waiting: store.changes.waiting(),
    logEvents: events.size,
    isLogWritable: events.health().writable,
    findings: inventory === undefined ? {} : openFindings(store, inventory.scopes, now),
    targets: inventory === undefined ? {} : freshness(store, inventory, now),
    residentBytes: memory.rss,
    heapBytes: memory.heapUsed,
  };
}

function openFindings(
  { read }: ReadingNeeds['store'],
  scopes: readonly Scope[],
  now: Instant,
): Record<string, number> {
  const at = { asOf: now, knownAt: read.lastRecordedAt() ?? now };
  const of = (attribute: string): ReturnType<typeof read.values> =>
    read.values({ scopes, kind: 'finding', attribute, type: 'drift' }, at);
  const open = new Set<string>();
  for (const { entity, value } of of('status')) if (value === 'open') open.add(entity);
  const counts: Record<string, number> = { info: 0, warning: 0, critical: 0 };
  for (const { entity, value } of of('severity'))
    if (open.has(entity) && typeof value === 'string') counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function freshness(
  { read }: ReadingNeeds['store'],
  { targets, scopes }: { readonly targets: readonly Target[]; readonly scopes: readonly Scope[] },
  now: Instant,
): Record<string, number> {
  const seen = new Map<string, { at: Instant; isReached: boolean }>();
  for (const { target, kinds } of read.origins(
    { scopes },
    { asOf: now, knownAt: read.lastRecordedAt() ?? now },
  ))
    for (const { status, observedAt } of kinds) {
      const known = seen.get(target) ?? { at: observedAt, isReached: false };
      seen.set(target, {
        at: Math.max(known.at, observedAt) as Instant,
        isReached: known.isReached || status !== 'unreachable',
      });
    }
  const counts = { fresh: 0, stale: 0, unreachable: 0, never: 0 };
  for (const { id, staleAfterSeconds = DEFAULT_STALE_AFTER_SECONDS } of targets) {
    const last = seen.get(id);
    if (last === undefined) counts.never += 1;
    else if (!last.isReached) counts.unreachable += 1;
    else if (now - last.at > staleAfterSeconds * 1_000_000) counts.stale += 1;
    else counts.fresh += 1;
  }
  return counts;
}
