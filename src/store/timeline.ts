/**
 * The algebra of one stream's timeline: breakpoints over valid time, and the two operations of
 * the reference semantics on them (docs/architecture.md, "Facts: two clocks").
 *
 * The operation that set a breakpoint is the last one that did, also when it set the value that
 * stood there already.
 */

/** What a stream holds, as text that is equal exactly when the values are; `null` is absent. */
export type Held = string | null;

/** `op` set the breakpoint. */
export type Breakpoint = { readonly at: number; readonly held: Held; readonly op: number };

/** An operation's place in time: an interval, a point, or an interval and the point that ends it. */
export type Claim = {
  readonly from: number;
  /** End of the interval; `undefined` when there is none. */
  readonly to: number | undefined;
  /** Whether a point is set, at `to` or, without an interval, at `from`. */
  readonly point: boolean;
};

export function pointAt(at: number): Claim {
  return { from: at, to: undefined, point: true };
}

/** What the times of a listed fact ask for, or `undefined` when `validTo` is not after the start. */
export function claimOf(
  observedAt: number,
  validFrom: number | undefined,
  validTo: number | undefined,
): Claim | undefined {
  const from = validFrom ?? observedAt;
  if (validTo !== undefined) {
    return validTo > from ? { from, to: validTo, point: false } : undefined;
  }
  return from < observedAt ? { from, to: observedAt, point: true } : pointAt(from);
}

/** Index of the last breakpoint at or before `at`, or -1. */
export function indexAt(timeline: readonly { readonly at: number }[], at: number): number {
  let low = 0;
  let high = timeline.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timeline[middle] as { at: number }).at <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Applies an operation in place. */
export function applyClaim(timeline: Breakpoint[], claim: Claim, held: Held, op: number): void {
  if (claim.to !== undefined) setSpan(timeline, claim.from, claim.to, held, op);
  if (claim.point) setPoint(timeline, claim.to ?? claim.from, held, op);
}

function setPoint(timeline: Breakpoint[], at: number, held: Held, op: number): void {
  const index = indexAt(timeline, at);
  const standing = timeline[index];
  if (standing?.at === at) timeline[index] = { at, held, op };
  else timeline.splice(index + 1, 0, { at, held, op });
}

function setSpan(timeline: Breakpoint[], from: number, to: number, held: Held, op: number): void {
  const last = timeline[indexAt(timeline, to)];
  const after: Breakpoint = last?.at === to ? last : { at: to, held: last?.held ?? null, op };
  let first = indexAt(timeline, from);
  if (timeline[first]?.at !== from) first++;
  timeline.splice(first, indexAt(timeline, to) + 1 - first, { at: from, held, op }, after);
}

/** The breakpoints at which the value changes: one for each maximal run. */
export function visible(timeline: readonly Breakpoint[]): Breakpoint[] {
  let held: Held = null;
  return timeline.filter((breakpoint) => {
    const changes = breakpoint.held !== held;
    held = breakpoint.held;
    return changes;
  });
}

/** How many runs of `before` are not in `after`: beliefs shortened or replaced. Both are visible timelines. */
export function runsLost(before: readonly Breakpoint[], after: readonly Breakpoint[]): number {
  const runs = (timeline: readonly Breakpoint[]): string[] =>
    timeline.flatMap((b, i) =>
      b.held === null ? [] : [`${b.at} ${timeline[i + 1]?.at} ${b.op} ${b.held}`],
    );
  const left = new Set(runs(after));
  return runs(before).filter((run) => !left.has(run)).length;
}

/** Whether two visible timelines are the same function of time. */
export function sameFunction(a: readonly Breakpoint[], b: readonly Breakpoint[]): boolean {
  return a.length === b.length && a.every((x, i) => x.at === b[i]?.at && x.held === b[i]?.held);
}
