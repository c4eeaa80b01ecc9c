/** A time of day, UTC: from its first minute up to, not including, its second; over midnight when the second is the smaller. */
import type { Instant } from '#base/time';

export type Window = { readonly from: number; readonly to: number };

const MINUTE = 60_000_000;
const DAY_MINUTES = 1_440;

export function parseWindow(text: string): Window | undefined {
  const found = /^([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])$/.exec(text);
  if (found === null) return undefined;
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = found.slice(1).map(Number);
  const from = fromHour * 60 + fromMinute;
  const to = toHour * 60 + toMinute;
  return from === to ? undefined : { from, to };
}

export function isWithin({ from, to }: Window, at: Instant): boolean {
  const minute = Math.floor(at / MINUTE) % DAY_MINUTES;
  return from < to ? from <= minute && minute < to : from <= minute || minute < to;
}
