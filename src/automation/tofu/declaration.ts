/**
 * What a stack should be, from the facts of one look at it: whatever its plan would change differs, and
 * whatever was found to have moved since it was recorded. Purely.
 */
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import {
  type Because,
  type Declaration,
  type Expectation,
  keyOf,
  type Target,
  TOFU_SOURCE,
  type ValueTest,
} from '#model';
import { isObject, resourceEntity } from '../fields.ts';
import { CHANGE_ACTIONS, type ChangeAction } from './read-plan.ts';

/** A fact of `collector.tofu` as it is kept. */
export type TofuFact = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
};

type Told = {
  readonly address: string;
  readonly action: ChangeAction;
  readonly isDeposed: boolean;
  readonly fields: readonly {
    readonly attribute: string;
    readonly before: Json;
    readonly after: Json;
    readonly isKnown: boolean;
  }[];
};

const TITLES = {
  create: 'The plan would create it',
  update: 'The plan would change it in place',
  delete: 'The plan would delete it',
  replace: 'The plan would delete it and create it anew',
} as const satisfies Record<ChangeAction, string>;

export function tofuDeclaration(
  target: Pick<Target, 'id' | 'scope'>,
  facts: Iterable<TofuFact>,
): Declaration {
  const key = keyOf(target.id);
  const values = new Map<string, Json>();
  const resources = new Set<string>();
  for (const { entity, attribute, value } of facts) {
    if (entity.startsWith('resource:')) resources.add(entity);
    else values.set(`${entity}\n${attribute}`, value);
  }
  const of = (entity: string, attribute: string): Json =>
    values.get(`${entity}\n${attribute}`) ?? null;
  const plan = of(target.id, 'plan');
  const pending = of(target.id, 'pending');
  const changes = typeof plan === 'string' ? toldOf(of(`plan:${key}/${plan}`, 'changes')) : [];
  const drift = toldOf(of(target.id, 'drift'));
  const kept = new Map<string, Expectation>();
  const keep = (each: Expectation): void => {
    const id = `${each.entity}\n${each.attribute}`;
    if (!kept.has(id)) kept.set(id, each);
  };
  // The plan has the last word: what it brings about is what was declared.
  for (const change of changes) expectationsOf(key, change).forEach(keep);
  for (const change of drift) driftExpectations(key, change).forEach(keep);
  const named = new Set([...kept.values()].map(({ entity }) => entity));
  for (const entity of resources)
    if (!named.has(entity))
      keep(expectation(entity, '*', { op: 'present' }, because(entity, 'It is declared')));
  if (changes.length === 0 || typeof pending !== 'number' || pending > changes.length)
    keep(
      expectation(
        target.id,
        'pending',
        { op: 'equals', value: 0 },
        because(target.id, 'Nothing is to be changed'),
      ),
    );
  const expectations = [...kept.values()];
  return {
    id: `tofu:${key}`,
    kind: 'tofu',
    name: key,
    scope: target.scope,
    target: target.id,
    expectations,
    closed: [],
    needs: ['plan', 'resource', 'stack'].map((kind) => ({ kind, source: TOFU_SOURCE })),
    since: null,
    digest: digestOf(expectations as unknown as Json),
  };
}

function expectationsOf(stack: string, change: Told): Expectation[] {
  const { address, action, isDeposed, fields } = change;
  const entity = resourceEntity(stack, address);
  const why = because(address, TITLES[action]);
  if (isDeposed) return [];
  switch (action) {
    case 'create':
      return [expectation(entity, '*', { op: 'present' }, why)];
    case 'delete':
      return [expectation(entity, '*', { op: 'absent' }, why)];
    case 'update':
    case 'replace': {
      const known = fields.filter(({ isKnown }) => isKnown);
      // What is computed anew is told only where nothing else is: it follows from the rest.
      const shown = known.length > 0 ? known : fields;
      return shown.map(({ attribute, before, after, isKnown }) =>
        expectation(
          entity,
          attribute,
          isKnown ? equal(after) : { op: 'differs', value: before },
          why,
        ),
      );
    }
  }
}

/** The other way round: it should be as it was recorded, and is as it was found. */
function driftExpectations(stack: string, { address, action, fields }: Told): Expectation[] {
  const entity = resourceEntity(stack, address);
  if (action === 'delete')
    return [
      expectation(entity, '*', { op: 'present' }, because(address, 'It was deleted by others')),
    ];
  return fields
    .filter(({ isKnown }) => isKnown)
    .map(({ attribute, before }) =>
      expectation(
        entity,
        attribute,
        equal(before),
        because(address, 'It was changed by others since it was recorded'),
      ),
    );
}

function equal(value: Json): ValueTest {
  return { op: 'equals', value };
}

function expectation(
  entity: string,
  attribute: string,
  test: ValueTest,
  why: Because,
): Expectation {
  return { entity, attribute, test, where: [], source: TOFU_SOURCE, severity: null, because: why };
}

function because(id: string, title: string): Because {
  return {
    id,
    title,
    rationale: null,
    remediation: 'Apply the plan, or change the configuration and plan again',
    reference: null,
    at: null,
  };
}

/** As it was recorded by a look of ours; of any other form it says nothing. */
function toldOf(value: Json): readonly Told[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (each: Json): each is Json & Told =>
      isObject(each) &&
      typeof each['address'] === 'string' &&
      (CHANGE_ACTIONS as readonly Json[]).includes(each['action'] ?? null) &&
      Array.isArray(each['fields']),
  ) as unknown as readonly Told[];
}
