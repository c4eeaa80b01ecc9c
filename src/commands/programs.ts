/**
 * Entries made ready for judging: options by name, types parsed, verbs in the order they are
 * tried. What cannot be decided without doubt (two meanings of one name) is refused here, once.
 */
import { show } from '#base/nearest';
import type { CommandEntry, Form, OperandSpec, OptionSpec, PathRules } from './entry.ts';
import { deniedDirectories, deniedNames } from './paths.ts';
import { parseValueType, type ValueKind } from './values.ts';
import { type Problem, refuse } from './yaml-file.ts';

export type Known = {
  readonly spec: OptionSpec;
  readonly kind: ValueKind | null;
  readonly id: number;
};
export type OptionTable = {
  readonly byName: ReadonlyMap<string, Known>;
  readonly digits: Known | null;
};
export type Add = { readonly option: Known; readonly words: readonly string[] };

export type KnownForm = {
  readonly form: Form;
  readonly item: KnownItem;
  /** Options known behind the verb (for a form without one: all). */
  readonly options: OptionTable;
  readonly own: readonly Known[];
  readonly operands: readonly { readonly spec: OperandSpec; readonly kind: ValueKind }[];
  readonly requires: readonly (readonly Known[])[];
  readonly conflicts: readonly Known[];
  readonly adds: readonly Add[];
  readonly stop: boolean;
  /** Words that would have made a longer verb. */
  readonly longer: ReadonlySet<string>;
};
export type KnownItem = {
  readonly entry: CommandEntry;
  readonly options: OptionTable;
  readonly own: readonly Known[];
  readonly adds: readonly Add[];
  readonly forms: readonly KnownForm[];
};
export type Program = {
  readonly name: string;
  readonly items: readonly KnownItem[];
  readonly longestVerb: number;
};

export function preparePrograms(
  entries: readonly CommandEntry[],
  paths: PathRules,
): ReadonlyMap<string, Program> {
  const problems = new Map<string, Problem[]>();
  const tell: Tell = ({ origin }, message) => {
    const list = problems.get(origin.file) ?? [];
    list.push({ line: origin.line, column: 1, message });
    problems.set(origin.file, list);
  };
  const byProgram = Map.groupBy(entries, ({ program }) => program);
  const programs = new Map<string, Program>();
  const claim = (entry: CommandEntry, name: string, program: Program): void => {
    const other = programs.get(name);
    if (other !== undefined && other !== program)
      tell(entry, `${name} already names ${other.name}: leave the alias out`);
    else programs.set(name, program);
  };
  for (const [name, items] of byProgram) {
    const [first] = items as [CommandEntry, ...CommandEntry[]];
    for (const entry of items)
      if (entry.style !== first.style)
        tell(entry, `the style of ${name} is ${first.style} elsewhere: make them one`);
    const forms = items.flatMap((entry) => entry.forms.map((form) => ({ entry, form })));
    checkOrder(forms, tell);
    const program = {
      name,
      items: items.map((entry) => prepareItem(entry, forms, paths, tell)),
      longestVerb: Math.max(...forms.map(({ form }) => form.verb.length)),
    };
    claim(first, name, program);
    for (const entry of items) for (const alias of entry.aliases) claim(entry, alias, program);
  }
  for (const [file, told] of problems) refuse(file, told);
  return programs;
}

type Tell = (entry: CommandEntry, message: string) => void;
type Placed = { readonly entry: CommandEntry; readonly form: Form };

const verbKeys = ({ verb }: Form): readonly string[] =>
  verb.reduce<readonly string[]>(
    (keys, word) => keys.flatMap((key) => word.map((each) => `${key} ${each}`)),
    [''],
  );

/** The host knows of other forms only their verb: a reading form behind one would be read there, and not here. */
function checkOrder(forms: readonly Placed[], tell: Tell): void {
  const closed = new Map<string, CommandEntry>();
  for (const { entry, form } of forms)
    for (const key of verbKeys(form)) {
      const before = closed.get(key);
      if (form.class !== 'read') closed.set(key, entry);
      else if (before !== undefined)
        tell(
          entry,
          `the form${key} of ${entry.program} is of class read, and stands behind another of that verb (${before.origin.file}:${before.origin.line}): put it before`,
        );
    }
}

