/**
 * The smallest entry that admits one shape of command, as YAML for a person to read and change.
 *
 * It is made of the shape alone, never of how often or by whom it was asked: what is not known is
 * `write`, and nothing that is drafted here is of class read as it stands.
 */
import { Fault } from '#base/fault';
import type { CommandEntry, OptionSpec } from '../entry.ts';
import { buildJudge, type Judge } from '../judge.ts';
import type { KnownForm } from '../programs.ts';
import { parseEntries } from '../read-entries.ts';
import { formOf, type Shape, type ShapeWord, type ValueShape } from './shape.ts';

export type Draft = { readonly yaml: string } | { readonly why: string };

/** What a person would have to say otherwise: a free text has no type that is narrow. */
const TYPES: Readonly<Record<Exclude<ValueShape, 'text'>, string>> = {
  number: 'number',
  // Its content may be read: by the rules of paths, which keep secrets out.
  path: 'file',
  host: 'host',
  unit: 'unit',
  word: 'match:[A-Za-z0-9_][A-Za-z0-9_-]*',
};
const NOT_KNOWN = 'not known: say what it does';
const NO_DRAFT: Readonly<Record<string, string>> = {
  'bad-value':
    'a value is not of the type that its entry names: ask with another, or widen the type by hand',
  'too-many': 'more words or options than its entry lets stand: ask for less',
  missing: 'something that its entry needs is missing: add it',
};

type Option = Extract<ShapeWord, { readonly option: string }>;

/** The entry of a shape, or in one sentence why there is none. */
export function draftEntry(judge: Judge, shape: Shape): Draft {
  const refused = NO_DRAFT[shape.code];
  if (refused !== undefined) return { why: refused };
  const hasText = shape.words.some(
    (word) => ('operand' in word ? word.operand : word.value) === 'text',
  );
  if (hasText) return { why: 'a free text stands in it: a person has to say what it may be' };
  const program = judge.programs.get(shape.program);
  if ((program === undefined) !== (shape.code === 'unknown-program'))
    return { why: 'the entries are others now than when it was asked' };
  const form =
    program === undefined
      ? null
      : formOf(
          program,
          shape.verb,
          optionsIn(shape).map(({ option }) => option),
        );
  const isOption = shape.code === 'unknown-option';
  if (isOption && (form === null || form.form.rest !== null || form.form.wraps || form.stop))
    return { why: 'its form takes any words, or ends its options early: write the entry by hand' };
  if (shape.code === 'unknown-form' && form?.form.verb.length === shape.verb.length)
    return { why: 'its form is known and refuses this together: ask in another way' };
  if (isOption && form?.form.class === 'deny')
    return { why: 'its form is never run, with whatever options' };
  const item = form?.item.entry ?? program?.items[0]?.entry ?? null;
  for (const mayRead of [true, false]) {
    const made = isOption
      ? ofKnownForm(shape, form as KnownForm, mayRead)
      : ofNewForm(shape, item, (name) => optionOf(judge, shape, name));
    if ('why' in made) return made;
    const yaml = write(made.entry, item?.family ?? 'own');
    if (builds(judge, yaml)) return { yaml };
  }
  return { why: 'an entry of it contradicts what is known of the program: write it by hand' };
}

/**
 * Whether the very command that was refused is told by the draft as what it is: nothing that reads, and in
 * the words and the order in which it was asked.
 */
export function admits(judge: Judge, yaml: string, argv: readonly string[]): boolean {
  const found = withEntries(judge, parseEntries(yaml, 'draft', false)).judge(argv);
  const { normalForm } = found;
  if (found.class === 'read' || found.class === 'deny' || normalForm === null) return false;
  const known = judge.programs.get(normalForm[0]);
  // Where nothing is known, every word may belong to the one before it.
  if (known === undefined)
    return (
      normalForm.length === argv.length &&
      normalForm.every(
        (word, i) =>
          i === 0 || word === argv[i] || (word.startsWith('/') && argv[i]?.includes('/')),
      )
    );
  const isKnown = (word: string): boolean =>
    known.items.some(
      ({ options, forms }) =>
        options.byName.has(word) || forms.some((each) => each.options.byName.has(word)),
    );
  // An option that nothing is known of stays before the word it stood before: that may be its value.
  return argv.every((word, i) => {
    const next = argv[i + 1];
    if (!word.startsWith('-') || word === '-' || word.includes('=') || isKnown(word)) return true;
    if (next === undefined || next.startsWith('-')) return true;
    const at = normalForm.indexOf(word);
    const follows = normalForm[at + 1] ?? '';
    return at !== -1 && (follows === next || follows.startsWith('/') || next.startsWith('-'));
  });
}

