/**
 * A line into words as a POSIX shell would, where the shell would do nothing else with it.
 * Whatever a shell could expand, split, redirect or run is refused, so an argv that comes out is
 * the one that every shell would have made.
 */
import type { CommandClass, CommandCode } from './entry.ts';
import { hasUnseen, MAX_LINE_BYTES, MAX_WORDS } from './text.ts';

export type Tokens =
  | { readonly argv: readonly [string, ...string[]] }
  | {
      readonly code: CommandCode;
      readonly class: CommandClass;
      readonly because: string;
    };

const SHELL = new Set(';&|<>()$`*?['.split(''));
const RESERVED = new Set(
  '! { } if then else elif fi do done case esac while until for in function select coproc'.split(
    ' ',
  ),
);
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;
const CONTROL = /[^\P{Cc}\t\n]/u;

const malformed = (because: string): Tokens => ({ code: 'malformed', class: 'deny', because });
const lookAlike = (because: string): Tokens => ({ code: 'look-alike', class: 'deny', because });
const needsShell = (what: string): Tokens => ({
  code: 'needs-shell',
  class: 'exec',
  because: `${what} needs a shell, and there is none: give one program with its words, in quotes where they are meant as they stand`,
});

export function tokenize(given: string): Tokens {
  if (given.length > MAX_LINE_BYTES || Buffer.byteLength(given) > MAX_LINE_BYTES)
    return malformed(`the line is longer than ${MAX_LINE_BYTES} bytes: use less`);
  const line = given.replace(/\n+$/, '');
  if (!line.isWellFormed()) return malformed('the line is not UTF-8: write it in UTF-8');
  if (CONTROL.test(line)) return malformed('the line holds a control character: write it without');
  if (hasUnseen(line))
    return lookAlike('the line holds an invisible or bidirectional character: type it by hand');

  const argv: string[] = [];
  /** The word being read, and the same with every quoted character as `x`: what a shell looks at. */
  let word: string | null = null;
  let bare = '';
  const end = (): Tokens | null => {
    if (word === null) return null;
    const objection = bareObjection(bare, argv.length === 0);
    if (objection !== null) return objection;
    argv.push(word);
    word = null;
    bare = '';
    return argv.length > MAX_WORDS
      ? malformed(`there are more than ${MAX_WORDS} words: use fewer`)
      : null;
  };

  let i = 0;
  while (i < line.length) {
    const c = line[i] as string;
    if (c === ' ' || c === '\t') {
      const objection = end();
      if (objection !== null) return objection;
      i += 1;
    } else if (c === "'" || c === '"') {
      const quoted = c === "'" ? singleQuoted(line, i + 1) : doubleQuoted(line, i + 1);
      if ('code' in quoted) return quoted;
      word = (word ?? '') + quoted.text;
      // Quoted and empty still is something: `""~` is no tilde at the start.
      bare += 'x';
      i = quoted.after;
    } else if (c === '\\') {
      const next = line[i + 1];
      if (next === undefined) return malformed('the line ends in a backslash: leave it out');
      if (next === '\n' || next === '\t')
        return malformed('a backslash stands before a line end or a tab: leave it out');
      if (next > '\u007f') return lookAlike(`a character beyond ASCII outside quotes: quote it`);
      word = (word ?? '') + next;
      bare += 'x';
      i += 2;
    } else if (c === '\n') return needsShell('a second line');
    else if (SHELL.has(c)) return needsShell(JSON.stringify(c));
    else if (c > '\u007f') return lookAlike('a character beyond ASCII outside quotes: quote it');
    else {
      word = (word ?? '') + c;
      bare += c;
      i += 1;
    }
  }
  const objection = end();
  if (objection !== null) return objection;
  const [program, ...words] = argv;
  if (program === undefined || program === '')
    return malformed('there is no program: begin with its name');
  return { argv: [program, ...words] };
}

function bareObjection(bare: string, isFirst: boolean): Tokens | null {
  if (isFirst && ASSIGNMENT.test(bare))
    return {
      code: 'env-prefix',
      class: 'exec',
      because:
        'a variable before the program needs a shell, and programs run in a fixed environment: leave it out',
    };
  if (isFirst && RESERVED.has(bare)) return needsShell(`the reserved word ${JSON.stringify(bare)}`);
  if (bare.startsWith('#')) return needsShell('a comment');
  if (/(?:^|[=:])~/.test(bare)) return needsShell('"~"');
  const open = bare.indexOf('{');
  const close = bare.lastIndexOf('}');
  if (open !== -1 && close > open && /,|\.\./.test(bare.slice(open, close)))
    return needsShell('"{…}"');
  return null;
}

type Quoted = { readonly text: string; readonly after: number };

function singleQuoted(line: string, from: number): Quoted | Extract<Tokens, { code: unknown }> {
  const to = line.indexOf("'", from);
  if (to === -1) return refused("a ' is not closed: close it, or quote it");
  const text = line.slice(from, to);
  return held(text) ?? { text, after: to + 1 };
}

function doubleQuoted(line: string, from: number): Quoted | Extract<Tokens, { code: unknown }> {
  let text = '';
  for (let i = from; i < line.length; i += 1) {
    const c = line[i] as string;
    if (c === '"') return held(text) ?? { text, after: i + 1 };
    if (c === '$' || c === '`') {
      const shell = needsShell(`${JSON.stringify(c)} inside double quotes`);
      return shell as Extract<Tokens, { code: unknown }>;
    }
    const next = line[i + 1];
    if (c === '\\' && next !== undefined && '"\\$`'.includes(next)) {
      text += next;
      i += 1;
    } else if (c === '\\' && next === '\n')
      return refused('a backslash stands before a line end: write it on one line');
    else text += c;
  }
  return refused('a " is not closed: close it, or quote it');
}

function held(text: string): Extract<Tokens, { code: unknown }> | null {
  return /[\t\n]/.test(text)
    ? refused('a tab or a line end stands in quotes: write it as an escape of the program')
    : null;
}

function refused(because: string): Extract<Tokens, { code: unknown }> {
  return { code: 'malformed', class: 'deny', because };
}
