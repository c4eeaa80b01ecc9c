/**
 * The one transaction that a change, or a batch of it, begins in. Before it nothing was sent; what it wrote is asked
 * about until it is settled.
 */
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { JsonObject } from '#base/json';
import type { Plan } from '#model';
import { groupsOf } from '#policy';
import type { NewAttempt } from '#store';
import { type Road, stopQuestion } from './context.ts';
import { type Actor, eventOf, record } from './events.ts';
import { passGuards } from './gates.ts';
import { nonceOf } from './orders.ts';
import { type Checked, type CheckedBatch, requireAuthority } from './recheck.ts';
import { detailOf, type Known, mustKnow } from './record.ts';
import { refuse } from './refuse.ts';
import type { Covering } from './standing.ts';

/**
 * One transaction: authority and guards judged on what is read inside it, attempts written, the
 * intent event durable, then the commit. Of any number of callers one gets through.
 */
export async function begin(
  road: Road,
  before: Known,
  { scene, order, left }: CheckedBatch,
  actor: Actor,
  batch?: number,
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
    const steps = batch === undefined ? undefined : partsOfBatch(plan, batch, left);
    const attempts = attemptsOf(road, scene, known, 'forward', steps);
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
        ...(batch === undefined ? {} : { rollout: { did: 'began', batch, left } as const }),
      }),
    });
    await record(
      road.events,
      eventOf('change.intent', actor, moved, asked, {
        outcome: 'started',
        more: {
          ...intentMore(order, attempts, covering),
          ...(batch === undefined ? {} : { batch: batch + 1 }),
        },
      }),
    );
    await road.at((batch ?? 0) === 0 ? 'intent-event-durable' : 'batch-intent-durable');
  });
}

function partsOfBatch(
  { rollout, steps }: Plan,
  batch: number,
  left: CheckedBatch['left'],
): ReadonlySet<number> {
  const gone = new Set(left.map(({ target }) => target));
  const ids = (rollout?.batches[batch] ?? []).filter((id) => !gone.has(id));
  return new Set(steps.flatMap(({ target }, part) => (ids.includes(target) ? [part] : [])));
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
