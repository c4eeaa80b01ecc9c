/**
 * What became of an attempt. A host is asked about a nonce as often as needed; it is never sent a
 * part twice. What was not spent is spent here without running, so that it can never run later.
 */
import type { Ended, Host, JobState } from '#adapters';
import { sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import type { JsonObject } from '#base/json';
import type { Target } from '#model';
import type { AttemptRow, OrderRow } from '#store';
import type { Road } from './context.ts';
import { eventOf, record, SERVICE } from './events.ts';
import { nonceOf } from './orders.ts';
import { type Kept, keepEnded } from './receipts.ts';
import { type Known, mustKnow } from './record.ts';
import { said } from './view.ts';

/** `open`: it runs, or the host does not say. */
export type Settled = 'settled' | 'open';

const POLL_MS = 1_000;

/** Who runs the parts of a plan for a target; `undefined` when the inventory does not know it any more. */
export async function runsOn(
  road: Road,
  plan: Known['plan'],
  targetId: string,
): Promise<Target | undefined> {
  const carrier = plan?.targets.find(({ id }) => id === targetId)?.carrier;
  return (await road.inventory()).byId.get(carrier?.id ?? targetId);
}

export async function hostOf(road: Road, plan: Known['plan'], targetId: string): Promise<Host> {
  const target = await runsOn(road, plan, targetId);
  const adapter = target === undefined ? undefined : road.adapterOf(target);
  if (target === undefined || adapter === undefined) {
    throw new Fault(
      'unavailable',
      'no-adapter',
      `nothing of ours reaches this target: ${targetId}`,
    );
  }
  return adapter.host(target);
}

export function orderOf(known: Known, attempt: AttemptRow): OrderRow {
  const order = known.orders.find(({ number }) => number === attempt.order);
  if (order === undefined) {
    throw new Fault('broken', 'invariant', 'invariant does not hold: an attempt has its order');
  }
  return order;
}

/** Asks the host until it knows, or until `waitMs` is over. */
export async function settleAttempt(
  road: Road,
  change: string,
  id: string,
  waitMs: number,
  signal?: AbortSignal,
): Promise<Settled> {
  const until = road.clock.monotonicMs() + waitMs;
  for (;;) {
    const state = await probe(road, change, id);
    if (state === 'settled') return 'settled';
    const left = until - road.clock.monotonicMs();
    if (left <= 0 || signal?.aborted === true) return 'open';
    await road.clock.sleep(Math.min(POLL_MS, left), signal);
  }
}

async function probe(road: Road, change: string, id: string): Promise<Settled> {
  const known = mustKnow(road.store.changes, change);
  const attempt = known.attempts.find((each) => each.id === id);
  if (attempt === undefined || attempt.endedAt !== null) return 'settled';
  try {
    const host = await hostOf(road, known.plan, attempt.target);
    const job = await host.job(id);
    return await settleBy(road, known, attempt, host, job);
  } catch (thrown) {
    if (asFault(thrown).code === 'attempt-ended') return 'settled';
    road.log.warn('an attempt could not be settled', { change, why: asFault(thrown).code });
    return 'open';
  }
}

async function settleBy(
  road: Road,
  known: Known,
  attempt: AttemptRow,
  host: Host,
  job: JobState,
): Promise<Settled> {
  switch (job.state) {
    case 'ended':
      await endWithReceipt(road, known, attempt, job.ended);
      return 'settled';
    case 'running':
      return 'open';
    case 'cancelled':
      await endAttempt(road, known, attempt, {
        outcome: 'not-started',
        detail: { says: 'it was spent without running' },
      });
      return 'settled';
    case 'unspent': {
      const spent = await host.cancel([attempt.id]);
      // Not ours any more: it began in this very moment, and is asked about again.
      if (!spent.includes(attempt.id)) return 'open';
      await endAttempt(road, known, attempt, {
        outcome: 'not-started',
        detail: { says: 'the host had not begun it, and never will' },
      });
      return 'settled';
    }
  }
}

export async function endWithReceipt(
  road: Road,
  known: Known,
  attempt: AttemptRow,
  ended: Ended,
): Promise<void> {
  const target = await runsOn(road, known.plan, attempt.target);
  const enrolled = target === undefined ? undefined : await road.enrolled(target);
  if (enrolled === undefined) {
    throw new Fault(
      'unavailable',
      'no-adapter',
      `the target is not enrolled any more: ${attempt.target}`,
    );
  }
  const kept = await keepEnded(road, attempt, orderOf(known, attempt), enrolled, ended);
  await endAttempt(road, known, attempt, kept);
  await road.at('receipt-recorded');
}

/** One transaction: the attempt ends once, its event durable before that commits. */
export async function endAttempt(
  road: Pick<Road, 'clock' | 'store' | 'events'>,
  { row, asked }: Known,
  attempt: AttemptRow,
  { outcome, detail }: Kept,
): Promise<void> {
  await road.store.write(async ({ changes }) => {
    changes.end(attempt.id, { at: road.clock.now(), outcome, detail });
    await record(
      road.events,
      eventOf('change.receipt', SERVICE, row, asked, {
        outcome: outcome === 'succeeded' ? 'done' : 'failed',
        fault: outcome === 'succeeded' ? null : outcome,
        more: {
          attempt: attempt.id,
          target: attempt.target,
          step: attempt.step,
          direction: attempt.direction,
          result: outcome,
          receipt: receiptMark(detail),
        },
      }),
    );
  });
}

function receiptMark(detail: JsonObject): JsonObject | null {
  const { text, outputs, receipt } = detail;
  if (typeof text !== 'string') return null;
  return { sha256: sha256(text), outputs: outputs ?? null, receipt: receipt ?? null };
}

/**
 * Spends what was signed and will not be run, so that nobody else runs it. Best effort: whoever is
 * out of reach refuses it by its run-by.
 */
export async function spendUnused(
  road: Road,
  known: Known,
  keep: (part: number) => boolean = () => false,
): Promise<void> {
  const { plan } = known;
  const begun = new Set(
    mustKnow(road.store.changes, known.row.id)
      .attempts.filter(({ outcome }) => outcome !== 'not-started')
      .map(({ id }) => id),
  );
  if (plan === null) return;
  const byTarget = new Map<string, string[]>();
  const signed = new Set(known.approvals.map(({ order }) => order));
  for (const order of known.orders) {
    // What nobody signed, no host runs.
    if (order.kind === 'change' && !signed.has(order.number)) continue;
    for (const [i, part] of order.parts.entries()) {
      const target = plan.steps[i]?.target;
      const nonce = nonceOf(part);
      if (target === undefined || begun.has(nonce) || keep(i)) continue;
      byTarget.set(target, [...(byTarget.get(target) ?? []), nonce]);
    }
  }
  for (const [target, nonces] of byTarget) {
    try {
      await (await hostOf(road, plan, target)).cancel(nonces);
    } catch (thrown) {
      road.log.warn('unused parts could not be spent', {
        change: known.row.id,
        why: said(asFault(thrown).code, 100),
      });
    }
  }
}
