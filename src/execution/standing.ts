/**
 * Consent in advance. It covers a change when it lists the core of every part that would run, its
 * signatures hold now, and nobody took it back; what is left of its budget only the hosts know.
 */
import {
  checkQuorum,
  NAMESPACES,
  partCore,
  partDocument,
  type StandingDocument,
  standingCheck,
  standingDocument,
} from '#authority';
import { asFault } from '#base/fault';
import type { Plan } from '#model';
import type { StandingRow } from '#store';
import { type Road, seconds } from './context.ts';
import type { AuthorityState } from './ports.ts';

export type Covering = { readonly row: StandingRow; readonly document: StandingDocument };

/** The first that covers every part of the plan, and its taint where one does; or `undefined`. */
export function coveringStanding(
  road: Road,
  authority: AuthorityState,
  plan: Plan,
  parts: readonly string[],
): Covering | undefined {
  if (plan.tier !== 'T1' && plan.tier !== 'T2') return undefined;
  let narrower: Covering | undefined;
  for (const row of road.store.changes.standings()) {
    const document = documentIfCovering(road, authority, row, plan, parts);
    if (document === undefined) continue;
    if (!plan.tainted || document.evenTainted) return { row, document };
    narrower ??= { row, document };
  }
  return narrower;
}

export function documentIfCovering(
  road: Road,
  authority: AuthorityState,
  row: StandingRow,
  plan: Plan,
  parts: readonly string[],
): StandingDocument | undefined {
  if (row.revokedAt !== null || road.revoked.has(row.id)) return undefined;
  const now = seconds(road.clock.now());
  try {
    const document = standingDocument.parse(row.text);
    if (document.organisation !== authority.organisation) return undefined;
    const forward = parts.filter((_, i) => plan.steps[i]?.direction === 'forward');
    const covers = forward.every(
      (part) =>
        standingCheck(document, partDocument.parse(part).action, partCore(part), now) === null,
    );
    if (!covers || forward.length === 0) return undefined;
    checkQuorum({
      text: row.text,
      armored: row.signatures,
      namespace: NAMESPACES.standing,
      rule: 'standing',
      quorum: document.quorum,
      at: now,
      signers: authority.signers,
      revocations: authority.revocations,
      policy: authority.hostPolicy,
    });
    return document;
  } catch (thrown) {
    // One that cannot be read or whose signer is gone covers nothing.
    road.log.warn('standing approval does not hold', { id: row.id, why: asFault(thrown).code });
    return undefined;
  }
}
