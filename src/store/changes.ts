/**
 * What a store owes to the change road. `changes.contract.ts` checks these lines.
 *
 * A change is a row that only moves forward, one revision at a time, and the append-only list of
 * what moved it. Whoever writes names the revision they read: the first wins, the others get
 * `change-moved`. Approvals, attempts, orders, standing approvals and taint are rows that are
 * written once; an attempt ends once.
 *
 * Nothing here grants anything. A row that says `approved` is a note; the signature decides.
 */
import type { JsonObject } from '#base/json';
import type { Instant } from '#base/time';
import type { Assurance, ChangeState, Direction, Scope, Tier } from '#model';

/** Where a change may go from where it stands. What is not here is refused by the database too. */
export const CHANGE_MOVES: Readonly<Record<ChangeState, readonly ChangeState[]>> = {
  proposed: ['previewed', 'closed', 'refused', 'cancelled', 'failed'],
  previewed: ['previewed', 'approved', 'closed', 'refused', 'expired', 'cancelled'],
  // Back to `previewed` where a signature that it needs is missing before anything was sent.
  approved: ['previewed', 'executing', 'refused', 'expired', 'cancelled', 'failed'],
  executing: ['executing', 'confirmed', 'failed', 'ambiguous', 'rolled-back'],
  // On to `executing` by an undo.
  confirmed: ['executing'],
  failed: ['executing'],
  // Settled by a later probe, or closed by a person who looked.
  ambiguous: ['executing', 'confirmed', 'failed', 'rolled-back', 'closed'],
  closed: [],
  refused: [],
  expired: [],
  cancelled: [],
  'rolled-back': [],
};

export type ChangeTarget = { readonly id: string; readonly scope: Scope };

export type ChangeRow = {
  readonly id: string;
  /** From 1; each move adds one. */
  readonly rev: number;
  readonly state: ChangeState;
  readonly action: string;
  readonly principal: string;
  readonly session: string;
  /** Unique for each principal. */
  readonly idempotencyKey: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** In the order asked. */
  readonly targets: readonly ChangeTarget[];
  /** What was asked; never changes. */
  readonly body: JsonObject;
  /** `null` until there is a plan; then never changed. */
  readonly tier: Tier | null;
  readonly digest: string | null;
  readonly decideBy: Instant | null;
};

export type NewChange = Pick<
  ChangeRow,
  'id' | 'action' | 'principal' | 'session' | 'idempotencyKey' | 'createdAt' | 'targets' | 'body'
>;

export type Transition = {
  readonly change: string;
  /** The revision it led to. */
  readonly rev: number;
  readonly state: ChangeState;
  readonly at: Instant;
  readonly actor: string;
  readonly detail: JsonObject;
};

export type Move = {
  readonly id: string;
  /** The revision that was read; another one is a `change-moved` conflict. */
  readonly fromRev: number;
  readonly to: ChangeState;
  readonly at: Instant;
  readonly actor: string;
  readonly detail: JsonObject;
  /** Given once, with the preview. */
  readonly planned?: {
    readonly tier: Tier;
    readonly digest: string;
    readonly decideBy: Instant;
  };
};

export type ApprovalRow = {
  readonly change: string;
  readonly operator: string;
  /** Which order of the change was signed. */
  readonly order: number;
  readonly assurance: Assurance;
  readonly at: Instant;
  readonly signature: string;
  readonly detail: JsonObject;
};

/** The exact bytes that are signed, with their nonces. Secret until spent; only execution reads it. */
export type OrderRow = {
  readonly change: string;
  /** From 1; a later one takes the place of those before. */
  readonly number: number;
  readonly kind: 'change' | 'run';
  readonly text: string;
  readonly parts: readonly string[];
  /** Of a run: the control plane's own. A change's signatures are its approvals. */
  readonly signature: string | null;
  readonly madeAt: Instant;
  readonly runBy: Instant;
};

export type NewAttempt = {
  /** The nonce of its part: spent once on the host. */
  readonly id: string;
  readonly change: string;
  /** Which order it is a part of, and which part, from 0. */
  readonly order: number;
  readonly part: number;
  readonly step: number;
  readonly direction: Direction;
  readonly target: string;
  readonly scope: Scope;
  /** id@version */
  readonly action: string;
  readonly caller: string;
  /** Blast-radius groups of the target, redundancy set included. */
  readonly groups: readonly string[];
  readonly startedAt: Instant;
};

