/** Keys that work everywhere but where something is typed. `?` shows them. */
import { useRouter } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { Check, Dialog, turnExactTimes } from '../kit/index.ts';
import { KeptChoice, useKept } from '../kit/kept-choice.ts';
import { NAVIGATION } from '../views.ts';

const SEQUENCE_MS = 1_200;
/** Whoever speaks to their device, or hits keys by mistake, has no use for keys of one letter (WCAG 2.1.4). */
const lettersOff = new KeptChoice('holdfast-no-letter-keys');

export function useKeys(open: (overlay: 'palette' | 'keys') => void): void {
  const router = useRouter();
  useEffect(() => {
    let gAt = 0;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        open('palette');
        return;
      }
      if (lettersOff.is() || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"], [role="alertdialog"]') !== null) return;
      if (event.key === '?') open('keys');
      else if (event.key === 't' && event.timeStamp - gAt >= SEQUENCE_MS) turnExactTimes();
      else if (event.key === '/') {
        const filter = document.querySelector<HTMLInputElement>('main [data-filter] input');
        if (filter !== null) {
          event.preventDefault();
          filter.focus();
        }
      } else if (event.key === 'g') gAt = event.timeStamp;
      else if (event.timeStamp - gAt < SEQUENCE_MS) {
        gAt = 0;
        const view = NAVIGATION.find((each) => each.keys === event.key);
        if (view !== undefined) void router.navigate({ to: view.to });
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [open, router]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest('input, textarea, select, [role="menu"]') !== null)
  );
}

export function KeyHints({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): ReactNode {
  const isOff = useKept(lettersOff);
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={onClose}>
      <dl className="keys">
        <dt>
          <kbd>Ctrl</kbd> <kbd>K</kbd>
        </dt>
        <dd>Go to a view, a target or a change; also ⌘ K</dd>
        <dt>
          <kbd>/</kbd>
        </dt>
        <dd>To the filter of this view</dd>
        {NAVIGATION.map(({ to, name, keys }) => (
          <div key={to} style={{ display: 'contents' }}>
            <dt>
              <kbd>g</kbd> <kbd>{keys}</kbd>
            </dt>
            <dd>{name}</dd>
          </div>
        ))}
        <dt>
          <kbd>t</kbd>
        </dt>
        <dd>Times in full, or how long ago</dd>
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>These shortcuts</dd>
        <dt>
          <kbd>Esc</kbd>
        </dt>
        <dd>Close what is open</dd>
      </dl>
      <Check checked={!isOff} onChange={() => lettersOff.turn()}>
        Keys of a single letter work on this device
      </Check>
    </Dialog>
  );
}
