/**
 * How many operators have to sign a change that waits. The envelope binds the number that was in force when it was made,
 * and a host counts up to that or to its own policy's, whichever is more: so where the rule is raised, what is signed
 * already still counts and more have to sign the same bytes. Where the rule is lowered, what waits needs what it needed.
 */
import { changeDocument, NAMESPACES, reaches, verifySignature } from '#authority';
import { Fault } from '#base/fault';
import type { Tier } from '#model';
import type { OrderRow } from '#store';
import { type Road, seconds } from './context.ts';
import type { AuthorityState } from './ports.ts';
import { type Known, last } from './record.ts';

type Waiting = Pick<Known, 'orders' | 'moves' | 'approvals'>;

/** Never fewer than are in force now, were when it was proposed, or are bound in anything that was shown for it. */
export function signaturesNeeded(
  { hostPolicy }: Pick<AuthorityState, 'hostPolicy'>,
  tier: Exclude<Tier, 'T0'>,
  { orders, moves, approvals }: Waiting,
): number {
  const bound = orders.flatMap(({ kind, text }) =>
    kind === 'change' ? changeDocument.parse(text).quorum : [],
  );
  const told = approvals.map(({ detail }) => Number(detail['needed'] ?? 0));
  return Math.max(
    1,
    hostPolicy.rules[tier].quorum,
    last(moves, 'quorum') ?? 0,
    ...bound,
    ...told.filter(Number.isSafeInteger),
  );
}

/** Operators whose signatures over the order were good, and are not any more: taken out, or too little behind them now. */
export function lapsedSigners(
  road: Road,
  authority: AuthorityState,
  { approvals }: Pick<Known, 'approvals'>,
  order: OrderRow,
): readonly string[] {
  const { tier } = changeDocument.parse(order.text);
  const { signers, revocations, hostPolicy } = authority;
  return approvals
    .filter((approval) => approval.order === order.number)
    .filter(({ signature }) => {
      try {
        const { assurance } = verifySignature({
          text: order.text,
          namespace: NAMESPACES.change,
          armored: signature,
          signers,
          revocations,
          policy: hostPolicy,
          at: seconds(road.clock.now()),
        });
        return !reaches(assurance, hostPolicy.rules[tier].assurance);
      } catch (thrown) {
        if (thrown instanceof Fault) return LAPSED.has(thrown.code);
        throw thrown;
      }
    })
    .map(({ operator }) => operator);
}

/** Anything else was never good: that is found again before it runs, and ends the change. */
const LAPSED: ReadonlySet<string> = new Set(['unknown-signer', 'signer-revoked']);
