/** What policy is asked, and what it answers. Nothing here reads a clock, a file or a store. */
import type { Decision, Mode, Target, Tier } from '#model';

/** Who asks, as policy sees them. */
export type PolicyCaller = {
  readonly principal: string;
  readonly surface: 'cli' | 'console' | 'api' | 'mcp-stdio' | 'mcp-http' | 'service';
  /** Over an MCP surface everyone is decided as an assistant, whatever stands here. */
  readonly kind: 'operator' | 'assistant' | 'service';
  readonly profile: string;
  readonly capabilities: readonly string[];
  /** The session's highest tier. The settings' ceiling of the profile can only lower it. */
  readonly ceiling: Tier;
  readonly tainted: boolean;
};

/** Plain JSON: it is kept with each change, so that it can be decided again under other policies. */
export type PolicyQuestion = {
  readonly caller: PolicyCaller;
  readonly action: {
    readonly id: string;
    readonly version: number;
    readonly family: string;
    readonly tier: Tier;
    readonly sideEffect: string;
    readonly capability: string;
    readonly reversible: boolean;
    /** Every argument is an enum, a number or an entity the inventory or fact store knows. */
    readonly closedArguments: boolean;
    /** Where the action may be used at all, as the catalogue says. */
    readonly environments: readonly string[] | 'any';
  };
  /** Each is decided by itself; the worst answer is the answer. None at all is refused. */
  readonly targets: readonly Target[];
  /** The mode in force. The settings' mode can only lower it. */
  readonly mode: Mode;
  /** `calendar(settings, targets, now)` says both. */
  readonly inWindow: boolean;
  readonly frozen: boolean;
  /** The plan derives from what a target said. */
  readonly planTainted: boolean;
  /** A standing approval covers this exact plan now; the host counts its budget. */
  readonly standing: { readonly id: string; readonly evenTainted: boolean } | null;
};

/** A loaded, validated set of policies. */
export interface PolicyEngine {
  /** SHA-256 over policies, schema and settings. */
  readonly digest: string;
  /** Never throws: what cannot be decided is denied with `policy-unavailable`. */
  decide(question: PolicyQuestion): Decision;
  /** May this caller perform this read-only operation? Compiled when the set was loaded. */
  decideLook(
    caller: Pick<PolicyCaller, 'kind' | 'profile' | 'capabilities'>,
    capability: string,
  ): Decision;
}
