/** Signatures over the stored bytes of an order, checked anew each time something depends on them. */
import {
  changeDocument,
  checkQuorum,
  NAMESPACES,
  type VerifiedSignature,
  verifySignature,
} from '#authority';
import { Fault } from '#base/fault';
import type { ApprovalRow, OrderRow } from '#store';
import { type Road, seconds } from './context.ts';
import type { AuthorityState } from './ports.ts';
import { refuse } from './refuse.ts';

export function verifyOne(
  road: Road,
  authority: AuthorityState,
  text: string,
  armored: string,
): VerifiedSignature {
  try {
    return verifySignature({
      text,
      namespace: NAMESPACES.change,
      armored,
      signers: authority.signers,
      revocations: authority.revocations,
      policy: authority.hostPolicy,
      at: seconds(road.clock.now()),
    });
  } catch (thrown) {
    return asRefusal(thrown);
  }
}

/** Throws unless enough different operators signed exactly this text, with enough behind it. */
export function requireSigned(
  road: Road,
  authority: AuthorityState,
  order: OrderRow,
  approvals: readonly ApprovalRow[],
  needed: number,
): readonly VerifiedSignature[] {
  const { tier, quorum } = changeDocument.parse(order.text);
  try {
    return checkQuorum({
      text: order.text,
      armored: approvals.map(({ signature }) => signature),
      namespace: NAMESPACES.change,
      rule: tier,
      quorum: Math.max(quorum, needed),
      at: seconds(road.clock.now()),
      signers: authority.signers,
      revocations: authority.revocations,
      policy: authority.hostPolicy,
    });
  } catch (thrown) {
    return asRefusal(thrown);
  }
}

/** The codes of the host contract as refusals of the road; which one it was stays in the facts. */
export function asRefusal(thrown: unknown): never {
  if (!(thrown instanceof Fault)) throw thrown;
  const facts = { check: thrown.code };
  switch (thrown.code) {
    case 'unknown-signer':
    case 'signer-revoked':
      return refuse('unknown-signer', thrown.message, facts);
    case 'assurance-too-low':
    case 'no-presence':
    case 'no-verification':
      return refuse('assurance-too-low', thrown.message, facts);
    case 'signers-broken':
    case 'revocations-broken':
    case 'policy-broken':
      return refuse('config-unsigned', thrown.message, facts);
    case 'expired':
      return refuse('expired', thrown.message, facts);
    default:
      return refuse('bad-signature', thrown.message, facts);
  }
}
