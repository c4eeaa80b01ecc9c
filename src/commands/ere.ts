/**
 * POSIX extended regular expressions of the small kind that entries may use, matched whole, over
 * bytes, in time proportional to the text: an operator's pattern can never hang the judge.
 */
export class EreError extends Error {}

type Node =
  | { readonly is: 'set'; readonly has: Uint8Array }
  | { readonly is: 'join'; readonly parts: readonly Node[] }
  | { readonly is: 'either'; readonly parts: readonly Node[] }
  | { readonly is: 'repeat'; readonly of: Node; readonly from: 0 | 1; readonly many: boolean };

type State = { readonly has: Uint8Array | null; next: number; also: number };

/** States that are held at once, and the sets that follow by byte as far as they are known. */
type StateSet = {
  readonly states: readonly number[];
  readonly accepts: boolean;
  readonly next: StateSet[];
};

const MAX_SETS = 500;
const MAX_PATTERN = 2_000;
const MAX_DEPTH = 20;

export class Ere {
  readonly #states: State[] = [];
  readonly #start: number;
  readonly #sets = new Map<string, StateSet>();

  /** Throws `EreError`, saying what is wrong, for a pattern outside the small kind. */
  constructor(pattern: string) {
    if (pattern === '' || pattern.length > MAX_PATTERN)
      throw new EreError(`must have 1 to ${MAX_PATTERN} characters`);
    if (/[^\u0020-\u007e]/.test(pattern)) throw new EreError('must be plain ASCII');
    const accept = this.#add(null, -1, -1);
    this.#start = this.#build(new Parser(pattern).whole(), accept);
  }

  matches(text: string): boolean {
    let now = this.#setOf([this.#start]);
    for (const byte of Buffer.from(text)) {
      now = now.next[byte] ??= this.#after(now, byte);
      if (now.states.length === 0) return false;
    }
    return now.accepts;
  }

  #after({ states }: StateSet, byte: number): StateSet {
    const nexts = states.flatMap((at) => {
      const { has, next } = this.#states[at] as State;
      return has !== null && has[byte] === 1 ? [next] : [];
    });
    return this.#setOf(nexts);
  }

  /** One object for one set of states, so that what follows it is worked out once. */
  #setOf(starts: readonly number[]): StateSet {
    const entered = new Set<number>();
    for (const start of starts) this.#enter(entered, start);
    const states = [...entered].toSorted((a, b) => a - b);
    const key = states.join(' ');
    // A pattern can have very many sets: those known are forgotten before they are too many.
    if (this.#sets.size >= MAX_SETS) this.#sets.clear();
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const made: StateSet = { states, accepts: entered.has(0), next: [] };
    this.#sets.set(key, made);
    return made;
  }

  #enter(into: Set<number>, first: number): void {
    const waiting = [first];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (at < 0 || into.has(at)) continue;
      into.add(at);
      const state = this.#states[at] as State;
      if (state.has === null) waiting.push(state.next, state.also);
    }
  }

  #add(has: Uint8Array | null, next: number, also: number): number {
    this.#states.push({ has, next, also });
    return this.#states.length - 1;
  }

  #build(node: Node, next: number): number {
    switch (node.is) {
      case 'set':
        return this.#add(node.has, next, -1);
      case 'join':
        return node.parts.reduceRight((then, part) => this.#build(part, then), next);
      case 'either':
        return node.parts
          .map((part) => this.#build(part, next))
          .reduceRight((other, start) => this.#add(null, start, other));
      case 'repeat': {
        const fork = this.#add(null, -1, next);
        const body = this.#build(node.of, node.many ? fork : next);
        (this.#states[fork] as State).next = body;
        return node.from === 0 ? fork : body;
      }
    }
  }
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Node {
    const node = this.#either();
    if (this.#at < this.#text.length) throw new EreError('has a ")" too many');
    return node;
  }

  #either(): Node {
    const parts = [this.#join()];
    while (this.#text[this.#at] === '|') {
      this.#at += 1;
      parts.push(this.#join());
    }
    return parts.length === 1 ? (parts[0] as Node) : { is: 'either', parts };
  }

  #join(): Node {
    const parts: Node[] = [];
    for (let c = this.#text[this.#at]; c !== undefined; c = this.#text[this.#at]) {
      if (c === '|' || c === ')') break;
      parts.push(this.#repeat());
    }
    if (parts.length === 0) throw new EreError('has an empty part');
    return { is: 'join', parts };
  }

  #repeat(): Node {
    const of = this.#atom();
    const c = this.#text[this.#at] ?? '';
    if (c === '' || !'*+?'.includes(c)) return of;
    this.#at += 1;
    if ('*+?'.includes(this.#text[this.#at] ?? 'x')) throw new EreError('repeats a repetition');
    return { is: 'repeat', of, from: c === '+' ? 1 : 0, many: c !== '?' };
  }

  #atom(): Node {
    const c = this.#text[this.#at] as string;
    this.#at += 1;
    if (c === '(') {
      this.#depth += 1;
      if (this.#depth > MAX_DEPTH) throw new EreError('is nested too deeply');
      const inside = this.#either();
      if (this.#text[this.#at] !== ')') throw new EreError('has a "(" that is not closed');
      this.#at += 1;
      this.#depth -= 1;
      return inside;
    }
    if (c === '[') return this.#bracket();
    if (c === '.') return { is: 'set', has: new Uint8Array(256).fill(1) };
    if ('{}^$*+?'.includes(c)) throw new EreError(`may not hold ${c} there: write it as [${c}]`);
    if (c !== '\\') return one(c);
    const escaped = this.#text[this.#at] ?? '';
    if (!/^[!-/:-@[-`{-~]$/.test(escaped))
      throw new EreError('may have a backslash only before a punctuation mark');
    this.#at += 1;
    return one(escaped);
  }

  #bracket(): Node {
    const has = new Uint8Array(256);
    const negated = this.#text[this.#at] === '^';
    if (negated) this.#at += 1;
    for (let first = true; ; first = false) {
      const c = this.#text[this.#at];
      if (c === undefined) throw new EreError('has a "[" that is not closed');
      if (c === '\\') throw new EreError('may not have a backslash in brackets');
      if (c === '[' && /^[:.=]$/.test(this.#text[this.#at + 1] ?? ''))
        throw new EreError('may not have a class like [:alpha:]');
      this.#at += 1;
      if (c === ']' && !first) break;
      const to = this.#text[this.#at + 1];
      if (this.#text[this.#at] === '-' && to !== undefined && to !== ']') {
        if (to < c || to === '[' || to === '\\') throw new EreError('has a range that is none');
        this.#at += 2;
        for (let code = c.charCodeAt(0); code <= to.charCodeAt(0); code += 1) has[code] = 1;
      } else has[c.charCodeAt(0)] = 1;
    }
    return { is: 'set', has: negated ? has.map((each) => 1 - each) : has };
  }
}

function one(c: string): Node {
  const has = new Uint8Array(256);
  has[c.charCodeAt(0)] = 1;
  return { is: 'set', has };
}
