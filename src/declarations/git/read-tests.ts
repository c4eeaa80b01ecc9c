/** What a value must be, as a person writes it: a plain value, or a mapping of words like `at-least`. */
import type { Json } from '#base/json';
import { show } from '#base/nearest';
import { checkValue, type ValueTest } from '#model';
import type { Value, Yaml } from '#strict-yaml';
import type { Place, RawTest } from './baseline-file.ts';
import { usesOf } from './variables.ts';

const WORDS = [
  'equals',
  'differs',
  'one-of',
  'at-least',
  'at-most',
  'version-at-least',
  'like',
  'contains',
  'lacks',
  'present',
  'absent',
  'any',
] as const;
const MOST_VALUES = 500;

export type Reading = {
  readonly yaml: Yaml;
  readonly file: string;
  /** Every `${name}` there is, for those that nothing defines. */
  readonly uses: { readonly name: string; readonly place: Place }[];
};

export function placeOf({ yaml, file }: Reading, at: number): Place {
  return { file, ...yaml.placeOf(at) };
}

/** The tests that all must hold; none for `{any: true}`; `null` after a problem. */
export function readTests(
  reading: Reading,
  value: Value,
  what: string,
  about: { readonly kind: string; readonly attribute: string },
): readonly RawTest[] | null {
  const { yaml } = reading;
  if (!yaml.isMapping(value)) {
    const test = readOne(reading, 'equals', value, what, about);
    return test === null ? null : [test];
  }
  const before = yaml.problems.length;
  const given = yaml.record(value, `${what} (a value, or words for it)`, WORDS);
  const words = WORDS.filter((word) => given[word] !== undefined);
  if (words.length === 0) {
    if (yaml.problems.length === before)
      yaml.problem(value.at, `${what} says nothing: give a value, or one of ${WORDS.join(', ')}`);
    return null;
  }
  if (words.length > 1 && words.some((word) => ['any', 'present', 'absent'].includes(word)))
    yaml.problem(value.at, `${what} says any, present or absent and more: say one of them`);
  const tests: RawTest[] = [];
  for (const word of words) {
    const child = given[word] as Value;
    if (word === 'any') mustBeTrue(yaml, child, word);
    else {
      const test = readOne(reading, word, child, what, about);
      if (test !== null) tests.push(test);
    }
  }
  return yaml.problems.length > before ? null : tests;
}

function readOne(
  reading: Reading,
  op: ValueTest['op'],
  value: Value,
  what: string,
  about: { readonly kind: string; readonly attribute: string },
): RawTest | null {
  const { yaml } = reading;
  const place = placeOf(reading, value.at);
  if (op === 'present' || op === 'absent') {
    mustBeTrue(yaml, value, op);
    return { op, value: null, place };
  }
  const json = yaml.json(value, what);
  if (json === undefined) return null;
  const before = yaml.problems.length;
  const used = usesOf(json);
  for (const problem of used.problems) yaml.problem(value.at, `${what} ${problem}`);
  for (const name of used.names) reading.uses.push({ name, place });
  // What holds variables is checked once they have values.
  if (used.names.length === 0) {
    const problem = testProblem(op, json, about);
    if (problem !== undefined) yaml.problem(value.at, `${what} ${problem}`);
  }
  return yaml.problems.length > before ? null : { op, value: json, place };
}

/** Why a value cannot stand with that word, or `undefined`. */
export function testProblem(
  op: ValueTest['op'],
  value: Json,
  { kind, attribute }: { readonly kind: string; readonly attribute: string },
): string | undefined {
  switch (op) {
    case 'equals':
    case 'differs':
      return wrongValue(kind, attribute, value);
    case 'one-of': {
      if (!Array.isArray(value) || value.length === 0)
        return 'must be a list of values: write it as {one-of: [a, b]}';
      if (value.length > MOST_VALUES) return `has more than ${MOST_VALUES} values: say it shorter`;
      const wrong = (value as readonly Json[]).map((each) => wrongValue(kind, attribute, each));
      return wrong.find((each) => each !== undefined);
    }
    case 'at-least':
    case 'at-most':
      return typeof value === 'number' ? undefined : `must be a number: write it as {${op}: 5}`;
    case 'version-at-least':
    case 'like':
      if (typeof value !== 'string' || value === '' || value.length > 512)
        return `must be text: write it as {${op}: "1.2"}`;
      return undefined;
    case 'contains':
    case 'lacks':
      return value === null ? 'must be a value: name the element' : undefined;
    case 'present':
    case 'absent':
      return undefined;
  }
}

function wrongValue(kind: string, attribute: string, value: Json): string | undefined {
  const problem = checkValue(kind, attribute, value);
  return problem === undefined
    ? undefined
    : `can never be ${show(JSON.stringify(value))}: ${problem}`;
}

function mustBeTrue(yaml: Yaml, value: Value, word: string): void {
  if (!yaml.flag(value, word)) yaml.problem(value.at, `${word} is said as ${word}: true`);
}
