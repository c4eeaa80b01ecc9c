/**
 * Policies as a table that a person reviews: for each kind of caller, profile and environment what comes of each tier.
 *
 * Every cell is the engine's own answer to one ordinary question, so the table holds for edited policies as well.
 */
import { type Decision, ENVIRONMENTS, type Environment, type Mode, TIERS, type Tier } from '#model';
import type { PolicyCaller, PolicyEngine, PolicyQuestion } from './protocol.ts';

/** What else is known of every question of one table. */
export type TableFacts = {
  readonly mode: Mode;
  readonly tainted: boolean;
  readonly standing: 'none' | 'standing' | 'even-tainted';
  readonly inWindow: boolean;
  readonly frozen: boolean;
  /** Of the session. Default: T3. */
  readonly ceiling?: Tier | undefined;
};

export type TableCaller = {
  readonly kind: PolicyCaller['kind'];
  readonly profile: string;
  readonly capabilities: readonly string[];
};

export type TableCell = Pick<Decision, 'verdict' | 'because' | 'says' | 'policies'>;

export type TableRow = {
  readonly kind: PolicyCaller['kind'];
  readonly profile: string;
  readonly environment: Environment;
  readonly cells: Readonly<Record<Tier, TableCell>>;
};

/** The capability that actions of a tier ask for, as the shipped catalogue has it. */
const CAPABILITY: Readonly<Record<Tier, string>> = {
  T0: 'actions.look',
  T1: 'actions.change',
  T2: 'actions.change',
  T3: 'actions.irreversible',
};

const SURFACE: Readonly<Record<PolicyCaller['kind'], PolicyCaller['surface']>> = {
  operator: 'console',
  assistant: 'mcp-http',
  service: 'service',
};

/** One row for each caller and environment, in the order given. */
export function verdictTable(
  engine: PolicyEngine,
  callers: readonly TableCaller[],
  facts: TableFacts,
): readonly TableRow[] {
  return callers.flatMap((caller) =>
    ENVIRONMENTS.map((environment) => ({
      kind: caller.kind,
      profile: caller.profile,
      environment,
      cells: Object.fromEntries(
        TIERS.map((tier) => [tier, engine.decide(questionOf(caller, environment, tier, facts))]),
      ) as unknown as Record<Tier, Decision>,
    })),
  );
}

function questionOf(
  { kind, profile, capabilities }: TableCaller,
  environment: Environment,
  tier: Tier,
  { mode, tainted, standing, inWindow, frozen, ceiling = 'T3' }: TableFacts,
): PolicyQuestion {
  return {
    caller: {
      principal: `${kind}:matrix`,
      surface: SURFACE[kind],
      kind,
      profile,
      capabilities,
      ceiling,
      tainted,
    },
    action: {
      id: 'matrix.question',
      version: 1,
      family: 'matrix',
      tier,
      sideEffect: tier === 'T0' ? 'none' : 'transient',
      capability: CAPABILITY[tier],
      reversible: tier === 'T1' || tier === 'T2',
      closedArguments: true,
      environments: 'any',
    },
    targets: [
      {
        id: 'host:matrix',
        scope: 'main/main',
        hostType: 'debian',
        environment,
        transport: 'ssh',
        address: '192.0.2.1',
        via: [],
        hostKey: null,
        criticality: 'normal',
        owner: null,
        tags: [],
        redundancySet: null,
        staleAfterSeconds: 900,
        sources: [],
      },
    ],
    mode,
    inWindow,
    frozen,
    planTainted: tainted,
    standing:
      standing === 'none' ? null : { id: 'matrix', evenTainted: standing === 'even-tainted' },
  };
}
