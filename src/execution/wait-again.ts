/**
 * What was signed enough, and is not any more in the moment before it would be sent: it goes back to waiting, with nothing
 * sent and nothing spent, for the signatures that are missing now. Only what the rule and the signers in force say puts
 * it there; a signature that was never good ends it.
 */
import { Fault } from '#base/fault';
import type { Decision, Refusal } from '#model';
import type { ChangeRow, OrderRow } from '#store';
import { move, type Road } from './context.ts';
import { SERVICE } from './events.ts';
import type { AuthorityState } from './ports.ts';
import type { ChangeView } from './protocol.ts';
import type { Asked, Known } from './record.ts';
import { isRefusal } from './refuse.ts';
import { eventDecision, viewNow } from './refuse-change.ts';
import { spendUnused } from './settle.ts';
import { type Missing, missingOf } from './signatures-needed.ts';

export class MissesSignatures extends Fault<Refusal> {
  readonly missing: Missing;

  constructor({ code, message, facts }: Fault<Refusal>, missing: Missing) {
    super('refused', code, message, { facts });
    this.missing = missing;
  }
}

/** What refused the signatures of an order, as what can be mended by signing, where it can. */
export function asMissing(
  road: Road,
  authority: AuthorityState,
  known: Known,
  order: OrderRow,
  thrown: unknown,
): unknown {
  if (!isRefusal(thrown)) return thrown;
  const missing = missingOf(road, authority, known, order);
  return missing === undefined ? thrown : new MissesSignatures(thrown, missing);
}

export async function waitAgain(
  road: Road,
  known: Known,
  row: ChangeRow,
  asked: Asked,
  { missing: { lapsed, have, needed } }: MissesSignatures,
): Promise<ChangeView> {
  // What is signed next is another order: nobody shall run the one before it. First of all, since whoever signs once it
  // waits has it run at once.
  if (lapsed.length > 0) await spendUnused(road, known);
  const gone =
    lapsed.length === 0
      ? ''
      : `the signature of ${lapsed.join(', ')} does not count any more, and `;
  const decision: Decision = {
    verdict: 'needs-approval',
    because: known.decision?.because ?? 'policy',
    says: `it was approved and has not run: ${gone}${have} of ${needed} operators have signed it by what is in force now. It waits for the signatures that are missing`,
    policies: known.decision?.policies ?? [],
  };
  await move(road, {
    row,
    asked,
    to: 'previewed',
    actor: SERVICE,
    kind: 'change.decided',
    // Whoever signs next is told no lower number.
    detail: { decision, quorum: needed },
    event: { decision: eventDecision(decision), more: { lapsed: [...lapsed], have, needed } },
  });
  return viewNow(road, row.id);
}
