/**
 * A profile and what is known of a target in, expectations out. Nothing that was not looked at passes: every kind that
 * a control speaks of must have been looked at completely, and one that nothing is known of is asked of too.
 */
import { digestOf } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import { formatInstant } from '#base/time';
import { matches } from '#base/wildcard';
import type { Declaration, Expectation, Target, ValueTest } from '#model';
import { keyOf, kindOf } from '#model';
import type { About, KnownFact } from '../compile.ts';
import type { Condition, Control, Desired, Exclusions, LocalEntity, Profile } from './profile.ts';
import { SELF } from './read-profile.ts';

/** What became of each control for a target. */
export type ControlState = {
  readonly control: Control;
  /** `lapsed`: waived once, and asked again since. */
  readonly state: 'asked' | 'lapsed' | 'platform' | 'waived' | 'not-applicable';
  /** Of an exclusion, in the words of whoever made it. */
  readonly reason: string | null;
};

/** Where the kind of machine in a cluster is told. */
const MACHINE_TYPE: LocalEntity = 'node_setting:machine.type';
const CONTROL_PLANE: readonly Json[] = ['controlplane', 'init'];

export function controlStates(
  { controls, level, exclusions }: Profile,
  about: About,
): readonly ControlState[] {
  const platform = new Map(exclusions.platform.map((each) => [each.control, each]));
  const waived = new Map(exclusions.waived.map((each) => [each.control, each]));
  const today = formatInstant(about.now).slice(0, 10);
  return controls
    .filter((control) => control.level <= level)
    .map((control): ControlState => {
      const given = platform.get(control.id);
      if (given !== undefined) return { control, state: 'platform', reason: given.reason };
      const waiver = waived.get(control.id);
      if (waiver !== undefined && today <= waiver.expires)
        return { control, state: 'waived', reason: waiver.reason };
      if (!applies(control, about)) return { control, state: 'not-applicable', reason: null };
      return waiver === undefined
        ? { control, state: 'asked', reason: null }
        : { control, state: 'lapsed', reason: waiver.reason };
    });
}

export function compileProfile(profile: Profile, name: string, about: About): Declaration {
  const { target } = about;
  const asked = controlStates(profile, about).flatMap(({ control, state }) =>
    state === 'asked' || state === 'lapsed' ? [control] : [],
  );
  const needs = [...new Set(asked.flatMap((control) => kindsOf(control, target)))].sort();
  const expectations = asked.flatMap((control) => expectationsOf(profile.name, control, about));
  return {
    id: `cis:${name}`,
    kind: 'cis',
    name,
    scope: target.scope,
    target: target.id,
    expectations,
    closed: [],
    needs: needs.map((kind) => ({ kind, source: null })),
    since: null,
    digest: digestOf([name, target.id, needs, expectations] as unknown as Json),
  };
}

/** What is not known to be otherwise is asked. */
function applies({ scope, when }: Control, about: About): boolean {
  const conditions: readonly (Condition & { entity: LocalEntity })[] =
    scope === 'node'
      ? when
      : [
          ...when,
          {
            entity: MACHINE_TYPE,
            attribute: 'value',
            test: { op: 'one-of', values: CONTROL_PLANE },
          },
        ];
  return conditions.every(({ entity, attribute, test }) => {
    const facts = factsOf(entity, about).filter((fact) => fact.attribute === attribute);
    return facts.length === 0 || facts.some(({ value }) => passes(test, value));
  });
}

/** Kinds that must be known before any of it holds; those of conditions too. */
function kindsOf({ desired, when }: Control, target: Target): readonly string[] {
  return [...desired.map(({ entity }) => entity), ...when.map(({ entity }) => entity)].map(
    (entity) => kindOf(entity === SELF ? target.id : entity),
  );
}

function expectationsOf(profile: string, control: Control, about: About): readonly Expectation[] {
  const { id, title, rationale, remediation, reference, at } = control;
  const because = {
    id: `cis:${profile}:${id}`,
    title,
    rationale,
    remediation,
    reference,
    at,
  };
  const severity = control.scored ? (control.severity ?? 'warning') : 'info';
  return control.desired.flatMap((desired) =>
    entitiesOf(desired, about).map((entity) => ({
      entity,
      attribute: desired.attribute,
      test: desired.test,
      where: desired.where,
      source: null,
      severity,
      because,
    })),
  );
}

/** The entities that one expectation is about, by their whole names. */
function entitiesOf(desired: Desired, about: About): readonly string[] {
  const { entity, except, ifThere, anywhere } = desired;
  const whole = globally(entity, about.target);
  if (except.length > 0) {
    const spared = new Set(except.map((key) => globally(`${kindOf(entity)}:${key}`, about.target)));
    return observed(entity, about).filter((each) => !spared.has(each));
  }
  if (ifThere && observed(entity, about).length === 0) return [];
  if (anywhere === null || observed(entity, about).length > 0) return [whole];
  return [observed(anywhere, about).find((each) => fits(each, desired, about)) ?? whole];
}

function fits(entity: string, { attribute, test, where }: Desired, about: About): boolean {
  const facts = about.facts(kindOf(entity)).filter((fact) => fact.entity === entity);
  const holds = (condition: Condition): boolean =>
    condition.attribute === '*' ||
    facts.some(
      (fact) => fact.attribute === condition.attribute && passes(condition.test, fact.value),
    );
  return [...where, { attribute, test }].every(holds);
}

function observed(entity: LocalEntity, about: About): readonly string[] {
  return [...new Set(factsOf(entity, about).map((fact) => fact.entity))].sort();
}

function factsOf(entity: LocalEntity, about: About): readonly KnownFact[] {
  const whole = globally(entity, about.target);
  return about.facts(kindOf(whole)).filter((fact) => matches(whole, fact.entity));
}

function globally(entity: LocalEntity, target: Target): string {
  return entity === SELF ? target.id : `${kindOf(entity)}:${keyOf(target.id)}/${keyOf(entity)}`;
}

/** Only what decides whom a control is about; whether it holds is the engine's to say. */
function passes(test: ValueTest, value: Json): boolean {
  switch (test.op) {
    case 'equals':
      return same(test.value, value);
    case 'differs':
      return !same(test.value, value);
    case 'one-of':
      return test.values.some((each) => same(each, value));
    case 'at-least':
      return Number(value) >= test.value;
    case 'at-most':
      return Number(value) <= test.value;
    case 'like':
      return typeof value === 'string' && matches(test.pattern, value);
    case 'contains':
      return Array.isArray(value) && value.some((each) => same(test.value, each as Json));
    case 'lacks':
      return Array.isArray(value) && !value.some((each) => same(test.value, each as Json));
    case 'present':
      return true;
    case 'version-at-least':
    case 'absent':
      return false;
  }
}

function same(one: Json, other: Json): boolean {
  return canonicalJson(one) === canonicalJson(other);
}

/** Every exclusion is of a control that there is; told with its place where it is not. */
export function strayExclusions(
  controls: readonly Control[],
  exclusions: Exclusions,
): readonly string[] {
  const known = new Set(controls.map(({ id }) => id));
  return [...exclusions.platform, ...exclusions.waived].flatMap(({ control, at }) =>
    known.has(control) ? [] : [`${at}: control ${control} is not in the profile: name one that is`],
  );
}
