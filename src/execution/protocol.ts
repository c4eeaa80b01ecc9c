/**
 * The change road's one door: propose, approve, run, undo, stop. Surfaces reach it through operations.
 *
 * Every transition is a conditional write in one transaction with its event; what runs is what the
 * signature covers, never what a row says.
 *
 * Faults are thrown where there is nothing to keep: `unknown-target`, `unknown-action`,
 * `unknown-change`, and whatever is out of reach. Everything else that stands in the way of a
 * proposal is kept with it: the change is `refused` and its `decision` says why.
 *
 * `confirmed`, `failed` and `ambiguous` stay as they are for everyone to see. `closed` is the end of
 * what changed nothing (T0, a dry run), and of an ambiguous change that a person looked at.
 * `cancelled` with an outcome says that the service ended before anything was decided.
 */
import type { Json, JsonObject } from '#base/json';
import type { Instant } from '#base/time';
import type { ChangeState, Decision, Plan, Scope, Tier } from '#model';
import type { PolicyCaller } from '#policy';

/** Who asks, as the kernel established it, and what their session has seen. */
export type Requester = PolicyCaller & {
  /** The person accountable; `null` only for a service of nobody. */
  readonly onBehalfOf: string | null;
  /** A lease over HTTP, a connection over stdio, one command of the CLI. */
  readonly session: string;
  /** Of these every target may be seen. */
  readonly scopes: readonly Scope[];
  /** And these, of scopes that may not be seen whole; left out is none. */
  readonly targets?: readonly { readonly id: string; readonly scope: Scope }[];
  /**
   * Where several roles let them ask: each with its own targets. One of them has to cover a change whole, and its
   * capabilities and ceiling are then those of the request; what stands beside counts for nothing.
   */
  readonly parts?: readonly RequesterPart[];
  readonly requestId: string;
  readonly traceId: string | null;
};

export type RequesterPart = Pick<Requester, 'capabilities' | 'ceiling' | 'scopes' | 'targets'>;

/** What may be seen of changes. */
export type Seeing = Pick<Requester, 'scopes' | 'targets'>;

/** Batch after batch in place of all at once. */
export type RolloutAsked = {
  /** Targets at once, at most. */
  readonly batch: number;
  readonly waitSeconds: number;
  /** With more than these it pauses, until a person decides. */
  readonly maxFailures: number;
  readonly order: 'by-criticality' | 'as-asked';
};

export type Proposal = {
  readonly action: string;
  readonly targets: readonly string[];
  readonly arguments: JsonObject;
  readonly reason: string;
  readonly dryRun: boolean;
  readonly idempotencyKey: string | null;
  /** Left out: all targets in one go. */
  readonly rollout?: RolloutAsked;
};

export type RolloutTargetState = 'waiting' | 'running' | 'held' | 'failed' | 'untouched';

/** How a rollout stands. */
export type RolloutView = {
  readonly batches: readonly {
    /** `untouched`: it never began, and never will. */
    readonly state: RolloutTargetState;
    readonly targets: readonly {
      readonly target: string;
      readonly state: RolloutTargetState;
      readonly code: string | null;
      readonly says: string | null;
    }[];
  }[];
  readonly waitSeconds: number;
  readonly maxFailures: number;
  /** Of those that count now: what a person forgave does not. */
  readonly failures: number;
  /** Nothing goes on until a person decides. */
  readonly paused: {
    readonly by: string;
    readonly code: string;
    readonly why: string;
    readonly at: string;
  } | null;
};

