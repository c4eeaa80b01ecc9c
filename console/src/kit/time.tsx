/** Moments: UTC for the record, how long ago or until then for people, and this device's own clock for whoever asks. */
import { type ReactNode, useSyncExternalStore } from 'react';
import { serviceNow } from '../clock.ts';
import { KeptChoice, useKept } from './kept-choice.ts';

let now = serviceNow();
let ticking: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  ticking ??= setInterval(() => {
    now = serviceNow();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** The present in milliseconds, in steps of `stepMs`. */
export function useNow(stepMs = 1_000): number {
  return useSyncExternalStore(subscribe, () => Math.floor(now / stepMs) * stepMs);
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** A span in its two largest units: `3 d 4 h`. */
export function span(milliseconds: number, parts = 1): string {
  let seconds = Math.max(0, Math.round(milliseconds / 1_000));
  const told: string[] = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0) told.push(`${count} ${unit}`);
    if (told.length === parts) break;
  }
  return told.length === 0 ? '0 s' : told.join(' ');
}

const exact = new KeptChoice('holdfast-times-in-full');

/** Whether moments are told in full, where else how long ago is said. */
export function useExactTimes(): boolean {
  return useKept(exact);
}

export function turnExactTimes(): void {
  exact.turn();
}

// Sweden writes dates as ISO 8601 does.
const here = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });
const { timeZone } = here.resolvedOptions();
const isUtc = timeZone === 'UTC' || timeZone === 'Etc/UTC';

export function Time({
  at,
  form = 'both',
}: {
  readonly at: string | null | undefined;
  readonly form?: 'both' | 'relative' | 'utc';
}): ReactNode {
  const present = useNow(form === 'utc' ? 86_400_000 : 5_000);
  const isExact = useExactTimes();
  const then = at === null || at === undefined ? Number.NaN : Date.parse(at);
  if (Number.isNaN(then)) return <span className="quiet">never</span>;
  const utc = `${new Date(then).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const away = then - present;
  const relative =
    Math.abs(away) < 5_000 ? 'now' : away < 0 ? `${span(-away)} ago` : `in ${span(away)}`;
  return (
    <time
      className={form === 'relative' && isExact ? 'time time-full number' : 'time number'}
      dateTime={new Date(then).toISOString()}
      title={`${utc}${isUtc ? '' : ` · ${here.format(then)} ${timeZone}`} · ${relative}`}
    >
      {form === 'utc' ? (
        utc
      ) : form === 'relative' ? (
        isExact ? (
          utc
        ) : (
          relative
        )
      ) : (
        <>
          {utc} <span className="quiet">· {relative}</span>
        </>
      )}
    </time>
  );
}
