/**
 * What a schedule has to do now. Each target has a moment of its own within the jitter, the same every time, so a
 * fleet is not looked at all at once; who was missed, because nothing ran or the window was shut, is due at once.
 */
import { sha256 } from '#base/digest';
import type { Instant } from '#base/time';
import type { Target } from '#model';
import type { Schedule } from './settings.ts';
import { isWithin } from './window.ts';

export function targetsOf<T extends Pick<Target, 'id' | 'scope' | 'tags'>>(
  schedule: Schedule,
  targets: readonly T[],
): readonly T[] {
  const { targets: ids, tags, scopes } = schedule;
  return targets.filter(
    (target) =>
      (ids === null || ids.includes(target.id)) &&
      (tags === null || tags.some((tag) => target.tags.includes(tag))) &&
      (scopes === null || scopes.includes(target.scope)),
  );
}

/** Whether the slot that `now` lies in, for this target, has not been used. */
export function isDue(
  schedule: Schedule,
  target: string,
  last: Instant | undefined,
  now: Instant,
): boolean {
  if (schedule.window !== null && !isWithin(schedule.window, now)) return false;
  if (last === undefined) return true;
  // A clock that was set back must not keep a schedule from running for as long as it was ahead.
  if (last > now) return true;
  return slotOf(schedule, target, now) > slotOf(schedule, target, last);
}

function slotOf(
  { name, everySeconds, jitterSeconds }: Schedule,
  target: string,
  at: Instant,
): number {
  const jitter = jitterSeconds * 1_000_000;
  const offset =
    jitter === 0 ? 0 : Number.parseInt(sha256(`${name} ${target}`).slice(0, 12), 16) % jitter;
  return Math.floor((at - offset) / (everySeconds * 1_000_000));
}