/** The fixed shape of `run_action` and `get_change`. */
export type ChangeView = {
  readonly changeId: string;
  /** `null` while there is no plan. */
  readonly digest: string | null;
  readonly tier: Tier | null;
  readonly state: ChangeState;
  /** `id@version` once there is a plan. */
  readonly action: string;
  readonly targets: readonly string[];
  readonly reason: string;
  readonly requestedBy: string;
  readonly onBehalfOf: string | null;
  readonly createdAt: string;
  readonly dryRun: boolean;
  readonly plan: {
    readonly steps: readonly {
      readonly argv: readonly string[];
      readonly target: string;
      readonly effect: string;
      readonly stdin: { readonly sha256: string; readonly length: number } | null;
    }[];
    readonly preconditions: readonly {
      readonly target: string;
      readonly entity: string;
      readonly attribute: string;
      readonly value: Json;
      /** Nothing is there, and that is what was relied on. */
      readonly absent: boolean;
      readonly why: string;
    }[];
    readonly inverse:
      | readonly {
          readonly argv: readonly string[];
          readonly target: string;
          readonly effect: string;
        }[]
      | null;
    readonly irreversible: string | null;
    /** Decide-by; empty while there is no plan. */
    readonly expiresAt: string;
  };
  readonly decision: Decision;
  /** What the caller should do now, in one sentence; for pending work: wait and ask `get_change`. */
  readonly next: string;
  /** Bounded, redacted output of a T0 action. */
  readonly output: string | null;
  readonly outcome: {
    readonly state: ChangeState;
    readonly code: string | null;
    readonly says: string;
    readonly at: string;
  } | null;
  readonly receipts: readonly {
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
  }[];
  readonly verification: readonly { readonly says: string; readonly held: boolean }[];
  readonly approvals: readonly {
    readonly operator: string;
    readonly assurance: string;
    readonly at: string;
    readonly samePersonAsRequester: boolean;
  }[];
  /** The change that this one takes back. */
  readonly undoes: string | null;
  /** `null`: it goes to all its targets in one go. */
  readonly rollout: RolloutView | null;
};

/** Everything an approval surface shows before a person signs. Never given to an assistant. */
export type ApprovalPage = {
  readonly change: ChangeView;
  readonly plan: Plan;
  /** The bytes to sign, and the SSHSIG namespace. Unspent: it leaves only through the local socket, to an approval surface. */
  readonly envelope: string;
  /** The documents whose digests the envelope lists, in its order; unspent like it. Part `i` is step `i` of the plan. */
  readonly parts: readonly string[];
  readonly namespace: 'holdfast-change@1';
  readonly digestWords: string;
  readonly blastRadius: readonly string[];
  /** What probes on the targets said: cleaned and redacted, still a claim of the target. */
  readonly preview: readonly { readonly target: string; readonly says: string }[];
  /** What the session had read from targets before it asked: cleaned and redacted, still a claim of the target. */
  readonly taintedText: readonly { readonly operation: string; readonly text: string }[];
  readonly assuranceNeeded: string;
  readonly quorum: { readonly needed: number; readonly have: readonly string[] };
  readonly fourEyes: boolean;
  readonly decideBy: string;
  readonly runBy: string;
  readonly typeName: string | null;
};

export type Approval = {
  readonly changeId: string;
  readonly signature: string;
  /** T3: the target's name and a reason, typed by the person. */
  readonly typedTarget: string | null;
  readonly reason: string | null;
};

/** What taking a change back would meet, compared three ways. */
export type UndoLook = {
  readonly changeId: string;
  readonly compared: readonly {
    readonly target: string;
    /** A fact as `entity attribute`, or a file. */
    readonly what: string;
    readonly before: string;
    /** What the change made of it. */
    readonly made: string;
    readonly now: string;
    readonly moved: boolean;
  }[];
  /** Targets of which something moved since, and those that can be taken back alone. */
  readonly moved: readonly string[];
  readonly unmoved: readonly string[];
};

export type StopSubject =
  | { readonly kind: 'fleet' }
  | { readonly kind: 'scope' | 'target' | 'action' | 'rule' | 'session'; readonly name: string };

export type StopView = {
  readonly id: string;
  readonly subject: StopSubject;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
};

