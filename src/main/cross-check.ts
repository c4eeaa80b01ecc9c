/**
 * The facts held against the event log: each observation that is kept was put on record first and
 * is what it was then, and each that is on record is kept, unless a later event says that it was not.
 *
 * Both sides are in the order of their writing, so neither has to be held in memory.
 */
import type { Files } from '#base/ports';
import { type EventRecord, readEvents } from '#evidence';
import type { RecordedObservation, Store } from '#store';

const NAMED = 5;

/** Says what does not fit. Asked of a log that verifies. */
export async function crossCheck(
  files: Files,
  directory: string,
  store: Pick<Store, 'recorded' | 'read'>,
): Promise<readonly string[]> {
  const kept = store.recorded()[Symbol.iterator]();
  const next = (): RecordedObservation | undefined => {
    const { done, value } = kept.next();
    return done === true ? undefined : value;
  };
  let awaited = next();
  const changed: string[] = [];
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
    for (const { id, digest } of observationsOf(event)) {
      if (id === awaited?.id) {
        if (digest !== awaited.digest) {
          changed.push(
            `what an observation recorded was changed since: ${id}, record ${event.seq}`,
          );
        }
        awaited = next();
      } else if (!store.read.hasObservation(id)) {
        open.push({ id, event });
      }
    }
  }
  const surplus =
    awaited === undefined ? [] : [`an observation is kept that no event tells of: ${awaited.id}`];
  const gone = lost.map(
    ({ id, event }) => `an event tells of an observation that is gone: ${id}, record ${event.seq}`,
  );
  return [...surplus, ...changed.slice(0, NAMED), ...gone.slice(0, NAMED)];
}

/** The observations that an event says were recorded. */
export function observationsOf(event: EventRecord): readonly RecordedObservation[] {
  const listed = event.more?.['observations'];
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((one: unknown) => {
    if (!Array.isArray(one) || typeof one[0] !== 'string' || typeof one[1] !== 'string') return [];
    return [{ id: one[0], digest: one[1] }];
  });
}
