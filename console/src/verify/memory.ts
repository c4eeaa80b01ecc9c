/** The checkpoint seen last, kept by this browser and by nobody else: that is what a rewound log is found by. */
import type { Remembered } from './log.ts';

const NAME = 'holdfast.log';

export type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** What cannot be read is as if nothing had been seen. */
export function remembered(storage: Kept): Remembered | undefined {
  try {
    const kept = JSON.parse(storage.getItem(NAME) ?? 'null') as Partial<Remembered> | null;
    const { size, root, key, witnesses, seenAt } = kept ?? {};
    return Number.isSafeInteger(size) &&
      typeof root === 'string' &&
      typeof key === 'string' &&
      typeof seenAt === 'string'
      ? {
          size: size as number,
          root,
          key,
          witnesses: Array.isArray(witnesses) ? witnesses.map(String) : [],
          seenAt,
        }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Also where nothing can be kept (a private window): then the next visit begins anew. */
export function remember(storage: Kept, what: Remembered): void {
  try {
    storage.setItem(NAME, JSON.stringify(what));
  } catch {
    // Nothing is lost but the memory.
  }
}

/** After a person decided that this is another log from now on. */
export function forget(storage: Kept): void {
  try {
    storage.removeItem(NAME);
  } catch {
    // As above.
  }
}
