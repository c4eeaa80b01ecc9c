/**
 * A change as it is on record: the row, what moved it, and what those moves carried.
 *
 * What was asked lies in the row and never changes; the plan, the decision and the outcome came
 * with moves, and the last move that carries one counts.
 */
import { type Sight, scopesSeen, sees } from '#access';
import { Fault } from '#base/fault';
import type { Json, JsonObject } from '#base/json';
import type { Decision, Plan } from '#model';
import type { PolicyQuestion } from '#policy';
import type {
  ApprovalRow,
  AttemptRow,
  ChangeReader,
  ChangeRow,
  OrderRow,
  Transition,
} from '#store';
import type { ChangeView, Proposal, Requester, Seeing } from './protocol.ts';
import type { RolloutEvent, RolloutMove } from './rollout.ts';

/** What the row's body holds. */
export type Asked = {
  readonly requester: Requester;
  readonly proposal: Proposal;
  /** The change it takes back. */
  readonly undoes: string | null;
};

export type Outcome = NonNullable<ChangeView['outcome']>;

/** A value the world had when a change had settled; undoing asks whether it still has it. */
export type Bound = {
  readonly target: string;
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
  readonly absent: boolean;
};

/** What moves may carry. */
export type Detail = {
  readonly plan?: Plan;
  /** Cleaned. */
  readonly preview?: readonly { readonly target: string; readonly says: string }[];
  readonly blastRadius?: readonly string[];
  /** Operators who had to sign it when it was planned. */
  readonly quorum?: number;
  readonly closedArguments?: boolean;
  readonly decision?: Decision;
  readonly question?: PolicyQuestion;
  readonly standing?: string;
  readonly outcome?: Outcome;
  readonly verification?: ChangeView['verification'];
  readonly bound?: readonly Bound[];
  /** Cleaned. */
  readonly output?: string;
  readonly dryRun?: boolean;
  readonly rollout?: RolloutMove;
  readonly undo?: { readonly reason: string; readonly by: string };
  /** What was in force when it ran, for its bundle. */
  readonly inForce?: {
    readonly config: string;
    readonly signatures: readonly string[];
    readonly signers: string;
  };
};

export type Known = {
  readonly row: ChangeRow;
  readonly asked: Asked;
  readonly moves: readonly Transition[];
  readonly plan: Plan | null;
  readonly decision: Decision | null;
  readonly outcome: Outcome | null;
  readonly approvals: readonly ApprovalRow[];
  readonly attempts: readonly AttemptRow[];
  readonly orders: readonly OrderRow[];
};

export function readKnown(reader: ChangeReader, id: string): Known | undefined {
  const row = reader.change(id);
  return row === undefined ? undefined : knownOf(reader, row);
}

export function mustKnow(reader: ChangeReader, id: string): Known {
  const known = readKnown(reader, id);
  if (known === undefined) throw unknownChange(id);
  return known;
}

export function knownOf(reader: ChangeReader, row: ChangeRow): Known {
  const moves = reader.transitions(row.id);
  return {
    row,
    asked: row.body as unknown as Asked,
    moves,
    plan: last(moves, 'plan') ?? null,
    decision: last(moves, 'decision') ?? null,
    outcome: last(moves, 'outcome') ?? null,
    approvals: reader.approvals(row.id),
    attempts: reader.attempts(row.id),
    orders: reader.orders(row.id),
  };
}

/** The newest of one kind of thing that moves carried. */
export function last<K extends keyof Detail>(
  moves: readonly Transition[],
  key: K,
): Detail[K] | undefined {
  for (let i = moves.length - 1; i >= 0; i--) {
    const found = (moves[i]?.detail as Detail | undefined)?.[key];
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What moved a rollout, oldest first; empty for what is none, or did not begin. */
export function storyOf({ moves }: Pick<Known, 'moves'>): readonly RolloutEvent[] {
  return moves.flatMap(({ at, detail }): RolloutEvent[] => {
    const move = (detail as Detail).rollout;
    return move === undefined ? [] : [{ ...move, at }];
  });
}

export function detailOf(detail: Detail): JsonObject {
  // Plain data of ours; what is `undefined` in it has no place in canonical JSON.
  return detail as unknown as JsonObject;
}

/** Whoever may not see every target of a change does not learn that it is there. */
export function visible(row: ChangeRow | undefined, requester: Seeing): row is ChangeRow {
  return row?.targets.every((target) => sees(sightOf(requester), target)) === true;
}

export function sightOf({ scopes, targets = [] }: Seeing): Sight {
  return { scopes, targets };
}

/** Where an event that is about no change belongs. */
export function scopeOf(requester: Seeing): string {
  return scopesSeen(sightOf(requester))[0] ?? 'none';
}

export function unknownChange(id: string): Fault {
  return new Fault(
    'missing',
    'unknown-change',
    `no such change: ${JSON.stringify(id.slice(0, 80))}. List them first`,
  );
}

/** Whether every value that was asked for is one of a closed set, as the preview recorded. */
export function hasClosedValues({ moves }: Pick<Known, 'moves'>): boolean {
  return moves.some(({ detail }) => detail['closedArguments'] === true);
}
