/** A question about one target as Cedar takes it: with every entity a rule can speak of. */
import type { EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import { MODES, type Mode, type Target, TIERS, type Tier } from '#model';
import type { CedarRequest } from './cedar.ts';
import type { PolicyCaller, PolicyQuestion } from './protocol.ts';

const HIGHEST: Readonly<Record<Mode, number>> = { readonly: 0, guarded: 2, open: 3 };

/** What the settings take away from a question; they never add. */
export type Bounds = {
  readonly mode: Mode;
  readonly ceilings: ReadonlyMap<string, Tier>;
};

/** The question with the settings' mode and ceilings applied, tiers as numbers. */
export type Bounded = {
  readonly question: PolicyQuestion;
  readonly isAssistant: boolean;
  readonly tier: number;
  readonly highest: number;
  readonly mode: Mode;
  readonly ceiling: number;
};

export function bound(question: PolicyQuestion, bounds: Bounds): Bounded | undefined {
  const { caller, action } = question;
  const tier = TIERS.indexOf(action.tier);
  const own = TIERS.indexOf(caller.ceiling);
  if (tier < 0 || own < 0 || !MODES.includes(question.mode)) return undefined;
  const mode = HIGHEST[bounds.mode] < HIGHEST[question.mode] ? bounds.mode : question.mode;
  const profileCeiling = bounds.ceilings.get(caller.profile);
  return {
    question,
    isAssistant: isAssistant(caller),
    tier,
    highest: HIGHEST[mode],
    mode,
    ceiling: profileCeiling === undefined ? own : Math.min(own, TIERS.indexOf(profileCeiling)),
  };
}

export function isAssistant(caller: Pick<PolicyCaller, 'kind' | 'surface'>): boolean {
  return caller.kind === 'assistant' || caller.surface.startsWith('mcp-');
}

const TYPES = { operator: 'Operator', assistant: 'Assistant', service: 'Service' } as const;

/** Both questions of one target; they differ in the action alone. */
export function cedarRequest(bounded: Bounded, target: Target): Omit<CedarRequest, 'action'> {
  const { question } = bounded;
  const { caller, action, standing } = question;
  const principal: TypeAndId = {
    type: bounded.isAssistant ? TYPES.assistant : TYPES[caller.kind],
    id: caller.principal,
  };
  const resource: TypeAndId = { type: 'Target', id: target.id };
  return {
    principal,
    resource,
    context: {
      session: {
        surface: caller.surface,
        profile: caller.profile,
        capabilities: set(caller.capabilities),
        ceiling: bounded.ceiling,
        tainted: caller.tainted,
      },
      action: {
        id: action.id,
        family: action.family,
        version: action.version,
        tier: bounded.tier,
        sideEffect: action.sideEffect,
        capability: action.capability,
        reversible: action.reversible,
        closedArguments: action.closedArguments,
        anyEnvironment: action.environments === 'any',
        environments: action.environments === 'any' ? [] : set(action.environments),
      },
      highest: bounded.highest,
      mode: bounded.mode,
      targets: question.targets.length,
      inWindow: question.inWindow,
      frozen: question.frozen,
      planTainted: question.planTainted,
      ...(standing === null
        ? {}
        : { standing: { id: standing.id, evenTainted: standing.evenTainted } }),
    },
    entities: [...callerEntities(principal, caller.profile), ...targetEntities(resource, target)],
  };
}

/** A look is the same for everyone of one kind and profile, so no one is named. */
export function lookRequest(
  kind: PolicyCaller['kind'],
  profile: string,
  capability: string,
  held: boolean,
): CedarRequest {
  const principal: TypeAndId = { type: TYPES[kind], id: 'anyone' };
  const resource: TypeAndId = { type: 'Fleet', id: 'fleet' };
  return {
    principal,
    action: 'look',
    resource,
    context: { profile, capability, held },
    entities: [...callerEntities(principal, profile), { uid: resource, attrs: {}, parents: [] }],
  };
}

function callerEntities(principal: TypeAndId, profile: string): EntityJson[] {
  const of: TypeAndId = { type: 'Profile', id: profile };
  return [
    { uid: principal, attrs: {}, parents: [of] },
    { uid: of, attrs: {}, parents: [] },
  ];
}

function targetEntities(resource: TypeAndId, target: Target): EntityJson[] {
  const scope: TypeAndId = { type: 'Scope', id: target.scope };
  const organisation: TypeAndId = {
    type: 'Organisation',
    id: target.scope.split('/', 1)[0] ?? '',
  };
  return [
    {
      uid: resource,
      attrs: {
        hostType: target.hostType,
        environment: target.environment,
        transport: target.transport,
        criticality: target.criticality,
        tags: set(target.tags),
        ...(target.owner === null ? {} : { owner: target.owner }),
        ...(target.redundancySet === null ? {} : { redundancySet: target.redundancySet }),
      },
      parents: [scope],
    },
    { uid: scope, attrs: {}, parents: [organisation] },
    { uid: organisation, attrs: {}, parents: [] },
  ];
}

/** As it is, not spread: text where a list belongs has to fail, not to become its letters. */
function set(values: readonly string[]): string[] {
  return values as string[];
}
