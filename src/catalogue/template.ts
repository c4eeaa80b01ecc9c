/**
 * Templates: text with `{placeholders}`, `{{` and `}}` for braces. A placeholder names an argument, a
 * bound fact, or one of a few values of the plan, which begin with `@`.
 */
import { didYouMean, show } from '#base/nearest';
import type { ArgumentType, ArgvTemplate, ArgvWord, Template, TemplatePiece } from './action.ts';
import { hasSafeStart, isWordType, pathProblem } from './grammar.ts';

/** What may stand in a template: arguments and bound facts with the type of their values. */
export type Names = {
  readonly arguments: ReadonlyMap<
    string,
    { readonly type: ArgumentType; readonly secret: boolean }
  >;
  readonly bound: ReadonlyMap<string, ArgumentType>;
  /** How many files the step lists. */
  readonly files: number;
};

type Read<T> = { readonly value: T } | { readonly problem: string };

const MAX_WORDS = 256;
const PROGRAM = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;
const PRINTABLE = /^[\x20-\x7e]*$/;

const SHELLS = [
  'sh',
  'bash',
  'dash',
  'ash',
  'zsh',
  'ksh',
  'mksh',
  'csh',
  'tcsh',
  'fish',
  'busybox',
];
/** Programs that run what their words say: an argv of theirs is no longer one program. */
const LAUNCHERS = [
  'env',
  'xargs',
  'parallel',
  'nohup',
  'setsid',
  'setpriv',
  'sudo',
  'su',
  'runuser',
  'doas',
  'pkexec',
  'chroot',
  'unshare',
  'nsenter',
  'timeout',
  'nice',
  'ionice',
  'stdbuf',
  'strace',
  'script',
  'watch',
  'ssh',
  'systemd-run',
  'start-stop-daemon',
  'awk',
  'gawk',
  'mawk',
  'perl',
  'ruby',
  'node',
  'lua',
  'php',
  'tclsh',
  'expect',
];

/** With `takesText`, free text may stand there too: it is handed on, not shown or run. */
export function parseTemplate(text: string, names: Names, takesText = false): Read<Template> {
  const pieces: TemplatePiece[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    const c = text[at] ?? '';
    if (c !== '{' && c !== '}') {
      literal += c;
      at++;
    } else if (text[at + 1] === c) {
      literal += c;
      at += 2;
    } else {
      const end = text.indexOf('}', at);
      if (c === '}' || end < 0)
        return { problem: `has a lone "${c}": write "${c}${c}" for the character` };
      const read = placeholder(text.slice(at + 1, end), names, takesText);
      if ('problem' in read) return read;
      if (literal !== '') pieces.push({ literal });
      literal = '';
      pieces.push(read.value);
      at = end + 1;
    }
  }
  if (literal !== '') pieces.push({ literal });
  return { value: pieces };
}

function placeholder(name: string, names: Names, takesText: boolean): Read<TemplatePiece> {
  const argument = names.arguments.get(name);
  if (argument?.type === 'text' && !takesText)
    return {
      problem: `has free text, which has no place here: give {${name}} on stdin, or name its hash, {@sha256.${name}}`,
    };
  if (argument !== undefined) return { value: { argument: name } };
  if (names.bound.has(name)) return { value: { bound: name } };
  if (name === '@host') return { value: { context: 'host' } };
  if (name === '@change') return { value: { context: 'change' } };
  if (name === '@backup') return { value: { context: 'backup' } };
  if (name === '@program') return { value: { context: 'program' } };
  if (name.startsWith('@sha256.')) {
    const hashed = name.slice('@sha256.'.length);
    if (names.arguments.has(hashed)) return { value: { digestOf: hashed } };
  }
  const known = [
    ...names.arguments.keys(),
    ...names.bound.keys(),
    '@host',
    '@change',
    '@backup',
    '@program',
    '@sha256.<argument>',
  ];
  return {
    problem: `names ${show(`{${name}}`)}, which is no argument${didYouMean(name, known) || `: there are ${known.join(', ')}`}`,
  };
}

