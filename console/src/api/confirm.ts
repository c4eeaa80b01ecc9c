/**
 * What takes a passkey over the very call: it is asked once without, the service says that it takes one, the person is
 * shown what is about to happen and confirms it, and it is asked once more. One at a time is shown.
 */
import { useSyncExternalStore } from 'react';
import type { Json } from './json.ts';
import { Problem } from './problem.ts';
import type { More } from './send.ts';

export type ToConfirm = {
  readonly operation: string;
  /** Exactly as it is sent. */
  readonly input: Json;
  readonly title: string;
  /** `recent`: whatever was confirmed a few minutes ago would have done. */
  readonly how: 'each' | 'recent';
};

type Waiting = ToConfirm & {
  readonly done: (ceremony: string) => void;
  readonly keep: () => void;
};

let waiting: readonly Waiting[] = [];
let confirmedAt = Number.NEGATIVE_INFINITY;
const listeners = new Set<() => void>();
/** Of the service: it may have been a little while ago already when it is asked again. */
const RECENT_MS = 9 * 60_000;

function become(next: readonly Waiting[]): void {
  waiting = next;
  for (const listener of listeners) listener();
}

/** What waits for the person, the first of it. */
export function useToConfirm(): Waiting | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting[0],
  );
}

/** `run` is handed the headers of the call. Throws what it throws, or `not-confirmed`. */
export async function confirming<Value>(
  operation: string,
  input: unknown,
  run: (more: More) => Promise<Value>,
  signal?: AbortSignal,
): Promise<Value> {
  const began = performance.now();
  try {
    return await run({});
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.code !== 'passkey-needed') throw thrown;
    const { title, confirms } = thrown.facts;
    const asked: ToConfirm = {
      operation,
      input: JSON.parse(JSON.stringify(input)) as Json,
      title: typeof title === 'string' ? title : '',
      how: confirms === 'recent' ? 'recent' : 'each',
    };
    const ceremony = await confirmed(asked, began, signal);
    return await run(ceremony === undefined ? {} : { 'x-holdfast-ceremony': ceremony });
  }
}

/** `undefined`: what another call of this page was confirmed with does for this one as well. */
function confirmed(
  asked: ToConfirm,
  began: number,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const isRecent = (): boolean =>
      asked.how === 'recent' && confirmedAt > began && performance.now() - confirmedAt < RECENT_MS;
    const leave = (): void => {
      listeners.delete(look);
      signal?.removeEventListener('abort', one.keep);
      become(waiting.filter((each) => each !== one));
    };
    const look = (): void => {
      if (!isRecent()) return;
      leave();
      resolve(undefined);
    };
    const one: Waiting = {
      ...asked,
      done(ceremony) {
        confirmedAt = performance.now();
        leave();
        resolve(ceremony);
      },
      keep() {
        leave();
        reject(
          new Problem(
            'refused',
            'not-confirmed',
            'nothing was done: it was not confirmed with a passkey',
          ),
        );
      },
    };
    listeners.add(look);
    signal?.addEventListener('abort', one.keep, { once: true });
    become([...waiting, one]);
  });
}
