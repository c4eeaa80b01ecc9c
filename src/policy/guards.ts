/**
 * Guards: how much, how often and how much at once, whoever asks and whatever was approved. Pure:
 * the caller gives what was attempted and writes the new attempt in the same transaction.
 *
 * The history holds every attempt of the last 24 hours and every one that is running or ambiguous
 * and unresolved, however old. A refused call is not an attempt and uses no budget. More history never
 * turns a refusal into a pass.
 */
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import type { Refusal } from '#model';
import type { Group } from './groups.ts';
import type { GuardLimits, Share } from './settings.ts';

export type Attempt = {
  readonly change: string;
  readonly target: string;
  readonly action: string;
  readonly caller: string;
  readonly scope: string;
  /** Names of the target's groups when it was attempted. */
  readonly groups: readonly string[];
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  /** `ambiguous`: sent, effect unknown, nobody has settled it yet. */
  readonly outcome: 'running' | 'confirmed' | 'failed' | 'ambiguous';
};

/** Kept per action and target: marked as soon as `isFlapping` says so, until a person clears it. */
export type Flap = { readonly marked: boolean; readonly clearedAt: Instant | null };

/** One change as it wants to start: its own attempts must not be in the history. */
export type GuardRequest = {
  readonly change: string;
  readonly action: string;
  readonly caller: string;
  readonly targets: readonly {
    readonly id: string;
    readonly scope: string;
    readonly groups: readonly Group[];
  }[];
  /** The action's own, when it asks for more than the settings do. */
  readonly cooldownSeconds?: number;
  /** The action's own, when it allows less than the settings do. */
  readonly concurrency?: { readonly perTarget: number; readonly perCaller: number };
  /** What is kept about flapping of this action, by target; survives the history's 24 hours. */
  readonly flaps: ReadonlyMap<string, Flap>;
};

export type GuardRefusal = {
  readonly refusal: Extract<
    Refusal,
    | 'cooldown'
    | 'over-budget'
    | 'too-many-at-once'
    | 'breaker-open'
    | 'flapping'
    | 'blast-radius'
    | 'redundancy'
    | 'data-and-backup'
  >;
  readonly says: string;
  /** When it would pass if nothing else happened; `null`: when something ends, or a person acts. */
  readonly until: Instant | null;
};

const HOUR = 3_600;
const DAY = 86_400;

type Judge = {
  readonly history: readonly Attempt[];
  readonly request: GuardRequest;
  readonly limits: GuardLimits;
  readonly now: Instant;
};
type Asked = GuardRequest['targets'][number];

/** The first guard that objects, hardest first, or `undefined`. */
export function judgeGuards(
  history: readonly Attempt[],
  request: GuardRequest,
  limits: GuardLimits,
  now: Instant,
): GuardRefusal | undefined {
  const judge: Judge = { history, request, limits, now };
  return (
    first(request.targets, (target) => flapping(judge, target)) ??
    first(request.targets, (target) => breaker(judge, target)) ??
    first(request.targets, (target) => together(judge, target)) ??
    atOnce(judge) ??
    first(request.targets, (target) => cooldown(judge, target)) ??
    budgets(judge) ??
    first(request.targets, (target) => blastRadius(judge, target))
  );
}

/**
 * For taking back what was done: only what must never happen at once. Neither a cooldown, a budget nor
 * a breaker keeps a person from it.
 */
export function judgeUndo(
  history: readonly Attempt[],
  request: GuardRequest,
  limits: GuardLimits,
  now: Instant,
): GuardRefusal | undefined {
  const judge: Judge = { history, request, limits, now };
  return first(request.targets, (target) => together(judge, target)) ?? atOnce(judge);
}

