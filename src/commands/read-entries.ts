/** Files of command entries. Anything not understood is refused: a misspelt key would be a wider gate. */
import { show } from '#base/nearest';
import { TIERS, type Tier } from '#model';
import { type Keys, readYaml, type Value, type Yaml } from '#strict-yaml';
import {
  COMMAND_CLASSES,
  COMMAND_CODES,
  type CommandClass,
  type CommandCode,
  type CommandEntry,
  type Form,
  type OperandSpec,
  type OptionSpec,
} from './entry.ts';
import { commandsFile } from './faults.ts';
import { parseValueType } from './values.ts';

const ENTRY_KEYS = [
  'program',
  'summary',
  'style',
  'aliases',
  'also',
  'stop',
  'globalFirst',
  'apart',
  'adds',
  'options',
  'forms',
  'safer',
] as const;
const FORM_KEYS = [
  'verb',
  'class',
  'tier',
  'code',
  'means',
  'adds',
  'options',
  'operands',
  'rest',
  'wraps',
  'stop',
  'requires',
  'conflicts',
  'examples',
] as const;
const OPTION_KEYS = [
  'names',
  'value',
  'optional',
  'many',
  'digits',
  'rest',
  'class',
  'tier',
  'code',
  'means',
] as const;
const OPERAND_KEYS = ['name', 'value', 'min', 'max', 'stdin'] as const;

