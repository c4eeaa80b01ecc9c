/**
 * Carries a rollout from batch to batch, as `nextStep` says, until it ends or a person has the word. Whoever let it go
 * on has their answer when the first batch of it was judged; it goes on by itself after that.
 *
 * Only a person's word begins this: what a death left is settled, and paused (`settleRollout`).
 */
import { asFault, Fault } from '#base/fault';
import type { Instant } from '#base/time';
import type { PlanRollout } from '#model';
import { begin } from './begin.ts';
import { isConflict, type Road, stopQuestion } from './context.ts';
import { dispatchAll } from './dispatch.ts';
import { type Actor, SERVICE } from './events.ts';
import { becauseOf, finishRollout, judgeKnowable } from './finish-rollout.ts';
import { judgeTargets, withEarlier } from './judge-batch.ts';
import type { ChangeView, Requester } from './protocol.ts';
import { type CheckedBatch, recheck } from './recheck.ts';
import { type Known, mustKnow, storyOf } from './record.ts';
import { isRefusal, refuse } from './refuse.ts';
import { viewNow } from './refuse-change.ts';
import { failuresOf, nextStep, openBatch } from './rollout.ts';
import { letGoOn, note, pauseByItself, sayEnded } from './rollout-moves.ts';
import { placesOf } from './scene.ts';
import { settleAttempt } from './settle.ts';
import { said, saidOf } from './view.ts';

/** How long a pause, or an end, that a person asks for may stay unseen while it waits. */
const LOOK_MS = 1_000;

/** The change is in `road.running` when this is called, and taken out of it here. */
export async function goOn(
  road: Road,
  id: string,
  actor: Actor,
  abort: AbortController,
  from: 'began' | 'resumed',
): Promise<ChangeView> {
  const first = Promise.withResolvers<void>();
  const work = drive(road, id, actor, abort, from, first.resolve)
    .catch((thrown: unknown) => {
      // What is under way is settled at the next tick, and nothing more begins.
      road.log.error('a rollout came to a halt', thrown, { change: id });
      first.reject(thrown);
    })
    .finally(() => {
      road.running.delete(id);
      road.background.delete(work);
      first.resolve();
    });
  road.background.add(work);
  await first.promise;
  return viewNow(road, id);
}

/** A person lets it go on: the road's word on the rest is `goOn`'s. */
export async function resumeRollout(
  road: Road,
  requester: Requester,
  id: string,
  reason: string,
  maxFailures: number | null,
): Promise<ChangeView> {
  await letGoOn(road, requester, id, reason, maxFailures);
  const { row, asked, plan } = mustKnow(road.store.changes, id);
  if (road.running.has(id)) return viewNow(road, id);
  const abort = new AbortController();
  const question = stopQuestion(row, asked, null, plan);
  road.running.set(id, { question, abort, targets: [], carriers: [] });
  return goOn(road, id, requester, abort, 'resumed');
}

/** At once where it is paused; otherwise when the batch that runs was verified. */
export async function endRollout(
  road: Road,
  requester: Requester,
  id: string,
  reason: string,
): Promise<ChangeView> {
  await sayEnded(road, requester, id, reason);
  if (!road.running.has(id)) await settleRollout(road, id);
  return viewNow(road, id);
}