/** The entries in force of the programs that `entries` name, and those; few, so quick to make. */
export function withEntries(judge: Judge, entries: readonly CommandEntry[]): Judge {
  const names = entries.flatMap(({ program, aliases }) => [program, ...aliases]);
  const known = new Set([...names, ...WRAPPERS].flatMap((name) => judge.programs.get(name) ?? []));
  const inForce = [...known].flatMap(({ items }) => items.map(({ entry }) => entry));
  return buildJudge([...inForce, ...entries], judge.surroundings);
}
/** What is judged by what it wraps. */
const WRAPPERS = ['timeout', 'time'];

function builds(judge: Judge, yaml: string): boolean {
  try {
    withEntries(judge, parseEntries(yaml, 'draft', false));
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault) return false;
    throw thrown;
  }
}

function optionOf(judge: Judge, { program, verb }: Shape, name: string): OptionSpec | undefined {
  const known = judge.programs.get(program);
  if (known === undefined) return undefined;
  const before = known.items.map(({ options }) => options.byName.get(name)?.spec);
  return formOf(known, verb, [name])?.options.byName.get(name)?.spec ?? before.find((spec) => spec);
}

type Yaml = { readonly [key: string]: unknown };
type Made = { readonly entry: Yaml } | { readonly why: string };

/** What is known of a form, as much of it as was asked for, and the options that are not known. */
function ofKnownForm(shape: Shape, form: KnownForm, mayRead: boolean): Made {
  const { entry } = form.item;
  const given = optionsIn(shape);
  const specOf = (name: string): OptionSpec | undefined =>
    form.options.byName.get(name)?.spec ?? form.item.options.byName.get(name)?.spec;
  const fresh = given.filter(({ option }) => specOf(option) === undefined);
  if (fresh.length === 0) return { why: 'its options are known now' };
  const reads = form.form.class === 'read' && mayRead;
  const adds = reads ? [...form.item.adds, ...form.adds] : [];
  const used = [
    ...new Set([
      ...given.flatMap(({ option }) => specOf(option) ?? []),
      ...adds.map(({ option }) => option.spec),
    ]),
  ];
  const isEarly = (spec: OptionSpec): boolean =>
    [...form.item.options.byName.values()].some((known) => known.spec === spec);
  const count = shape.words.filter((word) => 'operand' in word).length;
  const operands = operandsOf(form, count);
  if (operands === null) return { why: 'more words, or fewer, than its form lets stand' };
  const names = new Set([
    ...used.flatMap((spec) => spec.names),
    ...fresh.map(({ option }) => option),
  ]);
  const needed = form.form.requires.map((each) => each.filter((name) => names.has(name)));
  if (needed.some((each) => each.length === 0))
    return { why: 'something that its form needs is missing' };
  const early = [
    ...used.filter(isEarly).map(asYaml),
    ...fresh.filter((each) => each.early).map(freshOption),
  ];
  const demanded = fresh.filter((each) => !each.early || !entry.globalFirst);
  const required = [
    ...needed.map((each) => each.join('|')),
    ...demanded.map(({ option }) => option),
  ];
  return {
    entry: {
      program: entry.program,
      summary: entry.summary,
      style: entry.style,
      ...(entry.globalFirst ? { globalFirst: true } : {}),
      ...(reads && entry.adds.length > 0 ? { adds: entry.adds } : {}),
      ...(early.length > 0 ? { options: early } : {}),
      forms: [
        {
          ...(form.form.verb.length > 0
            ? { verb: form.form.verb.map((word) => word.join('|')) }
            : {}),
          ...worthOf(form, reads),
          means: form.form.means,
          ...(reads && form.form.adds.length > 0 ? { adds: form.form.adds } : {}),
          options: [
            ...used.filter((spec) => !isEarly(spec)).map(asYaml),
            ...fresh.filter((each) => !each.early).map(freshOption),
          ],
          ...(operands.length > 0 ? { operands } : {}),
          ...(required.length > 0 ? { requires: required } : {}),
        },
      ],
    },
  };
}

function worthOf({ form }: KnownForm, reads: boolean): Yaml {
  if (reads) return { class: 'read' };
  if (form.class === 'read') return { class: 'write', tier: 'T2' };
  return { class: form.class, ...(form.tier === null ? {} : { tier: form.tier }) };
}

