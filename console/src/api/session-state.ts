/**
 * Whether the session has ended while pages are open. They stay mounted then, so nothing typed is lost: the shell asks
 * to sign in above them.
 */
import { useSyncExternalStore } from 'react';

let hasEnded = false;
const listeners = new Set<() => void>();

function become(next: boolean): void {
  if (hasEnded === next) return;
  hasEnded = next;
  for (const listener of listeners) listener();
}

export const sessionEnded = (): void => become(true);
export const sessionBegan = (): void => become(false);

export function useHasEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => hasEnded,
  );
}