export const ATTEMPT_OUTCOMES = [
  'succeeded',
  'failed',
  'refused',
  'not-started',
  'unknown',
] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

export type AttemptRow = NewAttempt & {
  readonly endedAt: Instant | null;
  readonly outcome: AttemptOutcome | null;
  /** Receipt, hashes of outputs, the host's refusal. */
  readonly detail: JsonObject | null;
};

/** With the state of its change. */
export type GuardedAttempt = AttemptRow & { readonly state: ChangeState };

export type StandingRow = {
  readonly id: string;
  readonly action: string;
  readonly text: string;
  readonly signatures: readonly string[];
  readonly expiresAt: Instant;
  readonly addedAt: Instant;
  readonly actor: string;
  readonly detail: JsonObject;
  readonly revokedAt: Instant | null;
};

export type TaintRow = {
  readonly session: string;
  readonly at: Instant;
  readonly operation: string;
  /** Cleaned by whoever writes it. */
  readonly text: string;
};

/** Texts told of one session, the newest: whoever wants to be read last is shown. That it is tainted is kept for good. */
export const TAINT_EXCERPTS = 12;
export const TAINT_EXCERPT_BYTES = 2_048;

export type Taint = {
  readonly since: Instant;
  readonly operations: readonly string[];
  readonly excerpts: readonly TaintRow[];
};

/** An action on a target was marked as flapping, or a person cleared it; the last word counts. */
export type FlapRow = {
  readonly target: string;
  /** Without its version. */
  readonly action: string;
  readonly marked: boolean;
  readonly at: Instant;
  readonly actor: string;
};

export type ChangeFilter = {
  /** Scopes that may be seen: every target of a change must be in one of them, or be one of `seen`. */
  readonly scopes: readonly Scope[];
  readonly seen?: readonly ChangeTarget[];
  readonly states?: readonly ChangeState[];
  readonly target?: string;
};

/** A page goes from the newest to the oldest; `next` is the id to go on after. */
export type ChangePage = { readonly changes: readonly ChangeRow[]; readonly next: string | null };

export interface ChangeReader {
  change(id: string): ChangeRow | undefined;
  byKey(principal: string, key: string): ChangeRow | undefined;
  list(filter: ChangeFilter, limit: number, before?: string): ChangePage;
  /** Every change in one of the states, oldest first; for settling, whatever the scope. */
  inStates(states: readonly ChangeState[]): readonly ChangeRow[];
  /** Those whose decide-by passed while they wait. */
  overdue(now: Instant): readonly ChangeRow[];
  /** How many are not decided yet; `session`: of that session alone. */
  waiting(session?: string): number;
  transitions(id: string): readonly Transition[];
  approvals(id: string): readonly ApprovalRow[];
  orders(id: string): readonly OrderRow[];
  attempts(id: string): readonly AttemptRow[];
  /** The newest attempts on a target, newest first, at most 200. */
  attemptsOn(target: string): readonly AttemptRow[];
  /** Attempts that began at `since` or later, and all of changes that are not settled: what guards are judged by. */
  attemptsSince(since: Instant): readonly GuardedAttempt[];
  standings(): readonly StandingRow[];
  /** `until`: with the texts it had read by then. */
  taint(session: string, until?: Instant): Taint | undefined;
  /** Oldest first. */
  flaps(action: string): readonly FlapRow[];
}

/** Writes of one transaction; it reads its own writes. */
export interface ChangeWriter extends ChangeReader {
  propose(change: NewChange, detail: JsonObject): ChangeRow;
  /** Throws `change-moved` when the change is not at `fromRev` any more. */
  advance(move: Move): ChangeRow;
  /** Throws `already-approved` for a second approval of one change by one operator under one order. */
  approve(approval: ApprovalRow): void;
  keepOrder(order: OrderRow): void;
  /** Throws `attempt-exists` when one of them was ever begun. */
  begin(attempts: readonly NewAttempt[]): void;
  /** Ends an attempt, once: `attempt-ended` afterwards. */
  end(
    id: string,
    ended: {
      readonly at: Instant;
      readonly outcome: AttemptOutcome;
      readonly detail: JsonObject;
    },
  ): void;
  addStanding(standing: Omit<StandingRow, 'revokedAt'>): void;
  revokeStanding(id: string, at: Instant, actor: string): void;
  addTaint(taint: TaintRow): void;
  noteFlap(flap: FlapRow): void;
}
