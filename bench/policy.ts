/** Row D4: what a decision costs beside bare Cedar that asks the same set, parsed before. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  type StatefulAuthorizationCall,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { Target } from '#model';
import {
  DEFAULT_SETTINGS,
  type LoadedPolicies,
  loadPolicies,
  type PolicyFile,
  type PolicyQuestion,
  SHIPPED_FILES,
} from '#policy';
import { inTurn, mustHold, took } from './measure.ts';
import { paired, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

const SHIPPED = join(import.meta.dirname, '..', 'src', 'policy', 'shipped');
const VOCABULARY = {
  profiles: ['observer', 'operator'],
  capabilities: ['facts.read', 'drift.read'],
};

const TARGET: Target = {
  id: 'host:web-1',
  scope: 'main/main',
  hostType: 'debian',
  environment: 'production',
  transport: 'ssh',
  address: null,
  via: [],
  hostKey: null,
  criticality: 'normal',
  owner: 'shop',
  tags: ['web', 'eu'],
  redundancySet: 'web',
  staleAfterSeconds: 900,
  sources: [],
};

const QUESTION: PolicyQuestion = {
  caller: {
    principal: 'assistant:stdio',
    surface: 'mcp-stdio',
    kind: 'assistant',
    profile: 'observer',
    capabilities: ['facts.read', 'drift.read', 'service.manage'],
    ceiling: 'T2',
    tainted: false,
  },
  action: {
    id: 'service.reload',
    version: 1,
    family: 'service',
    tier: 'T1',
    sideEffect: 'transient',
    capability: 'service.manage',
    reversible: true,
    closedArguments: true,
    environments: 'any',
  },
  targets: [TARGET],
  mode: 'guarded',
  inWindow: true,
  frozen: false,
  planTainted: false,
  standing: { id: 'nightly', evenTainted: false },
};

/** The shipped set and rules as operators write them, `count` in all. */
function policyFiles(count: number): PolicyFile[] {
  const shipped = SHIPPED_FILES.map((path) => ({
    path,
    text: readFileSync(join(SHIPPED, path), 'utf8'),
  }));
  const few = shipped.reduce((sum, { text }) => sum + text.split('@id(').length - 1, 0);
  const own = Array.from({ length: count - few }, (_, i) => {
    const what =
      i % 2 === 0
        ? `resource has owner && resource.owner == "team-${i}" && context.action.tier >= 2`
        : `resource.tags.contains("tag-${i}") && context.session.tainted`;
    return `@id("own-${i}") @why("rule ${i}") forbid (principal, action in [Action::"propose", Action::"act"], resource) when { ${what} };`;
  });
  return [...shipped, { path: 'own.cedar', text: own.join('\n') }];
}

/** The same set in Cedar's hands, and the three requests as Cedar takes them. */
function bare(
  name: string,
  files: readonly PolicyFile[],
): Record<string, StatefulAuthorizationCall> {
  const staticPolicies: Record<string, string> = {};
  for (const { path, text } of files) {
    if (path.endsWith('.cedarschema')) {
      mustHold(preparseSchema(name, text).type === 'success', 'the schema is parsed');
      continue;
    }
    const parts = policySetTextToParts(text);
    for (const policy of parts.type === 'success' ? parts.policies : []) {
      const json = policyToJson(policy);
      if (json.type === 'success') staticPolicies[json.json.annotations?.id ?? ''] = policy;
    }
  }
  mustHold(preparsePolicySet(name, { staticPolicies }).type === 'success', 'the set is parsed');
  const caller = { type: 'Assistant', id: QUESTION.caller.principal };
  const profile = { type: 'Profile', id: QUESTION.caller.profile };
  const target = { type: 'Target', id: TARGET.id };
  const scope = { type: 'Scope', id: TARGET.scope };
  const organisation = { type: 'Organisation', id: 'main' };
  const fleet = { type: 'Fleet', id: 'fleet' };
  const who = [
    { uid: caller, attrs: {}, parents: [profile] },
    { uid: profile, attrs: {}, parents: [] },
  ];
  const prepared = { preparsedSchemaName: name, preparsedPolicySetId: name, validateRequest: true };
  const { id, version, family, sideEffect, capability } = QUESTION.action;
  const change = {
    ...prepared,
    principal: caller,
    resource: target,
    context: {
      session: {
        surface: QUESTION.caller.surface,
        profile: profile.id,
        capabilities: [...QUESTION.caller.capabilities],
        ceiling: 2,
        tainted: false,
      },
      action: {
        id,
        version,
        family,
        sideEffect,
        capability,
        tier: 1,
        reversible: true,
        closedArguments: true,
        anyEnvironment: true,
        environments: [],
      },
      highest: 2,
      mode: 'guarded',
      targets: 1,
      inWindow: true,
      frozen: false,
      planTainted: false,
      standing: { id: 'nightly', evenTainted: false },
    },
    entities: [
      ...who,
      {
        uid: target,
        attrs: {
          hostType: TARGET.hostType,
          environment: TARGET.environment,
          transport: TARGET.transport,
          criticality: TARGET.criticality,
          tags: [...TARGET.tags],
          owner: 'shop',
          redundancySet: 'web',
        },
        parents: [scope],
      },
      { uid: scope, attrs: {}, parents: [organisation] },
      { uid: organisation, attrs: {}, parents: [] },
    ],
  };
  return {
    propose: { ...change, action: { type: 'Action', id: 'propose' } },
    act: { ...change, action: { type: 'Action', id: 'act' } },
    look: {
      ...prepared,
      principal: caller,
      action: { type: 'Action', id: 'look' },
      resource: fleet,
      context: { profile: profile.id, capability: 'facts.read', held: true },
      entities: [...who, { uid: fleet, attrs: {}, parents: [] }],
    },
  };
}

