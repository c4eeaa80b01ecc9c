/** Profiles as shipped, facts made to fit or break a control, and what a comparison would object to; for tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '#base/json';
import { instant } from '#base/time';
import { declaredOf, diffFacts } from '#drift';
import {
  comesAndGoes,
  type Declaration,
  formOf,
  isSecurity,
  isVolatile,
  kindOf,
  type Target,
  type ValueTest,
} from '#model';
import type { About, KnownFact } from '../compile.ts';
import type { Condition, Control, Desired, Profile, ProfileFile } from './profile.ts';
import { readProfileFile } from './read-profile.ts';
import { resolveProfile } from './resolve-profile.ts';
import { SHIPPED_PROFILES } from './shipped.ts';

const SOURCE = 'collector.ssh';
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
      source: SOURCE,
    }),
  );
  return {
    target: aTarget(id),
    now,
    facts: (kind) => known.filter(({ entity }) => kindOf(entity) === kind),
  };
}

/** `control entity attribute` of every finding that the engine makes of these facts, all looks being complete; sorted. */
export function objections(
  declaration: Declaration,
  facts: readonly SampleFact[],
  short: readonly string[] = [],
): string[] {
  const { scope, target } = declaration;
  const kinds = new Set([
    ...declaration.needs.map(({ kind }) => kind),
    ...facts.map(([entity]) => kindOf(entity)),
  ]);
  const { findings } = diffFacts({
    declared: declaredOf(declaration),
    observed: facts.map(([entity, attribute, value]) => ({
      entity,
      attribute,
      value,
      source: SOURCE,
    })),
    coverage: [...kinds].map((kind) => ({
      scope,
      target,
      source: SOURCE,
      kind,
      status: short.includes(kind) ? 'partial' : 'complete',
      observedAt: NOW,
      ageSeconds: 0,
      reason: null,
    })),
    isTrusted: () => true,
    rules: { isVolatile, isSecurity, formOf, comesAndGoes },
    now: NOW,
  });
  return findings
    .map(({ kind, entity, attribute, because }) =>
      kind === 'unknown'
        ? `unknown ${entity}`
        : `${because?.id?.split(':').at(-1)} ${entity} ${attribute}`,
    )
    .sort();
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
