/**
 * The moment that the fleet, the map and a target are shown at. It has two clocks: `asOf` is when it was true, `knownAt`
 * when it was known; left out they are now. Both stand in the address, so a view of the past can be sent to somebody.
 */

export type Chosen = { readonly asOf: string; readonly knownAt: string };

/** What is put into a question: only what was chosen. */
export function question({ asOf, knownAt }: Chosen): { asOf?: string; knownAt?: string } {
  return {
    ...(isMoment(asOf) ? { asOf } : {}),
    ...(isMoment(knownAt) ? { knownAt } : {}),
  };
}

export function isMoment(text: string): boolean {
  return text !== '' && !Number.isNaN(Date.parse(text));
}

export const SPANS = [
  ['6h', 'six hours', 21_600_000],
  ['1d', 'a day', 86_400_000],
  ['7d', 'a week', 604_800_000],
  ['30d', 'a month', 2_592_000_000],
  ['90d', 'three months', 7_776_000_000],
] as const;
export const PARTS = 96;

export type Window = {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Length of one step of the slider, and of one bar. */
  readonly stepMs: number;
};

/**
 * The window of the slider: it ends now, or so that a moment chosen outside of it is inside. Its edges stand on whole
 * steps, so that it is the same question for a while.
 */
export function windowOf(span: string, nowMs: number, ...moments: readonly string[]): Window {
  const [, , length] = SPANS.find(([name]) => name === span) ?? SPANS[1];
  const stepMs = length / PARTS;
  const end = Math.ceil(nowMs / stepMs) * stepMs;
  const chosen = moments.filter(isMoment).map((text) => Date.parse(text));
  const earliest = Math.min(...chosen, Number.POSITIVE_INFINITY);
  // A quarter of the window is left before the earliest one.
  const shifted = Math.ceil((earliest + length * 0.75) / stepMs) * stepMs;
  const untilMs = earliest < end - length ? Math.min(end, shifted) : end;
  return { fromMs: untilMs - length, untilMs, stepMs };
}

/** Places on the slider: 0 is the beginning, `PARTS` is the end, which is now where the window ends now. */
export function placeOf(moment: string, { fromMs, stepMs }: Window): number {
  if (!isMoment(moment)) return PARTS;
  const place = Math.round((Date.parse(moment) - fromMs) / stepMs);
  return Math.max(0, Math.min(PARTS, place));
}

/** '' is now. */
export function momentAt(place: number, { fromMs, stepMs }: Window, nowMs: number): string {
  const at = fromMs + place * stepMs;
  return place >= PARTS && at >= nowMs ? '' : new Date(Math.min(at, nowMs)).toISOString();
}

/** The next place after which, or before which, something changed; `undefined` where there is none. */
export function nextChange(
  counts: readonly number[],
  place: number,
  direction: 1 | -1,
): number | undefined {
  if (direction === 1) {
    const found = counts.findIndex((count, part) => part >= place && count > 0);
    return found === -1 ? undefined : found + 1;
  }
  for (let part = Math.min(place, counts.length) - 2; part >= 0; part -= 1)
    if ((counts[part] ?? 0) > 0) return part + 1;
  return undefined;
}

/** Heights of bars from 0 to 1; small counts stay visible beside large ones. */
export function heights(counts: readonly number[]): readonly number[] {
  const most = Math.max(1, ...counts);
  return counts.map((count) =>
    count === 0 ? 0 : 0.12 + 0.88 * (Math.log1p(count) / Math.log1p(most)),
  );
}
