/**
 * Who of a fleet is looked at now. Pure: the same targets, looks and moment give the same answer.
 *
 * Each target has its own beat, moved by a jitter that its id decides, so that a fleet does not knock
 * all at once. At most `atOnce` looks run; who runs is never due, so a slow round cannot pile up. Targets
 * that could not be reached are asked more and more rarely, and hold only a share of the places.
 */
import { sha256 } from '#base/digest';
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';

export type RoundTarget = {
  readonly id: string;
  readonly staleAfterSeconds: number;
  /** When its last look began, however it ended; `undefined` when it was never looked at. */
  readonly lookedAt: Instant | undefined;
  /** Looks in a row that did not reach it. */
  readonly failures: number;
  /** A look at it is under way. */
  readonly isRunning: boolean;
};

export type RoundLimits = {
  readonly atOnce: number;
  /** When this service began to look; what was never looked at is spread from here. */
  readonly startedAt: Instant;
  /** Over how long the first looks are spread. */
  readonly spreadSeconds: number;
};

export type DuePlan = {
  /** Whom to begin with now, in this order; never more than there are places. */
  readonly begin: readonly string[];
  /** When to ask again, if nothing else happens; `undefined` when there is nobody to look at. */
  readonly nextAt: Instant | undefined;
};

/** Of its freshness: two looks may fail before what is known of a target is stale. */
const BEAT_SHARE = 3;
const LEAST_SECONDS = 30;
const MOST_DOUBLINGS = 4;
const MOST_BACKOFF_SECONDS = 3_600;

export function duePlan(
  targets: readonly RoundTarget[],
  limits: RoundLimits,
  now: Instant,
): DuePlan {
  const running = targets.filter((target) => target.isRunning);
  let free = Math.max(0, limits.atOnce - running.length);
  const failingShare = Math.max(1, Math.floor(limits.atOnce / 4));
  let failingFree = failingShare - running.filter((target) => target.failures > 0).length;
  const waiting = targets
    .filter((target) => !target.isRunning)
    .map((target) => ({ target, at: dueAt(target, limits) }))
    .sort((a, b) => a.at - b.at || (a.target.id < b.target.id ? -1 : 1));
  const begin: string[] = [];
  let nextAt: Instant | undefined;
  for (const { target, at } of waiting) {
    if (at > now) {
      nextAt = at;
      break;
    }
    const isFailing = target.failures > 0;
    if (free === 0 || (isFailing && failingFree <= 0)) continue;
    free--;
    if (isFailing) failingFree--;
    begin.push(target.id);
  }
  return { begin, nextAt };
}

/** When a target is due. Later than its beat only while it cannot be reached. */
export function dueAt(target: RoundTarget, limits: RoundLimits): Instant {
  const part = jitter(target.id);
  if (target.lookedAt === undefined)
    return shift(limits.startedAt, micros(limits.spreadSeconds * part));
  const beat = Math.max(LEAST_SECONDS, target.staleAfterSeconds / BEAT_SHARE);
  const doublings = Math.min(MOST_DOUBLINGS, Math.max(0, target.failures - 1));
  const slowed = Math.min(beat * 2 ** doublings, Math.max(beat, MOST_BACKOFF_SECONDS));
  return shift(target.lookedAt, micros(slowed * (0.85 + 0.15 * part)));
}

function micros(seconds: number): number {
  return Math.round(seconds * MICROS_PER_SECOND);
}

/** A number in [0, 1) that the id decides. */
function jitter(id: string): number {
  return Number.parseInt(sha256(id).slice(0, 8), 16) / 2 ** 32;
}
