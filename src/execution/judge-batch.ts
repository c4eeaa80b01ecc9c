/** What became of targets of a rollout: what their hosts said, and what is seen of each after it has settled. */
import { planFor } from '#planning';
import type { AttemptRow } from '#store';
import { judge, runResult, stabiliseMs } from './conclude.ts';
import type { Road } from './context.ts';
import type { ChangeView } from './protocol.ts';
import { type Bound, type Known, last, mustKnow, storyOf } from './record.ts';

import type { TargetResult } from './rollout.ts';
import { sideBySide } from './side-by-side.ts';
import { verify } from './verify.ts';

export type Judged = {
  readonly results: readonly TargetResult[];
  readonly verification: ChangeView['verification'];
  readonly bound: readonly Bound[];
};

export async function judgeTargets(
  road: Road,
  id: string,
  targets: readonly string[],
  signal?: AbortSignal,
): Promise<Judged> {
  const known = mustKnow(road.store.changes, id);
  const left = new Map(
    storyOf(known)
      .flatMap((each) => (each.did === 'began' ? each.left : []))
      .map((each) => [each.target, each]),
  );
  const told = targets.map((target) => ({
    target,
    said: left.get(target) ?? ofAttempts(known, target, signal),
  }));
  if (told.some(({ said }) => said === undefined)) {
    await road.clock.sleep(stabiliseMs(known, { settings: await road.settings() }), signal);
  }
  // Each by itself: one that cannot be looked at says nothing of the others.
  const seen = await sideBySide(told, async ({ target, said }) =>
    said === undefined ? look(road, known, target) : { result: said, verification: [], bound: [] },
  );
  return {
    results: seen.map(({ result }) => result),
    verification: seen.flatMap(({ verification }) => verification),
    bound: seen.flatMap(({ bound }) => bound),
  };
}

/** With what was seen of the batches before. */
export function withEarlier(known: Known, judged: Judged): Pick<Judged, 'verification' | 'bound'> {
  const again = new Set(judged.bound.map(({ target }) => target));
  return {
    verification: [...(last(known.moves, 'verification') ?? []), ...judged.verification],
    bound: [
      ...(last(known.moves, 'bound') ?? []).filter(({ target }) => !again.has(target)),
      ...judged.bound,
    ],
  };
}

/** Its effect was not known, and all that was sent to it has an end by now. */
export function knowable(known: Known, results: readonly TargetResult[]): readonly string[] {
  return results
    .filter(({ state }) => state === 'ambiguous')
    .map(({ target }) => target)
    .filter((target) => forward(known, target).every(({ endedAt }) => endedAt !== null));
}

function forward({ attempts }: Known, target: string): readonly AttemptRow[] {
  return attempts.filter((each) => each.target === target && each.direction === 'forward');
}

/** `undefined`: every part succeeded, and it must be looked at. */
function ofAttempts(known: Known, target: string, signal?: AbortSignal): TargetResult | undefined {
  const result = runResult(forward(known, target), signal);
  if (result === undefined) return undefined;
  const { code, says } = result;
  return { target, state: result.state === 'ambiguous' ? 'ambiguous' : 'failed', code, says };
}

async function look(
  road: Road,
  { plan }: Known,
  target: string,
): Promise<{ readonly result: TargetResult } & Pick<Judged, 'verification' | 'bound'>> {
  const found = (await road.inventory()).byId.get(target);
  if (plan === null || found === undefined) {
    const says = 'it ran, and the target is not in the inventory any more';
    return {
      result: { target, state: 'ambiguous', code: 'unverified', says },
      verification: [],
      bound: [],
    };
  }
  const own = planFor(plan, new Set([target]));
  const verified = await verify(road, own, [found], own.verification);
  const { state, code, says } = judge(verified);
  return {
    result: {
      target,
      state: state === 'confirmed' ? 'held' : state === 'ambiguous' ? 'ambiguous' : 'failed',
      code,
      says,
    },
    verification: verified.lines,
    bound: verified.bound,
  };
}
