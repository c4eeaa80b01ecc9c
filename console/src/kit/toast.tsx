/** Short news of what was done. Read aloud politely; faults stay where they happened, as `ErrorPanel`. */
import { type ReactNode, useSyncExternalStore } from 'react';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

type Toast = { readonly id: number; readonly text: string };

const SHOWN_MS = 6_000;
const MOST = 3;
let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function become(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function drop(id: number): void {
  become(toasts.filter((each) => each.id !== id));
}

export function toast(text: string): void {
  last += 1;
  const id = last;
  become([...toasts.slice(1 - MOST), { id, text }]);
  setTimeout(() => drop(id), SHOWN_MS);
}

export function Toasts(): ReactNode {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text }) => (
        <div key={id} className="toast">
          <Icon name="check" />
          <span>{text}</span>
          <Button look="quiet" aria-label="Dismiss" onPress={() => drop(id)}>
            <Icon name="close" />
          </Button>
        </div>
      ))}
    </div>
  );
}
