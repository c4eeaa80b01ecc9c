/**
 * Cases: questions with the answer they must get. A case says only what matters to it; the rest is
 * an operator at the command line who holds the capability, one production target, mode open.
 */
import {
  CRITICALITIES,
  type Decision,
  ENVIRONMENTS,
  HOST_TYPES,
  MODES,
  REFUSALS,
  type Target,
  TIERS,
  TRANSPORTS,
  VERDICTS,
  type Verdict,
} from '#model';
import { invalidPolicy, type Problem } from './faults.ts';
import { loadPolicies } from './load.ts';
import type { PolicyFile } from './policy-text.ts';
import type { PolicyQuestion } from './protocol.ts';
import type { Settings } from './settings.ts';
import { flag, into, list, oneOf, readYaml, record, text, whole } from './yaml.ts';

const FILE_CHARS = 1024 * 1024;

export type CaseResult = {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  /** What differs, or `null` when the answer is the expected one. */
  readonly differs: string | null;
};

const DEFAULT_TARGET: Target = {
  id: 'host:web-1',
  scope: 'main/main',
  hostType: 'debian',
  environment: 'production',
  transport: 'ssh',
  address: null,
  via: [],
  hostKey: null,
  criticality: 'normal',
  owner: null,
  tags: [],
  redundancySet: null,
  staleAfterSeconds: 900,
  sources: [],
};

const caller = record({
  principal: text(256),
  surface: oneOf(['cli', 'console', 'api', 'mcp-stdio', 'mcp-http', 'service'] as const),
  kind: oneOf(['operator', 'assistant', 'service'] as const),
  profile: text(),
  capabilities: list(text()),
  ceiling: oneOf(TIERS),
  tainted: flag,
});

const action = record({
  id: text(),
  version: whole(1, 1_000_000),
  family: text(),
  tier: oneOf(TIERS),
  sideEffect: text(),
  capability: text(),
  reversible: flag,
  closedArguments: flag,
  environments: list(oneOf(ENVIRONMENTS)),
});

const target = into(
  record({
    id: text(),
    scope: text(),
    hostType: oneOf(HOST_TYPES),
    environment: oneOf(ENVIRONMENTS),
    transport: oneOf(TRANSPORTS),
    criticality: oneOf(CRITICALITIES),
    owner: text(),
    tags: list(text()),
    redundancySet: text(),
  }),
  ({ values }): Target => ({
    ...DEFAULT_TARGET,
    id: values.id ?? DEFAULT_TARGET.id,
    scope: values.scope ?? DEFAULT_TARGET.scope,
    hostType: values.hostType ?? DEFAULT_TARGET.hostType,
    environment: values.environment ?? DEFAULT_TARGET.environment,
    transport: values.transport ?? DEFAULT_TARGET.transport,
    criticality: values.criticality ?? DEFAULT_TARGET.criticality,
    owner: values.owner ?? null,
    tags: values.tags ?? [],
    redundancySet: values.redundancySet ?? null,
  }),
);

const standing = into(record({ id: text(), evenTainted: flag }), ({ values }) => ({
  id: values.id ?? 'standing',
  evenTainted: values.evenTainted ?? false,
}));

type Expected = {
  readonly verdict: Verdict;
  readonly because: string | null;
  readonly policies: readonly string[] | null;
};

const expectation = into(
  record({
    verdict: oneOf(VERDICTS),
    because: oneOf(['policy', ...REFUSALS]),
    policies: list(text()),
  }),
  ({ values: { verdict, because = null, policies = null }, place }): Expected | undefined => {
    if (verdict !== undefined) return { verdict, because, policies };
    place.say(place.at, `${place.what} needs a verdict`);
    return undefined;
  },
);

const USUAL_SURFACE = { operator: 'cli', assistant: 'mcp-stdio', service: 'service' } as const;

const aCase = into(
  record({
    name: text(200),
    caller,
    action,
    targets: list(target),
    mode: oneOf(MODES),
    inWindow: flag,
    frozen: flag,
    planTainted: flag,
    standing,
    expect: expectation,
  }),
  ({ values, place }) => {
    if (values.name === undefined || values.expect === undefined) {
      place.say(place.at, `${place.what} needs name and expect`);
      return undefined;
    }
    const who = values.caller?.values;
    const what = values.action?.values;
    const kind = who?.kind ?? 'operator';
    const capability = what?.capability ?? 'service.manage';
    const question: PolicyQuestion = {
      caller: {
        principal: who?.principal ?? `${kind}:someone`,
        surface: who?.surface ?? USUAL_SURFACE[kind],
        kind,
        profile: who?.profile ?? (kind === 'assistant' ? 'observer' : 'operator'),
        capabilities: who?.capabilities ?? [capability],
        ceiling: who?.ceiling ?? 'T3',
        tainted: who?.tainted ?? false,
      },
      action: {
        id: what?.id ?? 'service.restart',
        version: what?.version ?? 1,
        family: what?.family ?? 'service',
        tier: what?.tier ?? 'T1',
        sideEffect: what?.sideEffect ?? 'transient',
        capability,
        reversible: what?.reversible ?? true,
        closedArguments: what?.closedArguments ?? true,
        environments: what?.environments ?? 'any',
      },
      targets: values.targets ?? [DEFAULT_TARGET],
      mode: values.mode ?? 'open',
      inWindow: values.inWindow ?? false,
      frozen: values.frozen ?? false,
      planTainted: values.planTainted ?? false,
      standing: values.standing ?? null,
    };
    return { name: values.name, line: place.lineOf(place.at), question, expect: values.expect };
  },
);

const cases = record({ version: whole(1, 1), cases: list(aCase) });

/**
 * Asks every case of the file of these policies, under these settings but for the mode: each case
 * says its own. Throws `invalid-policy` when policies or cases cannot be read.
 */
export function testPolicies(
  files: readonly PolicyFile[],
  settings: Settings,
  { path, text: source }: PolicyFile,
): readonly CaseResult[] {
  const problems: Problem[] = [];
  const given = readYaml(path, source, FILE_CHARS, cases, problems);
  if (given?.values.version === undefined && problems.length === 0)
    problems.push({ file: path, line: 1, message: 'version is missing: write version: 1' });
  if (given === undefined || problems.length > 0) throw invalidPolicy('the cases', problems);
  const engine = loadPolicies(files, { ...settings, mode: 'open' });
  return (given.values.cases ?? []).map(({ name, line, question, expect }) => ({
    file: path,
    line,
    name,
    differs: difference(engine.decide(question), expect),
  }));
}

function difference(decision: Decision, expect: Expected): string | null {
  const told = `${decision.verdict}, because ${decision.because}, by ${decision.policies.join(', ')}`;
  if (decision.verdict !== expect.verdict) return `expected ${expect.verdict}, got ${told}`;
  if (expect.because !== null && decision.because !== expect.because)
    return `expected because ${expect.because}, got ${told}`;
  const missing = expect.policies?.filter((id) => !decision.policies.includes(id)) ?? [];
  return missing.length === 0 ? null : `expected ${missing.join(', ')} to speak, got ${told}`;
}