async function drive(
  road: Road,
  id: string,
  actor: Actor,
  abort: AbortController,
  from: 'began' | 'resumed',
  onJudged: () => void,
): Promise<void> {
  const { signal } = abort;
  let isBegun = from === 'began';
  for (;;) {
    if (isBegun) {
      await dispatchAll(road, id, signal);
      await road.at('batch-dispatched');
      isBegun = false;
    }
    const known = mustKnow(road.store.changes, id);
    const { row, asked, plan } = known;
    if (row.state !== 'executing' || plan?.rollout === undefined) return;
    const step = stepOf(road, known, plan.rollout);
    if (step.do === 'judge') {
      await judgeBatch(road, id, step.batch, signal);
      onJudged();
      continue;
    }
    if (signal.aborted || road.stops.covering(stopQuestion(row, asked, null, plan)) !== undefined) {
      await unlessMoved(finishRollout(road, id, 'stopped', actor));
      continue;
    }
    switch (step.do) {
      case 'begin':
        if (road.ending.signal.aborted) {
          await pauseByItself(road, id, 'restarted', ENDED);
          return;
        }
        isBegun = await beginNext(road, known, step.batch, actor, abort);
        break;
      case 'wait': {
        if (road.ending.signal.aborted) {
          await pauseByItself(road, id, 'restarted', ENDED);
          return;
        }
        await waitUntil(road, row, step.until, signal);
        break;
      }
      case 'pause':
        await pauseByItself(road, id, step.code, step.says);
        return;
      case 'hold':
        return;
      case 'finish':
        await unlessMoved(finishRollout(road, id, step.because, actor));
    }
  }
}

/** Until it is time, or somebody spoke. */
async function waitUntil(
  road: Road,
  { id, rev }: Known['row'],
  until: Instant,
  signal: AbortSignal,
): Promise<void> {
  const any = AbortSignal.any([signal, road.ending.signal]);
  while (!any.aborted && road.store.changes.change(id)?.rev === rev) {
    const left = (until - road.clock.now()) / 1_000;
    if (left <= 0) return;
    await road.clock.sleep(Math.min(Math.ceil(left), LOOK_MS), any);
  }
}

/** Someone spoke in between: what is on record now is read first. */
async function unlessMoved(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (!isConflict(thrown)) throw thrown;
  }
}

const ENDED = 'the service ended, and a person decides whether it goes on';

/**
 * What a process left that died, or came to a halt: settled as far as its hosts answer, judged, and paused. Called
 * again and again; begins nothing.
 */
export async function settleRollout(road: Road, id: string): Promise<void> {
  const abort = new AbortController();
  const { row, asked, plan } = mustKnow(road.store.changes, id);
  if (plan?.rollout === undefined) return;
  // Nobody lets it go on while it is settled.
  const question = stopQuestion(row, asked, null, plan);
  road.running.set(id, { question, abort, targets: [], carriers: [] });
  try {
    await settle(road, id, plan.rollout, abort.signal);
  } finally {
    road.running.delete(id);
  }
}

async function settle(
  road: Road,
  id: string,
  rollout: PlanRollout,
  signal: AbortSignal,
): Promise<void> {
  let known = mustKnow(road.store.changes, id);
  if (known.row.state === 'executing' && hasMore(known, rollout)) {
    const open = openBatch(storyOf(known));
    const during = open === undefined ? 'between two batches' : `during batch ${open + 1}`;
    await pauseByItself(
      road,
      id,
      'restarted',
      `the service ended ${during}: look at what came of it`,
    );
  }
  for (const { id: attempt, endedAt } of known.attempts) {
    if (endedAt === null) await settleAttempt(road, id, attempt, 0, signal);
  }
  known = mustKnow(road.store.changes, id);
  if (known.row.state === 'ambiguous') {
    // What is on record ends with a backup, and more may have run since: a person looks.
    if (known.outcome?.code === 'restored') return;
    if (known.attempts.every(({ endedAt }) => endedAt !== null))
      await finishRollout(road, id, becauseOf(known, storyOf(known)));
    return;
  }
  let step = stepOf(road, known, rollout);
  if (step.do === 'judge') {
    // As long as a host may still answer, nothing is said of its batch.
    if (known.attempts.some(({ endedAt }) => endedAt === null)) return;
    await judgeBatch(road, id, step.batch, signal);
    known = mustKnow(road.store.changes, id);
    step = stepOf(road, known, rollout);
  }
  if (road.stops.covering(stopQuestion(known.row, known.asked, null, known.plan)) !== undefined) {
    await finishRollout(road, id, 'stopped');
    return;
  }
  if (step.do === 'finish') await finishRollout(road, id, step.because);
  else await noteKnowable(road, known);
}

