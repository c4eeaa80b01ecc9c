/**
 * Moments as whole microseconds since 1970-01-01T00:00:00Z, always UTC.
 *
 * Printed as RFC 3339 with exactly six digits and `Z`, and read back exactly. Any RFC 3339
 * offset is read; more than six fractional digits, leap seconds and years outside 1900–2200
 * are refused. Every such number is a safe integer (|t| < 2^53).
 */
import { Fault } from './fault.ts';

declare const instantBrand: unique symbol;
/** Whole microseconds since the Unix epoch, UTC. */
export type Instant = number & { readonly [instantBrand]: true };

export const EARLIEST: Instant = (Date.UTC(1900, 0, 1) * 1000) as Instant;
/** The last microsecond of the year 2200. */
export const LATEST: Instant = (Date.UTC(2201, 0, 1) * 1000 - 1) as Instant;

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))$/;

/** Reads an RFC 3339 date-time, or says why not. */
export function parseInstant(text: string): Instant {
  const instant = tryParseInstant(text);
  if (instant === undefined) {
    throw new Fault(
      'invalid',
      'invalid-time',
      `not a time: ${JSON.stringify(text.slice(0, 64))}. Give RFC 3339 with an offset and at most six fractional digits, between the years 1900 and 2200, like 2026-01-31T09:30:00Z`,
    );
  }
  return instant;
}

export function tryParseInstant(text: string): Instant | undefined {
  if (text.length > 40) return undefined;
  const m = RFC3339.exec(text);
  if (m === null) return undefined;
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(ms);
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day) return undefined;
  if (back.getUTCFullYear() !== year) return undefined;
  const offsetHours = Number(m[10] ?? 0);
  const offsetMinutes = Number(m[11] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return undefined;
  const offset = (m[9] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60_000;
  const micros = Number((m[7] ?? '').padEnd(6, '0'));
  const instant = (ms - offset) * 1000 + micros;
  return isInstant(instant) ? instant : undefined;
}

export function isInstant(value: unknown): value is Instant {
  return (
    Number.isSafeInteger(value) && (value as number) >= EARLIEST && (value as number) <= LATEST
  );
}

/** RFC 3339, UTC, exactly six fractional digits. */
export function formatInstant(instant: Instant): string {
  const ms = Math.floor(instant / 1000);
  const micros = instant - ms * 1000;
  return `${new Date(ms).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`;
}

/** For literals in code and tests. */
export function instant(text: string): Instant {
  return parseInstant(text);
}

export const MICROS_PER_SECOND = 1_000_000;

/** Whole seconds from `earlier` to `later`, never negative. */
export function ageSeconds(earlier: Instant, later: Instant): number {
  return Math.max(0, Math.floor((later - earlier) / MICROS_PER_SECOND));
}

/** `instant` moved by `micros`, held inside the years 1900–2200. */
export function shift(instant: Instant, micros: number): Instant {
  return Math.min(LATEST, Math.max(EARLIEST, instant + micros)) as Instant;
}
