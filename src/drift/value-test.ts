/** Whether a value is as a test wants it, and how the test is shown in a finding. */
import type { Json } from '#base/json';
import { matches } from '#base/wildcard';
import type { ValueTest } from '#model';
import { type ComparedFact, sameJson } from './facts.ts';
import { type FormRules, normal } from './normal.ts';
import { compareVersions, isVersion } from './version-order.ts';

/** `undefined`: nothing is there. What is no number, no version, no list where the test needs one, fails. */
export function holds(
  test: ValueTest,
  entity: string,
  attribute: string,
  value: Json | undefined,
  rules: FormRules,
): boolean {
  if (test.op === 'absent') return value === undefined;
  if (value === undefined) return false;
  const same = (a: Json, b: Json): boolean => sameValue(entity, attribute, a, b, rules);
  switch (test.op) {
    case 'equals':
      return same(value, test.value);
    case 'differs':
      return !same(value, test.value);
    case 'one-of':
      return test.values.some((each) => same(value, each));
    case 'at-least': {
      const number = asNumber(normal(entity, attribute, value, rules));
      return number !== undefined && number >= test.value;
    }
    case 'at-most': {
      const number = asNumber(normal(entity, attribute, value, rules));
      return number !== undefined && number <= test.value;
    }
    case 'version-at-least':
      return (
        typeof value === 'string' && isVersion(value) && compareVersions(value, test.version) >= 0
      );
    case 'like': {
      const text = normal(entity, attribute, value, rules);
      return typeof text === 'string' && matches(test.pattern, text);
    }
    case 'contains':
      return Array.isArray(value) && holdsElement(value as readonly Json[], test.value);
    case 'lacks':
      return Array.isArray(value) && !holdsElement(value as readonly Json[], test.value);
    case 'present':
      return true;
  }
}

/** Equal as they are written, or after both were brought to one form. */
export function sameValue(
  entity: string,
  attribute: string,
  a: Json,
  b: Json,
  rules: FormRules,
): boolean {
  return (
    sameJson(a, b) ||
    sameJson(normal(entity, attribute, a, rules), normal(entity, attribute, b, rules))
  );
}

export function sameFact(a: ComparedFact, b: ComparedFact, rules: FormRules): boolean {
  return (
    (a.altered === true) === (b.altered === true) &&
    sameValue(a.entity, a.attribute, a.value, b.value, rules)
  );
}

function holdsElement(list: readonly Json[], wanted: Json): boolean {
  return list.some((each) => sameJson(each, wanted));
}

function asNumber(value: Json): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return /^-?\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

/** What a finding shows as `desired`: the value itself where only one will do. */
export function wanted(test: ValueTest): Json {
  switch (test.op) {
    case 'equals':
      return test.value;
    case 'one-of':
      return { oneOf: [...test.values] };
    case 'differs':
      return { differs: test.value };
    case 'at-least':
      return { atLeast: test.value };
    case 'at-most':
      return { atMost: test.value };
    case 'version-at-least':
      return { versionAtLeast: test.version };
    case 'like':
      return { like: test.pattern };
    case 'contains':
      return { contains: test.value };
    case 'lacks':
      return { lacks: test.value };
    case 'present':
      return { present: true };
    case 'absent':
      return null;
  }
}