/** A host answered after its batch was judged: a person who decides is told what is known by now. */
async function noteKnowable(road: Road, known: Known): Promise<void> {
  const judged = await judgeKnowable(road, known);
  // Still unknown is nothing new.
  if (judged?.results.some(({ state }) => state !== 'ambiguous') !== true) return;
  const batch = storyOf(known).filter(({ did }) => did === 'began').length - 1;
  await note(road, known.row.id, SERVICE, 'change.verified', (fresh) => ({
    detail: {
      rollout: { did: 'judged', batch, results: judged.results },
      ...withEarlier(fresh, judged),
    },
    more: { batch: batch + 1, again: judged.results.map(({ target }) => target) },
  }));
}

function hasMore(known: Known, { batches }: PlanRollout): boolean {
  const story = storyOf(known);
  const isEnded = story.some(({ did }) => did === 'ended');
  return !isEnded && story.filter(({ did }) => did === 'began').length < batches.length;
}

function stepOf(road: Road, known: Known, rollout: PlanRollout): ReturnType<typeof nextStep> {
  const order = known.orders.at(-1);
  if (order === undefined) {
    throw new Fault('broken', 'invariant', 'invariant does not hold: what runs has its order');
  }
  return nextStep(rollout, storyOf(known), road.clock.now(), order.runBy);
}

/** Whether it began. Whatever refuses it pauses the rollout: nothing was sent, and it may be tried again. */
async function beginNext(
  road: Road,
  known: Known,
  batch: number,
  actor: Actor,
  abort: AbortController,
): Promise<boolean> {
  const { row } = known;
  const targets = known.plan?.rollout?.batches[batch] ?? [];
  try {
    const checked = await recheck(road, known, targets);
    const running = road.running.get(row.id);
    if (running !== undefined)
      road.running.set(row.id, { ...running, abort, ...placesOf(checked.scene) });
    requireEnough(known, targets, checked.left);
    await begin(road, known, checked, actor, batch);
  } catch (thrown) {
    // Someone spoke in between: what they said is read first.
    if (isConflict(thrown)) return false;
    const fault = asFault(thrown);
    if (fault.code === 'stopped') return false;
    if (!isRefusal(thrown)) road.log.error('a batch could not begin', thrown, { change: row.id });
    await pauseByItself(
      road,
      row.id,
      isRefusal(thrown) ? fault.code : 'trouble',
      `batch ${batch + 1} did not begin: ${saidOf(thrown)}`,
    );
    return false;
  }
  await road.at('batch-intent-committed');
  return true;
}

/** A batch in which more fails before it begins than may fail at all does not begin. */
export function requireEnough(
  known: Known,
  batch: readonly string[],
  left: CheckedBatch['left'],
): void {
  const rollout = known.plan?.rollout;
  const [first] = left;
  if (rollout === undefined || first === undefined) return;
  const { failed, most } = failuresOf(rollout, storyOf(known));
  const isFirst = storyOf(known).length === 0;
  if (failed.length + left.length <= most && !(isFirst && left.length === batch.length)) return;
  refuse(
    'state-moved',
    said(`${left.map(({ target, says }) => `${target}: ${says}`).join('; ')}`, 1_000),
    { targets: left.map(({ target }) => target) },
  );
}

async function judgeBatch(
  road: Road,
  id: string,
  batch: number,
  signal: AbortSignal,
): Promise<void> {
  await road.at('verification-started');
  const { plan } = mustKnow(road.store.changes, id);
  const judged = await judgeTargets(road, id, plan?.rollout?.batches[batch] ?? [], signal);
  const { results } = judged;
  await note(road, id, SERVICE, 'change.verified', (known) => {
    if (openBatch(storyOf(known)) !== batch) return undefined;
    return {
      detail: { rollout: { did: 'judged', batch, results }, ...withEarlier(known, judged) },
      more: {
        batch: batch + 1,
        held: results.filter(({ state }) => state === 'held').length,
        of: results.length,
        failed: results.filter(({ state }) => state !== 'held').map(({ target }) => target),
      },
    };
  });
  await road.at('batch-judged');
}
