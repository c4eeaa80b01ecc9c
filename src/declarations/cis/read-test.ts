/** A test of a value as a profile writes it: one key that names the test, beside the keys of what it is about. */
import type { Json } from '#base/json';
import type { ValueTest } from '#model';
import type { Keys, Value, Yaml } from '#strict-yaml';

export const TEST_KEYS = [
  'equals',
  'differs',
  'oneOf',
  'atLeast',
  'atMost',
  'versionAtLeast',
  'like',
  'contains',
  'lacks',
  'present',
  'absent',
] as const;
type TestKey = (typeof TEST_KEYS)[number];

const MOST_VALUES = 100;

/** The one test that `given` names; none and several are problems. */
export function readTest(yaml: Yaml, given: Keys<TestKey>, at: number): ValueTest | null {
  const named = TEST_KEYS.filter((key) => given[key] !== undefined);
  const [key] = named;
  const value = key === undefined ? undefined : given[key];
  if (key === undefined || value === undefined || named.length > 1) {
    yaml.problem(at, `exactly one test is needed: name one of ${TEST_KEYS.join(', ')}`);
    return null;
  }
  return testOf(yaml, key, value);
}

function testOf(yaml: Yaml, key: TestKey, value: Value): ValueTest | null {
  const json = yaml.json(value, key);
  if (json === undefined) return null;
  switch (key) {
    case 'equals':
    case 'differs':
    case 'contains':
    case 'lacks':
      return { op: key, value: json };
    case 'oneOf': {
      if (Array.isArray(json) && json.length > 0 && json.length <= MOST_VALUES)
        return { op: 'one-of', values: json as readonly Json[] };
      yaml.problem(value.at, `oneOf must be a list of 1 to ${MOST_VALUES} values: write [a, b]`);
      return null;
    }
    case 'atLeast':
    case 'atMost': {
      const op = key === 'atLeast' ? 'at-least' : 'at-most';
      if (typeof json === 'number') return { op, value: json };
      yaml.problem(value.at, `${key} must be a number: write it without quotes`);
      return null;
    }
    case 'versionAtLeast':
    case 'like': {
      const text = yaml.text(value, key);
      if (text === null) return null;
      return key === 'like'
        ? { op: 'like', pattern: text }
        : { op: 'version-at-least', version: text };
    }
    case 'present':
    case 'absent':
      if (json === true) return { op: key };
      yaml.problem(value.at, `${key} must be true: name another test where it is not meant`);
      return null;
  }
}
