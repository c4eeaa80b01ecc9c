/** A change that is refused keeps why, for whoever asks later. */
import { Fault } from '#base/fault';
import type { Decision } from '#model';
import type { ChangeRow } from '#store';
import { move, type Road } from './context.ts';
import type { ChangeView } from './protocol.ts';
import { type Asked, mustKnow } from './record.ts';
import { said, saidOf, viewOf } from './view.ts';

/** A deny of the policies: kept whole, with the ids of those that spoke. */
export class Denied extends Fault {
  readonly decision: Decision;

  constructor(decision: Decision) {
    const code = decision.because === 'policy' ? 'policy-denied' : decision.because;
    super('refused', code, decision.says);
    this.decision = decision;
  }
}

/** Keeps why; the same proposal asked again is refused again. */
export async function refuseChange(
  road: Road,
  row: ChangeRow,
  asked: Asked,
  fault: Fault,
): Promise<ChangeView> {
  const decision: Decision =
    fault instanceof Denied
      ? { ...fault.decision, says: said(fault.decision.says) }
      : { verdict: 'deny', because: fault.code, says: saidOf(fault), policies: [] };
  await move(road, {
    row,
    asked,
    to: 'refused',
    actor: asked.requester,
    kind: 'change.refused',
    detail: { decision },
    event: {
      decision: eventDecision(decision),
      outcome: 'refused',
      fault: fault.code,
      more: { policies: decision.policies },
    },
  });
  return viewNow(road, row.id);
}

export function eventDecision(decision: Decision): Pick<Decision, 'verdict' | 'because'> {
  return {
    verdict: decision.verdict,
    because: decision.policies.join(' ').slice(0, 500) || decision.because,
  };
}

export function viewNow(road: Road, id: string): ChangeView {
  return viewOf(mustKnow(road.store.changes, id));
}
