/** The part of sed that only reads. What is not in it is refused, also where sed would take it. */
import { Brackets } from './brackets.ts';
import type { CommandClass, CommandCode } from './entry.ts';

export type ScriptVerdict = {
  readonly class: CommandClass;
  readonly code: CommandCode | null;
  readonly because: string;
};

const READ: ScriptVerdict = { class: 'read', code: null, because: 'only reads' };
const deny = (because: string, code: CommandCode = 'unknown-form'): ScriptVerdict => ({
  class: 'deny',
  code,
  because,
});
const WRITES: ScriptVerdict = { class: 'write', code: 'writes', because: 'it writes a file' };
const RUNS: ScriptVerdict = { class: 'exec', code: 'launches', because: 'it runs a program' };

const MAX_DEPTH = 20;
const JOINS_LINES = /^ *: *([a-z]) *; *N *; *\$ *! *b *\1 *(?:;|$)/;
const DELIMITERS = '/|#,:;@!%_+=~^-';

export function judgeSed(script: string): ScriptVerdict {
  try {
    return new Sed(script).whole();
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

class Sed {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  /** `D` begins again without reading a line: endless once something puts line ends back. */
  #restarts = false;
  #grows = false;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): ScriptVerdict {
    if (/\p{Cc}/u.test(this.#text))
      return deny('it holds a control character: write it as an escape');
    if (this.#text.trim() === '') return deny('it is empty');
    // The one loop that is known to end: it takes a line each time, and stops at the last.
    const joins = JOINS_LINES.exec(this.#text);
    if (joins !== null) {
      this.#at = joins[0].length;
      this.#grows = true;
    }
    while (this.#at < this.#text.length) this.#command();
    if (this.#restarts && this.#grows)
      return deny('D beside what may put line ends back may never end', 'never-ends');
    return this.#depth === 0 ? READ : deny('a "{" is not closed');
  }

  #command(): void {
    this.#skip(' ;');
    if (this.#at >= this.#text.length) return;
    if (this.#text[this.#at] === '}') return this.#close();
    if (this.#address()) {
      this.#skip(' ');
      if (this.#text[this.#at] === ',') {
        this.#at += 1;
        this.#skip(' ');
        if (!this.#second()) throw new Stop(deny('an address is missing behind ","'));
      }
      this.#skip(' ');
    }
    if (this.#text[this.#at] === '!') {
      this.#at += 1;
      this.#skip(' ');
    }
    const c = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (c === '{') {
      this.#depth += 1;
      if (this.#depth > MAX_DEPTH) throw new Stop(deny('it is nested too deeply'));
      return;
    }
    if (c === 's') this.#substitute();
    else if (c === 'y') this.#transliterate();
    else if (c === 'q' || c === 'Q' || c === 'l') {
      this.#skip(' ');
      this.#number();
    } else if (c === 'a' || c === 'i' || c === 'c') this.#insert();
    else if (c === 'w' || c === 'W') throw new Stop(WRITES);
    else if (c === 'e') throw new Stop(RUNS);
    else if (c === 'b' || c === 't' || c === 'T' || c === ':')
      throw new Stop(deny('labels and jumps may never end', 'never-ends'));
    else if (c === 'r' || c === 'R') throw new Stop(deny('it reads another file', 'secret'));
    else if (c === '' || !'pd=nNDPhHgGxzaic'.includes(c))
      throw new Stop(deny(c === '' ? 'a command is missing' : 'a command of it is not known'));
    if (c === 'D') this.#restarts = true;
    if ('yGgx'.includes(c)) this.#grows = true;
    this.#ended();
  }

  /** Behind a command: nothing, `;` or `}`. */
  #ended(): void {
    this.#skip(' ');
    const c = this.#text[this.#at];
    if (c !== undefined && c !== ';' && c !== '}')
      throw new Stop(deny('a command has something behind it'));
  }

  #close(): void {
    if (this.#depth === 0) throw new Stop(deny('a "}" is not opened'));
    this.#depth -= 1;
    this.#at += 1;
    this.#ended();
  }

  #address(): boolean {
    const c = this.#text[this.#at] ?? '';
    if (c === '$') {
      this.#at += 1;
      return true;
    }
    if (c === '/' || c === '\\') {
      if (c === '\\') this.#at += 1;
      this.#delimited(this.#delimiter(), true);
      while ('IM'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
      return true;
    }
    if (!this.#number()) return false;
    if (this.#text[this.#at] === '~') {
      this.#at += 1;
      if (!this.#number()) throw new Stop(deny('a step is missing behind "~"'));
    }
    return true;
  }

  #second(): boolean {
    if ('+~'.includes(this.#text[this.#at] ?? 'x')) {
      this.#at += 1;
      return this.#number();
    }
    return this.#address();
  }

  #number(): boolean {
    const from = this.#at;
    while (/^[0-9]$/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    return this.#at > from;
  }

  #substitute(): void {
    const delimiter = this.#delimiter();
    this.#delimited(delimiter, true);
    const from = this.#at;
    this.#delimited(delimiter, false);
    if (/[\\&]/.test(this.#text.slice(from, this.#at - 1))) this.#grows = true;
    for (let c = this.#text[this.#at]; c !== undefined; c = this.#text[this.#at]) {
      if (c === 'w') throw new Stop(WRITES);
      if (c === 'e') throw new Stop(RUNS);
      if (!'gpiI0123456789'.includes(c)) break;
      this.#at += 1;
    }
  }

  /** All that follows is text to print; a backslash at its end would take more from elsewhere. */
  #insert(): void {
    this.#skip(' ');
    const text = this.#text.slice(this.#at);
    if (text === '') throw new Stop(deny('a text is missing'));
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(text)) throw new Stop(deny('a text ends in a backslash'));
    this.#at = this.#text.length;
  }

  #transliterate(): void {
    const delimiter = this.#delimiter();
    this.#delimited(delimiter, false);
    this.#delimited(delimiter, false);
  }

  #delimiter(): string {
    const delimiter = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (delimiter === '' || !DELIMITERS.includes(delimiter))
      throw new Stop(deny('its delimiter is not one of / | # , : ; @ ! % _ + = ~ ^ -'));
    return delimiter;
  }

  /**
   * Reads up to the delimiter. Implementations differ on whether brackets hide it, so a pattern
   * where it would matter is refused: the brackets must be closed by both readings.
   */
  #delimited(delimiter: string, isPattern: boolean): void {
    const brackets = new Brackets();
    for (; this.#at < this.#text.length; this.#at += 1) {
      const c = this.#text[this.#at] as string;
      if (c === delimiter) {
        if (isPattern && brackets.isOpen)
          throw new Stop(deny('a delimiter stands in brackets: put a backslash before it'));
        this.#at += 1;
        return;
      }
      const next = this.#text[this.#at + 1];
      if (c === '\\') {
        if (next === undefined) break;
        // Escaped, a delimiter that means something in a pattern means two things.
        if (next === delimiter && isPattern && '|+^'.includes(delimiter))
          throw new Stop(deny('its delimiter means something in the pattern: use /'));
        brackets.escaped(next);
        this.#at += 1;
      } else brackets.plain(c);
    }
    throw new Stop(deny('a delimiter is missing at the end'));
  }

  #skip(what: string): void {
    while (this.#at < this.#text.length && what.includes(this.#text[this.#at] as string))
      this.#at += 1;
  }
}
