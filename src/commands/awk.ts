/**
 * The part of awk that only reads, and certainly ends: read by a parser of its own, token by
 * token, because where a string, a pattern or a division begins decides what is code.
 */
import { readLoop } from './awk-loop.ts';
import { Brackets } from './brackets.ts';
import type { CommandCode } from './entry.ts';
import type { ScriptVerdict } from './sed.ts';

const READ: ScriptVerdict = { class: 'read', code: null, because: 'only reads' };
const WRITES: ScriptVerdict = { class: 'write', code: 'writes', because: 'it writes a file' };
const RUNS: ScriptVerdict = { class: 'exec', code: 'launches', because: 'it runs a program' };
const deny = (because: string, code: CommandCode = 'unknown-form'): ScriptVerdict => ({
  class: 'deny',
  code,
  because,
});

const FUNCTIONS = new Set(
  'length substr index split sub gsub gensub match tolower toupper sprintf int sqrt exp log sin cos atan2 rand srand systime strftime mktime strtonum'.split(
    ' ',
  ),
);
const FORBIDDEN: Readonly<Record<string, ScriptVerdict>> = {
  system: RUNS,
  ENVIRON: deny('it reads the environment', 'secret'),
  PROCINFO: deny('it reads what it is told about the process'),
  SYMTAB: deny('it reaches every variable by name'),
  FUNCTAB: deny('it reaches every function by name'),
  ARGV: deny('it may read other files', 'secret'),
  ARGC: deny('it may read other files', 'secret'),
  while: deny('a loop with while may never end', 'never-ends'),
  do: deny('a loop with do may never end', 'never-ends'),
  function: deny('functions may never end', 'never-ends'),
  func: deny('functions may never end', 'never-ends'),
  close: deny('it closes a file or a program'),
  fflush: deny('it writes what was held back'),
  BEGINFILE: deny('it is not known'),
  ENDFILE: deny('it is not known'),
  switch: deny('it is not known'),
  case: deny('it is not known'),
  default: deny('it is not known'),
  return: deny('it is not known'),
  nextfile: deny('it is not known'),
};
const STATEMENTS = new Set(
  'print printf if else for next exit delete break continue getline in BEGIN END'.split(' '),
);
const MAX_DEPTH = 40;
const MAX_LOOPS = 3;

export function judgeAwk(program: string): ScriptVerdict {
  try {
    return new Awk(program).whole();
  } catch (thrown) {
    if (thrown instanceof Stop) return thrown.verdict;
    throw thrown;
  }
}

class Stop extends Error {
  readonly verdict: ScriptVerdict;
  constructor(verdict: ScriptVerdict) {
    super(verdict.because);
    this.verdict = verdict;
  }
}

type TokenKind = 'name' | 'number' | 'string' | 'mark' | 'end';
type Token = {
  readonly kind: TokenKind;
  readonly text: string;
  readonly from: number;
  readonly to: number;
};
/** What an expression was, as far as assigning to it goes. */
type Place =
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'element'; readonly name: string }
  | { readonly is: 'field'; readonly index: string | null }
  | null;

