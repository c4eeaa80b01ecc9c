/**
 * Entries made ready for judging: options by name, types parsed, verbs in the order they are
 * tried. What cannot be decided without doubt (two meanings of one name) is refused here, once.
 */
import { show } from '#base/nearest';
import { refuseYaml, type YamlProblem } from '#strict-yaml';
import type { CommandEntry, Form, OperandSpec, OptionSpec, PathRules } from './entry.ts';
import { commandsFile } from './faults.ts';
import { deniedDirectories, deniedNames } from './paths.ts';
import type { Section } from './sections.ts';
import { parseValueType, type ValueKind } from './values.ts';

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

type Tell = (at: Pick<CommandEntry, 'origin'>, message: string) => void;

/**
 * The programs by name, each prepared when it is first asked for. Whoever asks for all of them has all
 * prepared, and is told at once of every contradiction; whoever asks for one, of those about that one.
 */
export class Programs implements ReadonlyMap<string, Program> {
  readonly #paths: PathRules;
  readonly #groups = new Map<string, readonly Section[]>();
  /** Every name with the program it stands for. */
  readonly #names = new Map<string, string>();
  readonly #prepared = new Map<string, Program>();

  constructor(sections: readonly Section[], paths: PathRules) {
    this.#paths = paths;
    const problems = new Problems();
    const groups = new Map<string, Section[]>();
    for (const section of sections)
      for (const program of section.programs) {
        const group = groups.get(program);
        if (group === undefined) groups.set(program, [section]);
        else group.push(section);
      }
    for (const [program, group] of groups) {
      const claim = (section: Section, name: string): void => {
        const other = this.#names.get(name);
        if (other !== undefined && other !== program)
          problems.tell(section, `${name} already names ${other}: leave the alias out`);
        else this.#names.set(name, program);
      };
      claim(group[0] as Section, program);
      for (const section of group)
        if (section.programs[0] === program)
          for (const alias of section.aliases) claim(section, alias);
      this.#groups.set(program, group);
    }
    problems.refuse();
  }

  /** Throws `invalid-commands` when what is known of these programs contradicts itself; without names: of any. */
  check(names: Iterable<string> = this.#groups.keys()): void {
    const problems = new Problems();
    for (const name of names) this.#prepare(name, problems.tell);
    problems.refuse();
  }

  get size(): number {
    return this.#names.size;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  get(name: string): Program | undefined {
    const problems = new Problems();
    const program = this.#prepare(name, problems.tell);
    problems.refuse();
    return program;
  }

  keys(): MapIterator<string> {
    return this.#names.keys();
  }

  values(): MapIterator<Program> {
    return this.#all().values();
  }

  entries(): MapIterator<[string, Program]> {
    return this.#all().entries();
  }

  [Symbol.iterator](): MapIterator<[string, Program]> {
    return this.entries();
  }

  forEach(act: (program: Program, name: string, all: ReadonlyMap<string, Program>) => void): void {
    for (const [name, program] of this.#all()) act(program, name, this);
  }

  #all(): Map<string, Program> {
    this.check();
    return new Map([...this.#names].map(([name, of]) => [name, this.#prepared.get(of) as Program]));
  }

  #prepare(given: string, tell: Tell): Program | undefined {
    const name = this.#names.get(given);
    if (name === undefined) return undefined;
    const known = this.#prepared.get(name);
    if (known !== undefined) return known;
    let isWrong = false;
    const program = prepareProgram(
      name,
      (this.#groups.get(name) ?? []).flatMap((section) =>
        section.entries().filter((entry) => entry.program === name),
      ),
      this.#paths,
      (at, message) => {
        isWrong = true;
        tell(at, message);
      },
    );
    if (!isWrong) this.#prepared.set(name, program);
    return program;
  }
}

class Problems {
  readonly #byFile = new Map<string, YamlProblem[]>();

  readonly tell: Tell = ({ origin }, message) => {
    const list = this.#byFile.get(origin.file) ?? [];
    list.push({ line: origin.line, column: 1, message });
    this.#byFile.set(origin.file, list);
  };

  refuse(): void {
    for (const [file, told] of this.#byFile) refuseYaml(commandsFile(file), told);
  }
}

function prepareProgram(
  name: string,
  items: readonly CommandEntry[],
  paths: PathRules,
  tell: Tell,
): Program {
  const [first] = items as [CommandEntry, ...CommandEntry[]];
  for (const entry of items)
    if (entry.style !== first.style)
      tell(entry, `the style of ${name} is ${first.style} elsewhere: make them one`);
  const forms = items.flatMap((entry) => entry.forms.map((form) => ({ entry, form })));
  checkOrder(forms, tell);
  return {
    name,
    items: items.map((entry) => prepareItem(entry, forms, paths, tell)),
    longestVerb: Math.max(...forms.map(({ form }) => form.verb.length)),
  };
}

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
