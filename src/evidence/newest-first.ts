/** Reading events newest first, bundle by bundle, through a filter. */
import { Fault } from '#base/fault';
import { decodeEvent } from './event-form.ts';
import type { EventFilter, EventRecord } from './protocol.ts';
import { TILE_WIDTH } from './tree.ts';

export async function newestFirst(
  entriesOf: (bundle: number) => Promise<readonly Uint8Array[]>,
  filter: EventFilter,
  limit: number,
  before: number,
): Promise<readonly EventRecord[]> {
  const found: EventRecord[] = [];
  let end = before;
  while (end > 0 && found.length < limit) {
    const bundle = Math.floor((end - 1) / TILE_WIDTH);
    const entries = await entriesOf(bundle);
    for (let seq = end - 1; seq >= bundle * TILE_WIDTH && found.length < limit; seq -= 1) {
      const entry = entries[seq - bundle * TILE_WIDTH];
      const event = entry === undefined ? undefined : decodeEvent(entry);
      if (event === undefined) throw unreadable(seq);
      if (matches(event, filter)) found.push(event);
    }
    end = bundle * TILE_WIDTH;
  }
  return found;
}

function matches(event: EventRecord, filter: EventFilter): boolean {
  return (
    (filter.operation === undefined || event.operation === filter.operation) &&
    (filter.principal === undefined || event.principal === filter.principal) &&
    (filter.target === undefined || event.targets.includes(filter.target)) &&
    (filter.outcome === undefined || event.outcome === filter.outcome) &&
    (filter.requestId === undefined || event.requestId === filter.requestId) &&
    (filter.traceId === undefined || event.traceId === filter.traceId)
  );
}

function unreadable(seq: number): Fault {
  return new Fault(
    'broken',
    'event-unreadable',
    `an event cannot be read back: record ${seq}. Run holdfast verify`,
    { facts: { seq } },
  );
}
