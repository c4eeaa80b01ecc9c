/**
 * After a crash: an operation may be on record although its transaction never committed. Each such
 * event gets a second one that says so, and nobody was promised anything by it.
 */
import type { EventLog, EventRecord } from '#evidence';
import type { Store } from '#store';
import { observationsOf } from './cross-check.ts';

const PAGE = 500;

/**
 * Looks back to the newest start that went on to answer calls: calls are answered only after this, so
 * whatever is older was settled then. A start that died before it got here settled nothing.
 */
export async function settleUnfinished(store: Store, events: EventLog): Promise<void> {
  let before: number | undefined;
  const undone: EventRecord[] = [];
  const settled = new Set<string>();
  let answered = false;
  search: for (;;) {
    const page = await events.read({}, PAGE, before);
    for (const event of page) {
      if (event.kind === 'service.started' && answered) break search;
      if (event.kind === 'operation') answered = true;
      if (event.kind === 'operation.undone') settled.add(event.requestId);
      if (isMissing(event, store)) undone.push(event);
      before = event.seq;
    }
    if (page.length < PAGE) break;
  }
  for (const { v: _v, seq, time: _time, prev: _prev, ...event } of undone.toReversed()) {
    if (settled.has(event.requestId)) continue;
    await events.append({
      ...event,
      kind: 'operation.undone',
      outcome: 'failed',
      fault: 'not-committed',
      output: null,
      more: { ...event.more, undoes: seq },
    }).durable;
  }
}

function isMissing(event: EventRecord, store: Store): boolean {
  if (event.kind !== 'operation' || event.outcome !== 'done') return false;
  return observationsOf(event).some(({ id }) => !store.read.hasObservation(id));
}
