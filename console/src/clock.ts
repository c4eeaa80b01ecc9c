/**
 * The service's clock, as its answers tell it: deadlines are the service's, and a device whose own clock is wrong must
 * not call something over that is not, nor the other way round.
 */
let aheadMs = 0;

/** An answer's `Date` has whole seconds, and was a while on its way. */
const ENOUGH_MS = 5_000;

export function noteDate(date: string | null): void {
  const told = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(told)) return;
  const ahead = told - Date.now();
  aheadMs = Math.abs(ahead) < ENOUGH_MS ? 0 : ahead;
}

export function serviceNow(): number {
  return Date.now() + aheadMs;
}
