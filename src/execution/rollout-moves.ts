/**
 * What is written of a rollout while it executes: each move in one transaction with its event, on what is on record
 * in that moment. Also what a person says of one: pause, go on, end.
 */
import { Fault } from '#base/fault';
import type { JsonObject } from '#base/json';

import { isConflict, move, type Road, stopQuestion } from './context.ts';
import { type Actor, type EventKind, SERVICE } from './events.ts';
import { requireOperator } from './operator.ts';
import type { ChangeView, Requester } from './protocol.ts';
import { type Detail, type Known, mustKnow, storyOf, unknownChange, visible } from './record.ts';
import { refuse } from './refuse.ts';
import { viewNow } from './refuse-change.ts';
import { pauseOf } from './rollout.ts';
import { said } from './view.ts';

const TRIES = 8;

/** Whether it was written: `make` says `undefined` where, on second reading, there is nothing to write. */
export async function note(
  road: Road,
  id: string,
  actor: Actor,
  kind: EventKind,
  make: (known: Known) => { readonly detail: Detail; readonly more: JsonObject } | undefined,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const known = mustKnow(road.store.changes, id);
    const made = known.row.state === 'executing' ? make(known) : undefined;
    if (made === undefined) return false;
    const { row, asked } = known;
    const { detail, more } = made;
    try {
      await move(road, { row, asked, to: 'executing', actor, kind, detail, event: { more } });
      return true;
    } catch (thrown) {
      if (!isConflict(thrown) || tries >= TRIES) throw thrown;
    }
  }
}

/** By the service itself; one pause on top of another is none. */
export async function pauseByItself(
  road: Road,
  id: string,
  /** One of `ROLLOUT_PAUSES`, or the refusal that its next batch met. */
  code: string,
  why: string,
): Promise<void> {
  const says = said(why, 1_000);
  await note(road, id, SERVICE, 'change.paused', (known) => {
    const story = storyOf(known);
    if (pauseOf(story) !== undefined || story.some(({ did }) => did === 'ended')) return undefined;
    const rollout = { did: 'paused', by: SERVICE.principal, code, says } as const;
    return { detail: { rollout }, more: { code } };
  });
  await road.at('rollout-paused');
}

/** Between batches, whatever runs is verified first. */
export async function pauseRollout(
  road: Road,
  requester: Requester,
  id: string,
  reason: string,
): Promise<ChangeView> {
  requireRollout(road, requester, id);
  const says = said(reason, 1_000);
  const isPaused = await note(road, id, requester, 'change.paused', (known) => {
    if (pauseOf(storyOf(known)) !== undefined) return undefined;
    const rollout = {
      did: 'paused',
      by: requester.principal,
      code: 'asked-to-pause',
      says,
    } as const;
    return { detail: { rollout }, more: { code: rollout.code, reason: said(reason, 500) } };
  });
  if (!isPaused) refuse('not-pending', 'it is paused already: a person lets it go on, or ends it');
  await road.at('rollout-paused');
  return viewNow(road, id);
}

/** Its failures so far are forgiven. Nothing is begun here. */
export async function letGoOn(
  road: Road,
  requester: Requester,
  id: string,
  reason: string,
  maxFailures: number | null,
): Promise<void> {
  const { row, asked, plan } = requireRollout(road, requester, id);
  await road.stops.refresh();
  road.stops.refuseCovered(stopQuestion(row, asked, null, plan));
  if (road.running.has(id)) refuse('not-pending', 'it is being worked on: ask again in a moment');
  const isResumed = await note(road, id, requester, 'change.resumed', (known) => {
    if (pauseOf(storyOf(known)) === undefined) return undefined;
    const rollout = {
      did: 'resumed',
      by: requester.principal,
      reason: said(reason, 1_000),
      maxFailures,
    } as const;
    return { detail: { rollout }, more: { reason: said(reason, 500), maxFailures } };
  });
  if (!isResumed) refuse('not-pending', 'it is not paused: there is nothing to decide');
  await road.at('rollout-resumed');
}

/** Nothing further begins; what becomes of what runs is still waited for. */
export async function sayEnded(
  road: Road,
  requester: Requester,
  id: string,
  reason: string,
): Promise<void> {
  requireRollout(road, requester, id);
  await note(road, id, requester, 'change.ended', (known) => {
    if (storyOf(known).some(({ did }) => did === 'ended')) return undefined;
    const rollout = {
      did: 'ended',
      by: requester.principal,
      reason: said(reason, 1_000),
    } as const;
    return { detail: { rollout }, more: { reason: said(reason, 500) } };
  });
  await road.at('rollout-ended');
}

function requireRollout(road: Road, requester: Requester, id: string): Known {
  requireOperator(requester);
  const row = road.store.changes.change(id);
  if (!visible(row, requester)) throw unknownChange(id);
  const known = mustKnow(road.store.changes, id);
  if (known.plan?.rollout === undefined) {
    throw new Fault(
      'invalid',
      'not-a-rollout',
      `the change goes to all its targets in one go: ${id}`,
    );
  }
  const isUndone = known.moves.some(({ detail }) => detail['undo'] !== undefined);
  if (row.state !== 'executing' || isUndone)
    refuse('not-pending', `its batches do not run: the change is ${row.state}`);
  return known;
}
