/**
 * From ended attempts to an outcome: confirmed when every part succeeded and what was promised is
 * seen, failed when it is known that it did not, ambiguous as long as nobody knows. An intent never
 * stays without one.
 */

import { formatInstant, shift } from '#base/time';
import type { ChangeState } from '#model';
import { isFlapping } from '#policy';
import type { AttemptRow, ChangeRow } from '#store';
import { isConflict, move, type Road } from './context.ts';
import { type Actor, SERVICE } from './events.ts';
import { flapsOf, guardedAttempts } from './gates.ts';
import type { ChangeView } from './protocol.ts';
import { type Detail, type Known, mustKnow } from './record.ts';
import { viewNow } from './refuse-change.ts';
import type { Scene } from './scene.ts';
import { spendUnused } from './settle.ts';
import { type Verified, verify } from './verify.ts';

type Result = { readonly state: ChangeState; readonly code: string | null; readonly says: string };

const DAY = 86_400 * 1_000_000;

/** `scene` says what the targets are now; verification looks at those of the plan. */
export async function conclude(
  road: Road,
  id: string,
  scene: Pick<Scene, 'targets' | 'settings'>,
  actor: Actor,
  signal?: AbortSignal,
): Promise<ChangeView> {
  try {
    await concludeOnce(road, id, scene, actor, signal);
  } catch (thrown) {
    // Someone else concluded it: what they say counts.
    if (!isConflict(thrown)) throw thrown;
  }
  return viewNow(road, id);
}

async function concludeOnce(
  road: Road,
  id: string,
  scene: Pick<Scene, 'targets' | 'settings'>,
  actor: Actor,
  signal?: AbortSignal,
): Promise<void> {
  let known = mustKnow(road.store.changes, id);
  if (known.row.state !== 'executing' && known.row.state !== 'ambiguous') return;
  const isUndo = known.moves.some(({ detail }) => detail['undo'] !== undefined);
  const mine = known.attempts.filter(
    ({ direction }) => direction === (isUndo ? 'inverse' : 'forward'),
  );
  let result = isUndo ? undoResult(known, mine) : runResult(mine, signal);
  let verified: Verified | undefined;
  if (result === undefined) {
    await road.at('verification-started');
    const wait = stabiliseMs(known, scene);
    await road.clock.sleep(wait, signal);
    const { plan } = known;
    if (plan === null) return;
    verified = await verify(road, plan, scene.targets, isUndo ? [] : plan.verification);
    if (known.row.state === 'executing') {
      await recordVerification(road, known, verified);
      known = mustKnow(road.store.changes, id);
    }
    await road.at('verification-recorded');
    result = isUndo ? rolledBack() : judge(verified);
  }
  await recordOutcome(road, known, actor, result, verified);
  await road.at('outcome-committed');
  await afterwards(road, id, isUndo, result);
}

