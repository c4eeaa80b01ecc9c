/**
 * From authority to outcome. Two ways lead here: enough signatures over one change, or a standing
 * approval that covers it. Then recheck → intent → dispatch each part once → verify → outcome.
 *
 * The intent event is durable before the attempts commit, and they commit before anything is sent.
 * Whoever dies in between leaves an attempt behind, which is asked about and never repeated.
 */
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { JsonObject } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import { groupsOf } from '#policy';
import type { ChangeRow, NewAttempt } from '#store';
import { conclude } from './conclude.ts';
import { move, type Road, seconds, stopQuestion } from './context.ts';
import { dispatchAll } from './dispatch.ts';
import { type Actor, eventOf, record, SERVICE } from './events.ts';
import { passGuards } from './gates.ts';
import type { Made } from './make-plan.ts';
import { nonceOf, runOrder } from './orders.ts';
import type { ChangeView } from './protocol.ts';
import { type Checked, recheck, requireAuthority } from './recheck.ts';
import { type Asked, detailOf, type Known, mustKnow } from './record.ts';
import { isRefusal, refuse } from './refuse.ts';
import { refuseChange, viewNow } from './refuse-change.ts';
import { placesOf } from './scene.ts';
import { spendUnused } from './settle.ts';
import type { Covering } from './standing.ts';

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
  const runBy = issued + settings.runByMinutes * 60;
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
  try {
    const checked = await recheck(road, known);
    road.running.set(id, { question, abort, ...placesOf(checked.scene) });
    await road.at('recheck-passed');
    await begin(road, known, checked, actor);
    await road.at('intent-committed');
    await dispatchAll(road, id, abort.signal);
    return await conclude(road, id, checked.scene, actor, abort.signal);
  } catch (thrown) {
    const now = road.store.changes.change(id);
    if (now?.state !== 'approved' || now.rev !== row.rev) throw thrown;
    // Nothing was sent, and nothing will be.
    await spendUnused(road, known);
    if (isRefusal(thrown)) return refuseChange(road, row, asked, thrown);
    await notStarted(road, known, thrown);
    throw thrown;
  } finally {
    road.running.delete(id);
  }
}

function ruleOf({ moves }: Known): string | null {
  const found = moves.findLast(({ detail }) => typeof detail['standing'] === 'string');
  return found === undefined ? null : (found.detail['standing'] as string);
}

/**
 * One transaction: authority and guards judged on what is read inside it, attempts written, the
 * intent event durable, then the commit. Of any number of callers one gets through.
 */
async function begin(
  road: Road,
  before: Known,
  { scene, order }: Checked,
  actor: Actor,
): Promise<void> {
  await road.store.write(async ({ changes }) => {
    const known = mustKnow(changes, before.row.id);
    const { row, asked, plan } = known;
    const stored = known.orders.at(-1);
    if (row.rev !== before.row.rev || plan === null) {
      throw new Fault(
        'conflict',
        'change-moved',
        'someone else moved the change first: read it again',
      );
    }
    if (stored?.text !== order.text || stored.parts.join() !== order.parts.join()) {
      refuse('bad-signature', 'the order was changed while it was checked: have it approved again');
    }
    const covering = requireAuthority(road, scene, known, order);
    road.stops.refuseCovered(stopQuestion(row, asked, covering?.row.id ?? null, plan));
    passGuards(road, changes, scene, row.id, asked);
    const attempts = attemptsOf(road, scene, known, 'forward');
    changes.begin(attempts);
    const moved = changes.advance({
      id: row.id,
      fromRev: row.rev,
      to: 'executing',
      at: road.clock.now(),
      actor: actor.principal,
      detail: detailOf({
        inForce: {
          config: scene.authority.config?.text ?? '',
          signatures: scene.authority.config?.signatures ?? [],
          signers: scene.authority.signersText,
        },
      }),
    });
    await record(
      road.events,
      eventOf('change.intent', actor, moved, asked, {
        outcome: 'started',
        more: intentMore(order, attempts, covering),
      }),
    );
    await road.at('intent-event-durable');
  });
}

export function intentMore(
  order: Checked['order'],
  attempts: readonly NewAttempt[],
  covering: Covering | null,
): JsonObject {
  return {
    order: sha256(order.text),
    kind: order.kind,
    direction: attempts[0]?.direction ?? 'forward',
    parts: attempts.map(({ part }) => sha256(order.parts[part] ?? '')),
    standing: covering?.row.id ?? null,
  };
}

/** One for each part that would run in this direction, in the order of the plan. */
export function attemptsOf(
  road: Road,
  scene: Checked['scene'],
  known: Known,
  direction: NewAttempt['direction'],
  steps?: ReadonlySet<number>,
): readonly NewAttempt[] {
  const { row, asked, plan, orders } = known;
  const order = orders.at(-1);
  if (plan === null || order === undefined) return [];
  const startedAt = road.clock.now();
  return plan.steps.flatMap((step, part): NewAttempt[] => {
    if (step.direction !== direction || steps?.has(part) === false) return [];
    const target = scene.targets.find(({ id }) => id === step.target);
    if (target === undefined) refuse('unknown-target', `a target is gone: ${step.target}`);
    return [
      {
        id: nonceOf(order.parts[part] ?? ''),
        change: row.id,
        order: order.number,
        part,
        step: step.step,
        direction,
        target: step.target,
        scope: target.scope,
        action: `${plan.action.id}@${plan.action.version}`,
        caller: asked.requester.principal,
        groups: groupsOf(target, scene.inventory.targets).map(({ name }) => name),
        startedAt,
      },
    ];
  });
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
