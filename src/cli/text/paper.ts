/**
 * The only way to a person's eyes: every piece of text is neutralised here, then aligned, cut and
 * coloured. What renders an answer hands over words and never a control character of its own.
 */
import { neutralise } from '#redaction';
import { cut, padEnd, padStart, widthOf } from './width.ts';

export type Look = {
  /** Lines are cut to it; `undefined` where nobody's terminal is behind. */
  readonly columns: number | undefined;
  readonly colour: boolean;
};

export type Tone = 'plain' | 'strong' | 'faint' | 'good' | 'warn' | 'bad';
export type Piece = string | { readonly text: string; readonly tone: Tone };

export type Column = {
  readonly head: string;
  readonly align?: 'right';
  /** Gives way first when the line is too wide, down to this many columns. */
  readonly least?: number;
  /** Never gives way: what a person copies. */
  readonly whole?: true;
  /** Shows a value once while it repeats, on a terminal. */
  readonly once?: true;
};

const GAP = '  ';
const NARROWEST = 4;
const ALIGNED = 48;
const TONES = {
  plain: '',
  strong: '1',
  faint: '2',
  good: '32',
  warn: '33',
  bad: '31',
} as const satisfies Record<Tone, string>;

export class Paper {
  readonly #look: Look;
  #text = '';

  constructor(look: Look) {
    this.#look = look;
  }

  /** One line, cut to the width. */
  line(...pieces: readonly Piece[]): void {
    let room = this.#look.columns ?? Number.POSITIVE_INFINITY;
    let out = '';
    for (const piece of pieces) {
      const text = cut(oneLine(textOf(piece)), room);
      room -= widthOf(text);
      out += this.#paint(text, toneOf(piece));
      if (room <= 0) break;
    }
    this.#text += `${out.trimEnd()}\n`;
  }

  /** Sentences and what a person copies: never cut. */
  whole(...pieces: readonly Piece[]): void {
    const out = pieces.map((piece) => this.#paint(oneLine(textOf(piece)), toneOf(piece)));
    this.#text += `${out.join('').trimEnd()}\n`;
  }

  /** Text of several lines, each behind the indent: JSON to paste, and foreign text behind a bar. */
  block(text: string, indent = '  '): void {
    const lines = neutralise(text).replaceAll('\t', '    ').replace(/\n$/, '').split('\n');
    for (const line of lines) this.#text += `${`${indent}${line}`.trimEnd()}\n`;
  }

  blank(): void {
    if (this.#text !== '' && !this.#text.endsWith('\n\n')) this.#text += '\n';
  }

  table(columns: readonly Column[], rows: readonly (readonly Piece[])[], indent = ''): void {
    const cells = rows.map((row) => columns.map((_, i) => oneLine(textOf(row[i] ?? ''))));
    const widths = this.#widths(columns, cells, indent.length);
    const head = columns.map((column, i) =>
      fit(cut(column.head, widths[i] ?? 0), widths[i] ?? 0, column),
    );
    this.#text += `${indent}${this.#paint(head.join(GAP).trimEnd(), 'faint')}\n`;
    for (const [r, row] of cells.entries()) {
      const shown = columns.map((column, i) => {
        const repeats = column.once === true && r > 0 && cells[r - 1]?.[i] === row[i];
        const text = repeats && this.#look.columns !== undefined ? '' : (row[i] ?? '');
        const last = i === columns.length - 1 && column.align === undefined;
        const short = this.#look.columns === undefined ? text : cut(text, widths[i] ?? 0);
        const fitted = last ? short : fit(short, widths[i] ?? 0, column);
        return this.#paint(fitted, toneOf(rows[r]?.[i] ?? ''));
      });
      this.#text += `${indent}${shown.join(GAP).trimEnd()}\n`;
    }
  }

  /**
   * Natural widths. When they do not fit, the widest of those that may gives way, one at a time:
   * first those with a `least`, then every one that is not to stay whole.
   */
  #widths(
    columns: readonly Column[],
    cells: readonly (readonly string[])[],
    indent: number,
  ): readonly number[] {
    const widths = columns.map((column, i) =>
      cells.reduce((most, row) => Math.max(most, widthOf(row[i] ?? '')), widthOf(column.head)),
    );
    // Nothing is cut where nobody looks; what is very long sticks out instead of pushing all lines apart.
    if (this.#look.columns === undefined) return widths.map((width) => Math.min(width, ALIGNED));
    const room = this.#look.columns - indent - GAP.length * (columns.length - 1);
    let over = widths.reduce((sum, width) => sum + width, 0) - room;
    for (const leastOf of [
      (column: Column) => column.least,
      (column: Column) => (column.whole === true ? undefined : NARROWEST),
    ]) {
      for (; over > 0; over--) {
        const widest = this.#widest(columns, widths, leastOf);
        if (widest === undefined) break;
        widths[widest] = (widths[widest] ?? 0) - 1;
      }
    }
    return widths;
  }

  #widest(
    columns: readonly Column[],
    widths: readonly number[],
    leastOf: (column: Column) => number | undefined,
  ): number | undefined {
    let widest: number | undefined;
    for (const [i, column] of columns.entries()) {
      const least = leastOf(column);
      const width = widths[i] ?? 0;
      if (least === undefined || width <= least) continue;
      if (widest === undefined || width > (widths[widest] ?? 0)) widest = i;
    }
    return widest;
  }

  #paint(text: string, tone: Tone): string {
    const code = TONES[tone];
    return this.#look.colour && code !== '' && text.trim() !== ''
      ? `\u001b[${code}m${text}\u001b[0m`
      : text;
  }

  toString(): string {
    return this.#text.replace(/\n+$/, '\n');
  }
}

/** Text of one line: neutral, with line ends and tabs shown as spaces. */
export function oneLine(text: string): string {
  return neutralise(text).replace(/[\n\t]+/g, ' ');
}

function textOf(piece: Piece): string {
  return typeof piece === 'string' ? piece : piece.text;
}

function toneOf(piece: Piece): Tone {
  return typeof piece === 'string' ? 'plain' : piece.tone;
}

function fit(text: string, columns: number, column: Column): string {
  return column.align === 'right' ? padStart(text, columns) : padEnd(text, columns);
}