/** What a person consents to in advance. */
export type StandingTerms = {
  readonly action: string;
  readonly targets: readonly string[];
  /** Each argument with every value that is consented to. */
  readonly arguments: Readonly<Record<string, readonly Json[]>>;
  readonly days: number;
  /** `always`, or `HH:MM-HH:MM` UTC. */
  readonly window: string;
  readonly budget: { readonly runs: number; readonly perSeconds: number };
  readonly cooldownSeconds: number;
  readonly evenTainted: boolean;
  readonly reason: string;
};

/** Requests that are equal but for their targets, oldest first; one that stands alone is a group of its own. */
export type InboxGroup = {
  readonly key: string;
  readonly action: string;
  readonly arguments: JsonObject;
  readonly tier: Tier | null;
  /** Decided on by itself: T3, a way back, a rollout. */
  readonly alone: boolean;
  readonly changes: readonly {
    readonly changeId: string;
    readonly targets: readonly string[];
    readonly reason: string;
    readonly requestedBy: string;
    readonly onBehalfOf: string | null;
    readonly createdAt: string;
    readonly decideBy: string | null;
    readonly tainted: boolean;
    readonly signedBy: readonly string[];
  }[];
  /** How often people approved the very same in the last thirty days. */
  readonly equalApproved: number;
  /** After three of them: what could be consented to in advance. */
  readonly offer: StandingTerms | null;
};

export type StandingPage = {
  readonly order: string;
  readonly namespace: 'holdfast-standing@1';
  readonly digest: string;
  readonly digestWords: string;
  readonly says: readonly string[];
  readonly steps: readonly {
    readonly target: string;
    readonly argv: readonly string[];
    readonly effect: string;
  }[];
  readonly assuranceNeeded: string;
};

export type StandingView = {
  readonly id: string;
  readonly action: string;
  readonly targets: readonly string[];
  readonly digest: string;
  readonly signedBy: readonly string[];
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly window: string;
  readonly budget: { readonly runs: number; readonly perSeconds: number };
  readonly cooldownSeconds: number;
  readonly evenTainted: boolean;
  /** How many exact steps it covers. */
  readonly plans: number;
  readonly state: 'active' | 'expired' | 'revoked';
  readonly reason: string;
};

/** Names of the points at which a death must leave nothing lost, doubled or unsaid. */
export const FAULT_POINTS = [
  'proposal-recorded',
  'preview-recorded',
  'decision-recorded',
  'approval-recorded',
  'recheck-passed',
  'intent-event-durable',
  'intent-committed',
  'before-dispatch',
  'after-dispatch',
  'receipt-recorded',
  'verification-started',
  'verification-recorded',
  'outcome-event-durable',
  'outcome-committed',
  'undo-intent-committed',
  'undo-dispatched',
  'stop-recorded',
] as const;
/** Those that only a rollout passes. */
export const ROLLOUT_FAULT_POINTS = [
  'batch-intent-durable',
  'batch-intent-committed',
  'batch-dispatched',
  'batch-judged',
  'rollout-paused',
  'rollout-resumed',
  'rollout-ended',
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number] | (typeof ROLLOUT_FAULT_POINTS)[number];

export type CommandAsked = {
  readonly target: string;
  readonly argv: readonly [string, ...string[]];
  readonly reason: string;
  readonly idempotencyKey: string | null;
  /** Time limit; default 60. */
  readonly seconds?: number;
};

export type CommandAnswer =
  | {
      readonly kind: 'ran';
      readonly target: string;
      /** What ran: the normal form. */
      readonly argv: readonly string[];
      readonly policies: readonly string[];
      /** `null`: a signal or a limit ended it. */
      readonly exit: number | null;
      /** Cleaned and redacted. */
      readonly stdout: string;
      readonly stderr: string;
      readonly truncated: boolean;
      readonly durationMs: number;
    }
  | { readonly kind: 'change'; readonly view: ChangeView };