const MARKS = [
  '>>',
  '&&',
  '||',
  '|&',
  '++',
  '--',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '^=',
  '==',
  '<=',
  '>=',
  '!=',
  '!~',
  '**',
];
const SINGLE = '{}();,[]+-*/%^!<>=~?:$|';
const ASSIGNS = new Set(['=', '+=', '-=', '*=', '/=', '%=', '^=']);
const COMPARES = new Set(['<', '<=', '==', '!=', '>', '>=', '~', '!~']);
const NUMBER = /(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

class Awk {
  readonly #text: string;
  #token: Token = { kind: 'end', text: '', from: 0, to: 0 };
  #previous = '';
  #depth = 0;
  /** Counters and bounds of the loops around, and whether one counts up to NF. */
  readonly #loops: { readonly held: readonly string[]; readonly counter: string }[] = [];
  /** Whether every value a name was given is a plain number. */
  readonly #tame = new Map<string, boolean>();
  readonly #mustBeTame = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  whole(): ScriptVerdict {
    if (/\p{Cc}/u.test(this.#text))
      return deny('it holds a control character: write it as an escape');
    this.#next();
    if (this.#isAtEnd()) return deny('it is empty');
    while (!this.#isAtEnd()) if (!this.#took(';')) this.#item();
    for (const name of this.#mustBeTame)
      if (this.#tame.get(name) !== true)
        return deny('a loop ends at what may be no number', 'never-ends');
    return READ;
  }

  #item(): void {
    if (this.#took('BEGIN') || this.#took('END')) return this.#block();
    if (!this.#is('{')) {
      this.#expression(true);
      if (this.#took(',')) this.#expression(true);
    }
    if (this.#is('{')) this.#block();
    else if (!this.#isAtEnd() && !this.#is(';'))
      throw new Stop(deny('something stands behind a pattern'));
  }

  #block(): void {
    this.#must('{');
    this.#deeper();
    while (!this.#is('}')) {
      if (!this.#took(';')) this.#statement();
    }
    this.#depth -= 1;
    this.#next();
  }

  #statement(): void {
    // Where a statement begins behind ")", programs differ on what "/" is.
    if (this.#is('/') && this.#previous === ')') throw new Stop(deny('a "/" has two meanings'));
    if (this.#is('{')) return this.#block();
    this.#deeper();
    if (this.#took('if')) this.#if();
    else if (this.#took('for')) this.#for();
    else {
      this.#simple();
      if (!this.#took(';') && !this.#is('}'))
        throw new Stop(deny('a ";" is missing between two statements'));
    }
    this.#depth -= 1;
  }

  #body(): void {
    if (!this.#took(';')) this.#statement();
  }

  #if(): void {
    this.#must('(');
    this.#expression(true);
    this.#must(')');
    this.#body();
    while (this.#is(';')) this.#next();
    if (this.#took('else')) this.#body();
  }

  #for(): void {
    const header = /^\( *([A-Za-z_][A-Za-z0-9_]*) +in +([A-Za-z_][A-Za-z0-9_]*) *\)/.exec(
      this.#text.slice(this.#token.from, this.#token.from + 200),
    );
    if (header !== null) {
      const [whole, key = '', array = ''] = header;
      this.#mayUse(key);
      this.#mayUse(array);
      this.#assigned({ is: 'name', name: key }, false);
      this.#jump(whole.length);
      return this.#body();
    }
    const loop = readLoop(this.#text.slice(this.#token.from, this.#token.from + 500));
    if (loop === null)
      throw new Stop(deny('a loop that may never end: count from a to b', 'never-ends'));
    for (const name of [loop.counter, ...loop.names]) this.#mayUse(name);
    this.#assigned({ is: 'name', name: loop.counter }, true);
    for (const name of loop.names)
      if (!['NF', 'NR', 'FNR'].includes(name)) this.#mustBeTame.add(name);
    if (this.#loops.length >= MAX_LOOPS) throw new Stop(deny('it is nested too deeply'));
    this.#jump(loop.length);
    this.#loops.push({ held: [loop.counter, ...loop.names], counter: loop.counter });
    this.#body();
    this.#loops.pop();
  }

  #simple(): void {
    if (this.#took('print') || this.#took('printf')) return this.#print();
    if (this.#took('next') || this.#took('break') || this.#took('continue')) return;
    if (this.#took('exit')) {
      if (!this.#is(';') && !this.#is('}')) this.#expression(true);
      return;
    }
    if (this.#took('delete')) {
      this.#useName();
      if (this.#took('[')) this.#list(']');
      return;
    }
    if (this.#took('getline')) {
      if (this.#token.kind === 'name') this.#assigned({ is: 'name', name: this.#useName() }, false);
      else this.#assigned({ is: 'field', index: '0' }, false);
      return;
    }
    this.#expression(true);
  }

  #print(): void {
    if (!this.#is(';') && !this.#is('}') && !this.#is('>') && !this.#is('>>') && !this.#is('|')) {
      this.#expression(false);
      while (this.#took(',')) this.#expression(false);
    }
    if (this.#is('>') || this.#is('>>')) throw new Stop(WRITES);
  }

  #list(close: string): void {
    if (this.#took(close)) return;
    this.#expression(true);
    while (this.#took(',')) this.#expression(true);
    this.#must(close);
  }

  /**
   * An expression. Precedence is not kept: what it does is the same whatever binds tighter.
   * `mayCompare` is false right in a `print`, where ">" writes a file.
   */
  #expression(mayCompare: boolean): Place {
    this.#deeper();
    let place = this.#operand(mayCompare);
    for (;;) {
      const { kind, text } = this.#token;
      if (text === '?' && kind === 'mark') {
        this.#next();
        this.#expression(mayCompare);
        this.#must(':');
        this.#expression(mayCompare);
      } else if (kind === 'mark' && this.#isBinary(text, mayCompare)) {
        this.#next();
        this.#operand(mayCompare);
      } else if (this.#took('in')) this.#useName();
      else if (!this.#beginsOperand()) break;
      else this.#operand(mayCompare);
      place = null;
    }
    this.#depth -= 1;
    return place;
  }

  #isBinary(text: string, mayCompare: boolean): boolean {
    if (text === '>') return mayCompare;
    return COMPARES.has(text) || ['&&', '||', '+', '-', '*', '/', '%', '^'].includes(text);
  }

  /** What may follow an operand and be joined to it. */
  #beginsOperand(): boolean {
    const { kind, text } = this.#token;
    if (kind === 'number' || kind === 'string') return true;
    if (kind === 'name') return !STATEMENTS.has(text);
    return kind === 'mark' && ['$', '(', '++', '--', '!'].includes(text);
  }

  #operand(mayCompare: boolean): Place {
    this.#deeper();
    const place = this.#unassigned(mayCompare);
    this.#depth -= 1;
    if (place === null) return null;
    if (this.#is('++') || this.#is('--')) {
      this.#assigned(place, true);
      this.#next();
      // Behind it a "/" divides for some and begins a pattern for others.
      if (this.#is('/')) throw new Stop(deny('a "/" has two meanings'));
      return null;
    }
    if (this.#token.kind !== 'mark' || !ASSIGNS.has(this.#token.text)) return place;
    const isPlain = this.#token.text === '=';
    this.#next();
    const from = this.#token.from;
    this.#expression(mayCompare);
    const value = this.#text.slice(from, this.#token.from);
    this.#assigned(place, isPlain && TAME.test(value));
    return null;
  }

  #unassigned(mayCompare: boolean): Place {
    const { kind, text } = this.#token;
    if (kind === 'number' || kind === 'string') {
      this.#next();
      return null;
    }
    if (kind === 'name') return this.#named();
    if (kind !== 'mark') throw new Stop(deny('it ends too early'));
    if (text === '/' || text === '/=') {
      this.#pattern();
      return null;
    }
    if (text === '!' || text === '-' || text === '+') {
      this.#next();
      this.#operand(mayCompare);
      return null;
    }
    if (text === '++' || text === '--') {
      this.#next();
      const place = this.#unassigned(mayCompare);
      if (place === null) throw new Stop(deny(`${text} stands before what cannot be set`));
      this.#assigned(place, true);
      return null;
    }
    if (text === '(') {
      this.#next();
      this.#list(')');
      return null;
    }
    if (text === '$') return this.#field();
    throw new Stop(deny('a part of it is not understood'));
  }

  #field(): Place {
    this.#next();
    const { from } = this.#token;
    if (this.#is('/') || this.#is('/=')) throw new Stop(deny('a part of it is not understood'));
    this.#deeper();
    this.#unassigned(true);
    this.#depth -= 1;
    return { is: 'field', index: this.#text.slice(from, this.#token.from).trim() };
  }

  #named(): Place {
    const { text, to } = this.#token;
    if (FUNCTIONS.has(text)) {
      this.#next();
      if (this.#took('(')) this.#call(text);
      else if (text !== 'length') throw new Stop(deny(`${text} needs its "("`));
      // Without "(", a "/" behind it divides for some and begins a pattern for others.
      else if (this.#is('/') || this.#is('/=')) throw new Stop(deny('a "/" has two meanings'));
      return null;
    }
    if (STATEMENTS.has(text)) throw new Stop(deny(`${text} stands where a value is expected`));
    this.#useName();
    if (this.#is('('))
      throw new Stop(
        deny(
          to === this.#token.from ? 'a function of it is not known' : 'a name stands before "("',
        ),
      );
    if (!this.#took('[')) return { is: 'name', name: text };
    this.#list(']');
    return { is: 'element', name: text };
  }

  /** The arguments; what some functions set counts as assigned. */
  #call(name: string): void {
    const sets = { sub: 2, gsub: 2, split: 1, match: 2 }[name];
    let count = 0;
    while (!this.#is(')')) {
      if (count > 0) this.#must(',');
      const place = this.#expression(true);
      if (count === sets && place !== null) this.#assigned(place, false);
      count += 1;
    }
    this.#next();
    if ((name === 'sub' || name === 'gsub') && count < 3)
      this.#assigned({ is: 'field', index: '0' }, false);
  }

  #assigned(place: Exclude<Place, null>, isTame: boolean): void {
    if (place.is === 'element') return;
    if (place.is === 'name') {
      this.#tame.set(place.name, isTame && this.#tame.get(place.name) !== false);
      if (this.#loops.some(({ held }) => held.includes(place.name)))
        throw new Stop(deny('a loop sets what it counts by', 'never-ends'));
      return;
    }
    // A field that is set may make the record longer: not while a loop goes up to its end.
    const inLoop = this.#loops.filter(({ held }) => held.includes('NF'));
    const isSteady = /^[1-9][0-9]{0,2}$/.test(place.index ?? '');
    if (!isSteady && inLoop.some(({ counter }) => counter !== place.index))
      throw new Stop(deny('a loop sets what it counts by', 'never-ends'));
  }

  #useName(): string {
    const { kind, text } = this.#token;
    if (kind !== 'name' || STATEMENTS.has(text) || FUNCTIONS.has(text))
      throw new Stop(deny('a name is missing'));
    this.#mayUse(text);
    this.#next();
    return text;
  }

  #mayUse(name: string): void {
    if (Object.hasOwn(FORBIDDEN, name)) throw new Stop(FORBIDDEN[name] as ScriptVerdict);
    if (STATEMENTS.has(name) || FUNCTIONS.has(name)) throw new Stop(deny('a name is missing'));
  }

  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new Stop(deny('it is nested too deeply'));
  }

  #isAtEnd(): boolean {
    return this.#token.kind === 'end';
  }

  #is(text: string): boolean {
    const { kind } = this.#token;
    return this.#token.text === text && (kind === 'mark' || kind === 'name');
  }

  #took(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#next();
    return true;
  }

  #must(text: string): void {
    if (!this.#took(text)) throw new Stop(deny(`${JSON.stringify(text)} is missing`));
  }

  #jump(length: number): void {
    this.#previous = ')';
    this.#scan(this.#token.from + length);
  }

  #next(): void {
    this.#previous = this.#token.text;
    this.#scan(this.#token.to);
  }

  #scan(start: number): void {
    const text = this.#text;
    let from = start;
    while (text[from] === ' ') from += 1;
    const c = text[from];
    const set = (kind: TokenKind, to: number): void => {
      this.#token = { kind, text: text.slice(from, to), from, to };
    };
    if (c === undefined) return set('end', from);
    if (c === '"') return set('string', this.#string(from));
    NUMBER.lastIndex = from;
    if (NUMBER.test(text)) {
      const to = NUMBER.lastIndex;
      if (/^[A-Za-z_.]/.test(text.slice(to, to + 1)))
        throw new Stop(deny('a number has something behind it'));
      return set('number', to);
    }
    NAME.lastIndex = from;
    if (NAME.test(text)) {
      const to = NAME.lastIndex;
      const name = text.slice(from, to);
      if (Object.hasOwn(FORBIDDEN, name)) throw new Stop(FORBIDDEN[name] as ScriptVerdict);
      return set('name', to);
    }
    const two = text.slice(from, from + 2);
    if (two === '||') return set('mark', from + 2);
    if (c === '|') throw new Stop(RUNS);
    if (two === '**') throw new Stop(deny('a part of it is not understood'));
    if (MARKS.includes(two)) return set('mark', from + 2);
    if (SINGLE.includes(c)) return set('mark', from + 1);
    throw new Stop(deny('a character of it is not understood'));
  }

  #string(from: number): number {
    for (let i = from + 1; i < this.#text.length; i += 1) {
      if (this.#text[i] === '\\') i += 1;
      else if (this.#text[i] === '"') return i + 1;
    }
    throw new Stop(deny('a " is not closed'));
  }

  /** A pattern in slashes, from the "/" that the token stands at. */
  #pattern(): void {
    const brackets = new Brackets();
    for (let i = this.#token.from + 1; i < this.#text.length; i += 1) {
      const c = this.#text[i] as string;
      if (c === '\\') {
        brackets.escaped(this.#text[i + 1] ?? '');
        i += 1;
      } else if (c !== '/') brackets.plain(c);
      else if (brackets.isOpen)
        throw new Stop(deny('a "/" stands in brackets: put a backslash before it'));
      else {
        this.#previous = '/';
        return this.#scan(i + 1);
      }
    }
    throw new Stop(deny('a pattern in slashes is not closed'));
  }
}

const TAME = /^(?:[0-9]{1,6}|NF|NR|FNR|length|(?:length|split|gsub|index) *\([^()]*\)) *$/;