function prepareItem(
  entry: CommandEntry,
  all: readonly Placed[],
  paths: PathRules,
  tell: Tell,
): KnownItem {
  let id = 0;
  const number = (spec: OptionSpec): Known => {
    id += 1;
    const kind = spec.value === null ? null : kindOf(spec.value);
    return { spec, kind, id };
  };
  const own = entry.options.map(number);
  const options = tableOf(own, entry, tell);
  const forms: KnownForm[] = [];
  const item: KnownItem = {
    entry,
    options,
    own,
    adds: readAdds(entry.adds, options, entry, paths, tell),
    forms,
  };
  for (const form of entry.forms) {
    const formOwn = form.options.map(number);
    const after = entry.globalFirst && form.verb.length > 0 ? formOwn : [...own, ...formOwn];
    const table = tableOf(after, entry, tell);
    const named = (name: string): Known[] => {
      const found = table.byName.get(name) ?? (name === '-NUM' ? table.digits : null);
      if (found === null || found === undefined)
        tell(entry, `${show(name)} in requires or conflicts is no option of the form: correct it`);
      return found ? [found] : [];
    };
    forms.push({
      form,
      item,
      options: table,
      own: formOwn,
      operands: form.operands.map((spec) => ({ spec, kind: kindOf(spec.value) })),
      requires: form.requires.map((names) => names.flatMap(named)),
      conflicts: form.conflicts.flatMap((names) => names.flatMap(named)),
      adds: readAdds(form.adds, table, entry, paths, tell),
      stop: entry.stop || form.stop || form.wraps,
      longer: new Set(all.flatMap((other) => nextWords(form, other.form))),
    });
  }
  return item;
}

function nextWords(form: Form, other: Form): readonly string[] {
  const { length } = form.verb;
  if (other.verb.length <= length) return [];
  const begins = form.verb.every((word, i) => word.some((each) => other.verb[i]?.includes(each)));
  return begins ? (other.verb[length] ?? []) : [];
}

function kindOf(type: string): ValueKind {
  const kind = parseValueType(type);
  // Entries come from `parseEntries`, which refuses a type that is not known.
  if ('problem' in kind) throw new TypeError(`type ${type} ${kind.problem}`);
  return kind;
}

function tableOf(options: readonly Known[], entry: CommandEntry, tell: Tell): OptionTable {
  const byName = new Map<string, Known>();
  let digits: Known | null = null;
  for (const option of options) {
    if (option.spec.digits) {
      if (digits !== null) tell(entry, '-NUM is given twice: keep one');
      digits = option;
    } else
      for (const name of option.spec.names) {
        if (byName.has(name))
          tell(entry, `option ${name} of ${entry.program} is given twice: keep one`);
        byName.set(name, option);
      }
  }
  return { byName, digits };
}

/** Adds are words as the normal form has them: `-x`, `-x VALUE`, `--name=VALUE`. */
function readAdds(
  words: readonly string[],
  { byName }: OptionTable,
  entry: CommandEntry,
  paths: PathRules,
  tell: Tell,
): readonly Add[] {
  const adds: Add[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] as string;
    const equals = entry.style === 'getopt' && word.startsWith('--') ? word.indexOf('=') : -1;
    const option = byName.get(equals === -1 ? word : word.slice(0, equals));
    const takes = option !== undefined && option.spec.value !== null && !option.spec.optional;
    if (
      option === undefined ||
      option.spec.class !== 'read' ||
      (equals !== -1 && option.spec.value === null)
    ) {
      tell(entry, `add ${show(word)} of ${entry.program} is no option of class read: list it`);
      continue;
    }
    if (!takes || equals !== -1) {
      adds.push(...expand(word, paths).map((each) => ({ option, words: [each] })));
      continue;
    }
    i += 1;
    const value = words[i];
    if (value === undefined || (entry.style === 'getopt' && word.startsWith('--')))
      tell(entry, `add ${show(word)} of ${entry.program} has no value: write --name=VALUE`);
    else adds.push(...expand(value, paths).map((each) => ({ option, words: [word, each] })));
  }
  return adds;
}

function expand(word: string, paths: PathRules): readonly string[] {
  if (word.includes('{denied}'))
    return deniedNames(paths).map((name) => word.replace('{denied}', name));
  if (word.includes('{denied-directories}'))
    return deniedDirectories(paths).map((name) => word.replace('{denied-directories}', name));
  return [word];
}
