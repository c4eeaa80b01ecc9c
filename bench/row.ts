/** One line of the table: ours beside its floor, and the goal the ratio is held to. */
import type { Pair } from './measure.ts';

/** A bound on `judged`. */
export type Bound = { readonly atLeast: number } | { readonly atMost: number };

export type Row = {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** The smallest program that does only the physical work, or a peer that `beside` names. */
  readonly floor: number | null;
  readonly beside: string | null;
  /** ours / floor, the median of the pairs; what the goals are about, unless there is no floor. */
  readonly ratio: number | null;
  readonly must: Bound | null;
  readonly aim: Bound | null;
  readonly met: 'aim' | 'must' | 'no' | null;
};

type Told = {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly must?: Bound;
  readonly aim?: Bound;
};

export function paired(told: Told & { readonly beside: string }, pair: Pair): Row {
  return judged({ ...told, ...pair });
}

/** A figure that has no floor; its goals are about the figure itself. */
export function alone(told: Told, ours: number): Row {
  return judged({ ...told, ours, floor: null, beside: null, ratio: null });
}

function judged(row: Told & Pick<Row, 'ours' | 'floor' | 'beside' | 'ratio'>): Row {
  const { id, what, unit, ours, floor, beside, ratio, must = null, aim = null } = row;
  const value = ratio ?? ours;
  const goals =
    must === null && aim === null
      ? null
      : holds(value, aim)
        ? 'aim'
        : holds(value, must)
          ? 'must'
          : 'no';
  return { id, what, unit, ours, floor, beside, ratio, must, aim, met: goals };
}

function holds(value: number, bound: Bound | null): boolean {
  if (bound === null) return false;
  return 'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost;
}

const HEADINGS = ['id', 'what', 'ours', 'floor', 'unit', 'ratio', 'must', 'aim', 'met'] as const;

/** The table as Markdown, columns of one width. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.id,
    row.beside === null ? row.what : `${row.what}; beside ${row.beside}`,
    figure(row.ours),
    row.floor === null ? '' : figure(row.floor),
    row.unit,
    row.ratio === null ? '' : figure(row.ratio),
    bound(row.must),
    bound(row.aim),
    row.met ?? '',
  ]);
  const widths = HEADINGS.map((heading, i) =>
    Math.max(heading.length, ...cells.map((line) => (line[i] as string).length)),
  );
  const line = (parts: readonly string[]): string =>
    `| ${parts.map((part, i) => part.padEnd(widths[i] as number)).join(' | ')} |`;
  return [line(HEADINGS), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join(
    '\n',
  );
}

function bound(of: Bound | null): string {
  if (of === null) return '';
  return 'atLeast' in of ? `>= ${of.atLeast}` : `<= ${of.atMost}`;
}

function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) || Math.abs(value) >= 1_000)
    return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 4);
}
