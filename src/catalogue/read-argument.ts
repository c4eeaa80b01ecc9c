/** The arguments of an action, each with the type whose grammar its values must satisfy. */
import {
  ARGUMENT_TYPES,
  type ArgumentSpec,
  type ArgumentType,
  type ArgumentValue,
} from './action.ts';
import {
  isEntityType,
  isWordType,
  pathProblem,
  TEXT_CHARS,
  UNIT_SUFFIXES,
  valueProblem,
} from './grammar.ts';
import type { Entry, Reader } from './reader.ts';

const KEYS = [
  'type',
  'summary',
  'default',
  'values',
  'suffixes',
  'within',
  'min',
  'max',
  'known',
  'secret',
  'optional',
] as const;
type Keys = { readonly [K in (typeof KEYS)[number]]?: Entry };
const NAME = /^[a-z][A-Za-z0-9]{0,39}$/;
const ENUM_VALUE = /^[A-Za-z0-9_/][A-Za-z0-9_.:+/=-]{0,63}$/;
const MAX_ARGUMENTS = 24;

export function readArguments(reader: Reader, value: Entry | undefined): ArgumentSpec[] {
  if (value === undefined) return [];
  const entries = reader.entries(value, 'arguments', 'duplicate argument');
  if (entries.length > MAX_ARGUMENTS)
    reader.problem(value.at, `arguments has more than ${MAX_ARGUMENTS}`);
  return entries.slice(0, MAX_ARGUMENTS).flatMap((entry) => readArgument(reader, entry) ?? []);
}

function readArgument(reader: Reader, entry: Entry): ArgumentSpec | undefined {
  if (!NAME.test(entry.name))
    reader.problem(
      entry.nameAt,
      'the name of an argument must be letters and digits, like unitName',
    );
  const record = reader.record(entry, `argument ${entry.name}`, KEYS);
  for (const key of ['type', 'summary'] as const)
    if (record[key] === undefined)
      reader.problem(entry.nameAt, `${key} of argument ${entry.name} is missing`);
  const type = record.type && reader.oneOf(record.type, 'type', ARGUMENT_TYPES);
  const summary = record.summary && reader.text(record.summary, 'summary', 200);
  if (type === undefined || summary === undefined) return undefined;
  refuseForeignKeys(reader, type, record);
  const spec = {
    name: entry.name,
    type,
    summary,
    values: readValues(reader, entry, type, record),
    within: readWithin(reader, entry, type, record.within),
    min: readBound(reader, entry, type, 'min', record.min),
    max: readBound(reader, entry, type, 'max', record.max),
    known: isEntityType(type) && (record.known === undefined || readFlag(reader, record.known)),
    secret: record.secret !== undefined && readFlag(reader, record.secret),
  };
  const fallback = record.default === undefined ? null : readDefault(reader, record.default, spec);
  const isOptional = record.optional !== undefined && readFlag(reader, record.optional);
  if (isOptional && record.default !== undefined)
    reader.problem(entry.nameAt, 'optional and default do not go together: leave one out');
  return {
    ...spec,
    required: record.default === undefined && !isOptional,
    fallback,
    ...(isOptional ? { optional: true as const } : {}),
  };
}

/** A key that means nothing for a type would be a promise that nobody keeps. */
function refuseForeignKeys(reader: Reader, type: ArgumentType, record: Keys): void {
  const owners: { readonly [K in keyof Keys]?: readonly ArgumentType[] } = {
    values: ['enum', 'choices'],
    suffixes: ['unit'],
    within: ['path', 'certificate'],
    min: ['number'],
    max: ['number', 'text'],
    secret: ['text'],
    known: ARGUMENT_TYPES.filter(isEntityType),
  };
  for (const [key, types] of Object.entries(owners)) {
    const entry = record[key as keyof Keys];
    if (entry !== undefined && !types.includes(type))
      reader.problem(
        entry.nameAt,
        `${key} means nothing for type ${type}: it is for ${types.join(', ')}`,
      );
  }
}

function readValues(reader: Reader, entry: Entry, type: ArgumentType, record: Keys): string[] {
  if (type === 'unit' && record.suffixes !== undefined)
    return reader
      .list(record.suffixes, 'suffixes')
      .flatMap((item) => reader.oneOf(item, 'a suffix', UNIT_SUFFIXES) ?? []);
  if (type !== 'enum' && type !== 'choices') return [];
  const values = record.values === undefined ? [] : reader.list(record.values, 'values');
  if (values.length === 0) reader.problem(entry.nameAt, 'values is missing: list what is accepted');
  return values.flatMap(
    (item) =>
      reader.textThat(item, 'a value', 64, (text) =>
        ENUM_VALUE.test(text) ? undefined : 'must be a plain word that does not begin with "-"',
      ) ?? [],
  );
}

function readWithin(
  reader: Reader,
  entry: Entry,
  type: ArgumentType,
  value: Entry | undefined,
): string[] {
  if (type !== 'path' && type !== 'certificate') return [];
  const items = value === undefined ? [] : reader.list(value, 'within');
  if (items.length === 0 && type === 'path')
    reader.problem(
      entry.nameAt,
      'within is missing: list the directories that the path may lie in',
    );
  return items.flatMap((item) => reader.textThat(item, 'a directory', 200, pathProblem) ?? []);
}

function readBound(
  reader: Reader,
  entry: Entry,
  type: ArgumentType,
  key: 'min' | 'max',
  value: Entry | undefined,
): number | null {
  const number = value === undefined ? undefined : reader.number(value, key);
  if (number === undefined) {
    if (type === 'number' && value === undefined)
      reader.problem(entry.nameAt, `${key} is missing: a number has bounds`);
    return null;
  }
  const most = type === 'text' ? TEXT_CHARS : Number.MAX_SAFE_INTEGER;
  // A number is never negative: its word could be read as an option.
  if (!Number.isSafeInteger(number) || number < 0 || number > most) {
    reader.problem(value?.at ?? entry.at, `${key} must be a whole number from 0 to ${most}`);
    return null;
  }
  return number;
}

function readFlag(reader: Reader, entry: Entry): boolean {
  return reader.flag(entry, entry.name) ?? true;
}

function readDefault(
  reader: Reader,
  entry: Entry,
  spec: Omit<ArgumentSpec, 'required' | 'fallback'>,
): ArgumentValue | null {
  if (spec.known || spec.secret) {
    reader.problem(entry.at, 'a default is not accepted here: what is meant must be said');
    return null;
  }
  const value = readScalar(reader, entry, spec.type);
  const problem = value === undefined ? undefined : valueProblem(spec, value);
  if (problem !== undefined) reader.problem(entry.at, `default ${problem}`);
  return value ?? null;
}

function readScalar(reader: Reader, entry: Entry, type: ArgumentType): ArgumentValue | undefined {
  if (type === 'boolean') return reader.flag(entry, 'default');
  if (type === 'number' || type === 'process') return reader.number(entry, 'default');
  return reader.text(entry, 'default', isWordType(type) ? 1_024 : TEXT_CHARS);
}
