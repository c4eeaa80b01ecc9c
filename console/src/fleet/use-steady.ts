/**
 * Keeps rows where they are while somebody is at them. A new order comes when they ask for it, and by itself once no
 * pointer or focus is among the rows and nothing was moved, typed or scrolled for a while.
 */
import { type RefObject, useEffect, useMemo, useState } from 'react';
import type { ListRow } from './answers.ts';
import { inPlace, isInOrder, keyOf } from './steady.ts';

const IDLE_MS = 8_000;
const LOOK_MS = 1_000;
const ACTS = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'scroll'] as const;

export type Steady = {
  readonly rows: readonly ListRow[];
  /** They would stand otherwise now. */
  readonly isLate: boolean;
  readonly settle: () => void;
};

export function useSteady(
  rows: readonly ListRow[],
  {
    question,
    isOld,
    isHeld,
    place,
  }: {
    /** Another one brings another order at once. */
    readonly question: string;
    /** The rows are still those of the question before. */
    readonly isOld: boolean;
    readonly isHeld: boolean;
    readonly place: RefObject<HTMLElement | null>;
  },
): Steady {
  const [kept, setKept] = useState<{ readonly question: string; readonly keys: readonly string[] }>(
    { question, keys: [] },
  );
  const asked = isOld ? kept.question : question;
  const shown = useMemo(
    () => (isHeld && kept.question === asked ? inPlace(kept.keys, rows) : rows),
    [isHeld, kept, asked, rows],
  );
  const isLate = !isInOrder(shown, rows);
  useEffect(() => {
    const keys = shown.map(keyOf);
    setKept((before) =>
      before.question === asked && String(before.keys) === String(keys)
        ? before
        : { question: asked, keys },
    );
  }, [shown, asked]);
  useEffect(() => {
    if (!isLate) return undefined;
    let lastMs = performance.now();
    const onAct = (): void => {
      lastMs = performance.now();
    };
    for (const act of ACTS) addEventListener(act, onAct, { passive: true, capture: true });
    const timer = setInterval(() => {
      if (performance.now() - lastMs < IDLE_MS || isAmong(place.current)) return;
      setKept({ question: asked, keys: rows.map(keyOf) });
    }, LOOK_MS);
    return () => {
      for (const act of ACTS) removeEventListener(act, onAct, { capture: true });
      clearInterval(timer);
    };
  }, [isLate, place, asked, rows]);
  return { rows: shown, isLate, settle: () => setKept({ question: asked, keys: rows.map(keyOf) }) };
}

/** A finger leaves no pointer behind. */
const canHover = matchMedia('(hover: hover)');

function isAmong(place: HTMLElement | null): boolean {
  if (place === null) return false;
  return (canHover.matches && place.matches(':hover')) || place.contains(document.activeElement);
}