export const PROGRAM = /^(?:[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}|\[|:)$/;
const FAMILY = /^[a-z][a-z0-9-]{0,39}$/;
const GETOPT_NAME = /^(?:-[!-,.-<>-~]|--[A-Za-z0-9][A-Za-z0-9_.-]*|-NUM)$/;
const WORDS_NAME = /^[!-~]+$/;
const MAX_ITEMS = 500;
const MAX_OPERANDS = 256;
const REST_CLASSES = ['write', 'exec', 'deny'] as const;

/** Reads a file of entries, or a part of one, or throws `invalid-commands` with every problem and its place. */
export function parseEntries(
  text: string,
  file: string,
  shipped: boolean,
  linesBefore = 0,
): readonly CommandEntry[] {
  const make = (yaml: Yaml, root: Value): readonly CommandEntry[] => {
    const record = yaml.record(
      root,
      'a file of commands',
      ['family', 'entries'],
      ['family', 'entries'],
    );
    const family = yaml.textThat(record.family, 'family', FAMILY, 'network');
    const items = yaml.list(record.entries, 'entries');
    if (record.entries !== undefined && (items.length === 0 || items.length > MAX_ITEMS))
      yaml.problem(record.entries.at, `entries must be 1 to ${MAX_ITEMS}: use more files`);
    return items
      .slice(0, MAX_ITEMS)
      .flatMap((item) => readEntry(yaml, item, family ?? '', { file, shipped }));
  };
  return readYaml(text, commandsFile(file), make, linesBefore);
}

function readEntry(
  yaml: Yaml,
  item: Value,
  family: string,
  source: { readonly file: string; readonly shipped: boolean },
): readonly CommandEntry[] {
  const record = yaml.record(item, 'an entry', ENTRY_KEYS, ['program', 'summary', 'forms']);
  const style = yaml.oneOf(record.style, 'style', ['getopt', 'words'] as const) ?? 'getopt';
  const aliases = yaml
    .list(record.aliases, 'aliases')
    .flatMap((each) => yaml.textThat(each, 'an alias', PROGRAM, 'mawk') ?? []);
  const also = yaml
    .list(record.also, 'also')
    .flatMap((each) => yaml.textThat(each, 'a program in also', PROGRAM, 'sha512sum') ?? []);
  const forms = yaml.list(record.forms, 'forms');
  if (record.forms !== undefined && forms.length === 0)
    yaml.problem(record.forms.at, 'forms is empty: give at least one');
  const program = yaml.textThat(record.program, 'program', PROGRAM, 'systemctl');
  if (program === null) return [];
  const entry: CommandEntry = {
    program,
    aliases,
    family,
    summary: yaml.text(record.summary, 'summary') ?? '',
    style,
    stop: yaml.flag(record.stop, 'stop'),
    globalFirst: yaml.flag(record.globalFirst, 'globalFirst'),
    apart: yaml.flag(record.apart, 'apart'),
    adds: texts(yaml, record.adds, 'adds'),
    options: readOptions(yaml, record.options, style),
    forms: forms.map((each) => readForm(yaml, each, style)),
    safer: yaml.text(record.safer, 'safer', 600),
    origin: { ...source, line: yaml.lineOf(item.at) },
  };
  // The examples name the first program only.
  const unnamed = entry.forms.map((form) => ({ ...form, examples: [] }));
  return [entry, ...also.map((each) => ({ ...entry, program: each, aliases: [], forms: unnamed }))];
}

function readForm(yaml: Yaml, item: Value, style: CommandEntry['style']): Form {
  const record = yaml.record(item, 'a form', FORM_KEYS, ['means']);
  const rest = yaml.oneOf(record.rest, 'rest', REST_CLASSES);
  const wraps = yaml.flag(record.wraps, 'wraps');
  if (record.class === undefined && rest === null)
    yaml.problem(item.at, 'class is missing in a form: give read, write, exec or deny');
  if (rest !== null && (record.operands !== undefined || wraps))
    yaml.problem(
      record.rest?.at ?? item.at,
      'rest stands in place of operands and wraps: drop one',
    );
  const worth = readWorth(yaml, item, record, 'a form', rest);
  if (rest !== null && worth.class === 'read')
    yaml.problem(item.at, 'a form with rest is never of class read: leave class out');
  const operands = yaml.list(record.operands, 'operands').map((each) => readOperand(yaml, each));
  if (wraps && operands.some(({ min, max }) => min !== max))
    yaml.problem(
      item.at,
      'operands before a wrapped command have one number: make min and max equal',
    );
  return {
    verb: yaml.list(record.verb, 'verb').map((each) => readVerbWord(yaml, each)),
    ...worth,
    means: yaml.text(record.means, 'means') ?? '',
    adds: texts(yaml, record.adds, 'adds'),
    options: readOptions(yaml, record.options, style),
    operands,
    rest,
    wraps,
    stop: yaml.flag(record.stop, 'stop'),
    requires: texts(yaml, record.requires, 'requires').map((each) => each.split('|')),
    conflicts: texts(yaml, record.conflicts, 'conflicts').map((each) => each.split('|')),
    examples: texts(yaml, record.examples, 'examples'),
  };
}

function readVerbWord(yaml: Yaml, value: Value): readonly string[] {
  const text = yaml.textThat(
    value,
    'a word of the verb',
    /^[A-Za-z0-9][A-Za-z0-9_.:-]*(?:\|[A-Za-z0-9][A-Za-z0-9_.:-]*)*$/,
    'show or show|list',
  );
  return text === null ? ['-'] : text.split('|');
}

type Worth = { class: CommandClass; tier: Tier | null; code: CommandCode | null };

function readWorth(
  yaml: Yaml,
  item: Value,
  record: Keys<'class' | 'tier' | 'code'>,
  what: string,
  rest: CommandClass | null,
): Worth {
  const given = yaml.oneOf(record.class, 'class', COMMAND_CLASSES);
  const known = given ?? rest ?? 'read';
  const of = rest === null ? known : greater(known, rest);
  const tier = yaml.oneOf(record.tier, 'tier', TIERS);
  const code = yaml.oneOf(record.code, 'code', COMMAND_CODES);
  const allowed =
    of === 'write' ? ['T1', 'T2', 'T3'] : of === 'exec' ? ['T3'] : of === 'read' ? ['T0'] : [];
  if (tier !== null && !allowed.includes(tier))
    yaml.problem(
      record.tier?.at ?? item.at,
      `tier ${tier} does not go with class ${of}: ${allowed.length === 0 ? 'leave it out' : `accepted are ${allowed.join(', ')}`}`,
    );
  if (of === 'deny' && code === null)
    yaml.problem(item.at, `code is missing in ${what} of class deny: say why, like egress`);
  if (of === 'read' && code !== null)
    yaml.problem(record.code?.at ?? item.at, 'code does not go with class read: leave it out');
  return { class: of, tier, code };
}

export function greater(a: CommandClass, b: CommandClass): CommandClass {
  return COMMAND_CLASSES.indexOf(a) >= COMMAND_CLASSES.indexOf(b) ? a : b;
}

function readOptions(
  yaml: Yaml,
  value: Value | undefined,
  style: CommandEntry['style'],
): readonly OptionSpec[] {
  return yaml.list(value, 'options').map((item) => readOption(yaml, item, style));
}

function readOption(yaml: Yaml, item: Value, style: CommandEntry['style']): OptionSpec {
  const record = yaml.record(item, 'an option', OPTION_KEYS, ['names', 'means']);
  const names = yaml.list(record.names, 'names').flatMap((each) => {
    const form = style === 'getopt' ? GETOPT_NAME : WORDS_NAME;
    return (
      yaml.textThat(
        each,
        'a name of an option',
        form,
        style === 'getopt' ? '-x or --name' : 'dev or -name',
      ) ?? []
    );
  });
  if (record.names !== undefined && names.length === 0)
    yaml.problem(item.at, 'names is empty: give at least one');
  const digits = yaml.flag(record.digits, 'digits');
  if (digits !== names.includes('-NUM') || (digits && names.length > 1))
    yaml.problem(item.at, 'digits: true goes with names: [-NUM], and with no other name');
  const given = yaml.text(record.value, 'value', 4_000);
  // A pattern may end in "?" by itself: there only a second repetition is the mark.
  const isMarked = given !== null && (given.startsWith('match:') ? /[*+?]\?$/ : /\?$/).test(given);
  const type = isMarked ? given.slice(0, -1) : given;
  const parsed = type === null ? null : readType(yaml, record.value as Value, type);
  if (digits && parsed !== 'number')
    yaml.problem(item.at, 'the value of -NUM is a number: write value: number:0:1000');
  const optional = yaml.flag(record.optional, 'optional') || isMarked;
  if (optional && type === null) yaml.problem(item.at, 'optional needs a value: add its type');
  const worth = readWorth(yaml, item, record, 'an option', null);
  const rest = yaml.flag(record.rest, 'rest');
  if (rest && (worth.class === 'read' || type !== null))
    yaml.problem(item.at, 'rest goes with options of another class than read, without a value');
  return {
    names,
    value: type,
    optional,
    many: yaml.flag(record.many, 'many'),
    digits,
    rest,
    ...worth,
    means: yaml.text(record.means, 'means') ?? '',
  };
}

function readOperand(yaml: Yaml, item: Value): OperandSpec {
  const record = yaml.record(item, 'an operand', OPERAND_KEYS, ['name', 'value']);
  const value = yaml.text(record.value, 'value', 4_000);
  const kind = value === null ? null : readType(yaml, record.value as Value, value);
  const min = yaml.whole(record.min, 'min', 1, MAX_OPERANDS);
  const max = yaml.whole(record.max, 'max', Math.max(1, min), MAX_OPERANDS);
  if (max < min || max === 0) yaml.problem(item.at, 'max is below min, or 0: correct one of them');
  const stdin = yaml.flag(record.stdin, 'stdin');
  if (stdin && kind !== 'file' && kind !== 'tree')
    yaml.problem(item.at, 'stdin goes with file and tree: leave it out');
  const name = yaml.textThat(record.name, 'name', /^[a-z][A-Za-z0-9 -]{0,39}$/, 'file') ?? '';
  return { name, value: value ?? 'text', min, max, stdin };
}

function readType(yaml: Yaml, at: Value, type: string): string | null {
  const kind = parseValueType(type);
  if (!('problem' in kind)) return kind.name;
  yaml.problem(at.at, `value ${show(type)} ${kind.problem}`);
  return null;
}

function texts(yaml: Yaml, value: Value | undefined, what: string): readonly string[] {
  return yaml.list(value, what).flatMap((each) => yaml.text(each, `one of ${what}`, 2_000) ?? []);
}
