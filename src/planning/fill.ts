/**
 * Templates filled with values. A word stays one word whatever its values are, and no value that
 * begins a word begins with `-`: the grammars refuse it, and this refuses it again.
 */

import { sha256 } from '#base/digest';
import { invariant } from '#base/fault';
import type { Json } from '#base/json';
import type {
  ArgumentType,
  ArgvTemplate,
  HostTest,
  ParsedArguments,
  Template,
  TemplatePiece,
  When,
} from '#catalogue';
import { pathProblem, valueProblem } from '#catalogue';
import { entityProblem, type HostCondition, type PlanArg } from '#model';
import { planningFault } from './faults.ts';
import { quoteWord } from './quote.ts';

/**
 * A file on the target as it was seen, no link followed on the way; `undefined`: it is no regular
 * file, or could not be read.
 */
export type FileSeen = { readonly sha256: string } | 'absent' | undefined;

export type Values = {
  readonly action: string;
  readonly arguments: ParsedArguments;
  readonly bound: ReadonlyMap<string, { readonly value: Json; readonly type: ArgumentType }>;
  /** The target's name as it stands in keys of entities. */
  readonly host: string;
  readonly change: string;
  readonly backup: string;
  readonly program: string;
  readonly file: (path: string) => FileSeen;
};

// What a word of an argv may hold: the host contract carries more, no action of ours needs it.
const PRINTABLE = /^[\x20-\x7e]*$/;
const MAX_WORD = 4_096;

export function fillArgv(argv: ArgvTemplate, values: Values): PlanArg[] {
  return argv.map((word) => ('file' in word ? { file: word.file } : fillWord(word, values)));
}

function fillWord(word: Template, values: Values): string {
  const parts = word.map((piece) => textOf(piece, values));
  const text = parts.join('');
  const first = word[0];
  const isOwn = first === undefined || 'literal' in first;
  invariant(isOwn || !text.startsWith('-'), 'no value becomes an option');
  if (PRINTABLE.test(text) && text.length <= MAX_WORD) return text;
  throw planningFault(
    'invalid-arguments',
    `a word of the program cannot be made: ${values.action}: it must be printable ASCII of at most ${MAX_WORD} characters`,
  );
}

function textOf(piece: TemplatePiece, values: Values): string {
  if ('literal' in piece) return piece.literal;
  if ('argument' in piece) return String(argumentOf(piece.argument, values));
  if ('digestOf' in piece) return sha256(String(argumentOf(piece.digestOf, values)));
  if ('context' in piece) return values[piece.context];
  const bound = values.bound.get(piece.bound);
  invariant(bound !== undefined, 'what is named was bound');
  const unchecked = bound.type === 'text';
  const spec = { type: bound.type, values: [], within: [], min: null, max: null };
  const problem = unchecked ? undefined : valueProblem(spec, bound.value);
  if (problem === undefined)
    return typeof bound.value === 'string' ? bound.value : JSON.stringify(bound.value);
  throw planningFault(
    'state-moved',
    `a fact cannot be used: ${piece.bound} of ${values.action} ${problem}. Look at the target again, then propose again`,
  );
}

function argumentOf(name: string, values: Values): string | number | boolean {
  const value = Object.hasOwn(values.arguments, name) ? values.arguments[name] : undefined;
  invariant(value !== undefined, 'every argument of a template has a value');
  return value;
}

/** For entities, paths and what is looked for in output: the text as it is. */
export function fillText(template: Template, values: Values): string {
  return template.map((piece) => textOf(piece, values)).join('');
}

export function fillEntity(template: Template, values: Values): string {
  const entity = fillText(template, values);
  const problem = entityProblem(entity);
  if (problem === undefined) return entity;
  throw planningFault(
    'invalid-arguments',
    `an entity cannot be named: ${quoteWord(entity.slice(0, 200))} ${problem}`,
  );
}

/** For people: the action's own words, with values quoted where they are not plain. */
export function fillWords(template: Template, values: Values): string {
  return template
    .map((piece) => ('literal' in piece ? piece.literal : quoteWord(textOf(piece, values))))
    .join('');
}

/** A template that is one bound fact or one argument alone is its value; any other is text. */
export function fillValue(template: Template, values: Values): Json {
  const [piece, more] = template;
  if (piece !== undefined && more === undefined) {
    if ('bound' in piece) return values.bound.get(piece.bound)?.value ?? null;
    if ('argument' in piece) return argumentOf(piece.argument, values);
  }
  return fillText(template, values);
}

export function fillPath(template: Template, values: Values): string {
  const path = fillText(template, values);
  const problem = pathProblem(path);
  if (problem === undefined) return path;
  throw planningFault(
    'invalid-arguments',
    `a path cannot be made: ${quoteWord(path.slice(0, 200))} ${problem}`,
  );
}

export function fillConditions(tests: readonly HostTest[], values: Values): HostCondition[] {
  return tests.map(({ path: template, is }) => {
    const path = fillPath(template, values);
    if (typeof is === 'object') {
      const content = sha256(String(argumentOf(is.contentOf, values)));
      return { kind: 'file-sha256', path, sha256: content };
    }
    if (is === 'absent') return { kind: 'file-absent', path };
    const seen = seeFile(path, values);
    return seen === 'absent'
      ? { kind: 'file-absent', path }
      : { kind: 'file-sha256', path, sha256: seen.sha256 };
  });
}

export function seeFile(path: string, values: Values): Exclude<FileSeen, undefined> {
  const seen = values.file(path);
  if (seen !== undefined) return seen;
  throw planningFault(
    'state-moved',
    `a file cannot be read as one: ${quoteWord(path)}: it must be a regular file that can be read, or absent. Look at it, then propose again`,
  );
}

/** Whether everything that a step asks for is so, now. */
export function holds(when: readonly When[], values: Values): boolean {
  return when.every((each) => {
    if ('file' in each) {
      const isAbsent = seeFile(fillPath(each.file, values), values) === 'absent';
      return isAbsent === (each.is === 'absent');
    }
    if ('argument' in each) return argumentOf(each.argument, values) === each.equals;
    return values.bound.get(each.bound)?.value === each.equals;
  });
}
