/**
 * Finds many short words in one pass: an Aho–Corasick automaton over ASCII, letters folded.
 *
 * One table look-up per character whatever the words are, so text without a word passes at
 * memory speed and no input can make it slower.
 */
export class Automaton {
  readonly #next: Uint16Array;
  readonly #firstHit: number;
  readonly #hits: readonly (readonly number[])[];

  /** `words[i]` is reported as `i`. Words are lower-case ASCII; `\x80` stands for any non-ASCII character. */
  constructor(words: readonly string[]) {
    const children: Map<number, number>[] = [new Map()];
    const own: number[][] = [[]];
    for (const [index, word] of words.entries()) {
      let at = 0;
      for (let i = 0; i < word.length; i++) {
        const c = word.charCodeAt(i);
        let child = children[at]?.get(c);
        if (child === undefined) {
          child = children.length;
          children.push(new Map());
          own.push([]);
          children[at]?.set(c, child);
        }
        at = child;
      }
      own[at]?.push(index);
    }
    const { order, fail } = failures(children, own);
    const { numberOf, firstHit } = renumber(order, own);
    const next = new Uint16Array(children.length << 8);
    for (const state of order) {
      const row = (numberOf[state] as number) << 8;
      const back = (numberOf[fail[state] as number] as number) << 8;
      for (let c = 0; c < 129; c++) {
        const child = children[state]?.get(c);
        if (child !== undefined) next[row + c] = numberOf[child] as number;
        else next[row + c] = state === 0 ? 0 : (next[back + c] as number);
      }
    }
    // Letters fold and everything past ASCII is one class, here and not per character.
    for (let row = 0; row < next.length; row += 256) {
      for (let c = 65; c <= 90; c++) next[row + c] = next[row + c + 32] as number;
      for (let c = 129; c < 256; c++) next[row + c] = next[row + 128] as number;
    }
    this.#next = next;
    this.#firstHit = firstHit;
    const hits: (readonly number[])[] = [];
    for (const state of order) hits[numberOf[state] as number] = own[state] as number[];
    this.#hits = hits;
  }

  /** Steps from `state` at `from` to the first hit before `to`. The cursor tells where it stopped. */
  run(text: string, cursor: Cursor, to: number): boolean {
    const next = this.#next;
    const firstHit = this.#firstHit;
    let state = cursor.state;
    let i = cursor.at;
    for (; i < to; i++) {
      const c = text.charCodeAt(i);
      state = next[(state << 8) | (c < 128 ? c : 128)] as number;
      if (state >= firstHit) {
        cursor.state = state;
        cursor.at = i + 1;
        return true;
      }
    }
    cursor.state = state;
    cursor.at = i;
    return false;
  }

  /** The words that end where the cursor stands, longest first. */
  hits(cursor: Cursor): readonly number[] {
    return this.#hits[cursor.state] ?? [];
  }
}

/** Where a run stands; owned by whoever drives it. */
export type Cursor = { at: number; state: number };

function failures(
  children: readonly Map<number, number>[],
  own: readonly number[][],
): { order: readonly number[]; fail: readonly number[] } {
  const order = [0];
  const fail: number[] = [0];
  for (let head = 0; head < order.length; head++) {
    const state = order[head] as number;
    for (const [c, child] of children[state] ?? []) {
      order.push(child);
      let back = state === 0 ? 0 : (fail[state] as number);
      while (back !== 0 && children[back]?.get(c) === undefined) back = fail[back] as number;
      const to = state === 0 ? 0 : (children[back]?.get(c) ?? 0);
      fail[child] = to;
      own[child]?.push(...(own[to] ?? []));
    }
  }
  return { order, fail };
}

/** States that report come last, so one comparison tells them. */
function renumber(
  order: readonly number[],
  own: readonly number[][],
): { numberOf: readonly number[]; firstHit: number } {
  const quiet = order.filter((state) => own[state]?.length === 0);
  const loud = order.filter((state) => own[state]?.length !== 0);
  const numberOf: number[] = [];
  for (const [i, state] of [...quiet, ...loud].entries()) numberOf[state] = i;
  return { numberOf, firstHit: quiet.length };
}
