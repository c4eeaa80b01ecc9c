/**
 * The store held against the event log: each observation that is kept was put on record first and
 * is what it was then, and each that is on record is kept, unless a later event says that it was not.
 * Each change stands where its last event says.
 *
 * Observations are in the order of their writing on both sides, so neither has to be held in memory.
 */
import type { Files } from '#base/ports';
import { type EventRecord, readEvents } from '#evidence';
import { CHANGE_STATES } from '#model';
import type { RecordedObservation, Store } from '#store';

const NAMED = 5;

/** Says what does not fit. Asked of a log that verifies. */
export async function crossCheck(
  files: Files,
  directory: string,
  store: Pick<Store, 'recorded' | 'read' | 'changes'>,
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
  const changes = new ChangeTrack();
  for await (const event of readEvents(files, directory)) {
    changes.see(event);
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
  return [
    ...surplus,
    ...changed.slice(0, NAMED),
    ...gone.slice(0, NAMED),
    ...changes.heldTo(store.changes).slice(0, NAMED),
  ];
}

type Last = {
  readonly rev: number;
  readonly state: string;
  readonly seq: number;
  crashed: boolean;
};

/** Where each change stands, by its events. */
class ChangeTrack {
  readonly #last = new Map<string, Last>();

  see({ kind, more, seq }: EventRecord): void {
    if (kind === 'service.started') {
      // An event is durable before its row: what was told last before a start may not have been kept.
      for (const one of this.#last.values()) one.crashed = true;
      return;
    }
    if (!kind.startsWith('change.')) return;
    const { change, rev, state } = more ?? {};
    if (typeof change !== 'string' || typeof rev !== 'number' || typeof state !== 'string') return;
    this.#last.set(change, { rev, state, seq, crashed: false });
  }

  heldTo(changes: Store['changes']): readonly string[] {
    const wrong: string[] = [];
    const kept = new Set<string>();
    for (const { id, rev, state } of changes.inStates(CHANGE_STATES)) {
      kept.add(id);
      const told = this.#last.get(id);
      if (told === undefined) {
        wrong.push(`a change is kept that no event tells of: ${id}`);
      } else if (rev === told.rev ? state !== told.state : rev !== told.rev - 1 || !told.crashed) {
        wrong.push(
          `a change stands where no event put it: ${id} is ${state}, record ${told.seq} says ${told.state}`,
        );
      }
    }
    for (const [id, { seq, crashed, state }] of this.#last) {
      if (!kept.has(id) && !(crashed && state === 'proposed'))
        wrong.push(`an event tells of a change that is gone: ${id}, record ${seq}`);
    }
    return wrong;
  }
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
