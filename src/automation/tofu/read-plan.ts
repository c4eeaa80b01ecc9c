/**
 * A plan as `show -json` tells it, after the published JSON output format of Terraform and OpenTofu (major
 * version 1): the resources as refreshed, what would change of them, what drifted. Text in it belongs
 * to whoever wrote the configuration, and to the providers: data, never instructions.
 */
import { digestOf, sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { canonicalJson, type Json, type JsonObject, jsonLoss, jsonProblem } from '#base/json';
import { type Field, fieldsOf, isObject } from '../fields.ts';
import { Masking } from '../masking.ts';

export const CHANGE_ACTIONS = ['create', 'update', 'delete', 'replace'] as const;
export type ChangeAction = (typeof CHANGE_ACTIONS)[number];

export type FieldChange = {
  readonly attribute: string;
  readonly before: Json;
  /** `null` as well where it is not known yet; `isKnown` tells. */
  readonly after: Json;
  readonly isKnown: boolean;
};

export type ResourceChange = {
  readonly address: string;
  readonly action: ChangeAction;
  /** An object that was replaced before and never deleted: it has no address of its own. */
  readonly isDeposed: boolean;
  readonly fields: readonly FieldChange[];
};

export type PlanSeen = {
  readonly version: string;
  readonly resources: readonly { readonly address: string; readonly fields: readonly Field[] }[];
  readonly changes: readonly ResourceChange[];
  readonly drift: readonly ResourceChange[];
  /** Whether there is anything to apply: resources or outputs. */
  readonly isApplyable: boolean;
  /** Equal while it would do the same from the same configuration. Keyed: it says nothing of the values. */
  readonly basis: string;
};

/** Reads it, or throws `plan-unreadable`: a plan that is not whole is never taken for one. */
export function readPlan(text: string, key: string): PlanSeen {
  const plan = parsed(text);
  const { format_version: format, terraform_version: version } = plan;
  if (typeof format !== 'string' || !format.startsWith('1.') || typeof version !== 'string')
    throw unreadable('it is of a format that is not known');
  const later = ['deferred_changes', 'deferred_action_invocations'].some(
    (name) => Array.isArray(plan[name]) && plan[name].length > 0,
  );
  if (plan['errored'] === true || plan['complete'] === false || later)
    throw unreadable('the plan did not come to its end');
  const changes = managed(plan['resource_changes']);
  const drift = managed(plan['resource_drift']);
  const resources = [...resourcesOf(member(member(plan['prior_state'], 'values'), 'root_module'))];
  const masking = new Masking(key);
  learnAll(masking, plan, [...changes, ...drift], resources);
  const read = [
    ...changes.flatMap((each) => changeOf(each, masking) ?? []),
    ...invoked(plan['action_invocations']),
  ];
  const outputs = Object.values(isObject(plan['output_changes']) ? plan['output_changes'] : {});
  const hasOutputs = outputs.some((each) => !isNoOp(each));
  return {
    version,
    resources: resources.map(({ address, values, marks }) => ({
      address,
      fields: fieldsOf(masking.mask(values, marks)),
    })),
    changes: read,
    drift: drift.flatMap((each) => changeOf(each, masking) ?? []),
    isApplyable:
      typeof plan['applyable'] === 'boolean' ? plan['applyable'] : read.length > 0 || hasOutputs,
    basis: basisOf(plan, changes, key),
  };
}

function parsed(text: string): JsonObject {
  let plan: Json;
  try {
    plan = JSON.parse(text) as Json;
    // Numbers beyond a double stay as they were written, or two of them would look like one.
    if (jsonLoss(text, plan) !== undefined) plan = JSON.parse(text, exactNumbers) as Json;
  } catch {
    // The parser's own words quote the text, which may hold a secret.
    throw unreadable('it is no JSON');
  }
  if (!isObject(plan)) throw unreadable('it is no object');
  const problem = jsonProblem(plan);
  if (problem !== undefined) throw unreadable(problem.problem);
  return plan;
}

function exactNumbers(
  this: unknown,
  _: string,
  value: unknown,
  context?: { source?: string },
): unknown {
  const source = context?.source;
  return typeof value === 'number' &&
    source !== undefined &&
    String(value) !== source &&
    !Number.isSafeInteger(value)
    ? source
    : value;
}

/** Changes of what is managed: what is only read changes nothing. */
function managed(value: Json | undefined): JsonObject[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw unreadable('its changes are no list');
  return value.filter((each: Json): each is JsonObject => {
    if (!isObject(each) || typeof each['address'] !== 'string' || !isObject(each['change']))
      throw unreadable('one of its changes is of another form');
    return each['mode'] !== 'data' && !isNoOp(each['change']);
  });
}

/** Actions of providers that an apply starts: what they do stands nowhere, so it is taken for the worst. */
function invoked(value: Json | undefined): ResourceChange[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw unreadable('the actions that it invokes are no list');
  return value.map((each: Json): ResourceChange => {
    const address = member(each, 'address');
    if (typeof address !== 'string') throw unreadable('an action that it invokes has no address');
    return { address, action: 'replace', isDeposed: false, fields: [] };
  });
}

function isNoOp(change: Json | undefined): boolean {
  const actions = canonicalJson(member(change, 'actions') ?? null);
  return actions === '["no-op"]' || actions === '["read"]';
}

/** What nobody knows is taken for the worst: it deletes and makes anew. */
function actionOf(change: JsonObject): ChangeAction {
  switch (canonicalJson(change['actions'] ?? null)) {
    case '["create"]':
      return 'create';
    case '["update"]':
      return 'update';
    case '["delete"]':
    case '["forget"]':
      return 'delete';
    default:
      return 'replace';
  }
}

function changeOf(each: JsonObject, masking: Masking): ResourceChange {
  const change = each['change'] as JsonObject;
  const before = masking.mask(change['before'] ?? null, change['before_sensitive']);
  const after = masking.mask(change['after'] ?? null, change['after_sensitive']);
  return {
    address: each['address'] as string,
    action: actionOf(change),
    isDeposed: typeof each['deposed'] === 'string',
    fields: fieldChanges(before, after, change['after_unknown']),
  };
}

function fieldChanges(before: Json, after: Json, unknown: Json | undefined): FieldChange[] {
  if (before === null || after === null) return [];
  const willBe = new Map(fieldsOf(after).map(({ attribute, value }) => [attribute, value]));
  const was = new Map(fieldsOf(before).map(({ attribute, value }) => [attribute, value]));
  const open = new Set(fieldsOf(unknownOnly(unknown) ?? {}).map(({ attribute }) => attribute));
  const isOpen = (attribute: string): boolean =>
    [...open].some((each) => each === attribute || attribute.startsWith(`${each}.`));
  return [...new Set([...was.keys(), ...willBe.keys()])].flatMap((attribute): FieldChange[] => {
    const from = was.get(attribute) ?? null;
    const to = willBe.get(attribute) ?? null;
    if (isOpen(attribute)) return [{ attribute, before: from, after: null, isKnown: false }];
    return canonicalJson(from) === canonicalJson(to)
      ? []
      : [{ attribute, before: from, after: to, isKnown: true }];
  });
}

/** Only what is said to be unknown; a list of which a part is, is unknown as a whole. */
function unknownOnly(marks: Json | undefined): Json | undefined {
  if (marks === true) return true;
  if (Array.isArray(marks))
    return marks.some((each: Json) => unknownOnly(each) !== undefined) ? true : undefined;
  if (!isObject(marks)) return undefined;
  const kept = Object.entries(marks).flatMap(([name, each]): [string, Json][] => {
    const inner = unknownOnly(each);
    return inner === undefined ? [] : [[name, inner]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

type Resource = {
  readonly address: string;
  readonly values: Json;
  readonly marks: Json | undefined;
};

function* resourcesOf(module: Json | undefined, depth = 0): Iterable<Resource> {
  if (module === undefined) return;
  if (depth > 32) throw unreadable('its modules are nested too deeply');
  for (const each of listOf(member(module, 'resources'))) {
    const address = member(each, 'address');
    if (typeof address !== 'string') throw unreadable('a resource has no address');
    if (member(each, 'mode') === 'data' || member(each, 'deposed_key') !== undefined) continue;
    yield {
      address,
      values: member(each, 'values') ?? {},
      marks: member(each, 'sensitive_values'),
    };
  }
  for (const child of listOf(member(module, 'child_modules'))) yield* resourcesOf(child, depth + 1);
}

function learnAll(
  masking: Masking,
  plan: JsonObject,
  changes: readonly JsonObject[],
  resources: readonly Resource[],
): void {
  const variables = member(member(plan['configuration'], 'root_module'), 'variables');
  for (const [name, variable] of Object.entries(isObject(variables) ? variables : {}))
    if (member(variable, 'sensitive') === true) {
      masking.learn(member(member(plan['variables'], name), 'value'), true);
      masking.learn(member(variable, 'default'), true);
    }
  const outputs = plan['output_changes'];
  const all = [
    ...changes.map((each) => each['change']),
    ...Object.values(isObject(outputs) ? outputs : {}),
  ];
  for (const change of all) {
    masking.learn(member(change, 'before'), member(change, 'before_sensitive'));
    masking.learn(member(change, 'after'), member(change, 'after_sensitive'));
  }
  for (const { values, marks } of resources) masking.learn(values, marks);
}

function basisOf(plan: JsonObject, changes: readonly JsonObject[], key: string): string {
  const { variables, output_changes, configuration, terraform_version, action_invocations } = plan;
  const made = {
    variables,
    output_changes,
    configuration,
    terraform_version,
    ...(action_invocations === undefined ? {} : { action_invocations }),
  };
  const text = canonicalJson({ changes, ...made } as unknown as Json);
  return digestOf(sha256(`${key}\n${text}`));
}

export function member(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function unreadable(why: string): Fault<'plan-unreadable'> {
  return new Fault(
    'unavailable',
    'plan-unreadable',
    `the plan cannot be read: ${why}. See that the program is a supported version, and look again`,
  );
}
