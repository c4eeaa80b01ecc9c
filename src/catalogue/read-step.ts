/** Steps, previews and probes: programs with their words, and when they are part of a plan. */
import { isScalar } from 'yaml';
import { show } from '#base/nearest';
import type {
  ArgvTemplate,
  HostTest,
  PreviewSpec,
  ProbeSpec,
  StepSpec,
  Template,
  When,
} from './action.ts';
import { pathProblem } from './grammar.ts';
import { readTemplate } from './read-template.ts';
import type { Entry, Reader, Value } from './reader.ts';
import { type Names, parseArgv, parseTemplate } from './template.ts';

const STEP_KEYS = [
  'run',
  'effect',
  'when',
  'stdin',
  'files',
  'conditions',
  'runAs',
  'timeoutSeconds',
  'atomic',
  'inverse',
] as const;
const ACCOUNT = /^[a-z_][a-z0-9_-]{0,31}$/;
const MAX_TIMEOUT_SECONDS = 86_400;
const MAX_FILES = 16;

export function readStep(
  reader: Reader,
  item: Value,
  outer: Names,
  isRead: boolean,
): StepSpec | undefined {
  const record = reader.record(item, 'a step', STEP_KEYS);
  const files = readFiles(reader, record.files, outer);
  const names = { ...outer, files: files.length };
  const argv = readArgv(reader, item, record.run, 'run', names);
  const effect = readTemplate(reader, record.effect, 'effect', item, outer, 200);
  const { runAs, timeoutSeconds, atomic } = readRunning(reader, record);
  const when = readWhen(reader, record.when, outer);
  const conditions = readConditions(reader, record.conditions, outer);
  const stdin = readStdin(reader, record.stdin, outer);
  const inverse = readInverse(reader, item, record.inverse, names, isRead);
  if (argv === undefined || effect === undefined) return undefined;
  return { when, argv, effect, stdin, files, conditions, runAs, timeoutSeconds, atomic, inverse };
}

export function readRunning(
  reader: Reader,
  record: { readonly [K in 'runAs' | 'timeoutSeconds' | 'atomic']?: Entry },
): Pick<StepSpec, 'runAs' | 'timeoutSeconds' | 'atomic'> {
  const runAs =
    record.runAs &&
    reader.textThat(record.runAs, 'runAs', 32, (text) =>
      ACCOUNT.test(text) ? undefined : 'must be the name of an account',
    );
  const timeoutSeconds =
    record.timeoutSeconds &&
    reader.whole(record.timeoutSeconds, 'timeoutSeconds', 1, MAX_TIMEOUT_SECONDS);
  const atomic = record.atomic && reader.flag(record.atomic, 'atomic');
  return { runAs: runAs ?? 'root', timeoutSeconds: timeoutSeconds ?? 60, atomic: atomic ?? false };
}

/** An inverse is given, or its absence is said: what is left out was forgotten. */
function readInverse(
  reader: Reader,
  item: Value,
  entry: Entry | undefined,
  names: Names,
  isRead: boolean,
): StepSpec['inverse'] {
  if (entry === undefined) {
    if (!isRead)
      reader.problem(
        item.at,
        'inverse is missing: say how to take the step back, or "none" where it leaves nothing to take back',
      );
    return null;
  }
  if (isNone(entry)) return null;
  const record = reader.record(entry, 'inverse', ['run', 'effect', 'conditions']);
  const argv = readArgv(reader, entry, record.run, 'run', names);
  const effect = readTemplate(reader, record.effect, 'effect', entry, names, 200);
  const conditions = readConditions(reader, record.conditions, names);
  return argv === undefined || effect === undefined ? null : { argv, effect, conditions };
}

export function isNone(entry: Entry): boolean {
  return isScalar(entry.node) && entry.node.value === 'none';
}

export function readArgv(
  reader: Reader,
  parent: Value,
  entry: Entry | undefined,
  what: string,
  names: Names,
  firstIsProgram = true,
): ArgvTemplate | undefined {
  if (entry === undefined) {
    reader.problem(parent.at, `${what} is missing: list the program and its words`);
    return undefined;
  }
  const words = reader.list(entry, what).map((item) => readWord(reader, item));
  if (words.some((word) => word === undefined)) return undefined;
  const read = parseArgv(words as string[], names, firstIsProgram);
  if ('value' in read) return read.value;
  reader.problem(entry.at, `${what}: ${read.problem}`);
  return undefined;
}

function readWord(reader: Reader, item: Value): string | undefined {
  // An empty word is a word; everywhere else empty text is a slip.
  if (isScalar(item.node) && item.node.value === '' && item.node.tag === undefined) return '';
  return reader.text(item, 'a word', 1_024);
}

function readFiles(reader: Reader, entry: Entry | undefined, names: Names): Template[] {
  if (entry === undefined) return [];
  const items = reader.list(entry, 'files');
  if (items.length > MAX_FILES) reader.problem(entry.at, `files has more than ${MAX_FILES}`);
  return items.slice(0, MAX_FILES).flatMap((item) => {
    const path = readPath(reader, item, 'a file', names);
    return path === undefined ? [] : [path];
  });
}