function ofNewForm(
  shape: Shape,
  item: CommandEntry | null,
  known: (name: string) => OptionSpec | undefined,
): Made {
  const given = optionsIn(shape);
  if (new Set(given.map(({ option }) => option)).size < given.length)
    return { why: 'an option is given twice: how often it may be is for a person to say' };
  const early = given.filter((each) => each.early);
  const late = given.filter((each) => !each.early);
  const option = (each: Option): Yaml => {
    const spec = known(each.option);
    return spec === undefined ? freshOption(each) : asYaml(spec);
  };
  const demanded = item?.globalFirst === true ? late : given;
  const operands = operandRuns(shape);
  return {
    entry: {
      program: shape.program,
      summary: item?.summary ?? NOT_KNOWN,
      style: shape.style,
      ...(item?.globalFirst === true ? { globalFirst: true } : {}),
      ...(early.length > 0 ? { options: early.map(option) } : {}),
      forms: [
        {
          ...(shape.verb.length > 0 ? { verb: shape.verb } : {}),
          class: 'write',
          tier: 'T2',
          means: NOT_KNOWN,
          ...(late.length > 0 ? { options: late.map(option) } : {}),
          ...(operands.length > 0 ? { operands } : {}),
          ...(demanded.length > 0 ? { requires: demanded.map((each) => each.option) } : {}),
        },
      ],
    },
  };
}

const optionsIn = ({ words }: Shape): readonly Option[] =>
  words.filter((word): word is Option => 'option' in word);

function typeOf(shape: ValueShape): string {
  return shape === 'text' ? 'text' : TYPES[shape];
}

function freshOption({ option, value }: Option): Yaml {
  return {
    names: [option],
    ...(value === null ? {} : { value: typeOf(value) }),
    class: 'write',
    means: NOT_KNOWN,
  };
}

function asYaml(spec: OptionSpec): Yaml {
  const { names, value, optional, many, digits, rest, class: of, tier, code, means } = spec;
  return {
    names,
    ...(value === null ? {} : { value }),
    ...(optional ? { optional } : {}),
    ...(many ? { many } : {}),
    ...(digits ? { digits } : {}),
    ...(rest ? { rest } : {}),
    ...(of === 'read' ? {} : { class: of }),
    ...(tier === null ? {} : { tier }),
    ...(code === null ? {} : { code }),
    means,
  };
}

/** As many as were asked for, of the types that the form names. */
function operandsOf({ form }: KnownForm, count: number): readonly Yaml[] | null {
  const least = form.operands.reduce((sum, { min }) => sum + min, 0);
  const most = form.operands.reduce((sum, { max }) => sum + max, 0);
  if (count < least || count > most) return null;
  let left = count;
  let needed = least;
  return form.operands.flatMap(({ name, value, min, max, stdin }) => {
    needed -= min;
    const takes = Math.min(max, left - needed);
    left -= takes;
    return takes === 0
      ? []
      : [{ name, value, min: takes, max: takes, ...(stdin ? { stdin } : {}) }];
  });
}

function operandRuns({ words }: Shape): readonly Yaml[] {
  const runs: { kind: ValueShape; count: number }[] = [];
  for (const word of words) {
    if (!('operand' in word)) continue;
    const last = runs.at(-1);
    if (last?.kind === word.operand) last.count += 1;
    else runs.push({ kind: word.operand, count: 1 });
  }
  return runs.map(({ kind, count }) => ({
    name: kind,
    value: typeOf(kind),
    min: count,
    max: count,
  }));
}

/** JSON is YAML; one key on a line, so that an error names a line that says something. */
function write(entry: Yaml, family: string): string {
  return `family: ${JSON.stringify(family)}\nentries:\n${lines([entry], 2)}`;
}

function lines(items: readonly Yaml[], indent: number): string {
  return items
    .map((item) =>
      Object.entries(item)
        .map(([key, value], i) => {
          const begin = `${' '.repeat(indent)}${i === 0 ? '- ' : '  '}${key}:`;
          const isList = Array.isArray(value) && value.some((each) => typeof each === 'object');
          if (isList && key !== 'operands' && key !== 'options')
            return `${begin}\n${lines(value as Yaml[], indent + 4)}`;
          if (isList)
            return `${begin}\n${(value as Yaml[]).map((each) => `${' '.repeat(indent + 4)}- ${inline(each)}\n`).join('')}`;
          return `${begin} ${JSON.stringify(value)}\n`;
        })
        .join(''),
    )
    .join('');
}

function inline(value: Yaml): string {
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${key}: ${JSON.stringify(each)}`)
    .join(', ')} }`;
}
