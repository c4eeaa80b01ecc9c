/** What every part of the road works with: the ports, the stops, and what runs in this process now. */
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Plan, Target } from '#model';
import type { ChangeRow, ChangeWriter } from '#store';
import { type Actor, type EventKind, type EventMore, eventOf, record } from './events.ts';
import type { RoadPorts } from './ports.ts';
import { type Asked, type Detail, detailOf } from './record.ts';
import type { StopQuestion, Stops } from './stops.ts';

/** A change that this process is carrying out. */
export type Running = {
  readonly question: StopQuestion;
  readonly abort: AbortController;
  /** Where it runs, as it was when it began: a stop reaches them also while the inventory is wrong. */
  readonly targets: readonly Target[];
  /** Who carries it for them, where they do not run it themselves. */
  readonly carriers: readonly Target[];
};

export type Road = RoadPorts & {
  readonly stops: Stops;
  /** By change. What is here is nobody else's to settle. */
  readonly running: Map<string, Running>;
  /** Standing approvals that the event log says were taken back, whatever the database says. */
  readonly revoked: Set<string>;
  /** Rollouts that go on by themselves after whoever let them had their answer. */
  readonly background: Set<Promise<unknown>>;
  /** Aborted when the service ends: no further batch begins. */
  readonly ending: AbortController;
  /** Attempts that this process handed to a host. Of what is not here, and is its own, it knows that nothing was sent. */
  readonly sent: Set<string>;
};

export function stopQuestion(
  row: ChangeRow,
  asked: Asked,
  rule: string | null = null,
  plan: Pick<Plan, 'steps' | 'targets'> | null = null,
): StopQuestion {
  const steps = (plan?.steps ?? []).map((step) => step.action);
  return {
    targets: [...row.targets, ...(plan?.targets ?? []).flatMap(({ carrier }) => carrier ?? [])],
    actions: [...new Set([asked.proposal.action, ...steps])],
    session: asked.requester.session,
    rule,
  };
}

export type Moving = {
  readonly row: ChangeRow;
  readonly asked: Asked;
  readonly to: ChangeRow['state'];
  readonly actor: Actor;
  readonly kind: EventKind;
  readonly detail?: Detail;
  readonly event?: EventMore;
  readonly planned?: Parameters<ChangeWriter['advance']>[0]['planned'];
  /** Further writes of the same transaction, before the event: they may still refuse. */
  readonly also?: (changes: ChangeWriter) => void;
  /** When the event is durable and nothing is committed yet. */
  readonly onDurable?: () => void | Promise<void>;
};

/**
 * Moves a change: one transaction, whose event is durable before it commits. Whoever was second
 * gets `change-moved`, and nothing of theirs is kept or told.
 */
export async function move(
  road: Pick<RoadPorts, 'clock' | 'store' | 'events'>,
  moving: Moving,
): Promise<ChangeRow> {
  const { row, asked, to, actor, kind } = moving;
  return road.store.write(async ({ changes }) => {
    const moved = changes.advance({
      id: row.id,
      fromRev: row.rev,
      to,
      at: road.clock.now(),
      actor: actor.principal,
      detail: detailOf(moving.detail ?? {}),
      ...(moving.planned === undefined ? {} : { planned: moving.planned }),
    });
    moving.also?.(changes);
    await record(road.events, eventOf(kind, actor, moved, asked, moving.event));
    await moving.onDurable?.();
    return moved;
  });
}

export function seconds(instant: Instant): number {
  return Math.floor(instant / 1_000_000);
}

export function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

export function isConflict(thrown: unknown): boolean {
  return thrown instanceof Fault && thrown.code === 'change-moved';
}
