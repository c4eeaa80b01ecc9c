/** Profiles as shipped, facts made to fit or break a control, and what a comparison would object to; for tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '#base/json';
import { instant } from '#base/time';
import { type Declaration, type Expectation, kindOf, type Target, type ValueTest } from '#model';
import type { About, KnownFact } from '../compile.ts';
import { matches } from './matches.ts';
import type { Condition, Control, Desired, Profile, ProfileFile } from './profile.ts';
import { readProfileFile } from './read-profile.ts';
import { resolveProfile } from './resolve-profile.ts';
import { SHIPPED_PROFILES } from './shipped.ts';

export const NOW = instant('2026-03-01T12:00:00Z');

export function shippedText(file: string): string {
  return readFileSync(join(import.meta.dirname, '..', 'profiles', file), 'utf8');
}

let read: readonly ProfileFile[] | undefined;

export function shippedFiles(): readonly ProfileFile[] {
  read ??= SHIPPED_PROFILES.map((file) => readProfileFile(shippedText(file), `profiles/${file}`));
  return read;
}

export function shippedProfile(name: string): Profile {
  return resolveProfile(name, shippedFiles());
}

export function aTarget(id = 'host:web-1'): Target {
  return {
    id,
    scope: 'main/main',
    hostType: 'debian',
    environment: 'lab',
    transport: 'ssh',
    address: null,
    via: [],
    hostKey: null,
    criticality: 'normal',
    owner: null,
    tags: [],
    redundancySet: null,
    staleAfterSeconds: 3_600,
    sources: [],
  };
}

export type SampleFact = readonly [entity: string, attribute: string, value: Json];

export function aboutOf(facts: readonly SampleFact[], id = 'host:web-1', now = NOW): About {
  const known = facts.map(
    ([entity, attribute, value]): KnownFact => ({
      entity,
      attribute,
      value,
      source: 'collector.ssh',
    }),
  );
  return {
    target: aTarget(id),
    now,
    facts: (kind) => known.filter(({ entity }) => kindOf(entity) === kind),
  };
}

/** `control entity attribute` of every expectation that the facts do not meet, sorted. */
export function objections(declaration: Declaration, facts: readonly SampleFact[]): string[] {
  const told = new Set<string>();
  const entities = new Map<string, Map<string, Json>>();
  for (const [entity, attribute, value] of facts) {
    const known = entities.get(entity) ?? new Map<string, Json>();
    entities.set(entity, known.set(attribute, value));
  }
  for (const expectation of declaration.expectations) {
    const { entity, attribute, because } = expectation;
    const about = entity.includes('*')
      ? [...entities.keys()].filter((each) => matches(entity, each))
      : [entity];
    for (const each of about) {
      if (!meets(expectation, entities.get(each)))
        told.add(`${because.id?.split(':').at(-1)} ${each} ${attribute}`);
    }
  }
  return [...told].sort();
}

function meets(
  { attribute, test, where }: Expectation,
  known: ReadonlyMap<string, Json> | undefined,
): boolean {
  if (where.some((each) => !isAs(each.test, known?.get(each.attribute)))) {
    // What is not there at all cannot be what a condition means; a test that needs it fails.
    return known !== undefined || test.op === 'absent';
  }
  const value =
    attribute === '*' ? (known === undefined ? undefined : true) : known?.get(attribute);
  return isAs(test, value);
}

export function isAs(test: ValueTest, value: Json | undefined): boolean {
  if (test.op === 'absent') return value === undefined;
  if (value === undefined) return false;
  const same = (other: Json): boolean => JSON.stringify(other) === JSON.stringify(value);
  switch (test.op) {
    case 'equals':
      return same(test.value);
    case 'differs':
      return !same(test.value);
    case 'one-of':
      return test.values.some(same);
    case 'at-least':
      return Number(value) >= test.value;
    case 'at-most':
      return Number(value) <= test.value;
    case 'like':
      return typeof value === 'string' && matches(test.pattern, value);
    case 'contains':
      return Array.isArray(value) && value.includes(test.value as never);
    case 'lacks':
      return Array.isArray(value) && !value.includes(test.value as never);
    case 'version-at-least':
      return value === test.version;
    case 'present':
      return true;
  }
}

/** A value that passes, or one that fails; `undefined` where there must be none. */
function valueFor(test: ValueTest, isMet: boolean): Json | undefined {
  switch (test.op) {
    case 'equals':
      return isMet ? test.value : other(test.value);
    case 'differs':
      return isMet ? other(test.value) : test.value;
    case 'one-of':
      return isMet ? (test.values[0] ?? null) : 'neither';
    case 'at-least':
      return isMet ? test.value : test.value - 1;
    case 'at-most':
      return isMet ? test.value : test.value + 1;
    case 'like':
      return isMet ? test.pattern.replaceAll('*', '') : 'unlike';
    case 'contains':
      return isMet ? [test.value] : [];
    case 'lacks':
      return isMet ? [] : [test.value];
    case 'version-at-least':
      return isMet ? test.version : '0';
    case 'present':
      return isMet ? 'there' : undefined;
    case 'absent':
      return isMet ? undefined : 'there';
  }
}

function other(value: Json): Json {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  return Array.isArray(value) ? ['else'] : `${JSON.stringify(value)} else`;
}

/** Facts that meet all of a control, or, of one expectation of it, that do not. */
export function factsFor(control: Control, target: string, broken?: Desired): SampleFact[] {
  const facts = new Map<string, SampleFact>();
  const name = target.slice(target.indexOf(':') + 1);
  const put = (entity: string, attribute: string, value: Json): void => {
    const key = `${entity}\n${attribute}`;
    const before = facts.get(key)?.[2];
    const list = Array.isArray(before) && Array.isArray(value);
    facts.set(key, [entity, attribute, list ? [...before, ...value] : value]);
  };
  const whole = (local: string): string =>
    local === 'target' ? target : local.replace(':', `:${name}/`).replaceAll('*', 'sample');
  const meet = (entity: string, { attribute, test }: Condition, isMet: boolean): void => {
    const value = valueFor(test, isMet);
    if (value !== undefined) put(entity, attribute === '*' ? 'any' : attribute, value);
  };
  for (const each of control.when) meet(whole(each.entity), each, true);
  for (const each of control.desired) {
    if (each === broken) continue;
    const entity = whole(each.entity);
    const isMerged = each.test.op === 'contains' || !facts.has(`${entity}\n${each.attribute}`);
    if (each.test.op === 'absent' || !isMerged) continue;
    for (const condition of each.where) meet(entity, condition, true);
    meet(entity, each, true);
  }
  if (broken === undefined) return [...facts.values()];
  const entity = whole(broken.entity);
  for (const key of facts.keys()) if (key.startsWith(`${entity}\n`)) facts.delete(key);
  for (const condition of broken.where) meet(entity, condition, true);
  if (broken.ifThere) put(entity, 'any', 'there');
  meet(entity, broken, false);
  return [...facts.values()];
}
