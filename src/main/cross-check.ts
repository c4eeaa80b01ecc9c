/**
 * The facts held against the event log: each observation that is kept was put on record first, and
 * each that is on record is kept, unless a later event says that it was not.
 *
 * Both sides are in the order of their writing, so neither has to be held in memory.
 */
import type { Files } from '#base/ports';
import { type EventRecord, readEvents } from '#evidence';
import type { Store } from '#store';

const PAGE = 1_000;
const NAMED = 5;

/** Says what does not fit. Asked of a log that verifies. */
export async function crossCheck(
  files: Files,
  directory: string,
  store: Pick<Store, 'observed' | 'read'>,
): Promise<readonly string[]> {
  const kept = observedIds(store);
  const next = (): string | undefined => kept.next().value;
  let awaited = next();
  /** On record and not kept, since the last start: a start settles what a crash left. */
  let open: { readonly id: string; readonly event: EventRecord }[] = [];
  const lost: typeof open = [];
  for await (const event of readEvents(files, directory)) {
    if (event.kind === 'service.started') {
      lost.push(...open);
      open = [];
    }
    if (event.kind === 'operation.undone') {
      const undone = ({ event: { requestId } }: { event: EventRecord }): boolean =>
        requestId === event.requestId;
      open = open.filter((one) => !undone(one));
      for (const one of lost.filter(undone)) lost.splice(lost.indexOf(one), 1);
    }
    if (event.kind !== 'operation' || event.outcome !== 'done') continue;
    for (const id of observationsOf(event)) {
      if (id === awaited) {
        awaited = next();
      } else if (!store.read.hasObservation(id)) {
        open.push({ id, event });
      }
    }
  }
  return [
    ...(awaited !== undefined ? [`an observation is kept that no event tells of: ${awaited}`] : []),
    ...lost
      .slice(0, NAMED)
      .map(
        ({ id, event }) =>
          `an event tells of an observation that is gone: ${id}, record ${event.seq}`,
      ),
  ];
}

/** What is recorded meanwhile is not asked about. */
function* observedIds(store: Pick<Store, 'observed'>): Generator<string, undefined> {
  const { lastOp } = store.observed(0, 0);
  for (let after = 0; ; ) {
    const { rows } = store.observed(after, PAGE);
    for (const { op, id } of rows) {
      if (op > lastOp) return;
      yield id;
      after = op;
    }
    if (rows.length < PAGE) return;
  }
}

function observationsOf(event: EventRecord): readonly string[] {
  const ids = event.more?.['observations'];
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
}