/** An absolute path, literal or with arguments; what it becomes is tested again when it is filled. */
function readPath(reader: Reader, item: Value, what: string, names: Names): Template | undefined {
  const text = reader.text(item, what, 400);
  if (text === undefined) return undefined;
  const read = parseTemplate(text, names);
  if ('problem' in read) {
    reader.problem(item.at, `${what} ${show(text)} ${read.problem}`);
    return undefined;
  }
  const [first, second] = read.value;
  const isLiteral = first !== undefined && 'literal' in first && second === undefined;
  const problem = isLiteral ? pathProblem(first.literal) : undefined;
  if (problem !== undefined) reader.problem(item.at, `${what} ${show(text)} ${problem}`);
  return problem === undefined ? read.value : undefined;
}

function readStdin(reader: Reader, entry: Entry | undefined, names: Names): string | null {
  const text =
    entry &&
    reader.textThat(entry, 'stdin', 40, (name) =>
      names.arguments.get(name)?.type === 'text' ? undefined : 'must name an argument of type text',
    );
  return text ?? null;
}

function readConditions(reader: Reader, entry: Entry | undefined, names: Names): HostTest[] {
  if (entry === undefined) return [];
  return reader.list(entry, 'conditions').flatMap((item) => {
    const record = reader.record(item, 'a condition', ['file', 'is', 'of']);
    if (record.file === undefined || record.is === undefined) {
      reader.problem(item.at, 'a condition has file and is');
      return [];
    }
    const path = readPath(reader, record.file, 'file', names);
    const is = reader.oneOf(record.is, 'is', ['as-planned', 'absent', 'content']);
    const of = readStdin(reader, record.of, names);
    if ((is === 'content') !== (of !== null))
      reader.problem(item.at, 'is: content goes together with of, the argument with the content');
    if (path === undefined || is === undefined) return [];
    return [{ path, is: is === 'content' ? { contentOf: of ?? '' } : is }];
  });
}

export function readWhen(reader: Reader, entry: Entry | undefined, names: Names): When[] {
  if (entry === undefined) return [];
  return reader.list(entry, 'when').flatMap((item): When[] => {
    const record = reader.record(item, 'when', ['argument', 'bound', 'equals', 'file', 'is']);
    const { argument, bound, equals, file, is } = record;
    if (file !== undefined && is !== undefined && (argument ?? bound ?? equals) === undefined) {
      const path = readPath(reader, file, 'file', names);
      const state = reader.oneOf(is, 'is', ['present', 'absent']);
      return path === undefined || state === undefined ? [] : [{ file: path, is: state }];
    }
    if (
      equals !== undefined &&
      (file ?? is) === undefined &&
      (argument === undefined) !== (bound === undefined)
    ) {
      const value = readEquals(reader, equals);
      const from = argument ?? bound;
      const name = from && reader.text(from, 'name', 40);
      if (value === undefined || name === undefined) return [];
      if (!(argument === undefined ? names.bound : names.arguments).has(name))
        reader.problem(item.at, `when names ${show(name)}, which is not there`);
      return [
        argument === undefined ? { bound: name, equals: value } : { argument: name, equals: value },
      ];
    }
    reader.problem(
      item.at,
      'when is one of {argument, equals}, {bound, equals} and {file, is: present or absent}',
    );
    return [];
  });
}

function readEquals(reader: Reader, entry: Entry): string | number | boolean | undefined {
  const scalar = isScalar(entry.node) ? entry.node.value : undefined;
  if (typeof scalar === 'boolean') return reader.flag(entry, 'equals');
  if (typeof scalar === 'number') return reader.number(entry, 'equals');
  return reader.text(entry, 'equals', 200);
}

export function readProbes(reader: Reader, entry: Entry | undefined, names: Names): ProbeSpec[] {
  if (entry === undefined) return [];
  return reader.list(entry, 'probes').flatMap((item) => {
    const record = reader.record(item, 'a probe', ['run', 'exit', 'says', 'when']);
    const argv = readArgv(reader, item, record.run, 'run', names);
    const exit = record.exit && reader.whole(record.exit, 'exit', 0, 255);
    const says = record.says && readTemplate(reader, record.says, 'says', item, names, 200);
    const when = readWhen(reader, record.when, names);
    return argv === undefined ? [] : [{ when, argv, exit: exit ?? 0, says: says ?? null }];
  });
}

export function readPreviews(
  reader: Reader,
  entry: Entry | undefined,
  names: Names,
): PreviewSpec[] {
  if (entry === undefined) return [];
  return reader.list(entry, 'preview').flatMap((item) => {
    const record = reader.record(item, 'a preview', ['run', 'exit', 'why', 'when']);
    const argv = readArgv(reader, item, record.run, 'run', names);
    const exit = record.exit && reader.whole(record.exit, 'exit', 0, 255);
    const why = record.why && reader.text(record.why, 'why', 200);
    if (exit !== undefined && why === undefined)
      reader.problem(item.at, 'why is missing: say what it means when the exit status is another');
    const when = readWhen(reader, record.when, names);
    return argv === undefined ? [] : [{ when, argv, exit: exit ?? null, why: why ?? null }];
  });
}