/** An argv of literal program and typed words, or why it is not one. */
export function parseArgv(
  words: readonly string[],
  names: Names,
  firstIsProgram = true,
): Read<ArgvTemplate> {
  if (words.length === 0 && firstIsProgram)
    return { problem: 'is empty: give the program and its words' };
  if (words.length > MAX_WORDS) return { problem: `has more than ${MAX_WORDS} words` };
  const argv: ArgvWord[] = [];
  for (const [index, text] of words.entries()) {
    const read = parseWord(text, names);
    const problem =
      'problem' in read
        ? read.problem
        : ((index === 0 && firstIsProgram ? programProblem(read.value) : undefined) ??
          wordProblem(read.value, argv, names));
    if (problem !== undefined) return { problem: `word ${index + 1} ${show(text)} ${problem}` };
    if ('value' in read) argv.push(read.value);
  }
  return { value: argv };
}

function parseWord(text: string, names: Names): Read<ArgvWord> {
  if (!PRINTABLE.test(text)) return { problem: 'must be printable ASCII' };
  const file = /^\{@file\.(\d{1,2})\}$/.exec(text)?.[1];
  if (file === undefined) return parseTemplate(text, names);
  const number = Number(file);
  return number >= 1 && number <= names.files
    ? { value: { file: number } }
    : { problem: `names file ${number} of ${names.files}: list it under files` };
}

function programProblem(word: ArgvWord): string | undefined {
  if ('file' in word) return undefined;
  const program = literalOf(word);
  if (program === undefined) return 'must be a program: literal, without a placeholder';
  if (program.startsWith('/')) {
    const problem = pathProblem(program);
    if (problem !== undefined) return problem;
  } else if (!PROGRAM.test(program))
    return 'must be a program: its plain name, or its absolute path';
  const name = program.slice(program.lastIndexOf('/') + 1);
  if (LAUNCHERS.includes(name) || /^python[0-9.]*$/.test(name))
    return 'runs what other words say: name the program itself, or list a script under files';
  return undefined;
}

function wordProblem(
  word: ArgvWord,
  before: readonly ArgvWord[],
  names: Names,
): string | undefined {
  if ('file' in word) return undefined;
  const literal = literalOf(word);
  if (literal !== undefined)
    return SHELLS.includes(literal.slice(literal.lastIndexOf('/') + 1))
      ? 'is a shell: name the program itself, or list a script under files'
      : undefined;
  for (const piece of word) {
    const type = typeOf(piece, names);
    if (type !== undefined && !isWordType(type))
      return `has a placeholder of type ${type}, which has no place in an argv`;
  }
  const first = word[0];
  const type = first === undefined ? undefined : typeOf(first, names);
  if (type === undefined || hasSafeStart(type)) return undefined;
  const isOperand = before.some((each) => isLiteral(each, (text) => text === '--'));
  const last = before.at(-1);
  const isOptionValue = last !== undefined && isLiteral(last, (text) => /^--?[A-Za-z]/.test(text));
  return isOperand || isOptionValue
    ? undefined
    : 'begins with a name from outside: put "--" before it, or the option that it is the value of';
}

function typeOf(piece: TemplatePiece, names: Names): ArgumentType | undefined {
  if ('argument' in piece) return names.arguments.get(piece.argument)?.type;
  return 'bound' in piece ? names.bound.get(piece.bound) : undefined;
}

function isLiteral(word: ArgvWord, is: (text: string) => boolean): boolean {
  if ('file' in word) return false;
  const text = literalOf(word);
  return text !== undefined && is(text);
}

/** The text of a word without a placeholder. */
function literalOf(word: Template): string | undefined {
  let text = '';
  for (const piece of word) {
    if (!('literal' in piece)) return undefined;
    text += piece.literal;
  }
  return text;
}
