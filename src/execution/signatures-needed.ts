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
  known: Pick<Known, 'approvals'>,
  order: OrderRow,
): readonly string[] {
  return signersOf(road, authority, known, order)
    .filter(({ word }) => word === 'lapsed')
    .map(({ operator }) => operator);
}

/** Of an order that was signed enough: what has to be signed still. */
export type Missing = {
  readonly lapsed: readonly string[];
  readonly have: number;
  readonly needed: number;
};

/** `undefined`: nothing is missing that an operator could give, since one of its signatures was never good. */
export function missingOf(
  road: Road,
  authority: AuthorityState,
  known: Known,
  order: OrderRow,
): Missing | undefined {
  const signers = signersOf(road, authority, known, order);
  if (signers.length === 0 || signers.some(({ word }) => word === 'bad')) return undefined;
  const lapsed = signers.filter(({ word }) => word === 'lapsed').map(({ operator }) => operator);
  const good = signers.filter(({ word }) => word === 'good').map(({ operator }) => operator);
  // With one of them gone the rest sign anew as well: what they signed is not what is sent.
  const have = lapsed.length > 0 ? 0 : new Set(good).size;
  const needed = signaturesNeeded(authority, changeDocument.parse(order.text).tier, known);
  return have < needed ? { lapsed, have, needed } : undefined;
}

/** What each signature over the order is worth now. */
function signersOf(
  road: Road,
  { signers, revocations, hostPolicy }: AuthorityState,
  { approvals }: Pick<Known, 'approvals'>,
  order: OrderRow,
): readonly { readonly operator: string; readonly word: 'good' | 'lapsed' | 'bad' }[] {
  const { tier } = changeDocument.parse(order.text);
  return approvals
    .filter((approval) => approval.order === order.number)
    .map(({ operator, signature }) => {
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
        const reached = reaches(assurance, hostPolicy.rules[tier].assurance);
        return { operator, word: reached ? 'good' : 'lapsed' } as const;
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        return { operator, word: LAPSED.has(thrown.code) ? 'lapsed' : 'bad' } as const;
      }
    });
}

/** Anything else was never good: that is found again before it runs, and ends the change. */
const LAPSED: ReadonlySet<string> = new Set(['unknown-signer', 'signer-revoked']);
