/** What is on record of one change, for its bundle. Nothing of an order that may still run. */
import { Fault } from '#base/fault';
import { formatInstant, type Instant } from '#base/time';
import type { Plan } from '#model';
import type { ApprovalRow, AttemptRow, ChangeReader, OrderRow, StandingRow } from '#store';
import { type Detail, last, mustKnow } from './record.ts';

export type ChangeMaterial = {
  readonly plan: Plan;
  readonly state: string;
  readonly orders: readonly {
    readonly order: OrderRow;
    readonly approvals: readonly ApprovalRow[];
    readonly standing: StandingRow | null;
  }[];
  readonly attempts: readonly AttemptRow[];
  readonly verification: NonNullable<Detail['verification']>;
  readonly inForce: NonNullable<Detail['inForce']> | null;
};

/** States in which an order may still be signed or run: its nonces are nobody's to read. */
const UNSPENT: ReadonlySet<string> = new Set(['proposed', 'previewed', 'approved', 'executing']);

/**
 * Throws `missing` for a change without a plan, `conflict` for one that is not over: while something of it
 * may still run on a signature that was given, the way back among it, that signature is not evidence yet.
 */
export function changeMaterial(
  reader: ChangeReader,
  changeId: string,
  now: Instant,
): ChangeMaterial {
  const { row, plan, moves, orders, approvals, attempts } = mustKnow(reader, changeId);
  if (plan === null) {
    throw new Fault(
      'missing',
      'no-plan',
      `there is no plan to prove anything of: ${changeId}. It was refused before it had one`,
    );
  }
  if (UNSPENT.has(row.state)) {
    throw new Fault(
      'conflict',
      'not-over',
      `the change is not over: ${changeId} is ${row.state}. Ask for its bundle when it is`,
    );
  }
  const runnable = orders.find((order) => isRunnable(order, attempts, now));
  if (runnable !== undefined) {
    throw new Fault(
      'conflict',
      'not-over',
      `the change is not over: what was signed of ${changeId}, its way back for one, may still run until ${formatInstant(runnable.runBy)}. Ask for its bundle after that`,
    );
  }
  const begun = new Set(attempts.map(({ order }) => order));
  const standing = last(moves, 'standing');
  return {
    plan,
    state: row.state,
    orders: orders
      .filter(({ number }) => begun.has(number))
      .map((order) => ({
        order,
        approvals: approvals.filter((each) => each.order === order.number),
        standing:
          order.kind === 'run'
            ? (reader.standings().find(({ id }) => id === standing) ?? null)
            : null,
      })),
    attempts,
    verification: last(moves, 'verification') ?? [],
    inForce: last(moves, 'inForce') ?? null,
  };
}

/** Only what was begun is part of a bundle; of the rest no host has heard, and its nonces are told nobody. */
function isRunnable(order: OrderRow, attempts: readonly AttemptRow[], now: Instant): boolean {
  const begun = attempts.filter((attempt) => attempt.order === order.number);
  if (begun.length === 0 || now > order.runBy) return false;
  return !order.parts.every((_, part) =>
    begun.some((attempt) => attempt.part === part && attempt.endedAt !== null),
  );
}
