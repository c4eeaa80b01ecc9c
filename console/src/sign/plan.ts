/** The plan as the approval page is handed it; its canonical form is what the digest is made over. */
import type { Json, JsonObject } from '../api/json.ts';

export type PlanArg = string | { readonly file: number };

export type PlanStep = {
  readonly target: string;
  readonly step: number;
  readonly of: number;
  readonly direction: 'forward' | 'inverse';
  readonly action: string;
  readonly argv: readonly PlanArg[];
  readonly runAs: string;
  readonly stdin: string | null;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly conditions: readonly (
    | { readonly kind: 'file-sha256'; readonly path: string; readonly sha256: string }
    | { readonly kind: 'file-absent'; readonly path: string }
  )[];
  readonly timeoutSeconds: number;
  readonly atomic: boolean;
  readonly effect: string;
};

export type PlanCheck =
  | {
      readonly kind: 'fact';
      readonly target: string;
      readonly entity: string;
      readonly attribute: string;
      readonly test: 'equals' | 'differs' | 'absent' | 'present';
      readonly value?: Json;
    }
  | {
      readonly kind: 'probe';
      readonly target: string;
      readonly argv: readonly string[];
      readonly exit: number;
      readonly says: string | null;
    };

export type Plan = {
  readonly v: number;
  readonly change: string;
  readonly organisation: string;
  readonly action: { readonly id: string; readonly version: number; readonly digest: string };
  readonly arguments: JsonObject;
  readonly reason: string;
  readonly requestedBy: { readonly principal: string; readonly onBehalfOf: string | null };
  readonly tier: string;
  readonly inForce: {
    readonly inventory: string;
    readonly policy: string;
    readonly catalogue: string;
    readonly baselines: string;
  };
  readonly targets: readonly {
    readonly id: string;
    readonly scope: JsonObject;
    readonly hostId: string;
    readonly epoch: number;
    readonly carrier?: { readonly id: string };
    readonly profile: string;
  }[];
  readonly rollout?: {
    readonly batches: readonly (readonly string[])[];
    readonly waitSeconds: number;
    readonly maxFailures: number;
  };
  readonly steps: readonly PlanStep[];
  readonly preconditions: readonly {
    readonly target: string;
    readonly entity: string;
    readonly attribute: string;
    readonly value?: Json;
    readonly absent: boolean;
    readonly why: string;
  }[];
  readonly verification: readonly PlanCheck[];
  readonly stabiliseSeconds: number;
  readonly irreversible: string | null;
  readonly undoes: string | null;
  readonly tainted: boolean;
};
