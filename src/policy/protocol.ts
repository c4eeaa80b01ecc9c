/** What policy is asked, and what it answers. Nothing here reads a clock, a file or a store. */
import type { Decision, Mode, Target, Tier } from '#model';

/** Who asks, as policy sees them. */
export type PolicyCaller = {
  readonly principal: string;
  readonly surface: 'cli' | 'mcp-stdio' | 'mcp-http' | 'service';
  readonly kind: 'operator' | 'assistant' | 'service';
  readonly profile: string;
  readonly capabilities: readonly string[];
  /** The session's highest tier. */
  readonly ceiling: Tier;
  readonly tainted: boolean;
};

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
  };
  readonly targets: readonly Target[];
  readonly mode: Mode;
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
  decide(question: PolicyQuestion): Decision;
  /** May this caller perform this read-only operation? Compiled when the set was loaded. */
  decideLook(
    caller: Pick<PolicyCaller, 'kind' | 'profile' | 'capabilities'>,
    capability: string,
  ): Decision;
}
