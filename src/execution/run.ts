/**
 * From authority to outcome. Two ways lead here: enough signatures over one change, or a standing
 * approval that covers it. Then recheck → intent → dispatch each part once → verify → outcome.
 *
 * The intent event is durable before the attempts commit, and they commit before anything is sent.
 * Whoever dies in between leaves an attempt behind, which is asked about and never repeated.
 */
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { formatInstant, type Instant } from '#base/time';
import type { ChangeRow } from '#store';
import { begin } from './begin.ts';
import { conclude } from './conclude.ts';
import { move, type Road, seconds, stopQuestion } from './context.ts';
import { dispatchAll } from './dispatch.ts';
import { type Actor, SERVICE } from './events.ts';
import type { Made } from './make-plan.ts';
import { runOrder, secondsToRun } from './orders.ts';
import type { ChangeView } from './protocol.ts';
import { recheck } from './recheck.ts';
import { type Asked, type Known, mustKnow } from './record.ts';
import { isRefusal } from './refuse.ts';
import { refuseChange, viewNow } from './refuse-change.ts';
import { goOn, requireEnough } from './run-rollout.ts';
import { placesOf } from './scene.ts';
import { spendUnused } from './settle.ts';
import type { Covering } from './standing.ts';
import { MissesSignatures, waitAgain } from './wait-again.ts';

export async function authoriseByStanding(
  road: Road,
  row: ChangeRow,
  asked: Asked,
  made: Made,
  parts: readonly string[],
  covering: Covering,
): Promise<ChangeView> {
  const settings = await road.settings();
  const issued = seconds(road.clock.now());
  const runBy = issued + secondsToRun(made.plan, settings.runByMinutes);
  const order = runOrder(
    made.plan,
    made.digest,
    parts,
    { issued, runBy },
    await road.checkpoint(),
    sha256(covering.row.text),
  );
  const signature = await road.signRun(order.text);
  await move(road, {
    row,
    asked,
    to: 'approved',
    actor: asked.requester,
    kind: 'change.approved',
    detail: { standing: covering.row.id },
    event: { more: { standing: covering.row.id, order: sha256(order.text) } },
    also: (changes) => {
      changes.keepOrder({
        change: row.id,
        number: 1,
        kind: 'run',
        text: order.text,
        parts,
        madeAt: road.clock.now(),
        runBy: (runBy * 1_000_000) as Instant,
        signature,
      });
    },
  });
  await road.at('approval-recorded');
  return run(road, row.id, asked.requester);
}

/** Rechecks an approved change and carries it out; answers with what became of it. */
export async function run(road: Road, id: string, actor: Actor): Promise<ChangeView> {
  const known = mustKnow(road.store.changes, id);
  const { row, asked } = known;
  if (row.state !== 'approved' || road.running.has(id)) return viewNow(road, id);
  const abort = new AbortController();
  const question = stopQuestion(row, asked, ruleOf(known), known.plan);
  road.running.set(id, { question, abort, targets: [], carriers: [] });
  const batch = known.plan?.rollout?.batches[0];
  let isHandedOver = false;
  try {
    const checked = await recheck(road, known, batch);
    road.running.set(id, { question, abort, ...placesOf(checked.scene) });
    await road.at('recheck-passed');
    if (batch !== undefined) requireEnough(known, batch, checked.left);
    await begin(road, known, checked, actor, batch === undefined ? undefined : 0);
    await road.at('intent-committed');
    if (batch !== undefined) {
      isHandedOver = true;
      return await goOn(road, id, actor, abort, 'began');
    }
    await dispatchAll(road, id, abort.signal);
    return await conclude(road, id, checked.scene, actor, abort.signal);
  } catch (thrown) {
    const now = road.store.changes.change(id);
    if (now?.state !== 'approved' || now.rev !== row.rev) throw thrown;
    if (thrown instanceof MissesSignatures) return await waitAgain(road, known, row, asked, thrown);
    // Nothing was sent, and nothing will be.
    await spendUnused(road, known);
    if (isRefusal(thrown)) return refuseChange(road, row, asked, thrown);
    await notStarted(road, known, thrown);
    throw thrown;
  } finally {
    if (!isHandedOver) road.running.delete(id);
  }
}

function ruleOf({ moves }: Known): string | null {
  const found = moves.findLast(({ detail }) => typeof detail['standing'] === 'string');
  return found === undefined ? null : (found.detail['standing'] as string);
}

/** An intent may be on record although nothing was sent: it gets its outcome. */
export async function notStarted(road: Road, known: Known, thrown: unknown): Promise<void> {
  const { row, asked } = known;
  const says = 'it was approved, and the service could not begin it: nothing was sent';
  const code = thrown instanceof Fault ? thrown.code : 'not-started';
  const outcome = { state: 'failed', code: 'not-started', says, at: nowText(road) } as const;
  try {
    await move(road, {
      row,
      asked,
      to: 'failed',
      actor: SERVICE,
      kind: 'change.outcome',
      detail: { outcome },
      event: {
        outcome: 'failed',
        fault: 'not-started',
        more: { state: 'failed', code: 'not-started', because: code },
      },
    });
  } catch (unrecorded) {
    // It stays approved, runs no more, and is settled at the next tick or start.
    road.log.error('a change that did not begin could not be settled', unrecorded, {
      change: row.id,
    });
  }
}

export function nowText(road: Road): string {
  return formatInstant(road.clock.now());
}
