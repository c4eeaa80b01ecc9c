/**
 * Sends the parts of a change that executes, one after another, each once; of a batch of a rollout one after another
 * on each target. The first that does not succeed is the last: what follows it is spent without running, and nothing
 * is taken back by itself.
 */
import type { Dispatch, Host, HostAnswer } from '#adapters';
import { runDocument } from '#authority';
import { sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import type { AttemptRow } from '#store';
import { type Road, stopQuestion } from './context.ts';
import { type Known, mustKnow } from './record.ts';
import { endAttempt, endWithReceipt, hostOf, orderOf, settleAttempt } from './settle.ts';
import { said } from './view.ts';

/** For the connection and the host's own work, on top of a step's time limit. */
const GRACE_MS = 30_000;

export async function dispatchAll(road: Road, change: string, signal: AbortSignal): Promise<void> {
  const known = mustKnow(road.store.changes, change);
  const open = known.attempts.filter(({ endedAt }) => endedAt === null);
  const ended = await Promise.allSettled(
    lanesOf(known, open).map((lane) => dispatchLane(road, change, lane, signal)),
  );
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}

/**
 * What runs one after another. Of a batch each target is on its own: one that fails keeps the others from nothing.
 * The way back begins with the last batch.
 */
function lanesOf({ plan }: Known, open: readonly AttemptRow[]): readonly (readonly AttemptRow[])[] {
  const batches = plan?.rollout?.batches;
  if (batches === undefined) return [open];
  const batchOf = ({ target }: AttemptRow): number =>
    batches.findIndex((batch) => batch.includes(target));
  if (open.every(({ direction }) => direction === 'inverse'))
    return [open.toSorted((a, b) => batchOf(b) - batchOf(a))];
  return [...Map.groupBy(open, ({ target }) => target).values()];
}

async function dispatchLane(
  road: Road,
  change: string,
  lane: readonly AttemptRow[],
  signal: AbortSignal,
): Promise<void> {
  let goesOn = true;
  for (const { id } of lane) {
    goesOn = goesOn && !signal.aborted && (await dispatchOne(road, change, id, signal));
    if (!goesOn) break;
  }
  const unsent = lane.filter(({ id }) => !road.sent.has(id));
  for (const { id } of unsent) await endUnsent(road, change, id);
}

/** We know that it was never sent, whether or not its host can be told. */
async function endUnsent(road: Road, change: string, id: string): Promise<void> {
  const known = mustKnow(road.store.changes, change);
  const attempt = known.attempts.find((each) => each.id === id);
  if (attempt === undefined || attempt.endedAt !== null) return;
  try {
    await (await hostOf(road, known.plan, attempt.target)).cancel([id]);
  } catch (thrown) {
    road.log.warn('an unused part could not be spent', { change, why: asFault(thrown).code });
  }
  await endAttempt(road, known, attempt, {
    outcome: 'not-started',
    detail: { says: 'it was not sent' },
  });
}

/** Whether the next one may follow. */
async function dispatchOne(
  road: Road,
  change: string,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  const known = mustKnow(road.store.changes, change);
  const attempt = known.attempts.find((each) => each.id === id);
  if (attempt === undefined || attempt.endedAt !== null) return false;
  const dispatch = dispatchOf(known, attempt, road);
  const answer = await send(road, known, attempt, dispatch, signal);
  if (answer === undefined) return false;
  await road.at(attempt.direction === 'forward' ? 'after-dispatch' : 'undo-dispatched');
  switch (answer.verdict) {
    case 'ran':
      try {
        await endWithReceipt(road, known, attempt, answer.ended);
      } catch (thrown) {
        // An answer that proves nothing is no answer: the change stays open until one does.
        if (asFault(thrown).code !== 'bad-receipt') throw thrown;
        road.log.error('a receipt does not hold', thrown, { change });
        return false;
      }
      break;
    case 'refused':
      await endAttempt(road, known, attempt, {
        outcome: 'refused',
        detail: { code: said(answer.code, 100), says: said(answer.detail, 1_000) },
      });
      break;
    case 'unknown':
      road.log.warn('a host did not answer', { change, why: said(answer.reason, 200) });
      await settleAttempt(road, change, id, dispatch.timeoutSeconds * 1_000 + GRACE_MS, signal);
  }
  const ended = mustKnow(road.store.changes, change).attempts.find((each) => each.id === id);
  return ended?.outcome === 'succeeded';
}

/** `undefined`: nothing was sent. */
async function send(
  road: Road,
  known: Known,
  attempt: AttemptRow,
  dispatch: Dispatch,
  signal: AbortSignal,
): Promise<HostAnswer | undefined> {
  let host: Host;
  try {
    host = await hostOf(road, known.plan, attempt.target);
  } catch (thrown) {
    road.log.warn('a host could not be reached', {
      change: known.row.id,
      why: asFault(thrown).code,
    });
    return undefined;
  }
  await road.stops.refresh();
  if (attempt.direction === 'forward') await road.at('before-dispatch');
  // Nothing is awaited between this and the sending.
  if (
    signal.aborted ||
    road.stops.covering(stopQuestion(known.row, known.asked, null, known.plan)) !== undefined
  ) {
    return undefined;
  }
  road.sent.add(attempt.id);
  try {
    return await host.run(dispatch);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.kind === 'unavailable') {
      road.sent.delete(attempt.id);
      road.log.warn('a host could not be reached', { change: known.row.id, why: thrown.code });
      return undefined;
    }
    // It may have been sent.
    return { verdict: 'unknown', reason: asFault(thrown).code };
  }
}

function dispatchOf(known: Known, attempt: AttemptRow, road: Road): Dispatch {
  const order = orderOf(known, attempt);
  const step = known.plan?.steps[attempt.part];
  const part = order.parts[attempt.part];
  if (step === undefined || part === undefined) {
    throw new Fault('broken', 'invariant', 'invariant does not hold: an attempt has its part');
  }
  return {
    order: order.text,
    signatures:
      order.kind === 'run'
        ? [order.signature ?? '']
        : known.approvals
            .filter((approval) => approval.order === order.number)
            .map(({ signature }) => signature),
    part,
    stdin: step.stdin,
    standing: order.kind === 'run' ? standingOf(road, order.text) : null,
    nonce: attempt.id,
    timeoutSeconds: step.timeoutSeconds,
  };
}

function standingOf(road: Road, orderText: string): Dispatch['standing'] {
  const { standing } = runDocument.parse(orderText);
  const row = road.store.changes.standings().find(({ text }) => sha256(text) === standing);
  return row === undefined ? null : { text: row.text, signatures: row.signatures };
}