/** `undefined`: every part succeeded, and it must be verified. */
export function runResult(mine: readonly AttemptRow[], signal?: AbortSignal): Result | undefined {
  const open = mine.filter(({ endedAt, outcome }) => endedAt === null || outcome === 'unknown');
  if (open.length > 0) {
    return {
      state: 'ambiguous',
      code: 'unknown-effect',
      says: `it was sent, and it is not known whether it took effect: ${open.map(({ target }) => target).join(', ')}`,
    };
  }
  if (mine.every(({ outcome }) => outcome === 'succeeded')) return undefined;
  const bad = mine.find(({ outcome }) => outcome === 'failed' || outcome === 'refused');
  const ran = mine.filter(({ outcome }) => outcome === 'succeeded').length;
  const some = ran === 0 ? '' : `; ${ran} of ${mine.length} parts ran before`;
  if (bad === undefined) {
    return signal?.aborted === true
      ? { state: 'failed', code: 'stopped', says: `it was stopped before it was done${some}` }
      : {
          state: 'failed',
          code: ran === 0 ? 'not-started' : 'interrupted',
          says: `it was not sent${some}`,
        };
  }
  const { target, step, outcome, detail } = bad;
  if (outcome === 'refused') {
    return {
      state: 'failed',
      code: 'host-refused',
      says: `${target} refused step ${step}: ${textOf(detail?.['code'])}${some}`,
    };
  }
  const receipt = detail?.['receipt'] as { result?: string; status?: number } | undefined;
  return {
    state: 'failed',
    code: receipt?.result === 'stopped' ? 'stopped' : 'step-failed',
    says: `step ${step} on ${target} ${receipt?.result ?? 'failed'} with status ${receipt?.status ?? 'unknown'}${some}`,
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown';
}

function undoResult({ moves }: Known, mine: readonly AttemptRow[]): Result | undefined {
  if (mine.some(({ endedAt, outcome }) => endedAt === null || outcome === 'unknown')) {
    return {
      state: 'ambiguous',
      code: 'unknown-effect',
      says: 'the way back was sent, and it is not known whether it took effect',
    };
  }
  if (mine.every(({ outcome }) => outcome === 'succeeded')) return undefined;
  if (mine.every(({ outcome }) => outcome === 'not-started' || outcome === 'refused')) {
    // As it was before: nothing of the way back ran.
    const before = moves.findLast(({ state }) => state === 'confirmed' || state === 'failed');
    const state = before?.state === 'confirmed' ? 'confirmed' : 'failed';
    return {
      state,
      code: 'not-undone',
      says: 'nothing of the way back ran: it is as it was before',
    };
  }
  return {
    state: 'failed',
    code: 'undo-failed',
    says: 'a part of the way back did not succeed: look at the target',
  };
}

export function judge({ lines, unsure }: Verified): Result {
  if (unsure !== null) {
    return {
      state: 'ambiguous',
      code: 'unverified',
      says: `every part ran, and what came of it could not be looked at: ${unsure}`,
    };
  }
  const missing = lines.filter(({ held }) => !held);
  if (missing.length === 0)
    return {
      state: 'confirmed',
      code: null,
      says: 'every part ran, and what was promised is seen',
    };
  return {
    state: 'failed',
    code: 'not-verified',
    says: `every part ran, and ${missing.length} of ${lines.length} checks did not hold`,
  };
}

function rolledBack(): Result {
  return { state: 'rolled-back', code: null, says: 'every part of the way back ran' };
}

export function stabiliseMs(
  { plan }: Pick<Known, 'plan'>,
  { settings }: Pick<Scene, 'settings'>,
): number {
  const { least, most } = settings.stabiliseSeconds;
  return Math.min(most, Math.max(least, plan?.stabiliseSeconds ?? least)) * 1_000;
}

async function recordVerification(road: Road, known: Known, verified: Verified): Promise<void> {
  await move(road, {
    row: known.row,
    asked: known.asked,
    to: 'executing',
    actor: SERVICE,
    kind: 'change.verified',
    detail: { verification: verified.lines, bound: verified.bound },
    event: {
      more: {
        held: verified.lines.filter(({ held }) => held).length,
        of: verified.lines.length,
        unsure: verified.unsure,
      },
    },
  });
}

async function recordOutcome(
  road: Road,
  { row, asked }: Known,
  actor: Actor,
  result: Result,
  verified: Verified | undefined,
): Promise<ChangeRow | undefined> {
  // Still unknown: it stays as it is, and nothing new is told.
  if (row.state === 'ambiguous' && result.state === 'ambiguous') return undefined;
  const outcome = { ...result, at: formatInstant(road.clock.now()) };
  const detail: Detail = {
    outcome,
    ...(verified === undefined ? {} : { verification: verified.lines, bound: verified.bound }),
  };
  const { state, code } = result;
  return move(road, {
    row,
    asked,
    to: state,
    actor,
    kind: state === 'rolled-back' ? 'change.undone' : 'change.outcome',
    detail,
    event: {
      outcome: state === 'confirmed' || state === 'rolled-back' ? 'done' : 'failed',
      fault: code,
      more: {
        state,
        code,
        held: verified?.lines.filter(({ held }) => held).length ?? null,
        of: verified?.lines.length ?? null,
      },
    },
    onDurable: () => road.at('outcome-event-durable'),
  });
}

/** What is signed and will not run is spent; flapping is marked for a person to clear. */
export async function afterwards(
  road: Road,
  id: string,
  isUndo: boolean,
  result: Pick<Result, 'state'>,
): Promise<void> {
  const known = mustKnow(road.store.changes, id);
  try {
    if (!isUndo && result.state !== 'ambiguous') {
      // The way back of what ran stays signed, for as long as it may run.
      const touched = new Set(known.attempts.map(({ target }) => target));
      await spendUnused(road, known, (part) => {
        const step = known.plan?.steps[part];
        return step?.direction === 'inverse' && touched.has(step.target);
      });
    }
    const { flap } = (await road.settings()).guards;
    const action = known.plan?.action.id ?? known.row.action;
    const now = road.clock.now();
    const history = guardedAttempts(road.store.changes.attemptsSince(shift(now, -DAY)));
    const flaps = flapsOf(road.store.changes, action);
    for (const { id: target } of known.row.targets) {
      const kept = flaps.get(target);
      if (kept?.marked === true) continue;
      if (!isFlapping(history, action, target, kept?.clearedAt ?? null, flap)) continue;
      await road.store.write(({ changes }) =>
        changes.noteFlap({ target, action, marked: true, at: now, actor: SERVICE.principal }),
      );
    }
  } catch (thrown) {
    road.log.error('what follows an outcome could not be done', thrown, { change: id });
  }
}