function allows(call: StatefulAuthorizationCall | undefined): boolean {
  if (call === undefined) return false;
  const answer = statefulIsAuthorized(call);
  return answer.type === 'success' && answer.response.decision === 'allow';
}

export async function policyRows({ sizes, say }: Setting): Promise<Row[]> {
  const [few, many] = sizes.policies;
  const load = (count: number): LoadedPolicies =>
    loadPolicies(policyFiles(count), DEFAULT_SETTINGS, VOCABULARY);
  say(`policies: loading ${few} and ${many}`);
  const engine = load(few);
  const large = load(many);
  const calls = bare('bench', policyFiles(few));

  const looks = sizes.decisions * 100;
  const look = (of: LoadedPolicies): (() => void) => {
    return () => {
      for (let i = 0; i < looks; i++)
        mustHold(
          of.decideLook(QUESTION.caller, i % 2 === 0 ? 'facts.read' : 'drift.read').verdict ===
            'allow',
          'a look is allowed',
        );
    };
  };
  const { decisions } = sizes;
  const repeat = (act: () => boolean): (() => void) => {
    return () => {
      for (let i = 0; i < decisions; i++) mustHold(act(), 'both allow');
    };
  };
  const micros = async (act: () => void, count: number): Promise<number> =>
    ((await took(act)) * 1_000) / count;

  const lookPair = await inTurn(
    sizes.rounds,
    async () => 1e6 / (await micros(look(engine), looks)),
    async () =>
      1e6 /
      (await micros(
        repeat(() => allows(calls.look)),
        decisions,
      )),
  );
  const scale = await inTurn(
    sizes.rounds,
    () => micros(look(large), looks),
    () => micros(look(engine), looks),
  );
  const decision = await inTurn(
    sizes.rounds,
    () =>
      micros(
        repeat(() => engine.decide(QUESTION).verdict === 'allow'),
        decisions,
      ),
    () =>
      micros(
        repeat(() => allows(calls.propose) && allows(calls.act)),
        decisions,
      ),
  );
  return [
    paired(
      {
        id: 'D4',
        what: `a look, ${few} policies, compiled`,
        beside: 'bare Cedar, the same set parsed before',
        unit: 'decisions/s',
        must: { atLeast: 15 },
        aim: { atLeast: 50 },
      },
      lookPair,
    ),
    paired(
      {
        id: 'D4',
        what: `a look, ${many} policies`,
        beside: `ours at ${few}`,
        unit: 'us',
        must: { atMost: 2 },
        aim: { atMost: 1.2 },
      },
      scale,
    ),
    paired(
      {
        id: 'D4',
        what: `a change decided: two questions, ${few} policies`,
        beside: 'bare Cedar asked the same two',
        unit: 'us',
        must: { atMost: 1.3 },
      },
      decision,
    ),
  ];
}
