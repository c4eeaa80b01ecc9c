/**
 * Ends what waits for a decision by a person's word. Of several either all end or none does: whoever decided on one of
 * them in the same moment finds the others as they were.
 */

import { pending } from './approve.ts';
import { type Road } from './context.ts';
import { type EventKind, eventOf, record } from './events.ts';
import type { Requester } from './protocol.ts';
import { detailOf } from './record.ts';
import { spendUnused } from './settle.ts';
import { said } from './view.ts';

export type Ending = {
  readonly to: 'refused' | 'cancelled';
  readonly kind: EventKind;
  readonly says: string;
  readonly reason: string;
};

export async function endWaiting(
  road: Road,
  requester: Requester,
  ids: readonly string[],
  { to, kind, says, reason }: Ending,
): Promise<void> {
  const all = ids.map((id) => pending(road, requester, id));
  const told = said(reason, 500);
  const because = to === 'cancelled' ? 'cancelled' : 'policy-denied';
  const decision = { verdict: 'deny', because, says: `${says}: ${told}`, policies: [] } as const;
  await road.store.write(async ({ changes }) => {
    // All of them before the first event: what did not happen is not told.
    const moved = all.map(({ row, asked }) => ({
      asked,
      row: changes.advance({
        id: row.id,
        fromRev: row.rev,
        to,
        at: road.clock.now(),
        actor: requester.principal,
        detail: detailOf({ decision }),
      }),
    }));
    for (const { row, asked } of moved)
      await record(
        road.events,
        eventOf(kind, requester, row, asked, {
          decision: { verdict: 'deny', because: says },
          outcome: 'refused',
          fault: because,
          more: { reason: told },
        }),
      );
  });
  // A signature may have been given already: what it covers is spent.
  for (const known of all) await spendUnused(road, known);
}
