/** What is on record of one change, for its bundle. Nothing of an order that may still run. */
import { Fault } from '#base/fault';
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

/** Throws `missing` for a change without a plan, `conflict` for one that is not over. */
export function changeMaterial(reader: ChangeReader, changeId: string): ChangeMaterial {
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
