/** What `get_change` and `approval_page` answer. */
import type { Json } from '../api/index.ts';
import type { Plan } from '../sign/index.ts';

export type ShownStep = {
  readonly argv: readonly string[];
  readonly target: string;
  readonly effect: string;
};

export type Receipt = {
  readonly target: string;
  readonly step: number;
  readonly direction: 'forward' | 'inverse';
  readonly number: number;
  readonly result: string;
  readonly status: number;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly stdout: { readonly sha256: string; readonly length: number };
  readonly stderr: { readonly sha256: string; readonly length: number };
};

export type Rollout = {
  readonly batches: readonly {
    readonly state: string;
    readonly targets: readonly {
      readonly target: string;
      readonly state: string;
      readonly code: string | null;
      readonly says: string | null;
    }[];
  }[];
  readonly waitSeconds: number;
  readonly maxFailures: number;
  readonly failures: number;
  readonly paused: {
    readonly by: string;
    readonly code: string;
    readonly why: string;
    readonly at: string;
  } | null;
};

export type ChangeView = {
  readonly changeId: string;
  readonly digest: string | null;
  readonly tier: string | null;
  readonly state: string;
  readonly action: string;
  readonly targets: readonly string[];
  readonly reason: string;
  readonly requestedBy: string;
  readonly onBehalfOf: string | null;
  readonly createdAt: string;
  readonly dryRun: boolean;
  readonly plan: {
    readonly steps: readonly (ShownStep & {
      readonly stdin: { readonly sha256: string; readonly length: number } | null;
    })[];
    readonly preconditions: readonly {
      readonly target: string;
      readonly entity: string;
      readonly attribute: string;
      readonly value?: Json;
      readonly absent: boolean;
      readonly why: string;
    }[];
    readonly inverse: readonly ShownStep[] | null;
    readonly irreversible: string | null;
    readonly expiresAt: string;
  };
  readonly decision: {
    readonly verdict: string;
    readonly because: string;
    readonly says: string;
    readonly policies: readonly string[];
  };
  readonly next: string;
  readonly output: string | null;
  readonly outcome: {
    readonly state: string;
    readonly code: string | null;
    readonly says: string;
    readonly at: string;
  } | null;
  readonly receipts: readonly Receipt[];
  readonly verification: readonly { readonly says: string; readonly held: boolean }[];
  readonly approvals: readonly {
    readonly operator: string;
    readonly assurance: string;
    readonly at: string;
    readonly samePersonAsRequester: boolean;
  }[];
  readonly undoes: string | null;
  readonly rollout: Rollout | null;
};

export type ApprovalPage = {
  readonly change: ChangeView;
  readonly plan: Plan;
  readonly envelope: string;
  readonly parts: readonly string[];
  readonly namespace: string;
  readonly digestWords: string;
  readonly blastRadius: readonly string[];
  readonly preview: readonly { readonly target: string; readonly says: string }[];
  readonly taintedText: readonly { readonly operation: string; readonly text: string }[];
  readonly assuranceNeeded: string;
  readonly quorum: { readonly needed: number; readonly have: readonly string[] };
  readonly fourEyes: boolean;
  readonly decideBy: string;
  readonly runBy: string;
  readonly typeName: string | null;
};

/** Where it stands for people: what is being waited for, and whether that ends by itself. */
export function phaseOf({
  state,
}: Pick<ChangeView, 'state'>): 'preparing' | 'waiting' | 'running' | 'over' {
  if (state === 'proposed') return 'preparing';
  if (state === 'previewed') return 'waiting';
  return state === 'approved' || state === 'executing' ? 'running' : 'over';
}

/** Without the version, which only a plan needs to say. */
export function actionName(action: string): string {
  return action.replace(/@\d+$/, '');
}

/** `lease:3` or `operator:ada@console`, as people say it. */
export function who(principal: string): string {
  return principal.replace(/^operator:/, '').replace(/@console$/, ' (console)');
}
