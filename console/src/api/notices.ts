/** What the service says beside its answers, like a log that cannot be written: the last word of each operation. */
import { useSyncExternalStore } from 'react';

const last = new Map<string, readonly string[]>();
const listeners = new Set<() => void>();
let told: readonly string[] = [];

export function noteNotices(operation: string, notices: readonly string[]): void {
  if (notices.length === 0 && !last.has(operation)) return;
  if (notices.length === 0) last.delete(operation);
  else last.set(operation, notices);
  const next = [...new Set([...last.values()].flat())];
  if (next.join('\n') === told.join('\n')) return;
  told = next;
  for (const listener of listeners) listener();
}

export function useNotices(): readonly string[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => told,
  );
}
