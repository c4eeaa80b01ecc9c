/**
 * Measuring in pairs. The machine is shared and its speed moves, so ours and the floor take turns
 * in one process, and a ratio is the median of the ratios of neighbours.
 */

export const nowMs = (): number => performance.now();

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export type Pair = { readonly ours: number; readonly floor: number; readonly ratio: number };

export function pairOf(ours: readonly number[], floor: readonly number[]): Pair {
  return {
    ours: median(ours),
    floor: median(floor),
    ratio: median(ours.map((value, i) => value / (floor[i] as number))),
  };
}

type Measure = (round: number) => number | Promise<number>;

/** Each round asks both, who is first changes from round to round. Round -1 warms up and does not count. */
export async function inTurn(rounds: number, ours: Measure, floor: Measure): Promise<Pair> {
  const seen: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  for (let round = -1; round < rounds; round += 1) {
    const isOursFirst = round % 2 === 0;
    const first = await (isOursFirst ? ours : floor)(round);
    const second = await (isOursFirst ? floor : ours)(round);
    if (round < 0) continue;
    seen.ours.push(isOursFirst ? first : second);
    seen.floor.push(isOursFirst ? second : first);
  }
  return pairOf(seen.ours, seen.floor);
}

/** Milliseconds that `act` took. */
export async function took(act: () => unknown): Promise<number> {
  const from = nowMs();
  await act();
  return nowMs() - from;
}

/** Milliseconds of each of `count` calls of a synchronous act. */
export function eachTook(count: number, act: (i: number) => void): number[] {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const from = nowMs();
    act(i);
    times.push(nowMs() - from);
  }
  return times;
}

/** A check of the bench on itself: a figure of two programs that disagree means nothing. */
export function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the bench does not measure what it says: ${what}`);
}