function first<T, R>(items: readonly T[], judge: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = judge(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Ask after every attempt, and keep a mark when it is so: only a person takes the mark away. */
export function isFlapping(
  history: readonly Attempt[],
  action: string,
  target: string,
  clearedAt: Instant | null,
  { times, withinSeconds }: GuardLimits['flap'],
): boolean {
  const starts = history
    .filter((each) => each.action === action && each.target === target)
    .map(({ startedAt }) => startedAt)
    .filter((at) => clearedAt === null || at > clearedAt)
    .sort((a, b) => a - b);
  return starts.some((at, i) => {
    const back = starts[i - times + 1];
    return back !== undefined && at - back < withinSeconds * MICROS_PER_SECOND;
  });
}

function flapping({ history, request, limits }: Judge, { id }: Asked): GuardRefusal | undefined {
  const { times, withinSeconds } = limits.flap;
  const flap = request.flaps.get(id);
  if (
    flap?.marked !== true &&
    !isFlapping(history, request.action, id, flap?.clearedAt ?? null, limits.flap)
  )
    return undefined;
  return {
    refusal: 'flapping',
    says: `${request.action} ran ${times} times on ${id} within ${span(withinSeconds)}: it does not help. A person looks at it and clears it`,
    until: null,
  };
}

/** On this target whatever was tried, and of this action wherever in the scope it was tried. */
function breaker(judge: Judge, { id, scope }: Asked): GuardRefusal | undefined {
  const { action } = judge.request;
  return (
    broken(judge, `on ${id}`, ({ target }) => target === id) ??
    broken(judge, `of ${action} in ${scope}`, (each) => {
      return each.action === action && each.scope === scope;
    })
  );
}

function broken(
  { history, limits, now }: Judge,
  what: string,
  counts: (attempt: Attempt) => boolean,
): GuardRefusal | undefined {
  const { attempts, withinSeconds, openSeconds } = limits.breaker;
  const failures = history
    .filter((each) => counts(each) && (each.outcome === 'failed' || each.outcome === 'ambiguous'))
    .map(({ startedAt, endedAt }) => endedAt ?? startedAt)
    .sort((a, b) => a - b);
  const last = failures.findLast((at, i) => {
    const back = failures[i - attempts + 1];
    return back !== undefined && at - back < withinSeconds * MICROS_PER_SECOND;
  });
  if (last === undefined) return undefined;
  const until = shift(last, openSeconds * MICROS_PER_SECOND);
  return now >= until
    ? undefined
    : {
        refusal: 'breaker-open',
        says: `${attempts} attempts ${what} failed within ${span(withinSeconds)}`,
        until,
      };
}

/** Two of one redundancy set, or data and its backup, within this request or with what is not settled. */
function together({ history, request }: Judge, { id, groups }: Asked): GuardRefusal | undefined {
  for (const { kind, name, members } of groups) {
    if (kind !== 'redundancy' && kind !== 'backup') continue;
    const beside = request.targets.find((each) => each.id !== id && members.includes(each.id))?.id;
    const isHeld =
      beside !== undefined ||
      history.some(
        (each) =>
          isOpen(each) &&
          each.target !== id &&
          (members.includes(each.target) || each.groups.includes(name)),
      );
    if (!isHeld) continue;
    // Whoever asked for this one may not see the one that another change is on.
    const other = beside ?? 'another that a change is on';
    return kind === 'redundancy'
      ? {
          refusal: 'redundancy',
          says: `${id} and ${other} stand in for each other (${name}): never both at once`,
          until: null,
        }
      : {
          refusal: 'data-and-backup',
          says: `${id} and ${other} are data and its backup (${name}): never both at once`,
          until: null,
        };
  }
  return undefined;
}

function atOnce({ history, request, limits }: Judge): GuardRefusal | undefined {
  const perTarget = Math.min(
    limits.concurrency.perTarget,
    request.concurrency?.perTarget ?? limits.concurrency.perTarget,
  );
  const perCaller = Math.min(
    limits.concurrency.perCaller,
    request.concurrency?.perCaller ?? limits.concurrency.perCaller,
  );
  const open = history.filter(isOpen);
  for (const { id } of request.targets) {
    if (open.filter(({ target }) => target === id).length >= perTarget)
      return {
        refusal: 'too-many-at-once',
        says: `on ${id} ${count(perTarget, 'change is', 'changes are')} running or not settled, which is the most at once`,
        until: null,
      };
  }
  const changes = new Set(
    open.filter(({ caller }) => caller === request.caller).map(({ change }) => change),
  );
  return changes.size < perCaller
    ? undefined
    : {
        refusal: 'too-many-at-once',
        says: `${request.caller} has ${count(perCaller, 'change', 'changes')} running or not settled, which is the most at once`,
        until: null,
      };
}

function cooldown(
  { history, request, limits, now }: Judge,
  { id }: Asked,
): GuardRefusal | undefined {
  const seconds = Math.max(limits.cooldownSeconds, request.cooldownSeconds ?? 0);
  let until: Instant | undefined;
  for (const { startedAt, endedAt } of sameKey(history, request.action, id)) {
    const free = shift(endedAt ?? startedAt, seconds * MICROS_PER_SECOND);
    if (free > now && (until === undefined || free > until)) until = free;
  }
  return until === undefined
    ? undefined
    : {
        refusal: 'cooldown',
        says: `${request.action} ran on ${id} less than ${span(seconds)} ago`,
        until,
      };
}

/** An attempt is one target of one change. */
function budgets(judge: Judge): GuardRefusal | undefined {
  const { request, limits } = judge;
  const { perScopeHour, perScopeDay, perCallerHour, perCallerDay } = limits.budget;
  const wanted = new Map<string, number>();
  for (const { scope } of request.targets) wanted.set(scope, (wanted.get(scope) ?? 0) + 1);
  return (
    first([...wanted], ([scope, more]) => {
      const spent = (each: Attempt): boolean => each.scope === scope;
      return (
        budget(judge, scope, spent, more, HOUR, perScopeHour) ??
        budget(judge, scope, spent, more, DAY, perScopeDay)
      );
    }) ??
    first(
      [
        [HOUR, perCallerHour],
        [DAY, perCallerDay],
      ] as const,
      ([seconds, most]) =>
        budget(
          judge,
          request.caller,
          ({ caller }) => caller === request.caller,
          request.targets.length,
          seconds,
          most,
        ),
    )
  );
}

function budget(
  { history, now }: Judge,
  whose: string,
  spent: (attempt: Attempt) => boolean,
  more: number,
  seconds: number,
  most: number,
): GuardRefusal | undefined {
  const starts = history
    .filter((each) => spent(each) && isWithin(each.startedAt, seconds, now))
    .map(({ startedAt }) => startedAt)
    .sort((a, b) => a - b);
  const tooMany = starts.length + more - most;
  if (tooMany <= 0) return undefined;
  const frees = starts[tooMany - 1];
  return {
    refusal: 'over-budget',
    says: `${whose} may attempt ${most} in ${span(seconds)} and has attempted ${starts.length}`,
    until: frees === undefined ? null : shift(frees, seconds * MICROS_PER_SECOND),
  };
}

/** Members of the group that were touched, this request's among them, against the share of its size. */
function blastRadius(judge: Judge, { groups }: Asked): GuardRefusal | undefined {
  const { blastRadius: limits } = judge.limits;
  return first(groups, (group) => {
    if (group.kind === 'backup') return undefined;
    const { hour, day } = group.kind === 'redundancy' ? limits.redundancySets : limits.groups;
    return touched(judge, group, HOUR, hour) ?? touched(judge, group, DAY, day);
  });
}

function touched(
  { history, request, now }: Judge,
  { name, members }: Group,
  seconds: number,
  share: Share,
): GuardRefusal | undefined {
  const most = Math.max(share.atLeast, Math.floor((members.length * share.percent) / 100));
  const latest = new Map<string, Instant>();
  for (const { target, groups, startedAt } of history) {
    if (!isWithin(startedAt, seconds, now)) continue;
    if (!groups.includes(name) && !members.includes(target)) continue;
    latest.set(target, Math.max(startedAt, latest.get(target) ?? startedAt) as Instant);
  }
  const wanted = request.targets.filter(({ id }) => members.includes(id)).map(({ id }) => id);
  const others = [...latest].filter(([id]) => !wanted.includes(id));
  const tooMany = new Set(wanted).size + others.length - most;
  if (tooMany <= 0) return undefined;
  const frees = others.map(([, at]) => at).sort((a, b) => a - b)[tooMany - 1];
  return {
    refusal: 'blast-radius',
    says: `of ${name} (${count(members.length, 'target', 'targets')}) at most ${most} may be acted on in ${span(seconds)}, and ${others.length} others were`,
    until: frees === undefined ? null : shift(frees, seconds * MICROS_PER_SECOND),
  };
}

function sameKey(history: readonly Attempt[], action: string, target: string): Attempt[] {
  return history.filter((each) => each.action === action && each.target === target);
}

/** Not known to be over: it counts for as long as nobody has settled it. */
function isOpen({ outcome }: Attempt): boolean {
  return outcome === 'running' || outcome === 'ambiguous';
}

/** Half-open: exactly `seconds` ago no longer counts. What lies ahead (a clock set back) does. */
function isWithin(at: Instant, seconds: number, now: Instant): boolean {
  return now - at < seconds * MICROS_PER_SECOND;
}

function span(seconds: number): string {
  if (seconds % DAY === 0) return count(seconds / DAY, 'day', 'days');
  if (seconds % HOUR === 0) return count(seconds / HOUR, 'hour', 'hours');
  return seconds % 60 === 0
    ? count(seconds / 60, 'minute', 'minutes')
    : count(seconds, 'second', 'seconds');
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