export interface ChangeRoad {
  /** Runs what only reads; proposes what does not. Throws `command-refused` for what nobody may run. */
  command(requester: Requester, asked: CommandAsked): Promise<CommandAnswer>;
  propose(requester: Requester, proposal: Proposal): Promise<ChangeView>;
  get(requester: Seeing, changeId: string): ChangeView;
  list(
    requester: Seeing,
    filter: { readonly state?: ChangeState; readonly target?: string; readonly pending?: boolean },
    limit: number,
    before?: string,
  ): { readonly changes: readonly ChangeView[]; readonly next: string | null };
  /** What waits for a person, equal requests together. */
  inbox(requester: Requester): readonly InboxGroup[];
  /** Makes equal requests one change that still waits, in place of them; throws `not-together`. Operators only. */
  regroup(requester: Requester, changeIds: readonly string[]): Promise<ChangeView>;
  approvalPage(requester: Requester, changeId: string): Promise<ApprovalPage>;
  /** Records a person's signature; when the quorum is met, rechecks and runs, and answers with the outcome. */
  approve(requester: Requester, approval: Approval): Promise<ChangeView>;
  reject(requester: Requester, changeId: string, reason: string): Promise<ChangeView>;
  cancel(requester: Requester, changeId: string, reason: string): Promise<ChangeView>;
  /** A person looked at an ambiguous change and says that it is over. Operators only. */
  close(requester: Requester, changeId: string, reason: string): Promise<ChangeView>;
  /** A person says that an action which was stopped for flapping may be tried on a target again. */
  clearFlapping(requester: Requester, target: string, action: string): Promise<void>;
  /**
   * Runs the signed inverse while it may still run; later, or for `only` some of the targets, it proposes the inverse as
   * a change of its own.
   */
  undo(
    requester: Requester,
    changeId: string,
    reason: string,
    only?: readonly string[],
  ): Promise<ChangeView>;
  /** Looks at the targets, and changes nothing. */
  undoLook(requester: Requester, changeId: string): Promise<UndoLook>;
  /** No further batch begins until an operator lets it go on. Operators only. */
  pauseRollout(requester: Requester, changeId: string, reason: string): Promise<ChangeView>;
  /**
   * Lets a paused rollout go on: what failed so far is forgiven, and `maxFailures` takes the place of what the plan says
   * from here on. Answers when the next batch was judged. Operators only.
   */
  resumeRollout(
    requester: Requester,
    changeId: string,
    reason: string,
    maxFailures?: number | null,
  ): Promise<ChangeView>;
  /** What was not begun never will be. Operators only. */
  endRollout(requester: Requester, changeId: string, reason: string): Promise<ChangeView>;
  stop(requester: Requester, subject: StopSubject, reason: string): Promise<StopView>;
  stops(): { readonly stops: readonly StopView[]; readonly unreadable: string | null };
  /** The document an operator signs to lift a stop, and its lifting. */
  liftPage(
    stopId: string,
  ): Promise<{ readonly order: string; readonly namespace: 'holdfast-lift@1' }>;
  lift(requester: Requester, stopId: string, order: string, signature: string): Promise<void>;
  /** Everything a standing approval would cover, and the document to sign. Operators only. */
  standingPage(requester: Requester, terms: StandingTerms): Promise<StandingPage>;
  addStanding(
    requester: Requester,
    signed: { readonly order: string; readonly signatures: readonly string[] },
  ): Promise<StandingView>;
  standings(requester: Pick<Requester, 'scopes'>): readonly StandingView[];
  /** Only takes away, so it needs no signature; operators only. */
  revokeStanding(requester: Requester, id: string, reason: string): Promise<StandingView>;
  addTaint(session: string, operation: string, text: string): Promise<void>;
  taintOf(
    session: string,
  ): { readonly since: Instant; readonly operations: readonly string[] } | undefined;
  /** After a start: probes what was under way and says what became of it; expires what is over. */
  resume(): Promise<void>;
  /** To be called every few seconds: expires what is overdue and asks again about what is ambiguous. */
  tick(): Promise<void>;
  /** To be called every second: ends what runs under a stop that was put there as a file. */
  checkStops(): Promise<void>;
  /** For an orderly end: no further batch begins. Resolves when nothing runs any more. */
  idle(): Promise<void>;
}
